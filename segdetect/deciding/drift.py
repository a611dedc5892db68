"""Whether the scores of a process drift: an EWMA control chart.

The exponentially weighted moving average of Roberts (Control Chart Tests Based on Geometric Moving Averages,
Technometrics 1, 1959) with the limits of Lucas and Saccucci (Technometrics 32, 1990):

    z_i = lambda x_i + (1 - lambda) z_(i-1),  z_0 = mu
    mu +- L sigma sqrt(lambda / (2 - lambda) (1 - (1 - lambda)^(2 i)))

A small lambda hears a small, lasting change, and hardly minds that scores are skewed (Borror, Montgomery and Runger,
Journal of Quality Technology 31, 1999). With lambda = 0.1 and L = 2.814 a process that does not change signals once in
500 values on average where its mean and spread are known, and more often where they are learnt from few values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

LAMBDA: Final = 0.1
LIMIT: Final = 2.814
# From so many values mean and spread are learnt; from fewer the spread is little more than a guess.
LEARNT: Final = 30
# Of the mean: pictures made by a program may all score alike, and a limit of no width would mean nothing.
_LEAST_SPREAD: Final = 0.01

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ControlChart:
    """An EWMA control chart.

    Args:
        centre: the mean of the process as it should be.
        sigma: its standard deviation, above 0.
        smoothed: `(n,)` the moving average at each value.
        lower: `(n,)` the lower limit there.
        upper: `(n,)` the upper limit there.
    """

    centre: float
    sigma: float
    smoothed: Floats
    lower: Floats
    upper: Floats

    @property
    def signal(self) -> int:
        """1 where the last values are beyond the upper limit, -1 where below the lower one, else 0."""
        if not len(self.smoothed):
            return 0
        return int(self.smoothed[-1] > self.upper[-1]) - int(self.smoothed[-1] < self.lower[-1])

    @property
    def since(self) -> int:
        """The first of the last values that are all beyond that limit; the number of values where none is.

        >>> control_chart([1.0, 2.0, 3.0], [2.0, 9.0, 9.0]).since
        1
        """
        signal = self.signal
        beyond = self.smoothed > self.upper if signal > 0 else self.smoothed < self.lower
        if not signal:
            return len(beyond)
        inside = np.flatnonzero(~beyond)
        return int(inside[-1]) + 1 if len(inside) else 0


def control_chart(
    learnt: Sequence[float], values: Sequence[float], *, smoothing: float = LAMBDA, limit: float = LIMIT
) -> ControlChart:
    """The chart of values, given those of the process as it should be.

    Args:
        learnt: at least two of them.
        values: what came after them, in order.
        smoothing: lambda, the weight of the newest value, above 0, at most 1.
        limit: L, the width of the limits in standard deviations of the average.
    """
    centre = float(np.mean(learnt))
    sigma = max(float(np.std(learnt, ddof=1)), _LEAST_SPREAD * abs(centre), float(np.finfo(float).tiny))
    return chart_of(centre, sigma, values, smoothing=smoothing, limit=limit)


def chart_of(
    centre: float, sigma: float, values: Sequence[float], *, smoothing: float = LAMBDA, limit: float = LIMIT
) -> ControlChart:
    """The same, where mean and spread of the process as it should be are known."""
    numbers = np.asarray(values, np.float64)
    smoothed, _ = lfilter([smoothing], [1.0, smoothing - 1.0], numbers, zi=[(1 - smoothing) * centre])
    steps = np.arange(1, len(numbers) + 1)
    width = limit * sigma * np.sqrt(smoothing / (2 - smoothing) * (1 - (1 - smoothing) ** (2 * steps)))
    return ControlChart(centre, sigma, np.asarray(smoothed, np.float64), centre - width, centre + width)
