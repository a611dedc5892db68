"""What a choice does to a whole batch: how many of its pictures are called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from segdetect.deciding.decision import decide
from segdetect.inspection import Floats, TileScores
from segdetect.settings import EngineName, Rule, Scope


def called_in_batch(scores: TileScores, bank_scores: Sequence[Floats], rule: Rule, engine: EngineName) -> int:
    """How many pictures of a batch have flagged tiles, each decided on by the others.

    Args:
        scores: the tiles of one of them.
        bank_scores: tile scores `(tiles,)` of the others, in the same grid.
        rule: how to decide.
        engine: the engine that ran.
    """
    batch = [one for one in (scores.scores, *bank_scores) if not np.isnan(one).all()]

    def called(at: int) -> bool:
        one = replace(scores, scores=batch[at], neighbour_lists=None)
        others = [*batch[:at], *batch[at + 1 :]]
        return bool(decide(one, rule, scope=Scope.BATCH, engine=engine, bank_scores=others).flags.any())

    return sum(map(called, range(len(batch))))
