"""The first thing the eye meets: what is said of the picture, and why."""

from __future__ import annotations

from typing import Final

import streamlit as st

from segdetect.inspection import Inspection, Verdict
from segdetect.settings import EngineName, Scope
from segdetect.ui.page import escaped, plain

_SHAPES: Final = {
    Verdict.NORMAL: '<path d="M20 6 9 17l-5-5"/>',
    Verdict.SUSPICIOUS: '<path d="M12 3 2 20h20L12 3z"/><path d="M12 10v4m0 3v.01"/>',
    Verdict.ANOMALOUS: '<path d="M8 2h8l6 6v8l-6 6H8l-6-6V8z"/><path d="M12 7v6m0 4v.01"/>',
    Verdict.CANNOT_TELL: '<circle cx="12" cy="12" r="10"/><path d="M9 9a3 3 0 1 1 4 2.8c-.7.3-1 .9-1 1.7m0 3.5v.01"/>',
}
COMPARED_WITH: Final = {
    Scope.SELF: "compared with itself",
    Scope.REFERENCES: "compared with {count} known-good",
    Scope.BATCH: "compared with {count} other pictures",
}


def place(tile: int, cols: int) -> str:
    """A tile's place as people count: from 1."""
    return f"row {tile // cols + 1}, column {tile % cols + 1}"


def lead(inspection: Inspection) -> str:
    """How much stands out, and where, in one line."""
    cols = inspection.scores.layout.grid.cols
    count, tiles = len(inspection.flagged_tiles), len(inspection.scores.scores)
    strongest = place(inspection.strongest_tile, cols)
    if count == 0:
        return f"No tile of {tiles} is flagged; the least alike is {strongest}"
    stand = "tile stands" if count == 1 else "tiles stand"
    return f"{count} of {tiles} {stand} out; strongest {strongest}"


def _where(inspection: Inspection) -> str:
    strongest = place(inspection.strongest_tile, inspection.scores.layout.grid.cols)
    return f"strongest at {strongest}" if inspection.flagged_tiles else f"least alike: {strongest}"


def facts_line(inspection: Inspection) -> str:
    """Engine, grid, comparison, rule and time, in one line."""
    asked = "auto: " if inspection.settings.engine is EngineName.AUTO else ""
    count = len(inspection.scores.sources) - 1
    compared = COMPARED_WITH[inspection.scope].format(count=count)
    seconds = inspection.total_seconds
    took = f"{seconds:.1f} s" if seconds >= 0.1 else "from memory"
    rule = inspection.decision.rule.value
    return f"{asked}{inspection.engine} · {inspection.settings.grid} tiles · {compared} · rule {rule} · {took}"


def show_verdict(inspection: Inspection) -> None:
    """Draw the banner."""
    verdict = inspection.decision.verdict
    kind = verdict.value.replace(" ", "-")
    st.html(
        f'<div class="sd-banner sd-{kind}" role="status">'
        f'<svg class="sd-icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2.2" '
        f'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{_SHAPES[verdict]}</svg>'
        f'<div><span class="sd-word">{verdict.value.capitalize()}</span>'
        f'<span class="sd-lead">{escaped(_where(inspection))}</span>'
        f'<div class="sd-why">{escaped(inspection.decision.reason)}</div></div></div>'
    )
    st.caption(facts_line(inspection))
    for note in inspection.notes:
        st.caption(f":material/info: {plain(note)}")
