"""The first thing the eye meets: what is said of the picture, and why."""

from __future__ import annotations

from typing import Final

import streamlit as st

from segdetect.inspection import Inspection
from segdetect.settings import EngineName, RuleName, Scope
from segdetect.ui.shared.locale import localized, number
from segdetect.ui.shared.page import part
from segdetect.ui.shared.texts import escaped, plain

COMPARED_WITH: Final = {
    Scope.SELF: "compared with itself",
    Scope.REFERENCES: "compared with {count} known-good",
    Scope.BATCH: "compared with {count} other pictures",
}
_WANTED: Final = {
    Scope.REFERENCES: "Add known-good pictures in the sidebar: one is enough to start, three to ten make the verdict "
    "reliable.",
    Scope.BATCH: "Drop in more pictures of the same kind.",
}


def place(tile: int, cols: int) -> str:
    """A tile's place as people count: from 1."""
    return f"row {tile // cols + 1}, col {tile % cols + 1}"


def lead(inspection: Inspection) -> str:
    """How much stands out, and where, in one line."""
    cols = inspection.scores.layout.grid.cols
    count, tiles = len(inspection.flagged_tiles), int(inspection.scores.scored.sum())
    strongest = place(inspection.strongest_tile, cols)
    if count == 0:
        return f"None of {tiles} tiles is flagged; most unlike the rest: {strongest}"
    stand = "stands" if count == 1 else "stand"
    return f"{count} of {tiles} tiles {stand} out; strongest {strongest}"


def _where(inspection: Inspection) -> str:
    strongest = place(inspection.strongest_tile, inspection.scores.layout.grid.cols)
    return f"strongest at {strongest}" if inspection.flagged_tiles else f"most unlike the rest: {strongest}"


def facts_line(inspection: Inspection) -> str:
    """Engine, grid, comparison, rule and time, in one line."""
    asked = "auto: " if inspection.settings.engine is EngineName.AUTO else ""
    count = len(inspection.scores.sources) - 1
    compared = COMPARED_WITH[inspection.scope].format(count=count)
    seconds = inspection.total_seconds
    took = f"{number(seconds, 1)} s" if seconds >= 0.1 else "from memory"
    automatic = " (automatic)" if inspection.settings.rule.name is RuleName.AUTO else ""
    rule = f"{inspection.decision.rule.value}{automatic}"
    return f"{asked}{inspection.engine} · {inspection.settings.grid} tiles · {compared} · rule {rule} · {took}"


@part("The verdict")
def show_verdict(inspection: Inspection, *, level: int = 1) -> None:
    """Draw the banner; `level` is that of its heading, 1 where the verdict is the page's main thing."""
    verdict = inspection.decision.verdict
    kind = escaped(verdict.value.replace(" ", "-"))
    st.html(
        f'<div class="sd-banner sd-{kind}" role="status">'
        f'<span class="sd-icon" aria-hidden="true"></span>'
        f'<div><h{level} class="sd-word">{escaped(verdict.value.capitalize())}</h{level}>'
        f'<span class="sd-lead">{escaped(_where(inspection))}</span>'
        f'<div class="sd-why">{escaped(localized(inspection.decision.reason))}</div></div></div>'
    )
    st.caption(plain(facts_line(inspection)))
    if inspection.scope is not inspection.settings.scope:
        st.info(_WANTED[inspection.settings.scope], icon=":material/add_photo_alternate:")
    for note in inspection.notes:
        st.caption(f":material/info: {plain(localized(note))}")
