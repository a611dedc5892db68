"""What was measured on clean pictures, for each engine: the constants that decisions rest on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from segdetect.deciding.prominence import CleanPictures
from segdetect.settings import EngineName, Scope

# Shares of false alarms that can be chosen on the pages, and at which it was measured what is found.
FALSE_ALARMS: Final = (0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was measured on clean pictures, for one engine.

    Args:
        typical: share of a picture's tiles that score at most as much as its typical tile.
        uneven: the typical tile's score over that of the lowest tenth counts against the strongest tiles of a picture
            compared with itself, up to this many times; 1 for an engine that gains nothing from it.
        growth: how far the strongest stand out grows with this power of the number of tiles.
        floor: score below which differences are noise; it is added to scores before they are divided.
        lone: the most, as a log, that counts against a strongest tile that stands out alone; 0 where the next
            tile has no say.
        self_ratio: of the strongest score, that other tiles must come to, to be flagged with it, in a picture compared
            with itself.
        others_ratio: the same in a picture compared with others.
        prior: how many good pictures the prominences measured on other kinds count for.
        surfaces: prominences of clean surfaces compared with themselves.
        references: prominences of clean pictures compared with good ones.
        first_right: of defective objects and scenes compared with themselves, the share whose strongest tile is right.
        one_kind: mean unlikeness of a batch's pictures from which on they do not show the same thing; endless for
            engines that cannot tell.
        other_kind: unlikeness of a picture that probably shows another thing than the good ones.
        batch: prominences of clean pictures of a batch.
        hits: by scope, at each of `FALSE_ALARMS`, the share of defective pictures with a right flag, of data sets that
            had no say in the tables; of pictures compared with themselves, those that are taken for a surface. Empty
            where that was not measured.
    """

    typical: float
    uneven: float
    growth: float
    floor: float
    lone: float
    first_right: float
    self_ratio: float
    others_ratio: float
    prior: float
    surfaces: CleanPictures
    references: CleanPictures
    batch: CleanPictures
    one_kind: float = math.inf
    other_kind: float = math.inf
    hits: Mapping[Scope, tuple[float, ...]] = field(default_factory=dict)

    def hit_rate(self, scope: Scope, false_alarms: float) -> float | None:
        """The share of defective pictures that get a right flag at this share of false alarms; None where unknown."""
        rates = self.hits.get(scope)
        return None if rates is None else float(np.interp(false_alarms, FALSE_ALARMS, rates))


# python -m benchmarks.calibrate prints the tables; docs/method.md has the pictures that they come from.
CALIBRATIONS: Final = {
    EngineName.DINOV2: Calibration(
        typical=0.5,
        uneven=1.0,
        growth=0.08,
        floor=0.01,
        lone=0.2,
        first_right=0.71,
        self_ratio=0.7,
        others_ratio=0.7,
        prior=8.0,
        surfaces=CleanPictures((0.299, 0.396, 0.446, 0.523, 0.621, 0.738, 0.908)),
        references=CleanPictures((0.845, 1.026, 1.081, 1.225, 1.511, 1.859, 2.56)),
        batch=CleanPictures((-0.287, -0.19, -0.073, -0.008, 0.03, 0.091, 0.175)),
        one_kind=0.28,
        other_kind=0.4,
        hits={
            Scope.SELF: (0.12, 0.26, 0.34, 0.5, 0.59, 0.7, 0.74, 0.86),
            Scope.REFERENCES: (0.0, 0.08, 0.16, 0.36, 0.53, 0.8, 0.84, 0.93),
            Scope.BATCH: (0.1, 0.17, 0.23, 0.29, 0.56, 0.76, 0.84, 0.9),
        },
    ),
    EngineName.FASTDUP: Calibration(
        typical=0.8,
        uneven=1.0,
        growth=0.12,
        floor=0.001,
        lone=0.0,
        first_right=0.24,
        self_ratio=0.5,
        others_ratio=0.7,
        prior=8.0,
        surfaces=CleanPictures((0.343, 0.426, 0.505, 0.549, 0.619, 0.699, 0.899)),
        references=CleanPictures((-1.321, -0.709, -0.47, -0.407, -0.222, -0.034, 0.253)),
        batch=CleanPictures((-0.304, 0.034, 0.088, 0.309, 0.499, 0.549, 0.603)),
        hits={
            Scope.SELF: (0.2, 0.37, 0.5, 0.62, 0.64, 0.66, 0.71, 0.72),
            Scope.REFERENCES: (0.15, 0.15, 0.15, 0.18, 0.32, 0.45, 0.48, 0.54),
            Scope.BATCH: (0.09, 0.11, 0.11, 0.13, 0.14, 0.41, 0.51, 0.69),
        },
    ),
    EngineName.TEXTURE: Calibration(
        typical=0.6,
        uneven=2.2,
        growth=0.08,
        floor=0.01,
        lone=0.2,
        first_right=0.43,
        self_ratio=0.5,
        others_ratio=0.7,
        prior=1.0,
        surfaces=CleanPictures((0.144, 0.241, 0.33, 0.371, 0.472, 1.006, 2.298)),
        references=CleanPictures((1.95, 2.615, 2.836, 3.091, 3.325, 3.567, 3.785)),
        batch=CleanPictures((-0.218, 0.054, 0.207, 0.225, 0.262, 0.736, 1.073)),
        hits={
            Scope.SELF: (0.0, 0.02, 0.15, 0.49, 0.71, 0.76, 0.84, 0.87),
            Scope.REFERENCES: (0.16, 0.2, 0.21, 0.25, 0.31, 0.46, 0.56, 0.64),
            Scope.BATCH: (0.04, 0.09, 0.11, 0.15, 0.24, 0.27, 0.39, 0.51),
        },
    ),
}
