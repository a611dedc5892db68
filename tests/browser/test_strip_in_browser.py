"""The strip of pictures by keys, and what a reload finds, in a real browser, whose cookie it goes by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.browsing import rest
from tests.support.pictures import planted, png, weave

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_j_and_k_walk_through_the_strip_and_a_reload_finds_it_again(tab: Callable[..., Any]) -> None:
    page = tab()
    files = [("bad.png", png(planted(2, 3))), ("good.png", png(weave(seed=1))), ("notes.png", b"none")]
    page.locator(".st-key-files input[type=file]").set_input_files(
        [{"name": name, "mimeType": "image/png", "buffer": data} for name, data in files]
    )
    page.get_by_text("1 anomalous, 1 failed, 1 normal").wait_for()
    rest(page)
    strip = page.get_by_role("group", name="3 pictures")
    assert strip.get_by_role("button").evaluate_all("all => all.map((one) => one.ariaLabel)") == [
        "bad.png, anomalous",
        "notes.png, failed",
        "good.png, normal",
    ]
    shown = strip.locator("[aria-current]")
    assert shown.get_attribute("aria-label") == "bad.png, anomalous"
    for key, name in (("j", "good.png, normal"), ("k", "bad.png, anomalous"), ("j", "good.png, normal")):
        page.keyboard.press(key)  # of what failed there is nothing to see
        strip.locator(f'[aria-label="{name}"][aria-current]').wait_for()
        rest(page)
    page.reload()
    strip.locator('[aria-label="good.png, normal"][aria-current]').wait_for()
