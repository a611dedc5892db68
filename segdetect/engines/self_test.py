"""An engine's self-test: run once, and again after a while where it failed for a reason that may pass."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import date
from typing import Final

from segdetect.errors import EngineExpiredError, EngineMissingError, EngineUnavailableError

FIRST_PAUSE_SECONDS: Final = 5.0
LONGEST_PAUSE_SECONDS: Final = 300.0

_LOG = logging.getLogger(__name__)


class SelfTest:
    """Answers from the last test; one that failed is repeated after 5 seconds, then 10, 20, ... at most 5 minutes.

    A missing engine is not: when it has been installed the program is started again. One that has expired is tested
    again on another day: the computer's date may have been wrong.

    Threads may share it: the first test is waited for.

    Args:
        test: raises where the engine cannot run, whatever it be.
        clock: seconds that never go back.
        today: the computer's date.
    """

    def __init__(
        self,
        test: Callable[[], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        today: Callable[[], date] = date.today,
    ) -> None:
        self._test, self._clock, self._today = test, clock, today
        self._lock = threading.Lock()
        self._passed = False
        self._trouble: EngineUnavailableError | None = None
        self._pause = FIRST_PAUSE_SECONDS
        self._again, self._day = 0.0, today()

    def check(self) -> None:
        """Return where the engine can run.

        Raises:
            EngineUnavailableError: it cannot, as the last test said.
        """
        known = self._trouble
        # While a test is repeated, what the last one said holds: nobody is kept waiting for it.
        if self._lock.acquire(blocking=known is None):
            try:
                known = self._answer()
            finally:
                self._lock.release()
        if known is not None:
            raise known.with_traceback(None)

    def fail(self, trouble: EngineUnavailableError) -> None:
        """Take note that the engine stopped working after its test."""
        # Without the lock: a test under way may wait for the very run that fails here.
        self._passed, self._trouble = False, trouble
        self._put_off()

    def _answer(self) -> EngineUnavailableError | None:
        if self._is_due():
            self._run()
        return self._trouble

    def _is_due(self) -> bool:
        if self._passed or isinstance(self._trouble, EngineMissingError):
            return False
        if isinstance(self._trouble, EngineExpiredError):
            return self._today() != self._day
        return self._trouble is None or self._clock() >= self._again

    def _run(self) -> None:
        try:
            self._test()
        except Exception as error:
            self._trouble = _as_trouble(error)
            # Counted from the end of the test, which may take long.
            self._put_off()
            self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
        else:
            self._passed, self._trouble, self._pause = True, None, FIRST_PAUSE_SECONDS

    def _put_off(self) -> None:
        self._again, self._day = self._clock() + self._pause, self._today()


def _as_trouble(error: Exception) -> EngineUnavailableError:
    """What nobody foresaw, such as a library that does not load, makes an engine as useless as what was foreseen."""
    if isinstance(error, EngineUnavailableError):
        return error
    _LOG.error("An engine's self-test failed", exc_info=error)
    return EngineUnavailableError(
        f"the engine failed its self-test ({error})",
        remedy="Install its packages again, or choose another engine",
    )
