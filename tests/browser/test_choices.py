"""What a person does with an answer, in a real browser: choose tiles, zoom, move the threshold, switch, keep."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from segdetect.engines.fastdup import FastdupEngine
from segdetect.errors import EngineUnavailableError
from tests.support.browsing import asked_again, expect_grid, expect_why, flagged, grid_slider, rest, tile_on_chart

pytestmark = pytest.mark.browser

SAMPLE = "engine=texture&sample=Broken+wire+mesh&view=Both"
COMPARE = "left-engine=texture&right-engine=texture&right-grid=9&compare-sample=Broken+wire+mesh"


@pytest.fixture
def page(tab: Callable[..., Any]) -> Any:
    """A tab with an answer in which several tiles are flagged."""
    opened = tab(SAMPLE)
    opened.locator(".stage:not([aria-busy])").wait_for()
    asked_again(opened)
    assert flagged(opened) > 1
    return opened


def tile_on_picture(page: Any, row: int, col: int, side: int = 7) -> tuple[float, float]:
    """Where on the screen the middle of a tile of the unzoomed, square picture lies; both count from 1."""
    stage = page.locator(".stage").first
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    length = min(box["width"], box["height"]) - 10
    left, top = box["x"] + (box["width"] - length) / 2, box["y"] + (box["height"] - length) / 2
    return left + (col - 0.5) * length / side, top + (row - 0.5) * length / side


def listed(page: Any) -> list[tuple[int, int]]:
    """Places of the tiles in the table, counted from 1, in its order."""
    rows = page.locator("[data-testid=stDataFrame] [role=row]")
    rows.nth(1).wait_for(state="attached")
    found = [re.search(r"row (\d+), col (\d)", text) for text in rows.all_text_contents()]
    return [(int(place[1]), int(place[2])) for place in found if place]


def expect_selected(page: Any, row: int, col: int) -> None:
    """Picture, heatmap, table and explanation come to show this tile, counted from 1, as the selected one."""
    expect_why(page, row, col)
    # While the pointer is on the picture, what is under it is told in its place.
    page.locator(".readout").filter(has_text=re.compile(rf"^Row {row}, col {col} ·")).wait_for(state="attached")
    page.wait_for_function(
        """([row, col]) => {
          const marked = [...document.querySelectorAll("[data-testid=stDataFrame] [role=row]")]
            .filter((line) => line.textContent.includes("▶"));
          const chart = document.querySelector(".st-key-heatmap .js-plotly-plot");
          const frame = chart?._fullData?.findLast((trace) => trace.line?.color === "#FFFFFF");
          if (marked.length !== 1 || !frame) return false;
          const { sizex, sizey } = chart.layout.images[0];
          const first = (ends, length) => Math.round((Math.min(...[...ends].filter(Number.isFinite)) / length) * 7) + 1;
          return marked[0].textContent.includes(`row ${row}, col ${col}`)
            && first(frame.x, sizex) === col && first(frame.y, sizey) === row;
        }""",
        arg=[row, col],
    )


def zoom(page: Any) -> str:
    """What the picture shows of itself, as one text: another part or size is another text."""
    return str(page.locator("canvas.picture").first.evaluate("node => node.toDataURL()"))


# ---- one tile, everywhere --------------------------------------------------------------------------------------------


def test_a_tile_chosen_anywhere_is_chosen_everywhere(page: Any) -> None:
    (first, second) = listed(page)[:2]
    page.mouse.click(*tile_on_picture(page, *second))
    expect_selected(page, *second)
    at = tile_on_chart(page, first[0] - 0.4, first[1] - 0.4)
    page.mouse.move(*at, steps=4)
    page.wait_for_timeout(300)  # plotly takes the click at its last, throttled hover
    page.mouse.click(*at)
    expect_selected(page, *first)
    rest(page)
    page.locator("[data-testid=stDataFrame]").first.scroll_into_view_if_needed()
    page.wait_for_timeout(800)
    table = page.locator("[data-testid=stDataFrame]").first.bounding_box()
    page.mouse.click(table["x"] + 18, table["y"] + 36 + 64 * 1.5)
    expect_selected(page, *second)


def test_keys_and_buttons_go_from_one_flagged_tile_to_the_next(page: Any) -> None:
    first, tally = page.locator(".readout").inner_text(), page.locator(".viewer .count")
    assert tally.inner_text() == f"1 of {flagged(page)}"
    page.get_by_role("button", name="Next flagged tile").click()
    second = page.locator(".readout").inner_text()
    row, col = (int(figure) for figure in re.findall(r"\d+", second)[:2])
    expect_selected(page, row, col)
    assert tally.inner_text() == f"2 of {flagged(page)}"
    page.get_by_role("button", name="Next flagged tile").blur()
    page.keyboard.press("p")  # nothing has the focus: the stage takes the key
    page.locator(".viewer .count").get_by_text(f"1 of {flagged(page)}").wait_for()
    assert page.locator(".readout").inner_text() == first != second
    page.keyboard.press("p")
    page.locator(".viewer .count").get_by_text(f"{flagged(page)} of {flagged(page)}").wait_for()


@pytest.mark.slow
def test_a_box_drawn_on_the_heatmap_picks_its_tiles(page: Any) -> None:
    tile_on_chart(page, 0, 0)
    page.locator(".st-key-heatmap .nsewdrag").first.hover()
    page.locator(".st-key-heatmap [data-attr=dragmode][data-val=select]").click()
    page.mouse.move(*tile_on_chart(page, 0.2, 0.2))
    page.mouse.down()
    page.mouse.move(*tile_on_chart(page, 1.8, 2.8), steps=6)
    page.mouse.up()
    page.get_by_role("radio", name="Picked").or_(page.get_by_role("button", name="Picked")).first.wait_for()
    rest(page)
    rows = page.locator("[data-testid=stDataFrame] [role=row]").filter(has_text=re.compile(r"row \d, col \d"))
    page.wait_for_function(
        "() => [...document.querySelectorAll('[data-testid=stDataFrame] [role=row]')]"
        ".filter(row => /row [12], col [123]/.test(row.textContent)).length === 6"
    )
    assert rows.count() == 6
    assert "6 tiles" in page.locator(".readout").inner_text(), "the picture shows the same choice"


@pytest.mark.slow
def test_a_region_dragged_with_shift_on_the_picture_picks_its_tiles(page: Any) -> None:
    page.keyboard.down("Shift")
    page.mouse.move(*tile_on_picture(page, 5.2, 2.2))
    page.mouse.down()
    page.mouse.move(*tile_on_picture(page, 6.4, 3.4), steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")
    page.get_by_role("radio", name="Picked").or_(page.get_by_role("button", name="Picked")).first.wait_for()
    rest(page)
    assert page.locator(".legend").get_by_text("Picked").is_visible()
    traces = (
        "({_fullData}) => _fullData.filter((trace) => trace.line?.color === '#CBA6FF').map((trace) => trace.x.length)"
    )
    assert page.locator(".st-key-heatmap .js-plotly-plot").evaluate(traces) == [
        18
    ]  # three tiles besides the current one


# ---- zoom ------------------------------------------------------------------------------------------------------------


def test_zoom_and_place_stay_when_a_setting_changes(page: Any) -> None:
    whole = zoom(page)
    middle = tile_on_picture(page, 4, 4)
    page.mouse.move(*middle)
    page.mouse.wheel(0, -400)
    page.mouse.down()
    page.mouse.move(middle[0] + 60, middle[1] + 30, steps=4)
    page.mouse.up()
    page.wait_for_timeout(700)  # it has come to rest
    seen = zoom(page)
    assert seen != whole
    slider = grid_slider(page)
    slider.focus()
    slider.press("ArrowRight")
    expect_grid(page, "8 x 8")
    rest(page)
    page.wait_for_timeout(700)
    assert zoom(page) == seen


def chart_ranges(page: Any) -> list[int]:
    """What of the picture the heatmap shows, in pixels: left, right, bottom, top."""
    script = "({_fullLayout: {xaxis, yaxis}}) => [...xaxis.range, ...yaxis.range].map(Math.round)"
    return list(page.locator(".st-key-heatmap .js-plotly-plot").evaluate(script))


@pytest.mark.slow
def test_the_heatmap_keeps_its_zoom_too(page: Any) -> None:
    chart = page.locator(".st-key-heatmap .nsewdrag").first
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    spot = (box["x"] + 0.6 * box["width"], box["y"] + 0.4 * box["height"])
    whole = chart_ranges(page)
    page.mouse.move(*spot)
    for _ in range(4):
        page.mouse.wheel(0, -200)
        page.wait_for_timeout(150)
    page.wait_for_timeout(700)  # it has come to rest
    seen = chart_ranges(page)
    assert seen != whole
    page.mouse.click(*spot)
    page.wait_for_timeout(300)
    rest(page)
    page.wait_for_timeout(700)
    assert chart_ranges(page) == seen
    slider = grid_slider(page)
    slider.focus()
    slider.press("ArrowRight")
    expect_grid(page, "8 x 8")
    rest(page)
    page.wait_for_timeout(700)
    assert chart_ranges(page) == seen


def test_pictures_of_the_compare_page_zoom_together(tab: Callable[..., Any]) -> None:
    page = tab(COMPARE, page="compare")
    page.locator(".stage:not([aria-busy])").nth(1).wait_for()
    pictures = page.locator("canvas.picture")
    before = [one.evaluate("node => node.toDataURL()") for one in pictures.all()]
    box = page.locator(".stage").nth(1).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 3, box["y"] + box["height"] / 3)
    page.mouse.wheel(0, -500)
    page.wait_for_timeout(500)
    left, right = (one.evaluate("node => node.toDataURL()") for one in pictures.all())
    assert left == right
    assert left not in before


# ---- strictness, engine, plans ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_one_click_switches_to_the_second_opinion(tab: Callable[..., Any]) -> None:
    try:
        FastdupEngine().check()
    except EngineUnavailableError as error:
        pytest.skip(str(error))
    page = tab(SAMPLE)
    page.get_by_role("button", name="fastdup: ").click()
    page.get_by_role("button", name="Switch to fastdup").click()
    page.locator(".sd-about").filter(has_text="fastdup · 7 x 7 tiles").wait_for(state="attached")
    page.get_by_role("button", name="texture: ").wait_for()
    page.locator(".st-key-more summary").click()
    assert page.get_by_role("combobox", name="Engine").input_value() == "fastdup"


@pytest.mark.slow
def test_a_view_is_kept_as_a_plan_and_applied(page: Any) -> None:
    slider = grid_slider(page)
    slider.focus()
    slider.press("ArrowRight")
    expect_grid(page, "8 x 8")
    page.get_by_role("button", name="Keep as a plan").click()
    page.get_by_role("textbox", name="Name").fill("Eight of mine")
    page.get_by_role("button", name="Keep", exact=True).click()
    chosen = page.get_by_role("button", name="Plan: Eight of mine")
    chosen.wait_for()
    page.keyboard.press("Escape")
    slider.focus()
    slider.press("ArrowLeft")
    expect_grid(page, "7 x 7")
    page.get_by_text("changed since: grid 7 x 7").wait_for()
    chosen.click()
    page.get_by_role("button", name="Eight of mine", exact=True).click()
    expect_grid(page, "8 x 8")
