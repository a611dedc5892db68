"""Values of a document, each checked to be what it should be."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any, Final, TypeVar

import numpy.typing as npt

from segdetect.errors import SegDetectError
from segdetect.settings import is_whole

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


def whole(value: Any) -> int:
    """A value that is a whole number; raises `TypeError` for another, such as true, which Python counts as 1."""
    if not is_whole(value):
        raise TypeError(f"{value!r} is no whole number")
    return int(value)


def number(value: Any) -> float:
    """A value that is a number; raises `TypeError` for another, such as true or a text."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{value!r} is no number")
    return float(value)


def text(value: Any) -> str:
    """A value that is a text; raises `TypeError` for another."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def fixed(array: A) -> A:
    """The array, which nobody can write to any more."""
    array.flags.writeable = False
    return array
