"""Which pixels of a picture are measurements, and which only fill its frame.

Values that no measurement gave would take the whole brightness window for themselves, and every tile that holds some
would stand out. They are told by what the file declares, by not being a finite number, or by being a value that
programs write for "nothing here", when it is isolated from all the rest.
"""

from __future__ import annotations

import math
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from segdetect.message import Message

Flags = npt.NDArray[np.bool_]
Values = npt.NDArray[Any]
Pixels = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int32]
Places = npt.NDArray[np.intp]

# Values that programs write where they have none; the lowest one of a signed type comes on top.
SENTINELS: Final = (-999, -9999, -99999, -999999, -32767, -32768)
HUGE: Final = 1e20  # no measurement in floating point is as large; fill values such as 9.97e36 and 3.4e38 are
OFTEN: Final = 1e-4  # share of the pixels that a sentinel fills at least: fewer are defects of a sensor
FEWEST: Final = 4
ISOLATED: Final = 3.0  # times the spread of the other values that the next one is away
# Of 255: so little of an opacity, or of what it lacks, is not seen; compression leaves it.
_CLEAR: Final = 5
_RIM: Final = 0.02  # how far a soft rim reaches at most, as a share of the longer side
_FEW: Final = 1e-4  # share of the pixels that is told as a number
_SAMPLE: Final = 1_000_000
_MAX_BLOCKS: Final = 4_000_000
_STRIP_PIXELS: Final = 1_000_000


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
    others = values[~same]
    ends = (float(others.min()), float(others.max()))
    if max(map(abs, ends)) >= HUGE:
        # The other end may hold another sentinel, which says nothing of the spread.
        others = others[abs(others) < HUGE]
        if not others.size:
            return False
        ends = (float(others.min()), float(others.max()))
    gap = min(abs(end - value) for end in ends)
    sample = others[:: max(1, others.size // _SAMPLE)].astype(np.float64)
    lower, upper = np.percentile(sample, (25, 75))
    return bool(gap >= ISOLATED * max(float(upper - lower), float(sample.std())))


def as_written(value: float, digits: int) -> str:
    """A value as it stands in files: who looks it up there finds it so, whatever the language of the page."""
    return format(value, f".{digits}g")


def left_out_note(valid: Flags, what: str) -> Message:
    """What is said of pixels that are no measurement, `what` being what they hold, its digits as in the file."""
    count = valid.size - np.count_nonzero(valid)
    if count < _FEW * valid.size:
        return Message("{count} of its pixels hold {what} and are left out.", count=int(count), what=what)
    return Message(
        "{share:.3g} % of its pixels hold {what} and are left out.", share=float(100 * count / valid.size), what=what
    )


def finite(values: Values) -> Flags | None:
    """`(height, width)` False where a sample is NaN or infinite; None where none is."""
    if values.dtype.kind != "f":
        return None
    numbers = np.isfinite(values)
    if numbers.all():
        return None
    return np.asarray(numbers if numbers.ndim == 2 else numbers.all(axis=2))


def opaque(alpha: Pixels) -> Flags:
    """`(height, width)` False where a pixel is transparent, or of the soft rim beside what is.

    A rim has half the colour of what it is laid on, and would be unlike all else. What is half transparent elsewhere
    (glass, smoke, a hole that something shines through) is the picture's own.

    Args:
        alpha: `(height, width)` uint8, 255 where opaque.
    """
    clear = alpha <= _CLEAR
    if not clear.any():
        return ~clear
    reach = math.ceil(_RIM * max(alpha.shape))
    near = cv2.dilate(clear.astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)) > 0
    solid = ~(near & (alpha < 255 - _CLEAR))
    # A part so thin that all of it is rim is looked at as it is.
    return np.asarray(solid if solid.any() else ~clear)


def both(one: Flags | None, other: Flags | None) -> Flags | None:
    """Pixels that are valid in both; None stands for all."""
    if one is None or other is None:
        return other if one is None else one
    return np.asarray(one & other)


def fill(pixels: Pixels, valid: Flags) -> Pixels:
    """The picture with what is no measurement filled by its surroundings, mirrored at the rim.

    So the rim is no edge and the filling has the grain of what lies around it: either would stand out in every
    description. Where the mirror image is no measurement itself, the nearest pixel that is one is repeated.

    Args:
        pixels: `(height, width, 3)`.
        valid: `(height, width)`, at least one True.
    """
    # Large pictures in blocks, of which the nearest whole ones are sought: pixel by pixel takes seconds and gigabytes.
    side = math.ceil(math.sqrt(valid.size / _MAX_BLOCKS))
    filled = pixels.copy()
    reach = _reach(valid, side)
    if reach is None:
        step = max(1, valid.size // _MAX_BLOCKS)
        some = pixels[::step][valid[::step]]
        filled[~valid] = np.median(some if some.size else pixels[valid], axis=0)
    else:
        rows = side * max(1, _STRIP_PIXELS // (side * valid.shape[1]))
        for top in range(0, len(valid), rows):
            y, x = np.nonzero(~valid[top : top + rows])
            y += top
            down, across = (side * part[y // side, x // side].astype(np.intp) for part in reach)
            filled[y, x] = pixels[_source(valid, y, x, down, across)]
    filled.flags.writeable = False
    return filled


def _reach(valid: Flags, side: int) -> tuple[Ints, Ints] | None:
    """How many blocks down and across the nearest wholly valid block lies from each; None when none is."""
    height, width = (-(-length // side) for length in valid.shape)
    padded = np.pad(valid, ((0, height * side - valid.shape[0]), (0, width * side - valid.shape[1])))
    whole = padded.reshape(height, side, width, side).all(axis=(1, 3))
    if not whole.any():
        return None
    holes = np.where(whole, np.uint8(0), np.uint8(1))
    _, labels = cv2.distanceTransformWithLabels(holes, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    nearest = np.zeros(int(labels.max()) + 1, np.int32)
    nearest[labels[whole]] = np.flatnonzero(whole)
    near_y, near_x = np.divmod(nearest[labels], np.int32(width))
    return near_y - np.arange(height, dtype=np.int32)[:, None], near_x - np.arange(width, dtype=np.int32)


def _source(valid: Flags, y: Places, x: Places, down: Places, across: Places) -> tuple[Places, Places]:
    """For pixels and the way to their nearest valid ones: twice as far where that is valid, too, else these."""
    far_y, far_x = y + 2 * down, x + 2 * across
    mirrored = (far_y >= 0) & (far_y < valid.shape[0]) & (far_x >= 0) & (far_x < valid.shape[1])
    mirrored[mirrored] = valid[far_y[mirrored], far_x[mirrored]]
    return np.where(mirrored, far_y, y + down), np.where(mirrored, far_x, x + across)
