"""The way of an answer in a real browser: inspected, found again in the history, opened as it was kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.app_server import running_app
from tests.support.browsing import expect_grid, rest

pytestmark = pytest.mark.browser


@pytest.mark.slow
def test_on_a_phone_the_search_leaves_room_for_what_is_found(tab: Callable[..., Any]) -> None:
    query = "sample=Broken+wire+mesh&engine=texture"
    page = tab(query, viewport={"width": 400, "height": 800}, has_touch=True, is_mobile=True)
    page.locator(".sd-word").wait_for()  # where nothing is kept, there is no search
    rest(page)
    page.goto(page.url.partition("?")[0] + "history")
    row = page.locator(".st-key-history-search-row")
    name, verdict, days = (row.get_by_test_id(f"st{kind}").first for kind in ("TextInput", "Selectbox", "DateInput"))
    assert row.bounding_box()["height"] < 170
    assert verdict.bounding_box()["y"] == pytest.approx(days.bounding_box()["y"], abs=1)
    assert name.bounding_box()["y"] < verdict.bounding_box()["y"]
    assert days.bounding_box()["x"] + days.bounding_box()["width"] <= 400


@pytest.fixture(scope="module")
def address(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running dashboard that keeps its answers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGDETECT_HISTORY", "1")
        with running_app(tmp_path_factory.mktemp("home")) as url:
            yield url


def _choose(page: Any, row: int) -> None:
    """Click the box of a row, counted from 0, once the table has come to rest."""
    table = page.locator("[data-testid=stDataFrame] canvas").first
    table.wait_for()
    page.wait_for_timeout(700)
    box = table.bounding_box()
    page.mouse.click(box["x"] + 16, box["y"] + 35 + 56 * row + 28)
    rest(page)


@pytest.mark.slow
def test_an_answer_is_found_again_and_opened_as_it_was_kept(tab: Callable[..., Any]) -> None:
    page = tab("engine=texture&grid=6")
    page.locator(".st-key-keep-picture label").click()
    page.get_by_role("button", name="Broken wire mesh").click()
    page.locator(".sd-word").wait_for()
    word, lead = (page.locator(f".sd-{part}").first.text_content() for part in ("word", "lead"))
    rest(page)
    page.get_by_role("link", name="History").click()
    page.get_by_role("heading", name="History", exact=True).wait_for()
    # Others of this file keep answers on the same dashboard: the latest comes first.
    page.get_by_text(re.compile(r"1 to \d+ of \d+")).wait_for()
    _choose(page, 0)
    page.get_by_role("heading", name="wire-mesh.png").wait_for()
    page.get_by_role("button", name="Open on Inspect").click()
    page.get_by_text("as it was kept").wait_for()
    assert [page.locator(f".sd-{part}").first.text_content() for part in ("word", "lead")] == [word, lead]
    expect_grid(page, "6 x 6")
    page.get_by_role("button", name="Inspect anew").click()
    page.get_by_text("as it was kept").wait_for(state="hidden")
    expect_grid(page, "6 x 6")


@pytest.mark.slow
def test_two_are_chosen_by_keyboard_and_their_charts_begin_at_one_height(tab: Callable[..., Any]) -> None:
    page = tab("engine=texture&sample=Broken+wire+mesh", viewport={"width": 1440, "height": 900})
    page.locator(".sd-word").wait_for()
    rest(page)
    address = page.url.partition("?")[0]
    page.goto(f"{address}?engine=texture&sample=Clean+wire+mesh")
    page.locator(".sd-word").wait_for()
    rest(page)
    page.goto(f"{address}history")
    table = page.locator("[data-testid=stDataFrame] canvas").first
    table.wait_for()
    rest(page)
    page.wait_for_timeout(700)
    page.locator(".st-key-history-search-row").get_by_role("button", name="More").focus()
    for key in (*["Tab"] * 5, "ArrowDown", "Space"):
        page.keyboard.press(key)
        page.wait_for_timeout(200)
    page.get_by_role("button", name="Open on Inspect").wait_for()
    rest(page)
    page.keyboard.press("ArrowUp")
    page.wait_for_timeout(200)
    page.keyboard.press("Space")
    page.get_by_role("heading", name="What changed").wait_for()
    charts = page.locator(".stMain .stPlotlyChart")
    charts.nth(1).wait_for()
    rest(page)
    assert len({one.bounding_box()["height"] for one in page.locator(".sd-banner").all()}) == 2, "unlike sentences"
    assert charts.nth(0).bounding_box()["y"] == pytest.approx(charts.nth(1).bounding_box()["y"], abs=1)


@pytest.mark.slow
def test_the_tools_of_the_list_lie_over_no_control(tab: Callable[..., Any]) -> None:
    page = tab("engine=texture&sample=Broken+wire+mesh", viewport={"width": 1440, "height": 900})
    page.locator(".sd-word").wait_for()
    rest(page)
    page.goto(page.url.partition("?")[0] + "history")
    page.locator("[data-testid=stDataFrame] canvas").first.wait_for()
    rest(page)
    page.locator("[data-testid=stDataFrame]").first.hover()
    page.wait_for_timeout(500)
    more = page.locator(".st-key-history-search-row").get_by_role("button", name="More").bounding_box()
    tools = page.locator("[data-testid=stElementToolbarButtonContainer]").first.bounding_box()
    assert tools["y"] >= more["y"] + more["height"]


@pytest.mark.slow
def test_what_is_deleted_by_key_leaves_the_focus_at_the_way_back_and_pictures_are_named(
    tab: Callable[..., Any],
) -> None:
    page = tab("engine=texture&sample=Broken+wire+mesh", viewport={"width": 1440, "height": 900})
    page.locator(".sd-word").wait_for()
    rest(page)
    page.goto(page.url.partition("?")[0] + "history")
    table = page.locator("[data-testid=stDataFrame] canvas").first
    table.wait_for()
    rest(page)
    page.wait_for_timeout(700)
    table.focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Open on Inspect").wait_for()
    rest(page)
    cells = [cell.text_content() for cell in table.locator("[role=gridcell]").all()]
    assert "picture" in cells
    assert not any("data:" in cell for cell in cells)
    page.locator(".st-key-history-delete button").first.focus()
    page.keyboard.press("Enter")
    page.locator(".st-key-history-undo button:focus").wait_for()
    page.keyboard.press("Enter")
    page.locator(".st-key-history-undo").wait_for(state="detached")
    page.locator("[data-testid=stDataFrame] :is(canvas, [role=gridcell]):focus").first.wait_for(state="attached")
