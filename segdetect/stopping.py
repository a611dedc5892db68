"""The signals that end a command, kept from what must not be cut short."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_depth = 0
_late: BaseException | None = None


def stop(error: BaseException) -> None:
    """What the handler of a signal calls, in the main thread: raises the error, within `whole` at its end.

    Whoever asks a second time does not wait.
    """
    global _late
    if not _depth or _late is not None:
        raise error
    _late = error


@contextmanager
def whole() -> Iterator[None]:
    """What is done within is not cut short by `stop`.

    A database's library cleans up in places whose errors Python only reports: raised there, a stop would be lost.
    """
    global _depth, _late
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _depth += 1
    try:
        yield
    finally:
        _depth -= 1
        if not _depth and _late is not None:
            late, _late = _late, None
            raise late
