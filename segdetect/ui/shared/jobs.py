"""Work done ahead or beside the page, one job at a time, its answers kept in the inspector's cache."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

import streamlit as st

from segdetect.errors import CancelledError

_REMEMBERED: Final = 200


class Jobs:
    """Starts each job once. A visitor's new jobs replace those of theirs that have not begun."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self._lock = threading.Lock()
        self._jobs: OrderedDict[Hashable, tuple[str, Future[object]]] = OrderedDict()

    def start(self, key: Hashable, visitor: str, work: Callable[[], object]) -> Future[object]:
        """The job with this key; begun now, unless it runs or is done already."""
        with self._lock:
            if key in self._jobs and not self._jobs[key][1].cancelled():
                return self._jobs[key][1]
            future = self._pool.submit(work)
            self._jobs[key] = (visitor, future)
            while len(self._jobs) > _REMEMBERED:
                self._jobs.popitem(last=False)[1][1].cancel()
            return future

    def drop_waiting(self, visitor: str) -> None:
        """Forget the visitor's jobs that have not begun: they were for a view that is gone."""
        with self._lock:
            for owner, future in self._jobs.values():
                if owner == visitor:
                    future.cancel()


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs:
    """The one queue of this process."""
    return Jobs()


def visitor() -> str:
    """The current browser tab."""
    context = st.runtime.scriptrunner.get_script_run_ctx()
    return context.session_id if context else ""


def failed(future: Future[object]) -> BaseException | None:
    """What went wrong in a finished job, if anything that is worth telling."""
    if future.cancelled():
        return None
    error = future.exception()
    return None if isinstance(error, CancelledError) else error
