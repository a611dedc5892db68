"""What a watcher finds goes into the history for as long as it runs; what cannot be written now is written later."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, Self

from segdetect.errors import SegDetectError
from segdetect.runs.watching.inspecting import Picture
from segdetect.storage.history.entries import Finding, Run
from segdetect.storage.history.history import History

# What waits while the history cannot be written; some tens of megabytes.
_MOST: Final = 2000
_AGAIN_SECONDS: Final = 60.0
# What is beyond the user's limits goes so often.
_TRIM_EVERY: Final = 100


class Remembering:
    """Keeps findings in the history. Use as a context manager.

    Args:
        history: where; None keeps nothing.
        run: theirs.
        tell: told when it begins to fail.
    """

    def __init__(self, history: History | None, run: Run, *, tell: Callable[[str], object]) -> None:
        self._history, self._run, self._tell = history, run, tell
        self._held: list[Finding] = []
        self._failed_at: float | None = None
        self._kept = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._held:
            self._keep()

    def add(self, pictures: Sequence[Picture]) -> None:
        """Keep pictures, now or when it can be done again."""
        if self._history is None or not pictures:
            return
        found = [Finding(result=one.result, thumbnail=one.thumbnail or None) for one in pictures]
        self._held = [*self._held, *found][-_MOST:]
        if self._failed_at is None or time.monotonic() - self._failed_at > _AGAIN_SECONDS:
            self._keep()

    def _keep(self) -> None:
        assert self._history is not None
        try:
            self._history.add(self._run, self._held)
            self._kept += len(self._held)
            if self._kept >= _TRIM_EVERY:
                self._kept = 0
                self._history.trim(account=self._run.account)
        except SegDetectError as error:
            if self._failed_at is None:
                self._tell(f"not kept in the history: {error}")
            self._failed_at = time.monotonic()
        else:
            self._held, self._failed_at = [], None
