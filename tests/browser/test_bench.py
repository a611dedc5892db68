"""The bench of the Inspect page: all of it seen at once, and alive while the threshold is dragged."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.browsing import asked_again, flagged, rest

pytestmark = pytest.mark.browser

SAMPLE = "engine=texture&sample=Broken+wire+mesh"
WIDE = {"viewport": {"width": 1440, "height": 900}}
STATE = """() => {
  const viewer = globalThis[Symbol.for("segdetect.viewer")].viewers.get("picture");
  const { tiles } = viewer.panes[0];
  return { trial: viewer.trial, threshold: viewer.threshold, flagged: [...tiles.flagged].sort((a, b) => a - b) };
}"""


@pytest.fixture
def bench(tab: Callable[..., Any]) -> Any:
    """A tab as wide as a laptop's screen, with an answer in which several tiles are flagged."""
    page = tab(SAMPLE, **WIDE)
    page.locator(".stage:not([aria-busy])").wait_for()
    asked_again(page)
    return page


def answered(page: Any) -> dict[str, Any]:
    """What is flagged once the server has answered."""
    page.wait_for_function(f"() => ({STATE})().trial === null")
    rest(page)
    return dict(page.evaluate(STATE))


def words(page: Any) -> tuple[str, str]:
    return str(page.locator(".sd-word").text_content()), str(page.locator(".sd-lead").text_content())


def test_all_of_it_is_seen_without_scrolling(bench: Any) -> None:
    parts = [bench.locator(one).bounding_box() for one in (".sd-bar", ".stage", ".film", ".st-key-why", ".histogram")]
    for part in parts:
        assert part["y"] >= 0
        assert part["y"] + part["height"] <= 900
    bar, stage, *_ = parts
    assert bar["height"] <= 50
    assert bench.locator(".sd-lead").evaluate("node => node.scrollWidth <= node.clientWidth"), "it is told whole"
    beside = "text => document.querySelector('.sd-bar').style.width = text"
    bench.evaluate(beside, "560px")
    assert bench.locator(".sd-lead").evaluate("node => node.scrollWidth <= node.clientWidth"), "before all else"
    bench.evaluate(beside, "")
    assert (stage["width"] + stage["height"]) / (1440 + 900) >= 0.55
    assert bench.locator(".st-key-film-csv").bounding_box()["y"] + 20 <= 900
    bench.keyboard.press("w")
    wider = bench.locator(".stage").bounding_box()["width"]
    assert wider > stage["width"] + 300
    bench.reload()
    bench.locator(".stage:not([aria-busy])").wait_for()
    assert bench.locator(".stage").bounding_box()["width"] == pytest.approx(wider), "how it was left is kept"


def test_a_threshold_that_is_dragged_flags_in_the_browser_what_it_flags_on_the_server(bench: Any) -> None:
    before, line = bench.evaluate(STATE), bench.locator(".plot .line").bounding_box()
    x, y = line["x"] + line["width"] / 2, line["y"] + 30
    bench.mouse.move(x, y)
    bench.mouse.down()
    for step in range(1, 9):
        bench.mouse.move(x - 6 * step, y)
    bench.wait_for_timeout(200)
    tried, said = bench.evaluate(STATE), words(bench)
    assert len(tried["flagged"]) > len(before["flagged"])
    assert said[1].startswith(f"{len(tried['flagged'])} of 49 tiles stand out")
    assert bench.locator(".film b").inner_text().startswith(f"{len(tried['flagged'])} flagged tiles in ")
    assert "threshold=" not in bench.url, "the server knows nothing of it yet"
    bench.mouse.up()
    after = answered(bench)
    assert after["flagged"] == tried["flagged"]
    assert after["threshold"] == tried["trial"]
    assert words(bench) == said
    assert flagged(bench) == len(after["flagged"])
    bench.wait_for_url(re.compile("threshold="))


def test_a_click_on_a_bar_cuts_at_its_edge_and_keys_move_on_from_there(bench: Any) -> None:
    sides = (
        "all => all.map((one) => one.getBoundingClientRect()).map(({ left, right, bottom }) => [left, right, bottom])"
    )
    left, right, bottom = sorted(bench.locator(".plot rect").evaluate_all(sides))[-3]
    bench.mouse.click(right - 2, bottom - 1)
    after = answered(bench)
    shown = bench.locator(".plot .line").bounding_box()
    assert shown["x"] + shown["width"] / 2 == pytest.approx(left, abs=2.5)
    bench.locator(".plot .line").press("End")
    bench.locator(".sd-word").get_by_text("Normal").wait_for()
    assert words(bench) == ("Normal", "Nothing stands out")
    none = answered(bench)
    assert none["flagged"] == [] != after["flagged"]
    field = bench.get_by_role("spinbutton", name="Threshold")
    field.fill(str(after["threshold"]))
    field.press("Enter")
    bench.wait_for_function(f"() => ({STATE})().flagged.length === {len(after['flagged'])}")
    assert answered(bench)["flagged"] == after["flagged"]


def test_layers_have_keys_and_the_sheet_tells_all_of_them(bench: Any) -> None:
    pressed = bench.locator(".layers [aria-pressed=true]")
    names = {"v": "Picture", "h": "Heat map", "f": "Flags", "l": "Look-alikes", "x": "Ignored regions"}
    for key, name in names.items():
        button = bench.get_by_role("button", name=name, exact=True)
        before = button.get_attribute("aria-pressed")
        bench.keyboard.press(key)
        assert button.get_attribute("aria-pressed") != before
        bench.keyboard.press(key)
        assert button.get_attribute("aria-pressed") == before
    assert pressed.count() > 2
    bench.keyboard.press("?")
    sheet = bench.get_by_role("dialog", name="All keys")
    sheet.wait_for()
    for words_of_it in ("Heat map", "Next flagged tile", "Higher: fewer flags", "Paint regions to ignore"):
        assert sheet.get_by_text(words_of_it).is_visible()
    bench.keyboard.press("Escape")
    sheet.wait_for(state="hidden")
