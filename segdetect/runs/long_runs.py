"""Runs that take minutes or hours: they belong to an account of this machine, not to a browser tab."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, Generic, TypeVar

from segdetect.errors import CancelledError
from segdetect.memory import held_bytes
from segdetect.progress import Progress
from segdetect.runs.background import OneByOne, Task

P = TypeVar("P")
T = TypeVar("T")

KEPT: Final = 5
KEPT_BYTES: Final = 250_000_000


class LongRun(Task[T], Generic[P, T]):
    """One run.

    Args:
        account: whose it is; empty for all who have not logged in.
        plan: what is run, for who looks at the list.
        do: the work.
    """

    def __init__(self, account: str, plan: P, do: Callable[[Progress], T]) -> None:
        super().__init__(do)
        self.name = uuid.uuid4().hex
        self.account, self.plan = account, plan
        self.asked = datetime.now(UTC)
        self.nbytes = 0
        self._stopped = threading.Event()

    @property
    def is_stopping(self) -> bool:
        """Whether it was told to stop and has not come to it yet."""
        return self._stopped.is_set() and not self.ended

    @property
    def was_stopped(self) -> bool:
        """Whether it ended because it was told to."""
        return isinstance(self.error, CancelledError)

    def stop(self) -> None:
        """End it: at once where it has not begun, else at its next report of progress."""
        self._stopped.set()
        if self.is_waiting:
            self.end(error=CancelledError("it was stopped"))

    def is_unwanted(self) -> bool:
        """Whether it was told to stop."""
        return self._stopped.is_set()

    def end(self, *, answer: T | None = None, error: Exception | None = None) -> None:
        """Settle what came of it, and measure what that holds."""
        self.nbytes = held_bytes(answer)
        super().end(answer=answer, error=error)


class LongRuns(OneByOne, Generic[P, T]):
    """The runs of all accounts. They queue: a second one waits until the first has ended.

    Args:
        kept: so many ended runs of an account stay in memory.
        kept_bytes: so many bytes the answers of all of them hold at most; the newest stays, whatever its size.
    """

    def __init__(self, *, kept: int = KEPT, kept_bytes: int = KEPT_BYTES) -> None:
        super().__init__("long runs")
        self._kept, self._kept_bytes = kept, kept_bytes
        self._runs: list[LongRun[P, T]] = []

    def start(self, account: str, plan: P, do: Callable[[Progress], T]) -> LongRun[P, T]:
        """Begin a run, or queue it; one of this account with an equal plan that has not ended is taken instead."""
        with self._lock:
            for run in self._runs:
                if (run.account, run.plan) == (account, plan) and not (run.ended or run.is_stopping):
                    return run
            run = LongRun(account, plan, do)
            self._runs.append(run)
            self._wake()
            return run

    def of(self, account: str) -> list[LongRun[P, T]]:
        """The runs of an account, the newest first."""
        with self._lock:
            self._forget()
            return [run for run in reversed(self._runs) if run.account == account]

    def get(self, account: str, name: str) -> LongRun[P, T] | None:
        """A run by its name; None where the account has none of this name, or no more."""
        return next((run for run in self.of(account) if run.name == name), None)

    def ahead(self, run: LongRun[P, T]) -> int:
        """How many runs, of whatever account, come before this one."""
        with self._lock:
            return sum(not other.ended for other in self._runs[: self._runs.index(run)]) if run in self._runs else 0

    def stop(self, account: str, name: str) -> None:
        """Stop a run of this account, if it is still to end."""
        with self._lock:
            run = self.get(account, name)
            if run is not None:
                run.stop()

    def dismiss(self, account: str, name: str) -> None:
        """Forget a run of this account that has ended."""
        with self._lock:
            self._runs = [run for run in self._runs if not (run.ended and (run.account, run.name) == (account, name))]

    def _next(self) -> LongRun[P, T] | None:
        self._forget()
        return next((run for run in self._runs if run.is_waiting), None)

    def _forget(self) -> None:
        """Keep the newest ended runs, as far as number and bytes allow."""
        counts: dict[str, int] = {}
        held = 0
        kept: list[LongRun[P, T]] = []
        for run in reversed(self._runs):
            if run.ended:
                counts[run.account] = counts.get(run.account, 0) + 1
                is_newest, held = held == 0, held + run.nbytes
                if counts[run.account] > self._kept or (held > self._kept_bytes and not is_newest):
                    continue
            kept.append(run)
        self._runs = kept[::-1]
