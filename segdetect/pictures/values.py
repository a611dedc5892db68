"""The values of a deep picture as its file has them, small enough to be looked at one by one in a browser."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from segdetect.pictures.measured import Flags
from segdetect.pictures.raster import Raster, Values, turn_upright, value_range

# Of a larger picture every n-th row and column is taken: each value is one of the file's, and none is a mean.
MOST_VALUES: Final = 4_000_000
# The code of a pixel that is no measurement, in a picture that has such; the codes below it stand for values.
NOT_MEASURED: Final = 0xFFFF

Codes = npt.NDArray[np.uint16]


@dataclass(frozen=True, slots=True, eq=False)
class FileValues:
    """Values of a picture deeper than 8 bits: `low + step * code`.

    Args:
        codes: `(rows, cols)` grey or `(rows, cols, 3)` RGB.
        low: the value of code 0.
        step: between the values of one code and the next.
        every: each n-th row and column of the picture is here, the first of them at 0.
        gaps: the code `NOT_MEASURED` says that there is no value.
        exact: False where values are rounded to the nearest step.
        inverted: low values are bright.
        unit: what the values are in, as the file says; empty for none.
        windows: the windows that the file asks for: name, black and white; a name may be empty.
    """

    codes: Codes
    low: float
    step: float
    every: int = 1
    gaps: bool = False
    exact: bool = True
    inverted: bool = False
    unit: str = ""
    windows: tuple[tuple[str, float, float], ...] = ()


def file_values(raster: Raster) -> FileValues:
    """The values of a deep raster, upright."""
    every = max(1, math.ceil(math.sqrt(raster.values.size / MOST_VALUES)))
    low, high = value_range(raster.values, raster.valid)
    values = turn_upright(raster.values, raster.orientation)[::every, ::every]
    valid = None if raster.valid is None else turn_upright(raster.valid, raster.orientation)[::every, ::every]
    steps = NOT_MEASURED if valid is None else NOT_MEASURED - 1
    whole = high - low <= steps and _is_whole(values, valid) and float(low).is_integer()
    step = 1.0 if whole else (high - low) / steps or 1.0
    codes = _codes(values, valid, low, step)
    gaps = valid is not None
    return FileValues(codes, low, step, every, gaps, whole, raster.inverted, raster.unit, raster.windows)


def _is_whole(values: Values, valid: Flags | None) -> bool:
    if values.dtype.kind in "iu":
        return True
    known = values if valid is None else values[valid]
    return bool((known == np.rint(known)).all())


def _codes(values: Values, valid: Flags | None, low: float, step: float) -> Codes:
    # Each pixel that is no measurement may hold anything, infinity included.
    known = values if valid is None else np.where(valid if values.ndim == 2 else valid[..., None], values, low)
    codes: Codes = np.rint((known.astype(np.float64) - low) / step).astype(np.uint16)
    if valid is not None:
        codes[~valid] = NOT_MEASURED
    codes.flags.writeable = False
    return codes
