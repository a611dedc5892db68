"""What one thread computes, another waits for; what was used longest ago goes first, in whichever memo it is."""

import gc
import threading
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from segdetect.errors import SettingsError
from segdetect.memo import Budget, Memo, process_budget


@dataclass(frozen=True)
class Value:
    text: str
    filling: bytes = b""


def large(text: str) -> Value:
    return Value(text, bytes(1_000_000))


@pytest.fixture
def memo() -> Memo[Value]:
    return Memo(Budget(2_500_000))


@pytest.fixture
def fresh_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    process_budget.cache_clear()
    yield monkeypatch
    process_budget.cache_clear()


def test_a_value_is_computed_once(memo: Memo[Value]) -> None:
    calls = []
    for _ in range(3):
        assert memo.get("a", lambda: calls.append(1) or Value("a")).text == "a"
    assert calls == [1]


def test_absent_values_are_computed_together(memo: Memo[Value]) -> None:
    memo.get("b", lambda: Value("b"))
    asked: list[list[int]] = []

    def compute(positions: list[int]) -> list[Value]:
        asked.append(positions)
        return [Value("abca"[p]) for p in positions]

    found = memo.get_many(list("abca"), compute)
    assert asked == [[0, 2]]
    assert {key: value.text for key, value in found.items()} == {"a": "a", "b": "b", "c": "c"}


def test_the_least_recently_used_goes_first(memo: Memo[Value]) -> None:
    for key in "aab":
        memo.get(key, lambda: large("x"))
    memo.get("a", lambda: large("x"))
    memo.get("c", lambda: large("x"))
    assert ("a" in memo, "b" in memo, "c" in memo) == (True, False, True)


def test_memos_with_one_budget_make_room_for_each_other() -> None:
    budget = Budget(2_500_000)
    one: Memo[Value] = Memo(budget)
    other: Memo[Value] = Memo(budget)
    one.get("a", lambda: large("one's a"))
    other.get("a", lambda: large("other's a"))
    assert one.get("a", lambda: Value("again")).text == "one's a"
    other.get("b", lambda: large("b"))
    assert ("a" in one, "a" in other, "b" in other) == (True, False, True)
    assert 2_000_000 < budget.used_bytes < 2_010_000


def test_a_value_too_large_to_keep_is_answered_and_pushes_nothing_out(memo: Memo[Value]) -> None:
    memo.get("a", lambda: large("a"))
    assert memo.get("huge", lambda: Value("huge", bytes(3_000_000))).text == "huge"
    assert ("huge" in memo, "a" in memo) == (False, True)


def test_what_was_dropped_is_given_back_to_the_system_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    monkeypatch.setattr("segdetect.memo.return_freed", lambda: calls.append(budget.used_bytes))
    budget = Budget(2_100_000)
    memo: Memo[Value] = Memo(budget)
    monkeypatch.setattr("segdetect.memo._RETURN_BYTES", 10_000_000)
    for number in range(11):
        memo.get(number, lambda: large("x"))
    assert calls == []
    for number in range(11, 25):
        memo.get(number, lambda: large("x"))
    assert len(calls) == 2


def test_many_threads_never_hold_more_than_the_budget() -> None:
    budget = Budget(300_000)
    used: list[int] = []

    def work(seed: int) -> None:
        memo: Memo[bytes] = Memo(budget)
        for i in range(300):
            length = (i * seed * 7919) % 20_000
            assert len(memo.get(i % 40, lambda length=length: bytes(length + 20_000))) >= 20_000
            used.append(budget.used_bytes)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(used) == 4 * 300
    assert 200_000 < max(used) <= 300_000


@pytest.mark.parametrize("length", [20, 3000])
def test_small_values_with_their_keys_take_what_is_counted(length: int) -> None:
    budget = Budget(1_000_000_000)
    memo: Memo[bytes] = Memo(budget)
    gc.collect()
    tracemalloc.start()
    try:
        for i in range(1000):
            memo.get((f"{i:064d}", f"name of picture {i}", i + 1000), lambda: bytes(length))
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert budget.used_bytes == pytest.approx(taken, rel=0.1)


def test_a_memo_without_a_budget_of_its_own_counts_against_that_of_the_process(
    fresh_process: pytest.MonkeyPatch,
) -> None:
    fresh_process.setenv("SEGDETECT_CACHE_MB", "3")
    one: Memo[Value] = Memo()
    other: Memo[Value] = Memo()
    one.get("a", lambda: large("a"))
    other.get("b", lambda: large("b"))
    other.get("c", lambda: large("c"))
    assert ("a" in one, "b" in other, "c" in other) == (False, True, True)
    assert process_budget().max_bytes == 3_000_000


def test_a_wrong_size_is_told_when_something_is_first_asked_for(fresh_process: pytest.MonkeyPatch) -> None:
    fresh_process.setenv("SEGDETECT_CACHE_MB", "plenty")
    memo: Memo[Value] = Memo()
    with pytest.raises(SettingsError, match="plenty"):
        memo.get("a", lambda: Value("a"))


def test_an_answer_that_lacks_values_is_an_error_and_blocks_nobody(memo: Memo[Value]) -> None:
    with pytest.raises(ValueError, match="zip"):
        memo.get_many(["a", "b"], lambda _: [Value("only one")])
    assert memo.get("b", lambda: Value("b")).text == "b"


def test_a_second_thread_waits_for_the_first(memo: Memo[Value]) -> None:
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


def test_when_the_first_gives_up_the_second_does_the_work_itself(memo: Memo[Value]) -> None:
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
