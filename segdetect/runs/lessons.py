"""What a set of known-good pictures teaches: how each fares against the others, and what that is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from segdetect.inspection import Inspection
from segdetect.pictures.loading import LoadedImage
from segdetect.pipeline import Inspector
from segdetect.progress import Progress, no_progress, part_of
from segdetect.settings import Settings

CONFIDENCE: Final = 0.95
# With fewer, one picture is the only measure of another.
LEAST: Final = 2
# Beyond the outer fence of the others' strongest scores (Tukey, Exploratory Data Analysis, 1977).
_FENCE: Final = 3.0
_LEAST_FENCED: Final = 5
# Of the typical strongest score: what shows no more than this is all in the others.
_NOTHING_NEW: Final = 0.5
_NEARLY_THE_SAME: Final = 0.25
# Of a picture's tiles, that look most like one and the same other picture.
_MOST_TILES: Final = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """How a good picture fares as if it were new.

    Args:
        inspection: its answer, compared with the others alone.
        outlier: its strongest tile stands far above those of the others, or is flagged: is it really good?
        twin: which other picture it nearly repeats, by its number; None where it repeats none, or is the one repeated.
        nothing_new: all it shows is in the others.
    """

    inspection: Inspection
    outlier: bool
    twin: int | None
    nothing_new: bool

    @property
    def flagged(self) -> bool:
        """Whether it would be a false alarm."""
        return bool(self.inspection.decision.flags.any())


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """What all of them teach.

    Args:
        each: in their order.
        threshold: what a strongest tile must reach, the median of all; None where nothing was learnt.
    """

    each: tuple[Lesson, ...]
    threshold: float | None

    @property
    def alarms(self) -> int:
        """How many would be false alarms."""
        return sum(lesson.flagged for lesson in self.each)

    @property
    def interval(self) -> tuple[float, float]:
        """Between which shares of false alarms the truth lies, 19 times in 20."""
        return confidence_interval(self.alarms, len(self.each))


def confidence_interval(count: int, total: int) -> tuple[float, float]:
    """The exact interval for a share (Clopper and Pearson, Biometrika, 1934) at 95 %.

    >>> [round(bound, 3) for bound in confidence_interval(0, 10)]
    [0.0, 0.308]
    """
    bounds = stats.binomtest(count, total).proportion_ci(CONFIDENCE, method="exact")
    return float(bounds.low), float(bounds.high)


def learn(
    inspector: Inspector, good: Sequence[LoadedImage], settings: Settings, *, progress: Progress = no_progress
) -> Lessons:
    """Inspect each good picture as if it were new, compared with the others where the settings compare with any.

    Args:
        inspector: what inspects; what it has described is not described again.
        good: the pictures, at least two.
        settings: of the plan.
        progress: told how far it is; may raise `CancelledError`.

    Raises:
        SegDetectError: the grid does not fit a picture, or the engine cannot run or failed.
    """
    count = len(good)
    inspections = [
        inspector.inspect(image, settings, bank=good, progress=part_of(progress, at / count, (at + 1) / count))
        for at, image in enumerate(good)
    ]
    return lessons_of(inspections)


def lessons_of(inspections: Sequence[Inspection]) -> Lessons:
    """What answers of good pictures teach, each compared with the others."""
    strongest = np.array([one.scores.highest for one in inspections])
    typical = float(np.median(strongest))
    fence = _fence(strongest)
    twins = _copies([_twin(inspections, number, _NEARLY_THE_SAME * typical) for number in range(len(inspections))])
    each = tuple(
        Lesson(
            inspection=one,
            outlier=bool(one.decision.flags.any() or one.scores.highest > fence),
            twin=twin,
            nothing_new=twin is None and at not in twins and one.scores.highest <= _NOTHING_NEW * typical,
        )
        for at, (one, twin) in enumerate(zip(inspections, twins, strict=True))
    )
    needed = [one.needed for one in inspections if one.needed is not None]
    return Lessons(each, float(np.median(needed)) if needed else None)


def _fence(strongest: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    if len(strongest) < _LEAST_FENCED:
        return float("inf")
    lower, upper = np.quantile(strongest, (0.25, 0.75))
    return float(upper + _FENCE * (upper - lower))


def _copies(twins: list[int | None]) -> list[int | None]:
    """Of two that repeat each other the later one is the copy."""
    return [None if twin is not None and twin > at and twins[twin] == at else twin for at, twin in enumerate(twins)]


def _twin(inspections: Sequence[Inspection], number: int, most: float) -> int | None:
    """The picture of which this one is nearly a copy."""
    one = inspections[number]
    if one.scores.highest > most:
        return None
    known = one.scores.nearest_source[one.scores.nearest_source >= 0]
    if not len(known):
        return None
    sources, counts = np.unique(known, return_counts=True)
    source = one.scores.sources[int(sources[counts.argmax()])]
    if counts.max() < _MOST_TILES * len(known):
        return None
    return next(
        (at for at, other in enumerate(inspections) if at != number and other.identity == source.identity), None
    )
