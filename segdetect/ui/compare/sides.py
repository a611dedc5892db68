"""The two sides of a comparison: their controls, what these begin with, and the answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

import streamlit as st

from segdetect.inspection import Inspection
from segdetect.pictures.loading import LoadedImage
from segdetect.settings import EngineName, GridSize, Rule, RuleName, Scope, Settings
from segdetect.ui.shared.applying import PLAN_IN_USE, apply_settings, as_shown
from segdetect.ui.shared.controls import read_engine, read_grid, read_rule
from segdetect.ui.shared.good_pictures import reference_pages
from segdetect.ui.shared.ignored import ignored_of
from segdetect.ui.shared.page import callback, part
from segdetect.ui.shared.progress import Progressing, passing
from segdetect.ui.shared.session import engines, inspector, kept_uploads, loaded
from segdetect.ui.shared.sidebar import inspect_settings, read_references
from segdetect.ui.shared.texts import dotted, plain, shown

_BEGUN: Final = "compare-begun"
_PREFIXES: Final = ("left-", "right-")
_ACCURATE: Final = (EngineName.DINOV2, EngineName.TEXTURE, EngineName.FASTDUP)
# What a side's controls hold, by their keys without its prefix.
_CONTROLS: Final = (
    *("shown", "good", "apart", "grid", "rows", "cols", "engine", "rule", "alarms", "threshold", "defective"),
    PLAN_IN_USE,
)


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One half of the comparison."""

    name: Literal["Left", "Right"]
    image: LoadedImage
    inspection: Inspection

    @property
    def caption(self) -> str:
        """Whose answer it is, of which picture: file, engine and grid."""
        inspection = self.inspection
        return dotted(self.image.name, inspection.engine, str(inspection.settings.grid))


def begin_sides() -> None:
    """At the first visit, set the left side as Inspect is and the right one otherwise; a link says both by itself."""
    if st.session_state.get(_BEGUN):
        return
    st.session_state[_BEGUN] = True
    if not any(name.startswith(_PREFIXES) for name in st.query_params):
        _as_inspect()


def _as_inspect() -> None:
    settings = replace(as_shown(inspect_settings()), plan=None)
    for prefix, one in zip(_PREFIXES, (settings, otherwise(settings, engines().ready, engines().auto)), strict=True):
        apply_settings(one, prefix=prefix)
        st.session_state[f"{prefix}good"] = one.scope is Scope.REFERENCES


def otherwise(settings: Settings, ready: set[EngineName], auto: EngineName | None) -> Settings:
    """What is worth comparing with these settings: another engine where one can run, else a finer or a coarser grid.

    >>> otherwise(Settings(engine=EngineName.TEXTURE), set(), None).grid
    GridSize(rows=10, cols=10)
    """
    mine = auto if settings.engine is EngineName.AUTO else settings.engine
    other = next((name for name in _ACCURATE if name in ready and name is not mine), None)
    if mine is not None and other is not None:
        # A number of the visitor's own is in the units of one engine's scores.
        own = settings.rule.name is RuleName.THRESHOLD
        return replace(settings, engine=other, rule=Rule() if own else settings.rule)
    rows, cols = (side + 3 if side < 20 else side // 2 for side in (settings.grid.rows, settings.grid.cols))
    return replace(settings, grid=GridSize(rows, cols))


def show_side_actions() -> None:
    """Draw, in the sidebar, the ways to change both sides at once."""
    with st.sidebar.container(horizontal=True):
        st.button("Swap", icon=":material/swap_horiz:", on_click=callback(_swap), key="swap-sides")
        st.button(
            "As on Inspect",
            icon=":material/restart_alt:",
            on_click=callback(_as_inspect),
            key="as-inspect",
            help="The left side gets the settings of the Inspect page, the right one another engine or grid.",
        )


def _swap() -> None:
    state = st.session_state
    for name in _CONTROLS:
        keys = [f"{prefix}{name}" for prefix in _PREFIXES]
        values = [state.get(key) for key in keys]
        for key, value in zip(keys, reversed(values), strict=True):
            if value is not None:
                state[key] = value
            else:
                state.pop(key, None)


def read_known_good() -> None:
    """Draw, in the sidebar, the known-good pictures, where a side is compared with them."""
    if any(st.session_state.get(f"{prefix}good") for prefix in _PREFIXES):
        with st.sidebar, st.container(border=True):
            read_references()


@part("This side")
def read_side(name: Literal["Left", "Right"], image: LoadedImage) -> Side | None:
    """Draw one side's controls and inspect; None, with the reason shown, where that fails."""
    with passing() as slot:
        with st.sidebar, st.container(border=True):
            st.markdown(f"**{plain(name)}**")
            image, settings, references = _read_request(f"{name.lower()}-", image)
        inspection = inspector().inspect(image, settings, bank=references, progress=Progressing(slot))
    return Side(name, image, inspection)


def _read_request(prefix: str, image: LoadedImage) -> tuple[LoadedImage, Settings, tuple[LoadedImage, ...]]:
    uploads = () if st.session_state.get("compare-sample") else kept_uploads("uploads")
    number = None
    if len(uploads) > 1:
        number = st.selectbox(
            "Picture",
            range(len(uploads)),
            format_func=lambda i: shown(uploads[i].name) if i < len(uploads) else "",
            key=f"{prefix}shown",
            persist_state="session",
        )
    grid, engine = read_grid(prefix), read_engine(prefix)
    with_references = st.toggle(
        "Compare with known-good",
        key=f"{prefix}good",
        persist_state="session",
        help="Each tile with those of good parts, in place of the rest of the same picture.",
    )
    scope = Scope.REFERENCES if with_references else Scope.SELF
    rule = read_rule(prefix, engine=engine, scope=scope)
    # Files are opened last, so that the controls stay when one cannot be.
    references = tuple(page.load() for page in reference_pages()) if with_references else ()
    opened = image if number is None else loaded(uploads[number])
    settings = Settings(grid=grid, engine=engine, scope=scope, rule=rule, ignore=ignored_of(opened))
    return opened, settings, references
