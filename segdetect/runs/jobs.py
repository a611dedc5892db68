"""Answers that visitors wait for while they look at something else: each is computed once for all who want it."""

from __future__ import annotations

import itertools
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Final

from segdetect.errors import CancelledError
from segdetect.progress import Progress
from segdetect.runs.background import OneByOne, Task, is_exiting
from segdetect.runs.foreground import Foreground

# A visitor who changes the view, or whose connection fails for a moment, is often back at once; and what is nearly done
# is worth more finished, for the next who asks, than stopped.
GRACE_SECONDS: Final = 3.0
BACK_OFF_SECONDS: Final = 10.0
MAX_BACK_OFF_SECONDS: Final = 300.0
# So long the next job lets go first what somebody waits for: on a server that is never idle, one begins in that time.
GIVES_WAY_SECONDS: Final = 30.0
# A page that takes less is not worth a word.
_TOLD_AFTER_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.1
# Of answers that nobody waits for any more, so many are at hand for who comes back to a view.
REMEMBERED: Final = 32


class Job(Task[object]):
    """Work and the visitors who wait for it."""

    def __init__(self, do: Callable[[Progress], object], owners: set[str], failures: int, queue: Jobs) -> None:
        super().__init__(do)
        self._queue = queue
        self.owners, self.failures = owners, failures
        self.left_at: float | None = None
        self.failed_at: float | None = None

    @property
    def was_cancelled(self) -> bool:
        """Whether it ended without an answer because nobody waited for it."""
        return isinstance(self.error, CancelledError)

    def is_unwanted(self) -> bool:
        """Whether nobody has waited for it for a while."""
        return self._queue.has_been_left(self)

    def end(self, *, answer: object = None, error: Exception | None = None) -> None:
        """Settle what came of it, and note when it failed."""
        if error is not None and not isinstance(error, CancelledError):
            self.failures, self.failed_at = self.failures + 1, self._queue.clock()
        super().end(answer=answer, error=error)


class Jobs(OneByOne):
    """Jobs by key, one at a time, the visitors in turn.

    A job belongs to all visitors that asked for it. When the last of them has left, it is forgotten if it has not
    begun, and stopped by its next report of progress if nobody comes back to it. A failed one is tried again when it
    is asked for after a while, twice as long after each failure.

    Args:
        is_here: whether a visitor still has the page open; may be asked by any thread.
        clock: seconds that only ever grow.
        gives_way_to: a job begins when nobody waits for any of this, or after `GIVES_WAY_SECONDS`; None for at once.
    """

    def __init__(
        self,
        *,
        is_here: Callable[[str], bool] = lambda visitor: True,
        clock: Callable[[], float] = time.monotonic,
        gives_way_to: Foreground | None = None,
    ) -> None:
        super().__init__("ahead")
        self._is_here, self.clock = is_here, clock
        self._foreground = gives_way_to
        self._gave_way_at: float | None = None
        self._jobs: OrderedDict[Hashable, Job] = OrderedDict()
        # When each visitor who owns a job was last served or, at first, came: the lowest number is next.
        self._served: dict[str, int] = {}
        self._numbers = itertools.count()

    def standing(self) -> tuple[int, int]:
        """How many jobs are under way, and how many wait for their turn."""
        with self._lock:
            waiting = sum(job.is_waiting for job in self._jobs.values())
            ended = sum(job.ended for job in self._jobs.values())
            return len(self._jobs) - waiting - ended, waiting

    def ahead(self, job: Job) -> int:
        """How many jobs come before one that waits for its turn, that under way included; 0 for one that has begun.

        Visitors are served in turn, so that one who waits for much stands no further back than others.
        """
        with self._lock:
            waiting = [one for one in self._jobs.values() if one.is_waiting]
            if job not in waiting:
                return 0
            count = sum(one.begun and not one.ended for one in self._jobs.values())
            served, numbers = dict(self._served), itertools.count(max(self._served.values()) + 1)
            while (first := _first(waiting, served)) is not job:
                waiting.remove(first)
                served |= {owner: next(numbers) for owner in first.owners}
                count += 1
            return count

    @property
    def gives_way(self) -> bool:
        """Whether the next job stands back because the server has been busy for a while."""
        since = self._gave_way_at
        return since is not None and self.clock() - since >= _TOLD_AFTER_SECONDS

    def ask(self, key: Hashable, visitor: str, do: Callable[[Progress], object], *, again: bool = False) -> Job:
        """The job with this key, which is now also this visitor's.

        Args:
            key: all that its answer depends on.
            visitor: who waits for it.
            do: what is done where there is no such job, or it was stopped, or failed some time ago.
            again: try a failed one again at once.
        """
        with self._lock:
            self._forget_the_gone()
            job = self._jobs.get(key)
            if job is None or self._is_due(job, again):
                job = self._jobs[key] = Job(do, set(job.owners if job else ()), job.failures if job else 0, self)
            job.owners.add(visitor)
            job.left_at = None
            self._served.setdefault(visitor, next(self._numbers))
            self._jobs.move_to_end(key)
            self._wake()
            return job

    def leave(self, visitor: str) -> None:
        """The visitor waits for nothing any more: what they asked for was for a view that is gone."""
        with self._lock:
            self._served.pop(visitor, None)
            for key, job in list(self._jobs.items()):
                job.owners.discard(visitor)
                if job.is_waiting and not job.owners:
                    job.end(error=CancelledError("nobody waits for it"))
                    del self._jobs[key]
            left = [key for key, job in self._jobs.items() if job.ended and not job.owners]
            for key in left[: max(0, len(left) - REMEMBERED)]:
                del self._jobs[key]

    def has_been_left(self, job: Job) -> bool:
        """Whether all visitors who waited for the job left it some time ago."""
        with self._lock:
            if any(self._is_here(owner) for owner in job.owners):
                job.left_at = None
            elif job.left_at is None:
                job.left_at = self.clock()
            return job.left_at is not None and self.clock() - job.left_at >= GRACE_SECONDS

    def _take(self) -> Task[Any] | None:
        self._let_pass()
        return super()._take()

    def _let_pass(self) -> None:
        if self._foreground is None:
            return
        self._gave_way_at = self.clock()
        until = self._gave_way_at + GIVES_WAY_SECONDS
        while self._has_waiting() and self.clock() < until and not is_exiting():
            if self._foreground.is_idle(within=_LOOK_SECONDS):
                break
        self._gave_way_at = None

    def _has_waiting(self) -> bool:
        with self._lock:
            self._forget_the_gone()
            return any(job.is_waiting for job in self._jobs.values())

    def _is_due(self, job: Job, again: bool) -> bool:
        if job.failed_at is None:
            return job.was_cancelled
        back_off = min(MAX_BACK_OFF_SECONDS, BACK_OFF_SECONDS * 2.0 ** (job.failures - 1))
        return again or self.clock() - job.failed_at >= back_off

    def _forget_the_gone(self) -> None:
        for visitor in [visitor for visitor in self._served if not self._is_here(visitor)]:
            self.leave(visitor)

    def _next(self) -> Job | None:
        self._forget_the_gone()
        waiting = [job for job in self._jobs.values() if job.is_waiting]
        if not waiting:
            return None
        job = _first(waiting, self._served)
        for owner in job.owners:
            self._served[owner] = next(self._numbers)
        return job


def _first(waiting: Sequence[Job], served: Mapping[str, int]) -> Job:
    """Whose turn it is: of the visitor who was served longest ago."""
    return min(waiting, key=lambda job: min(served[owner] for owner in job.owners))
