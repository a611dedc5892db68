"""The strip of pictures by keys, and what a reload finds, in a real browser, whose cookie it goes by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.browsing import rest
from tests.support.pictures import planted, png, weave

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def hand_in(page: Any, *files: tuple[str, bytes]) -> None:
    page.locator(".st-key-files input[type=file]").set_input_files(
        [{"name": name, "mimeType": "image/png", "buffer": data} for name, data in files]
    )


def test_with_ten_pictures_all_of_the_bench_is_seen_without_scrolling(tab: Callable[..., Any]) -> None:
    page = tab("engine=texture", viewport={"width": 1440, "height": 900})
    hand_in(page, *((f"{number}.png", png(planted(2, 3, seed=number))) for number in range(10)))
    page.get_by_text("10 anomalous").wait_for()
    page.locator(".stage:not([aria-busy])").wait_for()
    rest(page)
    for part in (".sd-bar", ".stage", ".film", ".st-key-film-csv", ".st-key-why", ".histogram"):
        box = page.locator(part).bounding_box()
        assert 0 <= box["y"] < box["y"] + box["height"] <= 900, part
    stage = page.locator(".stage").bounding_box()
    assert (stage["width"] + stage["height"]) / (1440 + 900) >= 0.55
    choices = page.locator(".stSidebar .st-key-scope [role=radio]").evaluate_all(
        "all => all.map((one) => one.offsetTop)"
    )
    assert len(choices) == 3
    assert len(set(choices)) == 1, "they are in one line"
    strip, bar = page.locator(".st-key-strip-line").bounding_box(), page.locator(".sd-bar").bounding_box()
    assert strip["height"] <= 48
    assert bar["y"] <= 64, "the verdict stands right below the strip"
    page.get_by_role("button", name="All 10 pictures").click()
    page.locator(".st-key-all-pictures [data-testid=stDataFrame]").wait_for()
    page.get_by_role("button", name="All 10 pictures").click()
    page.locator(".st-key-all-pictures").wait_for(state="detached")
    first = page.get_by_role("group", name="10 pictures").get_by_role("button").first
    first.hover()
    told = page.locator(".st-key-strip .tip")
    told.get_by_text("anomalous").wait_for()
    assert told.locator("span").inner_text().endswith("."), "the reason in full"
    page.mouse.move(700, 500)
    told.wait_for(state="hidden")


def test_j_and_k_walk_through_the_strip_and_a_reload_finds_it_again(tab: Callable[..., Any]) -> None:
    page = tab()
    files = [("bad.png", png(planted(2, 3))), ("good.png", png(weave(seed=1))), ("notes.png", b"none")]
    hand_in(page, *files)
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
