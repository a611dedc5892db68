"""When an engine's self-test is run again, on a clock that the tests set."""

from __future__ import annotations

import threading
from datetime import date

import pytest

from segdetect.engines.self_test import SelfTest
from segdetect.errors import EngineExpiredError, EngineMissingError, EngineUnavailableError, WeightsError


class Bench:
    """A test that fails while it has troubles, and a clock."""

    def __init__(self, *troubles: EngineUnavailableError) -> None:
        self.troubles = list(troubles)
        self.now = 1000.0
        self.runs: list[float] = []
        self.lasts = 0.0
        self.day = date(2026, 12, 1)
        self.subject = SelfTest(self._run, clock=lambda: self.now, today=lambda: self.day)

    def _run(self) -> None:
        self.runs.append(self.now)
        self.now += self.lasts
        if self.troubles:
            raise self.troubles.pop(0)

    def passes(self) -> bool:
        try:
            self.subject.check()
        except EngineUnavailableError:
            return False
        return True


def killed() -> EngineUnavailableError:
    return EngineUnavailableError("its process was killed")


def test_one_that_passes_is_run_once() -> None:
    bench = Bench()
    for _ in range(3):
        assert bench.passes()
        bench.now += 10_000
    assert len(bench.runs) == 1


def test_one_that_fails_is_repeated_after_pauses_that_double_up_to_five_minutes() -> None:
    bench = Bench(*(killed() for _ in range(9)))
    while not bench.passes():
        bench.now += 1
    times = [round(b - a) for a, b in zip(bench.runs, bench.runs[1:], strict=False)]
    assert times == [5, 10, 20, 40, 80, 160, 300, 300, 300]


def test_between_two_runs_the_last_failure_answers() -> None:
    first, second = killed(), WeightsError("there are no weights")
    bench = Bench(first, second)
    for _ in range(4):
        with pytest.raises(EngineUnavailableError) as caught:
            bench.subject.check()
        assert caught.value is first
        bench.now += 1.2
    bench.now += 1
    with pytest.raises(WeightsError):
        bench.subject.check()
    assert len(bench.runs) == 2


def test_a_pause_begins_when_the_test_has_ended() -> None:
    bench = Bench(killed())
    bench.lasts = 60.0
    assert not bench.passes()
    bench.now += 4.9
    assert not bench.passes()
    bench.now += 0.2
    assert bench.passes()


@pytest.mark.parametrize("kind", [EngineMissingError, EngineExpiredError])
def test_what_only_an_installation_mends_is_not_tried_again(kind: type[EngineUnavailableError]) -> None:
    bench = Bench(kind("no"))
    for _ in range(5):
        assert not bench.passes()
        bench.now += 10_000
    assert len(bench.runs) == 1


def test_an_expiry_is_looked_at_again_when_the_date_is_another() -> None:
    bench = Bench(EngineExpiredError("expired"))
    bench.day = date(2036, 1, 1)
    for _ in range(5):
        assert not bench.passes()
        bench.now += 10_000
    bench.day = date(2026, 12, 1)
    assert bench.passes()
    assert len(bench.runs) == 2


def test_pauses_are_short_again_after_it_has_passed() -> None:
    bench = Bench(*(killed() for _ in range(5)))
    while not bench.passes():
        bench.now += 5
    bench.subject.fail(killed())
    bench.troubles = [killed()]
    assert not bench.passes()
    bench.now += 5.1
    assert not bench.passes()
    bench.now += 5.1
    assert bench.passes()


def test_an_engine_that_expires_in_use_is_out_of_use() -> None:
    bench = Bench()
    assert bench.passes()
    bench.subject.fail(EngineExpiredError("expired"))
    bench.now += 10_000
    with pytest.raises(EngineExpiredError):
        bench.subject.check()


def test_threads_share_one_run() -> None:
    bench = Bench()
    threads = [threading.Thread(target=bench.passes) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(bench.runs) == 1


def test_nobody_waits_for_a_repeated_test() -> None:
    started, go_on = threading.Event(), threading.Event()
    now = 0.0
    runs = 0

    def test() -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise killed()
        started.set()
        assert go_on.wait(10)

    subject = SelfTest(test, clock=lambda: now)
    with pytest.raises(EngineUnavailableError):
        subject.check()
    now = 6.0
    repeat = threading.Thread(target=subject.check)
    repeat.start()
    assert started.wait(10)
    with pytest.raises(EngineUnavailableError):
        subject.check()
    go_on.set()
    repeat.join()
    subject.check()
    assert runs == 2


def test_what_nobody_foresaw_is_an_engine_that_cannot_run_and_is_tried_again_later() -> None:
    runs: list[int] = []

    def test() -> None:
        runs.append(len(runs))
        raise ImportError("libfoo.so.1: cannot open shared object file")

    now = 0.0
    subject = SelfTest(test, clock=lambda: now)
    for now, times in ((0.0, 1), (4.9, 1), (5.0, 2)):  # noqa: B007 (read by the clock)
        with pytest.raises(EngineUnavailableError, match=r"failed its self-test \(libfoo\.so\.1: cannot open"):
            subject.check()
        assert len(runs) == times
