"""A click on a tile draws what depends on the tile, and nothing else of the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.browsing import asked_again, expect_why, rest

pytestmark = pytest.mark.browser

# A run of the whole page is about 140 messages, one of the part that depends on the tile about 30.
MOST_MESSAGES = 70
CHOSEN = """() => globalThis[Symbol.for("segdetect.viewer")].viewers.get("picture").selected"""


def test_a_click_draws_only_what_depends_on_the_tile(tab: Callable[..., Any]) -> None:
    page = tab("engine=texture&sample=Broken+wire+mesh", viewport={"width": 1440, "height": 900})
    received: list[object] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(frame)))
    page.reload()
    page.locator(".stage:not([aria-busy])").wait_for()
    asked_again(page)
    assert len(received) > MOST_MESSAGES, "they are counted"
    received.clear()
    stage = page.locator(".stage").bounding_box()
    side = min(stage["width"], stage["height"]) - 10
    page.mouse.click(stage["x"] + stage["width"] / 2 - side * 3 / 7, stage["y"] + stage["height"] / 2)
    expect_why(page, 4, 1)
    rest(page)
    assert 0 < len(received) < MOST_MESSAGES
    assert page.evaluate(CHOSEN) == [21]
