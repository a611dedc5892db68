from __future__ import annotations

import os
import sys
import threading

import pytest

from segdetect.priority import GIVING_WAY, giving_way
from segdetect.progress import Progress
from segdetect.runs.jobs import Jobs

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="threads have a priority of their own on Linux only")


def _nice() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_threads_started_by_work_that_gives_way_give_way_too_and_who_asked_does_not():
    before, found = _nice(), []

    def do() -> str:
        thread = threading.Thread(target=lambda: found.append(_nice()))
        thread.start()
        thread.join()
        return "done"

    assert giving_way(do) == "done"
    assert found == [max(before, GIVING_WAY)]
    assert _nice() == before


def test_an_error_of_work_that_gives_way_comes_to_who_asked():
    def fail() -> None:
        raise ValueError("as it was")

    with pytest.raises(ValueError, match="as it was"):
        giving_way(fail)


def test_what_is_computed_beside_the_pages_gives_way():
    def nice(progress: Progress) -> int:
        return _nice()

    job = Jobs().ask("key", "visitor", nice)
    assert job.wait(20)
    assert job.answer == max(_nice(), GIVING_WAY)
