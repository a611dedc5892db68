"""Keeps what a run finds as it comes, so that a history that cannot be written costs the run nothing."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from segdetect.errors import StorageError
from segdetect.storage.history.entries import Finding, Run
from segdetect.storage.history.history import History

# A transaction of its own for each would take longer than a small inspection on a slow disk.
CHUNK: Final = 40
# What is held for the last attempt while the history cannot be written: some tens of megabytes.
_MOST: Final = 2000


class Keeper:
    """Keeps the findings of a run: a chunk at a time, the rest at its end, when what is beyond the limits goes, too.

    Args:
        history: where.
        run: theirs.
        tell: told of the first trouble, and of no other. What could not be kept is tried once more at the end.
    """

    def __init__(self, history: History, run: Run, *, tell: Callable[[StorageError], object]) -> None:
        self._history, self._run, self._tell = history, run, tell
        self._held: list[Finding] = []
        self._trouble: StorageError | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._held:
            self._keep()
            self._try(self._trim)

    def add(self, finding: Finding) -> None:
        """Keep one, now or soon; what fails is told and not raised."""
        if len(self._held) < _MOST:
            self._held.append(finding)
        if len(self._held) >= CHUNK:
            self.flush()

    def flush(self) -> None:
        """Keep what is held, unless there was trouble."""
        if self._held and self._trouble is None:
            self._keep()

    def _keep(self) -> None:
        self._try(self._add)

    def _add(self) -> None:
        self._history.add(self._run, self._held)
        self._held = []

    def _trim(self) -> None:
        self._history.trim(account=self._run.account)

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except StorageError as error:
            if self._trouble is None:
                self._tell(error)
            self._trouble = error
