"""What changed between two answers: settings, figures, and tile by tile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from segdetect.inspection import Inspection

# Enough of a digest to tell pictures apart.
_DIGITS: Final = 16


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as it was.

    Args:
        what: in the user's words.
        before: a text or a number, or None where there was none.
        after: likewise.
    """

    what: str
    before: str | float | None
    after: str | float | None


def changes(before: Inspection, after: Inspection) -> list[Change]:
    """What differs of pictures, settings and figures; scores to a millionth."""
    old, new = _facts(before), _facts(after)
    return [Change(what, old[what], new[what]) for what in old if not _same(old[what], new[what])]


def _facts(inspection: Inspection) -> dict[str, str | float | None]:
    settings, decision = inspection.settings, inspection.decision
    return {
        "plan": "none" if settings.plan is None else str(settings.plan),
        "picture": inspection.image,
        "SHA-256": f"{inspection.sha256[:_DIGITS]}...",
        "page": str(inspection.page + 1),
        "grid": str(settings.grid),
        "engine asked for": settings.engine.value,
        "engine": inspection.engine.value,
        "engine's version": inspection.engine_version,
        "compared with": inspection.scope.value,
        "pictures compared with": str(len(inspection.scores.sources) - 1),
        "rule asked for": settings.rule.name.value,
        "rule": decision.rule.value,
        "false alarms allowed": settings.rule.false_alarms,
        "verdict": decision.verdict.value,
        "threshold": inspection.threshold,
        "strongest score": inspection.scores.highest,
        "flagged tiles": str(int(decision.flags.sum())),
    }


def _same(old: Any, new: Any) -> bool:
    if isinstance(old, float) and isinstance(new, float):
        return abs(old - new) < 1e-6
    return bool(old == new)


def are_tile_by_tile(before: Inspection, after: Inspection) -> bool:
    """Whether both have the same tiles of the same picture."""
    return before.identity == after.identity and before.scores.layout.key == after.scores.layout.key


def tile_changes(before: Inspection, after: Inspection) -> pd.DataFrame:
    """A row per tile whose flag or score is not as it was: changed flags first, then the largest changes of score.

    Columns: `tile` (0-based), `before` and `after` (scores, NaN where there is none), `was_flagged`, `is_flagged`.
    Both must have the same tiles of the same picture.
    """
    old, new = before.scores.scores, after.scores.scores
    table = pd.DataFrame(
        {
            "tile": np.arange(len(old)),
            "before": old,
            "after": new,
            "was_flagged": before.decision.flags,
            "is_flagged": after.decision.flags,
        }
    )
    moved = np.nan_to_num(np.abs(new - old), nan=0.0)
    appeared = np.isnan(old) != np.isnan(new)
    turned = before.decision.flags != after.decision.flags
    table = table.assign(turned=turned, moved=np.where(appeared, np.inf, moved))
    changed = table[turned | appeared | (moved >= 1e-6)]
    ordered: pd.DataFrame = changed.sort_values(["turned", "moved", "tile"], ascending=[False, False, True])
    return ordered.drop(columns=["turned", "moved"]).reset_index(drop=True)
