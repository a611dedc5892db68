"""The dashboard as a person uses it: a real browser, a real server, real clicks."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from segdetect.engines.texture import TextureEngine
from segdetect.inspection import Inspection
from segdetect.output.tables import csv_bytes, flagged_table
from segdetect.pictures.loading import load_image
from segdetect.pipeline import Inspector
from segdetect.settings import EngineName, GridSize, Settings
from tests.support.browsing import asked_again, contrasts, expect_grid, expect_why, grid_slider, rest, tile_on_chart
from tests.support.pictures import planted, png

pytestmark = pytest.mark.browser

DEFECT = png(planted(2, 3, size_wh=(224, 224)))
FILE = {"name": "a part.png", "mimeType": "image/png", "buffer": DEFECT}
SAMPLE = "engine=texture&sample=Clean+wire+mesh&view=Both"
COMPARE = "left-engine=texture&right-engine=texture&compare-sample=Clean+wire+mesh"


@pytest.fixture
def result(tab: Callable[..., Any]) -> Any:
    """A tab with the defective picture and its answer."""
    page = tab("engine=texture&view=Both")
    drop(page)
    return page


def drop(page: Any) -> None:
    """Drop the defective picture in and wait for the verdict."""
    page.locator(".st-key-files input[type=file]").set_input_files([FILE])
    page.locator(".sd-word").wait_for()
    rest(page)
    asked_again(page)


def own_answer(side: int = 7) -> Inspection:
    settings = Settings(engine=EngineName.TEXTURE, grid=GridSize(side, side))
    return Inspector({EngineName.TEXTURE: TextureEngine()}).inspect(load_image(DEFECT, name="a part.png"), settings)


# ---- the main way ----------------------------------------------------------------------------------------------------


def test_a_picture_dropped_in_is_answered(result: Any) -> None:
    assert result.locator(".sd-word").text_content() == "Anomalous"
    assert result.locator(".sd-lead").text_content() == "1 of 49 tiles stands out: row 3, column 4"
    expect_why(result, 3, 4)
    reason = result.locator(".sd-why p")
    assert reason.count() == 0, "the reason is for who asks"
    result.get_by_role("button", name="Why?").focus()
    result.keyboard.press("Enter")
    assert "times as high as the typical tile" in reason.inner_text()
    result.keyboard.press("Escape")
    assert result.title() == "SegDetect"


def test_the_grid_is_moved_by_keyboard_and_lands_in_the_address(result: Any) -> None:
    slider = grid_slider(result)
    slider.focus()
    slider.press("ArrowRight")
    expect_grid(result, "8 x 8")
    result.wait_for_url(re.compile(r"[?&]grid=8"))
    strongest = own_answer(8).strongest_tile
    expect_why(result, strongest // 8 + 1, strongest % 8 + 1)


def test_hovering_tells_the_score_and_a_click_tells_why(result: Any) -> None:
    tile, at = 8, tile_on_chart(result, 1.2, 1.8)
    result.mouse.move(*at, steps=4)
    hover = result.locator(".st-key-heatmap .hoverlayer .hovertext")
    hover.wait_for()
    text = " ".join(hover.all_text_contents())
    assert "Row 2, col 2" in text
    assert f"score {own_answer().scores.scores[tile]:.3f}" in text
    result.wait_for_timeout(300)  # plotly takes the click at its last, throttled hover
    result.mouse.click(*at)
    expect_why(result, 2, 2)
    at = tile_on_chart(result, 5.7, 6.3)
    result.mouse.move(*at, steps=4)
    result.wait_for_timeout(300)
    result.mouse.click(*at)
    expect_why(result, 6, 7)


def test_a_click_in_the_table_tells_why(result: Any) -> None:
    result.get_by_role("radio", name="20 most unlike").or_(
        result.get_by_role("button", name="20 most unlike")
    ).first.click()
    rest(result)
    result.wait_for_timeout(1500)
    # Found anew, since the rerun may have put another table in its place.
    result.locator("[data-testid=stDataFrame]").first.scroll_into_view_if_needed()
    result.wait_for_timeout(800)
    box = result.locator("[data-testid=stDataFrame]").first.bounding_box()
    result.mouse.click(box["x"] + 18, box["y"] + 36 + 64 * 1.5)
    second = int(own_answer().scores.ranks.argsort()[1])
    expect_why(result, second // 7 + 1, second % 7 + 1)


def test_the_downloaded_table_is_the_programs_own_answer(result: Any) -> None:
    result.get_by_role("button", name="Export").click()
    with result.expect_download() as download:
        result.get_by_role("button", name="Flagged tiles (CSV)").click()
    assert download.value.suggested_filename == "a part-flagged_segments.csv"
    data = download.value.path().read_bytes()
    assert data == csv_bytes(flagged_table(own_answer()))
    assert len(pd.read_csv(io.BytesIO(data))) == len(own_answer().flagged_tiles)


# ---- other screens ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["", "compare", "evaluate", "method"])
def test_a_narrow_screen_is_not_scrolled_sideways(tab: Callable[..., Any], page: str) -> None:
    narrow = tab(COMPARE, page=page, viewport={"width": 400, "height": 800})
    narrow.wait_for_timeout(1000)
    widest = narrow.evaluate(
        "Math.max(document.documentElement.scrollWidth, document.querySelector('[data-testid=stMain]').scrollWidth)"
    )
    assert widest <= 400


@pytest.mark.slow
def test_other_grids_are_a_strip_to_slide_on_a_phone(tab: Callable[..., Any]) -> None:
    narrow = tab(f"{SAMPLE}&look=Other+grid+sizes", viewport={"width": 400, "height": 800})
    narrow.get_by_text("(shown)").wait_for()
    strip = narrow.locator(".st-key-sizes [data-testid=stHorizontalBlock]")
    strip.locator("img").nth(4).wait_for()
    narrow.wait_for_timeout(500)
    strip.locator("img").nth(4).wait_for()
    # All at once, since the page may still move.
    boxes = strip.locator("img").evaluate_all("all => all.map(one => one.getBoundingClientRect().toJSON())")
    assert len(boxes) == 5
    assert len({round(box["y"]) for box in boxes}) == 1
    assert all(100 < box["width"] < 200 for box in boxes)
    assert strip.evaluate("node => node.scrollWidth > node.clientWidth")
    strip.get_by_role("button", name="9 x 9", exact=True).click()
    expect_grid(narrow, "9 x 9")


@pytest.mark.slow
def test_dark_is_dark(tab: Callable[..., Any]) -> None:
    page = tab(SAMPLE, color_scheme="dark")
    page.locator(".st-key-heatmap .js-plotly-plot").wait_for()
    background, text = (
        page.locator("[data-testid=stApp]").evaluate(f"node => getComputedStyle(node).{name}")
        for name in ("backgroundColor", "color")
    )
    assert background == "rgb(15, 22, 36)"
    assert text == "rgb(232, 237, 245)"


# ---- read aloud ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_small_print_in_popovers_can_be_read(tab: Callable[..., Any], scheme: str) -> None:
    opened = tab(SAMPLE, color_scheme=scheme)
    for name in ("Plans", "Export"):
        opened.get_by_role("button", name=name).first.click()
        small = "[data-testid=stPopoverBody] [data-testid=stCaptionContainer] p"
        opened.locator(small).first.wait_for()
        opened.wait_for_timeout(700)  # it fades in
        found = contrasts(opened, small)
        assert found
        assert min(found) >= 4.5
        opened.keyboard.press("Escape")
        opened.locator("[data-testid=stPopoverBody]").wait_for(state="hidden")
