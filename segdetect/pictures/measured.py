"""Which pixels of a picture are measurements, and which only fill its frame.

Values that no measurement gave would take the whole brightness window for themselves, and every tile that holds some
would stand out. They are told by what the file declares, by not being a finite number, or by being a value that
programs write for "nothing here", when it is isolated from all the rest.
"""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from segdetect.message import Message

Flags = npt.NDArray[np.bool_]
Values = npt.NDArray[Any]
Pixels = npt.NDArray[np.uint8]

# Values that programs write where they have none; the lowest one of a signed type comes on top.
SENTINELS: Final = (-999, -9999, -99999, -999999, -32767, -32768)
HUGE: Final = 1e20  # no measurement in floating point is as large; fill values such as 9.97e36 and 3.4e38 are
OFTEN: Final = 1e-4  # share of the pixels that a sentinel fills at least: fewer are defects of a sensor
FEWEST: Final = 4
ISOLATED: Final = 3.0  # times the spread of the other values that the next one is away
_SAMPLE: Final = 1_000_000


def find_sentinel(values: Values, valid: Flags | None = None) -> float | None:
    """A value that stands for "nothing here", though the file does not say so; None where there is none.

    It has to be the lowest or the highest of all, one of `SENTINELS` (or, in floating point, beyond `HUGE`), fill at
    least one pixel in 10,000, and be isolated: the distance to the next value is at least three times the spread of the
    others, the larger of their standard deviation and their interquartile range. Unsigned values have none: 0 and 65535
    are what cameras give for black and white.

    Args:
        values: `(height, width)`, of any type; pictures in colour have none.
        valid: `(height, width)` pixels to look at; None for all.

    >>> find_sentinel(np.array([[-9999, -9999, -9999, -9999, 20, 21, 22, 23]], np.int16))
    -9999.0
    """
    if values.ndim != 2 or values.dtype.kind not in "if" or values.dtype.itemsize < 2:
        return None
    known = values if valid is None else values[valid]
    if not known.size:
        return None
    ends = (float(known.min()), float(known.max()))
    return next((end for end in ends if _is_sentinel(end, known.dtype) and _is_isolated(known, end)), None)


def _is_sentinel(value: float, dtype: np.dtype[Any]) -> bool:
    extreme = abs(value) >= HUGE if dtype.kind == "f" else value == float(np.iinfo(dtype).min)
    return extreme or value in SENTINELS


def _is_isolated(values: Values, value: float) -> bool:
    same = values == values.dtype.type(value)
    count = int(same.sum())
    if count == values.size or count < max(FEWEST, OFTEN * values.size):
        return False
    # The other end may hold another sentinel, which says nothing of the spread.
    others = values[~same & (abs(values.astype(np.float64)) < HUGE)]
    if not others.size:
        return False
    gap = min(abs(float(others.min()) - value), abs(float(others.max()) - value))
    sample = others[:: max(1, others.size // _SAMPLE)].astype(np.float64)
    lower, upper = np.percentile(sample, (25, 75))
    return bool(gap >= ISOLATED * max(float(upper - lower), float(sample.std())))


def left_out_note(valid: Flags, what: str) -> Message:
    """What is said of pixels that are no measurement, `what` being what they hold."""
    return Message(
        "{share:.3g} % of its pixels hold {what} and are left out.",
        share=100 * (1 - float(np.count_nonzero(valid)) / valid.size),
        what=what,
    )


def finite(values: Values) -> Flags | None:
    """`(height, width)` False where a sample is NaN or infinite; None where none is."""
    if values.dtype.kind != "f":
        return None
    numbers = np.isfinite(values)
    if numbers.all():
        return None
    return np.asarray(numbers if numbers.ndim == 2 else numbers.all(axis=2))


def both(one: Flags | None, other: Flags | None) -> Flags | None:
    """Pixels that are valid in both; None stands for all."""
    if one is None or other is None:
        return other if one is None else one
    return np.asarray(one & other)


def fill(pixels: Pixels, valid: Flags) -> Pixels:
    """The picture with each pixel that is no measurement made like the nearest one that is.

    So the rim of such a region is no edge, which would stand out in every description.

    Args:
        pixels: `(height, width, 3)`.
        valid: `(height, width)`, at least one True.
    """
    holes = np.where(valid, np.uint8(0), np.uint8(1))
    _, nearest = cv2.distanceTransformWithLabels(holes, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    colours = np.zeros((int(nearest.max()) + 1, pixels.shape[2]), np.uint8)
    colours[nearest[valid]] = pixels[valid]
    filled = np.asarray(colours[nearest])
    filled.flags.writeable = False
    return filled
