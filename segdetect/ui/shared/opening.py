"""Ways to the Inspect page from others: with a picture, with settings, and with an answer as it was kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import streamlit as st

from segdetect.deciding.calibrations import FALSE_ALARMS
from segdetect.inspection import Inspection
from segdetect.message import Message
from segdetect.settings import RuleName, Scope, Settings
from segdetect.ui.shared.controls import RULE_LABELS, SCOPE_LABELS, alarms_label
from segdetect.ui.shared.file_pages import page_key
from segdetect.ui.shared.locale import localized
from segdetect.ui.shared.page import callback
from segdetect.ui.shared.presets import apply_settings
from segdetect.ui.shared.session import Upload
from segdetect.ui.shared.sidebar import Request, choose_sample
from segdetect.ui.shared.texts import plain

_KEPT: Final = "kept-answer"
_AS: Final = "kept-answer-as"
# Enough of a digest to know the file by.
_DIGITS: Final = 16


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """An answer that was not computed for this page.

    Args:
        inspection: the answer.
        created: when it was found; None where that is not known.
    """

    inspection: Inspection
    created: datetime | None = None


def open_on_inspect(settings: Settings, uploads: Sequence[Upload], *, kept: Kept | None = None) -> None:
    """Go to the Inspect page; arguments as of `set_inspect`."""
    set_inspect(settings, uploads, kept=kept)
    # What is set for controls that have not been drawn yet does not reach the address by itself.
    st.switch_page("streamlit_app.py", query_params=address_of(as_controls(settings)))


def set_inspect(settings: Settings, uploads: Sequence[Upload], *, kept: Kept | None = None) -> None:
    """Have the Inspect page show this when it is drawn next.

    Args:
        settings: what its controls are set to.
        uploads: the pictures to show; none where the visitor has to drop them in.
        kept: an answer of the picture that is shown as it is, until the visitor changes a control or asks anew.
    """
    state = st.session_state
    state["uploads"], state["shown"] = tuple(uploads), 0
    choose_sample(None)
    apply_settings(as_controls(settings))
    state[_KEPT] = kept
    state.pop(_AS, None)
    if kept is not None:
        state[page_key(kept.inspection.sha256)] = kept.inspection.page + 1


def address_of(settings: Settings) -> dict[str, str]:
    """The parameters of a link to the Inspect page with these settings, which were chosen with the same controls."""
    grid, rule = settings.grid, settings.rule
    parameters = {
        "engine": settings.engine.value,
        "scope": SCOPE_LABELS[settings.scope],
        "rule": RULE_LABELS[rule.name],
    }
    if grid.rows == grid.cols:
        parameters["grid"] = str(grid.rows)
    else:
        parameters |= {"apart": "true", "rows": str(grid.rows), "cols": str(grid.cols)}
    if rule.name is RuleName.AUTO:
        parameters["alarms"] = alarms_label(rule.false_alarms)
    return parameters


def as_controls(settings: Settings) -> Settings:
    """Settings of whatever origin, as near as the controls can say them."""
    rule = settings.rule
    if rule.name in (RuleName.GATE, RuleName.CALIBRATED):
        rule = replace(rule, name=RuleName.AUTO)
    alarms = min(FALSE_ALARMS, key=lambda share: abs(share - rule.false_alarms))
    scope = Scope.SELF if settings.scope is Scope.BATCH else settings.scope
    return replace(settings, scope=scope, rule=replace(rule, false_alarms=alarms))


def kept_answer(request: Request) -> Inspection | None:
    """The answer that was opened, while the page asks for what it was opened with; it is forgotten once it does not."""
    kept: Kept | None = st.session_state.get(_KEPT)
    if kept is None:
        return None
    asked = (request.settings, tuple(image.key for image in request.bank))
    same_picture = kept.inspection.identity == request.image.identity
    if not same_picture or st.session_state.setdefault(_AS, asked) != asked:
        _forget()
        return None
    return kept.inspection


def show_kept_answer() -> None:
    """Draw that the answer was kept, with a way to compute it anew; on the empty page, which picture it wants."""
    kept = st.session_state.get(_KEPT)
    if kept is None:
        return
    inspection = kept.inspection
    found = "" if kept.created is None else localized(Message(" of {day}", day=kept.created.astimezone().date()))
    if _AS in st.session_state:
        with st.container(horizontal=True, vertical_alignment="center", key="kept-answer"):
            st.markdown(
                f":material/history: This is the answer{plain(found)} as it was kept; nothing was computed anew."
            )
            st.button("Inspect anew", on_click=callback(_forget), icon=":material/refresh:")
        return
    st.info(
        f"The answer{plain(found)} for {plain(inspection.image)} is open, and its picture was not kept. Drop in the "
        f"file whose SHA-256 begins with **{plain(inspection.sha256[:_DIGITS])}** to see it here.",
        icon=":material/history:",
    )


def _forget() -> None:
    st.session_state[_KEPT] = None
    st.session_state.pop(_AS, None)
