"""What nobody waits for stands back while somebody waits for something, and not for ever."""

from __future__ import annotations

import threading

import pytest

from segdetect.progress import Progress
from segdetect.runs.foreground import Foreground
from segdetect.runs.jobs import GIVES_WAY_SECONDS, Jobs
from tests.support.background import PATIENCE, Clock
from tests.support.processes import wait_until

# Longer than the queue takes from one look to the next.
SOME_LOOKS = 0.3


@pytest.fixture
def foreground() -> Foreground:
    return Foreground()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def jobs(foreground: Foreground, clock: Clock) -> Jobs:
    return Jobs(clock=clock, gives_way_to=foreground)


def _answer(progress: Progress) -> object:
    return "answer"


def test_it_is_idle_when_all_work_has_ended(foreground: Foreground) -> None:
    assert foreground.is_idle()
    with foreground.work():
        with pytest.raises(ZeroDivisionError), foreground.work():
            raise ZeroDivisionError
        assert not foreground.is_idle()
    assert foreground.is_idle()


def test_a_page_and_its_parts_are_one_that_is_waited_for(foreground: Foreground) -> None:
    told: list[bool] = []
    with foreground.work(), foreground.work():
        assert not foreground.has_others
        other = threading.Thread(target=lambda: told.append(foreground.has_others))
        other.start()
        other.join(PATIENCE)
    assert told == [True]
    assert foreground.is_idle()


def test_who_waits_for_an_idle_moment_is_told_at_once(foreground: Foreground) -> None:
    told: list[bool] = []
    waiter = threading.Thread(target=lambda: told.append(foreground.is_idle(within=PATIENCE)))
    with foreground.work():
        waiter.start()
        assert told == []
    waiter.join(PATIENCE / 2)
    assert told == [True]


def test_a_job_begins_when_nobody_waits_for_anything(jobs: Jobs, foreground: Foreground) -> None:
    with foreground.work():
        job = jobs.ask("k", "anna", _answer)
        assert not job.wait(SOME_LOOKS)
        assert job.is_waiting
    assert job.wait(PATIENCE)
    assert job.answer == "answer"


def test_it_is_told_that_it_stands_back_once_that_lasts(jobs: Jobs, foreground: Foreground, clock: Clock) -> None:
    with foreground.work():
        job = jobs.ask("k", "anna", _answer)
        assert not job.wait(SOME_LOOKS)
        assert not jobs.gives_way
        clock.now += 2
        assert jobs.gives_way
    assert job.wait(PATIENCE)
    wait_until(lambda: not jobs.gives_way)


def test_on_a_server_that_is_never_idle_one_begins_after_a_while(
    jobs: Jobs, foreground: Foreground, clock: Clock
) -> None:
    with foreground.work():
        first, second = jobs.ask(1, "anna", _answer), jobs.ask(2, "anna", _answer)
        for job in (first, second):
            assert not job.wait(SOME_LOOKS)
            clock.now += GIVES_WAY_SECONDS
            assert job.wait(PATIENCE)


def test_one_that_is_left_meanwhile_is_never_done(jobs: Jobs, foreground: Foreground) -> None:
    done: list[str] = []
    with foreground.work():
        left = jobs.ask("former", "anna", lambda progress: done.append("former"))
        jobs.leave("anna")
        asked = jobs.ask("present", "anna", lambda progress: done.append("present"))
    assert asked.wait(PATIENCE)
    assert left.was_cancelled
    assert done == ["present"]


def test_its_thread_ends_when_all_were_left(jobs: Jobs, foreground: Foreground) -> None:
    before = set(threading.enumerate())
    with foreground.work():
        jobs.ask("k", "anna", _answer)
        assert set(threading.enumerate()) - before
        jobs.leave("anna")
        wait_until(lambda: not set(threading.enumerate()) - before)
