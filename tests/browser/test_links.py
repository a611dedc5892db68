"""Links, tabs, Back and Forward, and the reader's locale, in a real browser: Streamlit's test kit has none of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest

from tests.support.browsing import expect_grid, grid_slider, rest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SAMPLE = "engine=texture&sample=Clean+wire+mesh"
FENCE = f"{SAMPLE}&grid=9&rule=Outlier+fence&look=Stability"
KNOWN_GOOD = f"{SAMPLE}&scope=Known-good&alarms=1+in+20+clean+pictures&look=Other+grid+sizes"
THRESHOLD = "engine=texture&sample=Broken+wire+mesh&apart=true&rows=5&cols=8&rule=My+own+threshold&threshold=1.25"


def asked(page: Any) -> tuple[str, dict[str, list[str]]]:
    """The path of the address, and its parameters whatever their order."""
    parts = urlsplit(page.url)
    return parts.path, parse_qs(parts.query)


def settled(page: Any) -> None:
    """Wait until the page has come, with its address."""
    page.wait_for_timeout(300)
    rest(page)
    page.wait_for_timeout(300)


def visit(page: Any, name: str) -> None:
    settled(page)  # a link that is drawn anew under the pointer loses its click
    page.get_by_role("link", name=name).click()
    path = "/" if name == "Inspect" else f"/{name.lower()}"
    page.wait_for_url(lambda url: urlsplit(url).path == path)
    settled(page)


def back(page: Any) -> None:
    page.go_back()
    settled(page)


def forward(page: Any) -> None:
    page.go_forward()
    settled(page)


def facts(page: Any) -> str:
    """The line that names engine, grid and rule; how long it took is left out."""
    page.get_by_role("button", name="Why?").click()
    line = page.locator("[data-testid=stCaptionContainer]").filter(has_text=" tiles ·").first
    line.wait_for()
    told = str(line.inner_text()).rpartition("\u00a0· ")[0]
    page.keyboard.press("Escape")
    return told


# ---- links -----------------------------------------------------------------------------------------------------------


def test_a_shared_link_opens_the_same_view_and_a_reload_keeps_it(tab: Callable[..., Any]) -> None:
    page = tab(f"{SAMPLE}&grid=5")
    expect_grid(page, "5 x 5")
    slider = grid_slider(page)
    slider.focus()
    slider.press("ArrowRight")
    expect_grid(page, "6 x 6")
    page.wait_for_url(re.compile(r"[?&]grid=6"))
    page.reload()
    expect_grid(page, "6 x 6")
    assert page.locator(".sd-word").text_content()


def test_a_second_tab_is_a_visitor_of_its_own(tab: Callable[..., Any]) -> None:
    first, second = tab(f"{SAMPLE}&grid=5"), tab(f"{SAMPLE}&grid=8")
    expect_grid(first, "5 x 5")
    expect_grid(second, "8 x 8")
    grid_slider(second).press("ArrowRight")
    expect_grid(second, "9 x 9")
    expect_grid(first, "5 x 5")


@pytest.mark.parametrize("query", [FENCE, KNOWN_GOOD, THRESHOLD], ids=["fence", "known-good", "threshold"])
def test_settings_of_a_link_outlast_other_pages(tab: Callable[..., Any], query: str) -> None:
    page = tab(query)
    before, line = asked(page), facts(page)
    assert before == ("/", parse_qs(query))
    for name in ("Compare", "Method", "Inspect"):
        visit(page, name)
    assert asked(page) == before
    assert facts(page) == line
    copied = tab(urlsplit(page.url).query)
    assert facts(copied) == line


# ---- back and forward ------------------------------------------------------------------------------------------------


def test_one_step_back_from_another_page_is_the_view_that_was_left(tab: Callable[..., Any]) -> None:
    page = tab(FENCE)
    before, line = asked(page), facts(page)
    visit(page, "Compare")
    page.locator(".sd-word").nth(1).wait_for()
    rest(page)
    compared = asked(page)
    assert compared == ("/compare", {"compare-sample": ["Clean wire mesh"]})
    back(page)
    assert asked(page) == before
    assert facts(page) == line
    forward(page)
    assert asked(page) == compared
    page.locator(".sd-word").nth(1).wait_for()
    back(page)
    page.reload()
    settled(page)
    assert asked(page) == before
    assert facts(page) == line


def test_back_before_the_other_page_is_complete(tab: Callable[..., Any]) -> None:
    page = tab(FENCE)
    before, line = asked(page), facts(page)
    page.get_by_role("link", name="Compare").click()
    page.wait_for_url("**/compare*")
    back(page)
    assert asked(page) == before
    assert facts(page) == line


def test_back_goes_through_pages_one_by_one(tab: Callable[..., Any]) -> None:
    page = tab(THRESHOLD)
    first = asked(page)
    visit(page, "Method")
    visit(page, "Inspect")
    slider = page.get_by_role("slider", name="Threshold", exact=True)
    slider.focus()
    slider.press("ArrowRight")
    page.wait_for_function("before => !location.search.includes(before)", arg="threshold=1.25")
    settled(page)
    last = asked(page)
    back(page)
    assert asked(page) == ("/method", {})
    back(page)
    assert asked(page) == first
    forward(page)
    forward(page)
    assert asked(page) == last


def test_back_from_a_sample_is_the_page_it_was_chosen_on(tab: Callable[..., Any]) -> None:
    page = tab("engine=texture")
    page.get_by_role("button", name="Broken wire mesh").click()
    page.locator(".sd-word").wait_for()
    settled(page)
    chosen = asked(page)
    assert chosen[1]["sample"] == ["Broken wire mesh"]
    back(page)
    page.get_by_role("heading", name="Where in this picture").wait_for()
    assert asked(page) == ("/", {"engine": ["texture"]})
    forward(page)
    page.locator(".sd-word").wait_for()
    assert asked(page) == chosen


def test_a_sample_of_one_page_is_that_of_the_other(tab: Callable[..., Any]) -> None:
    page = tab(SAMPLE)
    visit(page, "Compare")
    chooser = page.get_by_role("combobox", name="Or a sample")
    assert chooser.input_value() == "Clean wire mesh"
    chooser.fill("Flawed fabric")
    chooser.press("Enter")
    page.wait_for_url("**compare-sample=Flawed+fabric*")
    settled(page)
    visit(page, "Inspect")
    assert asked(page)[1]["sample"] == ["Flawed fabric"]
    back(page)
    assert asked(page) == ("/compare", {"compare-sample": ["Flawed fabric"]})
    back(page)
    assert asked(page)[1]["sample"] == ["Clean wire mesh"]
    assert page.get_by_role("combobox", name="Or a sample").input_value() == "Clean wire mesh"


# ---- the reader's locale ---------------------------------------------------------------------------------------------


def test_numbers_are_the_readers_and_files_keep_their_points(tab: Callable[..., Any]) -> None:
    query = "engine=texture&sample=Broken+wire+mesh&view=Both"
    german, english = tab(query, locale="de-DE"), tab(query)
    for page, decimal in ((german, ","), (english, ".")):
        page.get_by_role("button", name="Why?").click()
        assert re.search(rf"scores \d+{re.escape(decimal)}\d\d times", str(page.locator(".sd-why").text_content()))
        page.keyboard.press("Escape")
        said = page.get_by_text("Closest match").inner_text()
        assert re.search(rf"match 0{re.escape(decimal)}\d{{3}};", said)
        page.get_by_text(re.compile(rf"threshold \d{re.escape(decimal)}\d{{3}}")).first.wait_for()
        status = page.locator(".readout").inner_text()
        assert re.search(rf"score \d+{re.escape(decimal)}\d{{3}}", status)
    plot = german.locator(".st-key-heatmap .nsewdrag").first
    plot.scroll_into_view_if_needed()
    german.wait_for_timeout(700)  # the chart is drawn and has come to rest
    box = plot.bounding_box()
    german.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
    hover = german.locator(".st-key-heatmap .hoverlayer .hovertext")
    hover.wait_for()
    assert re.search(r"score \d+,\d{3}", " ".join(hover.all_text_contents()))
    german.get_by_role("button", name="Export").click()
    with german.expect_download() as download:
        german.get_by_role("button", name="Flagged tiles (CSV)").click()
    assert pd.read_csv(download.value.path())["score"].dtype == float
