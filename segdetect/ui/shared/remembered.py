"""What the pages remember between reruns, for all visitors, within the process's one budget of memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from segdetect.memo import Memo

_MEMO: Final[Memo[Any]] = Memo()

T = TypeVar("T")


def remembered(kind: str, key: object, compute: Callable[[], T]) -> T:
    """A value that is computed once and kept while the budget has room for it.

    Streamlit's own caches count values, whatever they hold, and tell arrays apart by a sample of their pixels.

    Args:
        kind: tells apart what different parts of the pages remember.
        key: hashable; equal keys of a kind stand for equal values.
        compute: makes the value, which is never None. What it raises is raised, and not remembered.
    """
    value: T = _MEMO.get((kind, key), compute)
    return value


def recalled(kind: str, key: object) -> Any:
    """What `remembered` keeps under a key; None where it is not there, and nothing is computed."""
    return _MEMO.find((kind, key))
