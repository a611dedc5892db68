"""Answers beside the page: owned by all who wait, stopped when none does, fair between visitors, tried again."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable

import pytest

from segdetect.errors import CancelledError, EngineFailedError
from segdetect.progress import Progress
from segdetect.runs.jobs import BACK_OFF_SECONDS, GRACE_SECONDS, MAX_BACK_OFF_SECONDS, REMEMBERED, Jobs
from tests.support.background import PATIENCE, Clock, Held


class Visitors(set[str]):
    """Who has the page open."""

    def is_here(self, visitor: str) -> bool:
        return visitor in self


@pytest.fixture
def here() -> Visitors:
    return Visitors({"anna", "ben", "cleo"})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def jobs(here: Visitors, clock: Clock) -> Jobs:
    return Jobs(is_here=here.is_here, clock=clock)


def answering(answer: object) -> Callable[[Progress], object]:
    return lambda progress: answer


def failing(times: list[float], clock: Clock) -> Callable[[Progress], object]:
    def work(progress: Progress) -> object:
        times.append(clock.now)
        raise EngineFailedError("it was told to fail")

    return work


def hold(jobs: Jobs, visitor: str = "someone") -> Held:
    """Keep the queue busy."""
    held = Held()
    jobs.ask(held, visitor, held)
    assert held.begun.wait(PATIENCE)
    return held


def test_a_job_is_done_once_for_all_who_ask() -> None:
    jobs, held = Jobs(), Held("answer")
    first = jobs.ask("k", "anna", held)
    second = jobs.ask("k", "ben", answering("another"))
    assert first is second
    assert not first.ended
    held.go.set()
    assert first.wait(PATIENCE)
    assert first.answer == "answer"
    assert first.error is None
    assert jobs.ask("k", "cleo", answering("another")) is first


def test_another_key_is_another_job(jobs: Jobs) -> None:
    one = jobs.ask(("second", "dinov2 0a1b"), "anna", answering(1))
    other = jobs.ask(("second", "dinov2 ffff"), "anna", answering(2))
    assert one.wait(PATIENCE)
    assert other.wait(PATIENCE)
    assert (one.answer, other.answer) == (1, 2)


def test_one_visitor_who_leaves_does_not_cancel_anothers_job(jobs: Jobs, here: Visitors, clock: Clock) -> None:
    here.add("someone")
    busy = hold(jobs)
    waiting = jobs.ask("waiting", "anna", answering("for ben"))
    jobs.ask("waiting", "ben", answering("for ben"))
    jobs.leave("anna")
    assert not waiting.ended
    busy.go.set()
    assert waiting.wait(PATIENCE)
    assert waiting.answer == "for ben"


def test_a_running_job_that_anyone_still_waits_for_goes_on(jobs: Jobs, clock: Clock) -> None:
    held = Held("answer")
    job = jobs.ask("k", "anna", held)
    jobs.ask("k", "ben", held)
    assert held.begun.wait(PATIENCE)
    jobs.leave("anna")
    clock.now += 10 * GRACE_SECONDS
    time.sleep(0.05)
    assert not job.ended
    held.go.set()
    assert job.wait(PATIENCE)
    assert job.answer == "answer"


def test_a_waiting_job_that_nobody_waits_for_is_dropped(jobs: Jobs, here: Visitors) -> None:
    here.add("someone")
    busy, done = hold(jobs), []
    job = jobs.ask("k", "anna", lambda progress: done.append(1))
    jobs.leave("anna")
    assert job.was_cancelled
    busy.go.set()
    last = jobs.ask("last", "ben", answering(None))
    assert last.wait(PATIENCE)
    assert done == []


@pytest.mark.parametrize("how", ["leaves", "closes the tab"])
def test_a_running_job_that_nobody_waits_for_is_stopped_through_its_progress(
    jobs: Jobs, here: Visitors, clock: Clock, how: str
) -> None:
    held = Held()
    job = jobs.ask("k", "anna", held)
    assert held.begun.wait(PATIENCE)
    if how == "leaves":
        jobs.leave("anna")
    else:
        here.discard("anna")
    time.sleep(0.05)
    assert not job.ended, "who is back at once still finds it"
    clock.now += GRACE_SECONDS
    assert job.wait(PATIENCE)
    assert isinstance(job.error, CancelledError)


def test_who_comes_back_in_time_finds_the_job_still_running(jobs: Jobs, clock: Clock) -> None:
    held = Held("answer")
    job = jobs.ask("k", "anna", held)
    assert held.begun.wait(PATIENCE)
    jobs.leave("anna")
    time.sleep(0.05)
    assert jobs.ask("k", "anna", held) is job
    clock.now += 10 * GRACE_SECONDS
    time.sleep(0.05)
    held.go.set()
    assert job.wait(PATIENCE)
    assert job.answer == "answer"


def test_a_stopped_job_is_done_anew_when_asked_again(jobs: Jobs, clock: Clock) -> None:
    job = jobs.ask("k", "anna", Held())
    jobs.leave("anna")
    time.sleep(0.05)
    clock.now += GRACE_SECONDS
    assert job.wait(PATIENCE)
    again = jobs.ask("k", "anna", answering("now"))
    assert again.wait(PATIENCE)
    assert again.answer == "now"


def test_a_failed_job_is_tried_again_after_a_back_off_that_doubles(jobs: Jobs, clock: Clock) -> None:
    times: list[float] = []
    work = failing(times, clock)

    def ask() -> None:
        job = jobs.ask("k", "anna", work)
        assert job.wait(PATIENCE)
        assert isinstance(job.error, EngineFailedError)

    ask()
    for second in range(1, int(8 * BACK_OFF_SECONDS)):
        clock.now = float(second)
        ask()
    assert times == [0, BACK_OFF_SECONDS, 3 * BACK_OFF_SECONDS, 7 * BACK_OFF_SECONDS]
    for _ in range(10):
        clock.now += MAX_BACK_OFF_SECONDS
        ask()
    assert len(times) == 14, "the back-off does not grow for ever"


def test_a_failed_job_is_tried_at_once_for_who_says_so(jobs: Jobs, clock: Clock) -> None:
    failed = jobs.ask("k", "anna", failing([], clock))
    assert failed.wait(PATIENCE)
    again = jobs.ask("k", "anna", answering("well"), again=True)
    assert again.wait(PATIENCE)
    assert again.answer == "well"


def test_an_answer_is_not_computed_again_for_who_tries_again(jobs: Jobs) -> None:
    job = jobs.ask("k", "anna", answering(1))
    assert job.wait(PATIENCE)
    assert jobs.ask("k", "anna", answering(2), again=True) is job


def test_visitors_are_served_in_turn(jobs: Jobs, here: Visitors) -> None:
    here.add("someone")
    busy, order = hold(jobs), []

    def work(name: str) -> Callable[[Progress], object]:
        return lambda progress: order.append(name)

    last = [jobs.ask(("anna", number), "anna", work(f"anna {number}")) for number in range(4)][-1]
    jobs.ask("ben", "ben", work("ben 0"))
    jobs.ask("cleo 0", "cleo", work("cleo 0"))
    jobs.ask("cleo 1", "cleo", work("cleo 1"))
    busy.go.set()
    assert last.wait(PATIENCE)
    assert order == ["anna 0", "ben 0", "cleo 0", "anna 1", "cleo 1", "anna 2", "anna 3"]


def test_who_waits_is_told_how_many_come_before(jobs: Jobs, here: Visitors) -> None:
    here.add("someone")
    busy, order = hold(jobs), []

    def work(place: int) -> Callable[[Progress], object]:
        return lambda progress: order.append(place)

    asked = []
    for number, visitor in enumerate(["anna", "anna", "anna", "ben", "cleo", "cleo"]):
        asked.append(jobs.ask(number, visitor, work(number)))
    places = [jobs.ahead(job) for job in asked]
    assert jobs.ahead(jobs.ask(busy, "someone", busy)) == 0, "it is under way"
    busy.go.set()
    assert all(job.wait(PATIENCE) for job in asked)
    assert [order.index(number) + 1 for number in range(6)] == places == [1, 4, 6, 2, 3, 5]
    assert [jobs.ahead(job) for job in asked] == [0] * 6


def test_a_visitor_who_comes_again_and_again_does_not_starve_the_others(jobs: Jobs, here: Visitors) -> None:
    here.add("someone")
    busy, order = hold(jobs), []
    jobs.ask("anna", "anna", lambda progress: order.append("anna"))
    for number in range(5):
        jobs.leave("ben")
        last = jobs.ask(number, "ben", lambda progress: order.append("ben"))
    busy.go.set()
    assert last.wait(PATIENCE)
    assert order == ["anna", "ben"]


def test_nothing_stays_of_a_thousand_visitors(jobs: Jobs, here: Visitors) -> None:
    class Picture:
        """What the work of a visitor holds."""

    pictures: list[weakref.ref[Picture]] = []
    last = None
    for number in range(1000):
        visitor, picture = f"visitor {number}", Picture()
        pictures.append(weakref.ref(picture))
        here.add(visitor)
        for work in range(3):
            last = jobs.ask((visitor, work), visitor, lambda progress, held=picture: held is None)  # type: ignore[misc]
        here.discard(visitor)
    assert last is not None
    last.wait(PATIENCE)
    end = jobs.ask("end", "anna", answering(None))
    assert end.wait(PATIENCE)
    jobs.leave("nobody")
    del picture, work, last
    gc.collect()
    assert set(jobs._served) == {"anna"}
    assert len(jobs._jobs) <= REMEMBERED + 1
    assert not [ref for ref in pictures if ref() is not None], "an ended or dropped job holds no picture"


def test_the_queue_survives_work_that_fails_unexpectedly(jobs: Jobs, caplog: pytest.LogCaptureFixture) -> None:
    job = jobs.ask("k", "anna", lambda progress: 1 / 0)
    assert job.wait(PATIENCE)
    assert isinstance(job.error, ZeroDivisionError)
    assert "ZeroDivisionError" in caplog.text
    well = jobs.ask("well", "anna", answering("well"))
    assert well.wait(PATIENCE)
    assert well.answer == "well"


def test_an_error_does_not_keep_what_was_in_memory_when_it_arose(jobs: Jobs) -> None:
    class Picture:
        """Held by a frame of the failing call."""

    held: list[weakref.ref[Picture]] = []

    def work(progress: Progress) -> None:
        picture = Picture()
        held.append(weakref.ref(picture))
        try:
            raise ValueError("cause")
        except ValueError as error:
            raise EngineFailedError("it failed") from error

    job = jobs.ask("k", "anna", work)
    assert job.wait(PATIENCE)
    end = jobs.ask("end", "anna", answering(None))
    assert end.wait(PATIENCE)
    gc.collect()
    assert isinstance(job.error, EngineFailedError)
    assert held[0]() is None


def test_many_threads_may_ask_and_leave_at_once(jobs: Jobs, here: Visitors) -> None:
    names = [f"visitor {number}" for number in range(8)]
    here.update(names)
    troubles: list[BaseException] = []

    def visit(name: str) -> None:
        try:
            for number in range(60):
                job = jobs.ask(number % 7, name, lambda progress: progress(0.5, "working"))
                if number % 3 == 0:
                    jobs.leave(name)
                elif number % 3 == 1:
                    job.wait(PATIENCE)
        except BaseException as error:
            troubles.append(error)

    threads = [threading.Thread(target=visit, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert troubles == []
    assert not any(thread.is_alive() for thread in threads)
    last = jobs.ask("last", "anna", answering("still answers"))
    assert last.wait(PATIENCE)


def test_the_thread_ends_when_there_is_nothing_to_do(jobs: Jobs) -> None:
    before = {thread.ident for thread in threading.enumerate()}
    job = jobs.ask("k", "anna", answering(1))
    assert job.wait(PATIENCE)
    deadline = time.monotonic() + PATIENCE
    while {thread.ident for thread in threading.enumerate()} - before and time.monotonic() < deadline:
        time.sleep(0.005)
    assert not {thread.ident for thread in threading.enumerate()} - before
