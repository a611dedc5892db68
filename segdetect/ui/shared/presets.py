"""Presets by trade, and the visitor's own: a set of controls at once."""

from __future__ import annotations

import streamlit as st

from segdetect.errors import SegDetectError
from segdetect.settings import RuleName, Settings
from segdetect.storage.presets import BUILT_IN, Preset, Presets
from segdetect.ui.shared.controls import defective_choice
from segdetect.ui.shared.kept import attempt, show_damaged, show_trouble
from segdetect.ui.shared.page import callback, part, show_error
from segdetect.ui.shared.texts import plain


@part("The list of presets")
def show_presets(settings: Settings) -> None:
    """Draw the choice of presets, and a way to keep the settings in use as one."""
    presets = Presets()
    with st.popover("Presets", icon=":material/bookmarks:", width="stretch"):
        kept = presets.kept()
        for preset in (*BUILT_IN, *kept.whole):
            own = preset in kept.whole
            with st.container(gap="xxsmall"):
                with st.container(horizontal=True, gap="small"):
                    st.button(
                        plain(preset.name),
                        key=f"preset-{preset.name}",
                        on_click=callback(apply_settings),
                        args=(preset.settings,),
                        width="stretch",
                    )
                    if own:
                        st.button(
                            "Forget",
                            key=f"forget-{preset.name}",
                            icon=":material/delete:",
                            on_click=attempt,
                            args=(presets.delete, preset.name),
                            kwargs={"kind": "preset"},
                        )
                if preset.why:
                    st.caption(plain(preset.why))
        show_damaged(kept.damaged, presets.discard, kind="preset")
        with st.form("keep-preset", clear_on_submit=True, border=False):
            name = st.text_input("Keep the settings in use as", placeholder="a name", max_chars=80)
            if st.form_submit_button("Keep", width="stretch"):
                _keep(presets, name, settings)
    show_trouble("preset")


def _keep(presets: Presets, name: str, settings: Settings) -> None:
    try:
        presets.save(Preset(name, settings))
    except SegDetectError as error:
        show_error(error)
    else:
        st.rerun()


def apply_settings(settings: Settings) -> None:
    """Callback: set every control to these settings."""
    state = st.session_state
    state["apart"] = settings.grid.rows != settings.grid.cols
    state["grid"], state["rows"], state["cols"] = settings.grid.rows, settings.grid.rows, settings.grid.cols
    state["engine"], state["scope"] = settings.engine, settings.scope
    # The rules that `auto` chooses between are shown as `auto`.
    automatic = settings.rule.name in (RuleName.GATE, RuleName.CALIBRATED)
    state["rule"] = RuleName.AUTO if automatic else settings.rule.name
    state["alarms"] = settings.rule.false_alarms
    state["defective"] = defective_choice(settings.rule.expected_defective)
    if settings.rule.threshold is not None:
        state["threshold"] = settings.rule.threshold
