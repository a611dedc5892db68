"""Runs of an account: listed, queued, stopped and dismissed by name, and few of them kept."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from segdetect.errors import CancelledError, DatasetError
from segdetect.progress import Progress
from segdetect.runs.long_runs import KEPT, LongRun, LongRuns
from tests.support.background import PATIENCE, Held

ROOT = Path(__file__).parents[3]
Runs = LongRuns[str, object]


@pytest.fixture
def runs() -> Runs:
    return LongRuns()


def finish(runs: Runs, plan: str, answer: object = None, account: str = "") -> LongRun[str, object]:
    run = runs.start(account, plan, lambda progress: answer)
    assert run.wait(PATIENCE)
    return run


def plans(runs: Runs, account: str = "") -> list[str]:
    return [run.plan for run in runs.of(account)]


def test_a_run_is_listed_while_it_goes_on_and_after(runs: Runs) -> None:
    held = Held("figures")
    run = runs.start("", "cloth", held)
    assert held.begun.wait(PATIENCE)
    deadline = time.monotonic() + PATIENCE
    while run.share == 0 and time.monotonic() < deadline:
        time.sleep(0.005)
    (listed,) = runs.of("")
    assert (listed.plan, listed.share, listed.doing, listed.ended) == ("cloth", 0.5, "holding", False)
    held.go.set()
    assert run.wait(PATIENCE)
    (listed,) = runs.of("")
    assert (listed.answer, listed.error) == ("figures", None)
    assert runs.get("", run.name) is run


def test_a_run_can_be_stopped_by_its_name(runs: Runs) -> None:
    held = Held()
    run = runs.start("", "cloth", held)
    assert held.begun.wait(PATIENCE)
    runs.stop("", run.name)
    assert run.wait(PATIENCE)
    assert run.was_stopped
    assert isinstance(run.error, CancelledError)
    assert runs.of("") == [run]


def test_runs_queue(runs: Runs) -> None:
    first, second = Held(), Held()
    one = runs.start("", "one", first)
    two = runs.start("", "two", second)
    three = runs.start("someone", "three", second)
    assert first.begun.wait(PATIENCE)
    assert [run.is_waiting for run in (one, two, three)] == [False, True, True]
    assert [runs.ahead(run) for run in (one, two, three)] == [0, 1, 2]
    first.go.set()
    assert second.begun.wait(PATIENCE)
    assert runs.ahead(three) == 1
    second.go.set()
    assert three.wait(PATIENCE)


def test_a_queued_run_that_is_stopped_never_begins(runs: Runs) -> None:
    first, second = Held(), Held()
    one = runs.start("", "one", first)
    two = runs.start("", "two", second)
    runs.stop("", two.name)
    assert two.was_stopped
    first.go.set()
    assert one.wait(PATIENCE)
    finish(runs, "three")
    assert not second.begun.is_set()


def test_pressing_twice_starts_one_run(runs: Runs) -> None:
    held = Held()
    one = runs.start("", "cloth", held)
    assert runs.start("", "cloth", held) is one
    assert runs.start("someone", "cloth", held) is not one
    held.go.set()
    assert one.wait(PATIENCE)
    assert runs.start("", "cloth", held) is not one, "what has ended can be run again"


def test_after_a_stop_the_same_can_be_started_at_once(runs: Runs) -> None:
    begun, never, held = threading.Event(), threading.Event(), Held()

    def deaf(progress: Progress) -> object:
        begun.set()
        never.wait(PATIENCE)
        progress(1.0, "listening")
        return None

    run = runs.start("", "cloth", deaf)
    assert begun.wait(PATIENCE)
    runs.stop("", run.name)
    assert run.is_stopping
    other = runs.start("", "cloth", held)
    assert other is not run
    never.set()
    held.go.set()
    assert other.wait(PATIENCE)
    assert run.was_stopped
    assert other.error is None


def test_accounts_see_stop_and_dismiss_only_their_own(runs: Runs) -> None:
    held = Held()
    run = runs.start("anna", "cloth", held)
    done = Held()
    assert plans(runs, "anna") == ["cloth"]
    assert plans(runs) == []
    assert runs.get("ben", run.name) is None
    runs.stop("ben", run.name)
    assert not run.is_stopping
    held.go.set()
    assert run.wait(PATIENCE)
    runs.dismiss("ben", run.name)
    assert plans(runs, "anna") == ["cloth"]
    runs.dismiss("anna", run.name)
    assert plans(runs, "anna") == []
    assert not done.begun.is_set()


def test_a_run_under_way_cannot_be_dismissed(runs: Runs) -> None:
    held = Held()
    run = runs.start("", "cloth", held)
    runs.dismiss("", run.name)
    assert runs.of("") == [run]
    held.go.set()
    assert run.wait(PATIENCE)


def test_the_last_few_are_kept_for_each_account(runs: Runs) -> None:
    finish(runs, "of ben", account="ben")
    for number in range(KEPT + 3):
        finish(runs, str(number))
    assert plans(runs) == [str(number) for number in reversed(range(3, KEPT + 3))]
    assert plans(runs, "ben") == ["of ben"]


def test_what_is_kept_is_limited_in_bytes(runs: Runs) -> None:
    small = LongRuns[str, object](kept_bytes=250_000)
    for number in range(4):
        finish(small, str(number), np.zeros(100_000, np.uint8))
    assert plans(small) == ["3", "2"]
    finish(small, "large", np.zeros(1_000_000, np.uint8))
    assert plans(small) == ["large"], "the newest can be looked at, whatever its size"
    finish(small, "next", np.zeros(100_000, np.uint8))
    assert plans(small) == ["next"]


def test_a_run_under_way_is_never_forgotten() -> None:
    runs = LongRuns[str, object](kept=0)
    held = Held()
    run = runs.start("", "cloth", held)
    assert plans(runs) == ["cloth"]
    held.go.set()
    assert run.wait(PATIENCE)
    assert plans(runs) == []


def test_an_error_is_kept_with_its_run(runs: Runs) -> None:
    def fail(progress: Progress) -> object:
        raise DatasetError("there are no pictures", file="cloth")

    run = runs.start("", "cloth", fail)
    assert run.wait(PATIENCE)
    assert str(run.error) == "cloth: there are no pictures."
    assert not run.was_stopped


PROGRAM = """
import sys, time
from segdetect.runs.long_runs import LongRuns

def work(progress):
    try:
        while True:
            progress(0.5, "working")
            time.sleep(0.01)
    finally:
        print("tidied up", flush=True)

runs = LongRuns()
run = runs.start("", "cloth", work)
runs.start("", "linen", work)
while not run.begun:
    time.sleep(0.01)
"""


def test_the_program_ends_while_a_run_is_under_way_and_lets_it_tidy_up() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert (done.returncode, done.stdout) == (0, "tidied up\n"), done.stderr
