"""What becomes of pictures as more or less is demanded: defective ones that are missed, good ones that are flagged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segdetect.evaluation.figures import Evaluation, PictureResult
from segdetect.inspection import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingPoint:
    """One place to cut.

    Args:
        cut: how many times what it takes a picture's strongest tile must score; 1 is the rule as it is.
        misses: share of the defective pictures of which nothing is flagged then, 0..1.
        false_alarms: share of the good pictures of which something is, 0..1.
    """

    cut: float
    misses: float
    false_alarms: float


@dataclass(frozen=True, slots=True, eq=False)
class OperatingPoints:
    """All places to cut, from the highest cut to the lowest: misses fall, false alarms rise.

    Args:
        points: at least one.
        good: pictures that are known to be good.
        defective: pictures that are known to be defective.
    """

    points: tuple[OperatingPoint, ...]
    good: int
    defective: int

    def at(self, false_alarms: float) -> OperatingPoint:
        """The point with the fewest misses that flags at most this share of the good pictures."""
        return [point for point in self.points if point.false_alarms <= false_alarms + 1e-9][-1]


def operating_points(evaluation: Evaluation) -> OperatingPoints | None:
    """Where a run could cut; None where it has no good or no defective pictures to count."""
    counted = [picture for picture in evaluation.pictures if not picture.has_empty_mask]
    good = np.sort([_strength(picture) for picture in counted if picture.is_clean])
    bad = np.sort([_strength(picture) for picture in counted if not picture.is_clean])
    if not len(good) or not len(bad):
        return None
    cuts = np.unique(np.concatenate([good, bad]))[::-1]
    points = [OperatingPoint(cut=np.inf, misses=1.0, false_alarms=0.0)]
    points += [
        OperatingPoint(cut=float(cut), misses=_below(bad, cut), false_alarms=1.0 - _below(good, cut)) for cut in cuts
    ]
    return OperatingPoints(tuple(points), len(good), len(bad))


def own_point(evaluation: Evaluation) -> OperatingPoint | None:
    """What the rule itself flagged; None as `operating_points`."""
    points = operating_points(evaluation)
    if points is None:
        return None
    flagged = [point for point in points.points if point.cut >= 1]
    return OperatingPoint(cut=1.0, misses=flagged[-1].misses, false_alarms=flagged[-1].false_alarms)


def _strength(picture: PictureResult) -> float:
    """As `Inspection.excess`; 0 where nothing was learnt that a score is held against."""
    return picture.inspection.excess or 0.0


def _below(strengths: Floats, cut: float) -> float:
    return float(np.searchsorted(strengths, cut, side="left")) / len(strengths)
