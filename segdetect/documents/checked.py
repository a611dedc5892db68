"""Values of a document, each checked to be what it should be."""

from __future__ import annotations

import math
from typing import Any, Final, TypeVar

import numpy.typing as npt

from segdetect.errors import SegDetectError

# What reading a value of another make raises.
DAMAGE: Final = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, SegDetectError)

A = TypeVar("A", bound=npt.NDArray[Any])


def finite(value: float) -> float | None:
    """JSON has neither NaN nor infinities."""
    return value if math.isfinite(value) else None


def truth(value: Any) -> bool:
    """A value that is true or false; raises `TypeError` for another."""
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value


def text(value: Any) -> str:
    """A value that is a text; raises `TypeError` for another."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def fixed(array: A) -> A:
    """The array, which nobody can write to any more."""
    array.flags.writeable = False
    return array
