"""What is said of an answer to everyone: one sentence, without a figure that needs explaining.

Why it is so is the decision's reason. Pages and reports begin with this sentence and give the reason after it.
"""

from __future__ import annotations

from typing import Final

from segdetect.deciding.decision import BORDERLINE, IDENTICAL, MIN_TILES
from segdetect.inspection import Inspection, Verdict
from segdetect.settings import RuleName, Scope

_STOCK: Final = "by this rule, which marks the least similar tiles of every picture"


def place(tile: int, cols: int, *, column: str = "col") -> str:
    """A tile's place as people count: from 1."""
    return f"row {tile // cols + 1}, {column} {tile % cols + 1}"


def headline(inspection: Inspection) -> str:
    """The verdict in a sentence by itself: `6 of 49 tiles stand out, most of all row 4, column 3`."""
    cannot_tell = inspection.decision.verdict is Verdict.CANNOT_TELL
    return f"Cannot tell {lead(inspection)}" if cannot_tell else lead(inspection)


def lead(inspection: Inspection) -> str:
    """What `headline` says after the verdict's word, for where that stands before it."""
    first = place(inspection.strongest_tile, inspection.scores.layout.grid.cols, column="column")
    match inspection.decision.verdict:
        case Verdict.NORMAL:
            return "Nothing stands out"
        case Verdict.CANNOT_TELL:
            return _doubt(inspection, first)
        case Verdict.SUSPICIOUS:
            return f"{_count(inspection)} out, but only just: look at {first}"
    return f"{_count(inspection)} out{': ' if len(inspection.flagged_tiles) == 1 else ', most of all '}{first}"


def _count(inspection: Inspection) -> str:
    flagged, tiles = len(inspection.flagged_tiles), int(inspection.scores.scored.sum())
    return f"{flagged} of {tiles} tiles {'stands' if flagged == 1 else 'stand'}"


def _doubt(inspection: Inspection, first: str) -> str:
    """Why nothing can be said, and where to look all the same."""
    scores, threshold = inspection.scores, inspection.threshold
    look = f"if something is wrong, look at {first} first"
    if inspection.decision.rule is RuleName.STOCK:
        return _STOCK
    if threshold is not None and not scores.varied:
        if scores.highest * BORDERLINE > threshold or not scores.doubtful:
            return f"for sure: {first} nearly stands out"
        return f"from this picture alone: nothing stands out, but {look}"
    if scores.varied:
        return f"from this picture alone: {look}"
    if int(scores.scored.sum()) < MIN_TILES:
        return "from so few tiles"
    if scores.highest <= IDENTICAL:
        return "as all tiles are alike"
    if inspection.scope is Scope.BATCH:
        return "since these pictures do not show the same thing"
    return f"with nothing to learn from: {look}"
