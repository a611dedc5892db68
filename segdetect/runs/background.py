"""Work in the background: what is known of a piece of it at any moment, and the thread that does one after another."""

from __future__ import annotations

import atexit
import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar
from weakref import WeakSet

from segdetect.errors import CancelledError, SegDetectError
from segdetect.progress import Progress

T = TypeVar("T")

_LOG = logging.getLogger(__name__)

# A library in the midst of its work aborts a program that ends around it, so the work is awaited: to its next report.
_SECONDS_AT_EXIT: Final = 60.0
_exiting = threading.Event()
_workers: WeakSet[threading.Thread] = WeakSet()


def is_exiting() -> bool:
    """Whether the program ends, so that nothing may begin any more."""
    return _exiting.is_set()


@atexit.register
def _stop_all() -> None:
    _exiting.set()
    for worker in list(_workers):
        worker.join(_SECONDS_AT_EXIT)


class Task(Generic[T]):
    """A piece of work, from when it is asked for until it has ended. Any thread may read it.

    Args:
        do: the work. Its reports of progress raise `CancelledError` once nobody wants it.

    Attributes:
        share: done so far, 0..1.
        doing: what is going on, in words.
        begun: whether its turn has come.
        answer: what the work returned, once it has ended well.
        error: why there is no answer, once it has ended otherwise; a `CancelledError` where it was stopped.
    """

    def __init__(self, do: Callable[[Progress], T]) -> None:
        self._do: Callable[[Progress], T] | None = do
        self._ended = threading.Event()
        self.share, self.doing = 0.0, "starting"
        self.begun = False
        self.answer: T | None = None
        self.error: Exception | None = None

    @property
    def ended(self) -> bool:
        """Whether there is an answer or an error."""
        return self._ended.is_set()

    @property
    def is_waiting(self) -> bool:
        """Whether its turn has yet to come."""
        return not (self.begun or self.ended)

    def wait(self, seconds: float) -> bool:
        """Wait until it has ended; False if that takes longer than this."""
        return self._ended.wait(seconds)

    def is_unwanted(self) -> bool:
        """Whether nobody wants the answer any more; asked at each report of progress."""
        return False

    def end(self, *, answer: T | None = None, error: Exception | None = None) -> None:
        """Settle what came of it, and let go of what the work holds."""
        self._do = None
        self.answer, self.error = answer, error
        self._ended.set()

    def run(self) -> None:
        """Do the work in this thread."""
        assert self._do is not None
        try:
            answer = self._do(self._report)
        except SegDetectError as error:
            self.end(error=_alone(error))
        except Exception as error:
            # In a thread of its own it would vanish: who waits is told, and the log has the rest.
            _LOG.exception("Work in the background failed")
            self.end(error=_alone(error))
        else:
            self.end(answer=answer)

    def _report(self, share: float, doing: str) -> None:
        if _exiting.is_set() or self.is_unwanted():
            raise CancelledError("it was stopped")
        self.share, self.doing = min(1.0, max(0.0, share)), doing


def _alone(error: Exception) -> Exception:
    """An error without the frames it passed through, which would keep their pictures in memory."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


class OneByOne(ABC):
    """Does tasks one after another, in a thread that ends when none is left.

    When the program ends, so does the task under way, by its next report of progress. What a subclass shares between
    threads is guarded by `_lock`.

    Args:
        name: of the thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.RLock()
        self._busy = False

    @abstractmethod
    def _next(self) -> Task[Any] | None:
        """The task whose turn it is, or None; called with the lock held."""

    def _wake(self) -> None:
        """See to it that the tasks are done; called with the lock held."""
        if not self._busy:
            self._busy = True
            worker = threading.Thread(target=self._work, name=self._name, daemon=True)
            _workers.add(worker)
            try:
                worker.start()
            except RuntimeError:  # the system has no thread left: whoever asks next tries again
                self._busy = False
                raise

    def _work(self) -> None:
        try:
            while (task := self._take()) is not None:
                task.run()
        except BaseException:
            # Whoever asks next starts another thread.
            with self._lock:
                self._busy = False
            raise

    def _take(self) -> Task[Any] | None:
        with self._lock:
            task = None if _exiting.is_set() else self._next()
            self._busy = task is not None
            if task is not None:
                task.begun = True
            return task
