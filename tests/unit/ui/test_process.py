"""Values that the process has one of."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
import streamlit as st

from segdetect.ui.shared import process
from segdetect.ui.shared.process import begin_anew, one_per_process
from segdetect.ui.shared.session import inspector


@pytest.fixture(autouse=True)
def forget(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The functions made here are forgotten with the test."""
    monkeypatch.setattr(process, "_FORGET", list(process._FORGET))
    yield
    begin_anew()


def test_threads_that_ask_at_once_get_the_same_value() -> None:
    def make() -> object:
        time.sleep(0.05)
        return object()

    get, got = one_per_process(make), []
    threads = [threading.Thread(target=lambda: got.append(get())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 8
    assert len(set(map(id, got))) == 1


def test_a_value_that_could_not_be_made_is_tried_again() -> None:
    answers: Iterator[object] = iter([OSError("no room"), "made"])

    def make() -> object:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    get = one_per_process(make)
    with pytest.raises(OSError, match="no room"):
        get()
    assert get() == "made"


def test_the_inspector_outlives_streamlits_caches_and_ends_with_a_new_beginning() -> None:
    first = inspector()
    st.cache_resource.clear()
    assert inspector() is first
    begin_anew()
    assert inspector() is not first
