"""What browsers tell a page: what is meant is read, anything else refused in words."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
import streamlit as st

from segdetect.errors import InputError
from segdetect.settings import GridSize
from segdetect.ui.shared.session import choose_tiles, picked_tiles
from segdetect.ui.viewer import messages
from segdetect.ui.viewer.messages import ViewerEvent
from tests.support.pictures import answer, picture, weave


def test_what_is_meant_is_read() -> None:
    assert messages.chosen({"pane": 0, "tiles": [3, 4], "sequence": 12}) == (ViewerEvent(0, (3, 4)), 12)
    assert messages.grid_tried({"parts": 7, "sequence": 12}) == (7, 12)
    assert messages.threshold_tried({"value": 1.25, "sequence": 12}) == (1.25, 12.0)
    assert messages.painted({"png": "AAEC", "sequence": 12}) == (b"\x00\x01\x02", "12")


READERS = [messages.chosen, messages.grid_tried, messages.threshold_tried, messages.painted]


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
@pytest.mark.parametrize(
    "text",
    [
        *("1", "[]", "{}", '"x"', '{"pane": [], "tiles": 3, "parts": {}, "value": null, "png": 7, "sequence": 1}'),
        # JSON of a browser has neither, and Python reads both.
        '{"pane": 0, "tiles": [], "parts": 7, "value": 1, "png": "", "sequence": Infinity}',
        f'{{"pane": 1e999, "tiles": [], "parts": 1e999, "value": {"9" * 400}, "png": "\u00e4", "sequence": 1}}',
    ],
)
def test_anything_else_is_refused_in_words(read: Callable[[Any], object], text: str) -> None:
    with pytest.raises(InputError, match="came back damaged"):
        read(json.loads(text))
    assert read(None) is None


@pytest.mark.parametrize("value", [math.nan, math.inf, -0.5])
def test_a_threshold_is_a_number_from_0_on(value: float) -> None:
    with pytest.raises(InputError, match="a threshold is 0 or more"):
        messages.threshold_tried({"value": value, "sequence": 1})


def test_tiles_that_an_answer_does_not_have_are_not_picked(monkeypatch: pytest.MonkeyPatch) -> None:
    state: dict[str, Any] = {}
    monkeypatch.setattr(st, "session_state", state)
    inspection = answer(picture(weave(), "a.png"), [0.1, 0.9, 0.5, 0.2], grid=GridSize(2, 2))
    choose_tiles(inspection, [4, 1, 2, -1, 10**9])
    assert picked_tiles(inspection) == [1, 2]
    assert state["selection"][1] == 1
    choose_tiles(inspection, [48])
    assert picked_tiles(inspection) == []
    assert state["selection"][1] == 1
