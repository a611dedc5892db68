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
        uneven: the typical tile's score over that of the lowest tenth counts against the strongest tile of a picture
            compared with itself, up to this many times; 1 for an engine that gains nothing from it.
        growth: how far the strongest stands out grows with this power of the number of tiles.
        floor: score below which differences are noise; it is added to scores before they are divided.
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
        batch: log of the strongest score over that of the lower quartile of the batch, of clean pictures.
        hits: by scope, at each of `FALSE_ALARMS`, the share of defective pictures with a right flag, of data sets that
            had no say in the tables; of pictures compared with themselves, those that are taken for a surface. Empty
            where that was not measured.
    """

    typical: float
    uneven: float
    growth: float
    floor: float
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
        first_right=0.71,
        self_ratio=0.7,
        others_ratio=0.7,
        prior=8.0,
        surfaces=CleanPictures((0.324, 0.424, 0.523, 0.567, 0.659, 0.909, 1.03)),
        references=CleanPictures((0.862, 1.046, 1.128, 1.323, 1.651, 1.977, 2.576)),
        batch=CleanPictures((-0.299, -0.195, -0.074, -0.018, 0.02, 0.096, 0.195)),
        one_kind=0.28,
        other_kind=0.4,
        hits={
            Scope.SELF: (0.16, 0.26, 0.29, 0.4, 0.58, 0.66, 0.72, 0.84),
            Scope.REFERENCES: (0.01, 0.12, 0.14, 0.28, 0.47, 0.76, 0.85, 0.94),
            Scope.BATCH: (0.1, 0.17, 0.23, 0.32, 0.5, 0.79, 0.87, 0.89),
        },
    ),
    EngineName.FASTDUP: Calibration(
        typical=0.8,
        uneven=1.0,
        growth=0.12,
        floor=0.001,
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
        first_right=0.43,
        self_ratio=0.5,
        others_ratio=0.7,
        prior=1.0,
        surfaces=CleanPictures((0.122, 0.228, 0.308, 0.375, 0.423, 0.786, 2.092)),
        references=CleanPictures((2.135, 2.661, 2.85, 3.157, 3.461, 3.768, 4.012)),
        batch=CleanPictures((-0.252, 0.042, 0.123, 0.216, 0.33, 0.749, 0.951)),
        hits={
            Scope.SELF: (0.0, 0.05, 0.2, 0.65, 0.73, 0.8, 0.87, 0.91),
            Scope.REFERENCES: (0.13, 0.2, 0.2, 0.24, 0.27, 0.49, 0.59, 0.64),
            Scope.BATCH: (0.05, 0.09, 0.12, 0.15, 0.24, 0.28, 0.4, 0.57),
        },
    ),
}
