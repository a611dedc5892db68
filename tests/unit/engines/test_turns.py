from __future__ import annotations

import threading

from segdetect.engines.turns import Turns, coming_last
from tests.support.background import PATIENCE
from tests.support.processes import wait_until


def _in_turn(turns: Turns, names: list[str]) -> list[str]:
    """The order in which they have their turn, when all have come before the first is over; "*" gives way."""
    order: list[str] = []
    waiting: list[str] = []
    go = threading.Event()

    def take(name: str) -> None:
        def wait(ahead: int) -> None:
            if name not in waiting:
                waiting.append(name)

        with turns.turn(wait):
            order.append(name)
            assert go.wait(PATIENCE)

    def come(name: str) -> None:
        if name.endswith("*"):
            with coming_last():
                take(name)
        else:
            take(name)

    threads = [threading.Thread(target=come, args=(name,)) for name in names]
    for thread, name in zip(threads, names, strict=True):
        thread.start()
        wait_until(lambda name=name: name in [*order, *waiting])
    go.set()
    for thread in threads:
        thread.join(PATIENCE)
    return order


def test_first_come_first_served():
    assert _in_turn(Turns(), ["first", "second", "third"]) == ["first", "second", "third"]


def test_who_gives_way_comes_after_all_who_wait_but_keeps_a_turn_that_has_begun():
    names = ["begun*", "patient*", "first", "last*", "second"]
    assert _in_turn(Turns(), names) == ["begun*", "first", "second", "patient*", "last*"]


def test_who_comes_later_does_not_give_way_because_somebody_did():
    turns = Turns()
    with coming_last():
        pass
    assert _in_turn(turns, ["begun", "patient*", "first"]) == ["begun", "first", "patient*"]
