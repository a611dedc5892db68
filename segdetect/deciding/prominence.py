"""How far the strongest tiles of a picture stand out, as one number for each scope, and how far clean pictures' do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from segdetect.inspection import Floats

SHARES: Final = (0.5, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98)
LOW: Final = 0.1  # share of the tiles that score at most as much as its lowest tenth
GATE_TILES: Final = 49  # the grid on which prominences were measured
CONTRAST: Final = 0.5  # weight of a picture's own contrast where there are good pictures

_NORMAL: Final = stats.norm.ppf(SHARES)


@dataclass(frozen=True, slots=True)
class CleanPictures:
    """How far the strongest tiles of clean pictures stand out, as measured on many kinds of them.

    Args:
        prominences: log ratios, ascending, that `SHARES` of clean pictures (50 to 98 %) stay below, every kind counting
            alike.
    """

    prominences: tuple[float, ...]

    def bound(self, false_alarms: float) -> float:
        """What this share of clean pictures reaches; beyond what was measured the log ratios are taken as normal."""
        return _line(float(stats.norm.ppf(1 - false_alarms)), _NORMAL, np.asarray(self.prominences))

    def share_above(self, prominence: float) -> float:
        """The share of clean pictures that reach a prominence, 0..1."""
        return float(stats.norm.sf(_line(prominence, np.asarray(self.prominences), _NORMAL)))


def _line(at: float, xs: Floats, ys: Floats) -> float:
    """Linear between the points, and on along the first and the last piece."""
    piece = int(np.clip(np.searchsorted(xs, at) - 1, 0, len(xs) - 2))
    slope = (ys[piece + 1] - ys[piece]) / (xs[piece + 1] - xs[piece])
    return float(ys[piece] + slope * (at - xs[piece]))


def quantile(values: Floats, share: float) -> float:
    """The score that this share of the tiles does not exceed; one of the scores."""
    return float(np.quantile(values, share, method="lower"))


def unevenness(values: Floats, *, typical: float, floor: float) -> float:
    """The typical tile's score over that of the lowest tenth, at least 1; a small defect has no part in it."""
    return (quantile(values, typical) + floor) / (quantile(values, LOW) + floor)


def growth(values: Floats, power: float) -> float:
    """Log of how much further the strongest of so many tiles stand out than of 49; fewer than 16 count as 16."""
    return power * math.log(max(len(values), 16) / GATE_TILES)


def median_log(values: Floats, floor: float) -> float:
    """Log of the median tile's score."""
    return math.log(quantile(values, 0.5) + floor)


def peak_log(values: Floats, floor: float, lone: float) -> float:
    """Log of how high the strongest tiles score: the mean of the two strongest, at most so far below the strongest.

    An accident seldom makes two tiles score high, and a defect often does; but it may lie in one.

    Args:
        values: the tiles' scores.
        floor, lone: as in `Calibration`.
    """
    strongest = np.log(np.sort(values)[-2:] + floor)
    return float(strongest[-1] - min(lone, (strongest[-1] - strongest[0]) / 2))


def next_strongest(values: Floats) -> float | None:
    """The score that comes after the strongest; None of a single tile."""
    return float(np.sort(values)[-2]) if len(values) > 1 else None


def strongest_needed(values: Floats, peak: float, floor: float, lone: float) -> float:
    """The score that the strongest tile must reach for `peak_log` to come to `peak`, the others being as they are."""
    second = next_strongest(values)
    # A single tile is not held to have no other beside it.
    lacking = 0.0 if second is None else max(peak - math.log(second + floor), 0.0)
    return math.exp(peak + min(lone, lacking)) - floor


def reference_prominence(values: Floats, floor: float, lone: float) -> float:
    """With good pictures: log of the strongest scores, and half of their log over the median tile's.

    Scores are in units of the good pictures' own typical distance, so that clean pictures of all kinds are alike; the
    contrast within the picture adds what the level alone does not tell.
    """
    return (1 + CONTRAST) * peak_log(values, floor, lone) - CONTRAST * median_log(values, floor)


def batch_level(bank_scores: Sequence[Floats], defective: float, floor: float, lone: float) -> float:
    """Log of the score of the middle one of a batch's good pictures, by their strongest tiles.

    Args:
        bank_scores: tile scores of the batch's other pictures, good ones and others.
        defective: the expected share of defective ones, which score higher than the good ones.
        floor, lone: as in `Calibration`.
    """
    return float(np.quantile([peak_log(one, floor, lone) for one in bank_scores], (1 - defective) / 2))
