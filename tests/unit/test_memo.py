"""What one thread computes, another waits for; the oldest values go first."""

import threading
from dataclasses import dataclass

import pytest

from segdetect.memo import Memo


@dataclass(frozen=True)
class Value:
    text: str
    nbytes: int = 10


def test_a_value_is_computed_once() -> None:
    memo: Memo[Value] = Memo(100)
    calls = []
    for _ in range(3):
        assert memo.get("a", lambda: calls.append(1) or Value("a")).text == "a"
    assert calls == [1]


def test_absent_values_are_computed_together() -> None:
    memo: Memo[Value] = Memo(100)
    memo.get("b", lambda: Value("b"))
    asked: list[list[int]] = []

    def compute(positions: list[int]) -> list[Value]:
        asked.append(positions)
        return [Value("abca"[p]) for p in positions]

    found = memo.get_many(list("abca"), compute)
    assert asked == [[0, 2]]
    assert {key: value.text for key, value in found.items()} == {"a": "a", "b": "b", "c": "c"}


def test_the_least_recently_used_goes_first_and_too_large_a_value_is_not_kept() -> None:
    memo: Memo[Value] = Memo(25)
    for key in "aab":
        memo.get(key, lambda: Value("x"))
    memo.get("a", lambda: Value("x"))
    memo.get("c", lambda: Value("x"))
    assert ("a" in memo, "b" in memo, "c" in memo) == (True, False, True)
    assert memo.get("huge", lambda: Value("huge", 1000)).text == "huge"
    assert "huge" not in memo


def test_a_second_thread_waits_for_the_first() -> None:
    memo: Memo[Value] = Memo(100)
    started, go = threading.Event(), threading.Event()
    results: list[str] = []

    def slow() -> Value:
        started.set()
        assert go.wait(5)
        return Value("first")

    first = threading.Thread(target=lambda: results.append(memo.get("k", slow).text))
    first.start()
    assert started.wait(5)
    second = threading.Thread(target=lambda: results.append(memo.get("k", lambda: Value("second")).text))
    second.start()
    go.set()
    first.join(5)
    second.join(5)
    assert results == ["first", "first"]


def test_when_the_first_gives_up_the_second_does_the_work_itself() -> None:
    memo: Memo[Value] = Memo(100)
    started, go = threading.Event(), threading.Event()
    results: list[str] = []

    def cancelled() -> Value:
        started.set()
        assert go.wait(5)
        raise KeyboardInterrupt

    def first() -> None:
        with pytest.raises(KeyboardInterrupt):
            memo.get("k", cancelled)

    one = threading.Thread(target=first)
    one.start()
    assert started.wait(5)
    two = threading.Thread(target=lambda: results.append(memo.get("k", lambda: Value("mine")).text))
    two.start()
    go.set()
    one.join(5)
    two.join(5)
    assert results == ["mine"]
