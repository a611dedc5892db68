"""The dashboard as a person uses it: a real browser, a real server, real clicks."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest

from segdetect.engines.texture import TextureEngine
from segdetect.export import csv_bytes, flagged_table
from segdetect.images import load_image
from segdetect.inspection import Inspection
from segdetect.pipeline import Inspector
from segdetect.settings import EngineName, GridSize, Settings
from tests.app_server import BROWSER_FLAGS, running_app
from tests.pictures import planted, png

pytestmark = pytest.mark.browser

DEFECT = png(planted(2, 3, size_wh=(224, 224)))
FILE = {"name": "a part.png", "mimeType": "image/png", "buffer": DEFECT}
SECONDS = 1000.0
SAMPLE = "engine=texture&sample=Clean+wire+mesh"
COMPARE = "left-engine=texture&right-engine=texture&" + SAMPLE


@pytest.fixture(scope="module")
def address(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The running dashboard."""
    with running_app(tmp_path_factory.mktemp("home")) as url:
        yield url


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium_path, args=BROWSER_FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def contexts(browser: Any) -> Iterator[Callable[..., Any]]:
    """Makes browser contexts, one of each kind, whose cache then holds Streamlit's own scripts."""
    made: dict[str, Any] = {}

    def context(**options: Any) -> Any:
        name = repr(options)
        if name not in made:
            made[name] = browser.new_context(**({"viewport": {"width": 1280, "height": 1000}} | options))
            made[name].set_default_timeout(40 * SECONDS)
        return made[name]

    yield context
    for one in made.values():
        one.close()


@pytest.fixture
def tab(contexts: Callable[..., Any], address: str) -> Iterator[Callable[..., Any]]:
    """Opens tabs at an address of the dashboard, and closes them; no script may have failed in them."""
    opened: list[Any] = []
    troubles: list[str] = []

    def open_tab(query: str = "engine=texture", *, page: str = "", **options: Any) -> Any:
        new = contexts(**options).new_page()
        new.on("pageerror", lambda error: troubles.append(str(error)))
        opened.append(new)
        new.goto(f"{address}/{page}?{query}")
        new.locator(".stMainBlockContainer h1, .sd-word").first.wait_for()
        rest(new)
        return new

    yield open_tab
    for one in opened:
        one.close()
    assert troubles == []


@pytest.fixture
def result(tab: Callable[..., Any]) -> Any:
    """A tab with the defective picture and its answer."""
    page = tab()
    drop(page)
    return page


def drop(page: Any) -> None:
    """Drop the defective picture in and wait for the verdict."""
    page.locator(".st-key-files input[type=file]").set_input_files([FILE])
    page.locator(".sd-word").wait_for()
    rest(page)


def rest(page: Any) -> None:
    """Wait until the page's script has run."""
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()


def grid_slider(page: Any) -> Any:
    return page.get_by_role("slider", name="Grid (tiles per side)")


def grid(page: Any, text: str) -> None:
    page.locator("[data-testid=stCaptionContainer]").filter(has_text=f"{text} tiles ·").first.wait_for()


def tile_on_chart(page: Any, row: float, col: float, side: int = 7) -> tuple[float, float]:
    """Where on the screen a place of the heatmap lies, in tiles from its upper left corner."""
    drag = page.locator(".st-key-heatmap .nsewdrag").first
    drag.wait_for(state="attached")
    drag.scroll_into_view_if_needed()
    page.wait_for_timeout(700)  # the chart is drawn and has come to rest
    box = drag.bounding_box()
    return box["x"] + box["width"] * col / side, box["y"] + box["height"] * row / side


def why(page: Any, row: int, col: int) -> None:
    page.get_by_role("heading", name=f"Why row {row}, col {col}?").wait_for()


def own_answer(side: int = 7) -> Inspection:
    settings = Settings(engine=EngineName.TEXTURE, grid=GridSize(side, side))
    return Inspector({EngineName.TEXTURE: TextureEngine()}).inspect(load_image(DEFECT, name="a part.png"), settings)


# ---- the main way ----------------------------------------------------------------------------------------------------


def test_a_picture_dropped_in_is_answered(result: Any) -> None:
    assert result.locator(".sd-word").text_content() == "Anomalous"
    assert result.locator(".sd-lead").text_content() == "strongest at row 3, col 4"
    why(result, 3, 4)
    assert result.title() == "SegDetect"


def test_the_grid_is_moved_by_keyboard_and_lands_in_the_address(result: Any) -> None:
    slider = grid_slider(result)
    slider.focus()
    slider.press("ArrowRight")
    grid(result, "8 x 8")
    result.wait_for_url(re.compile(r"[?&]grid=8"))
    strongest = own_answer(8).strongest_tile
    why(result, strongest // 8 + 1, strongest % 8 + 1)


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
    why(result, 2, 2)
    at = tile_on_chart(result, 5.7, 6.3)
    result.mouse.move(*at, steps=4)
    result.wait_for_timeout(300)
    result.mouse.click(*at)
    why(result, 6, 7)


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
    why(result, second // 7 + 1, second % 7 + 1)


def test_the_downloaded_table_is_the_programs_own_answer(result: Any) -> None:
    result.get_by_role("button", name="Export").click()
    with result.expect_download() as download:
        result.get_by_role("button", name="Flagged segments (CSV)").click()
    assert download.value.suggested_filename == "a part-flagged_segments.csv"
    data = download.value.path().read_bytes()
    assert data == csv_bytes(flagged_table(own_answer()))
    assert len(pd.read_csv(io.BytesIO(data))) == len(own_answer().flagged_tiles)


# ---- links, tabs, back -----------------------------------------------------------------------------------------------


def test_a_shared_link_opens_the_same_view_and_a_reload_keeps_it(tab: Callable[..., Any]) -> None:
    page = tab(f"{SAMPLE}&grid=5")
    grid(page, "5 x 5")
    slider = grid_slider(page)
    slider.focus()
    slider.press("ArrowRight")
    grid(page, "6 x 6")
    page.wait_for_url(re.compile(r"[?&]grid=6"))
    page.reload()
    grid(page, "6 x 6")
    assert page.locator(".sd-word").text_content()


def test_a_second_tab_is_a_visitor_of_its_own(tab: Callable[..., Any]) -> None:
    first, second = tab(f"{SAMPLE}&grid=5"), tab(f"{SAMPLE}&grid=8")
    grid(first, "5 x 5")
    grid(second, "8 x 8")
    grid_slider(second).press("ArrowRight")
    grid(second, "9 x 9")
    grid(first, "5 x 5")


def test_another_page_and_back(tab: Callable[..., Any]) -> None:
    page = tab(SAMPLE)
    page.get_by_role("link", name="Compare").click()
    page.get_by_role("heading", name="Compare", exact=True).wait_for()
    page.wait_for_url(re.compile("/compare"))
    # Both sides are there: the page is at rest, and so is its entry in the history.
    page.locator(".sd-word").nth(1).wait_for()
    rest(page)
    page.wait_for_timeout(2000)
    # Streamlit may put entries of its own between two pages: the view is at most three steps back.
    for _ in range(3):
        page.go_back()
        page.wait_for_timeout(3000)
        rest(page)
        if "/compare" not in page.url and "sample=" in page.url:
            break
    page.locator(".sd-word").wait_for()
    assert page.locator(".sd-word").count() == 1
    assert page.get_by_role("combobox", name="Or a sample").input_value() == "Clean wire mesh"


# ---- other screens ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["", "compare", "evaluate", "method"])
def test_a_narrow_screen_is_not_scrolled_sideways(tab: Callable[..., Any], page: str) -> None:
    narrow = tab(COMPARE, page=page, viewport={"width": 400, "height": 800})
    narrow.wait_for_timeout(1000)
    widest = narrow.evaluate(
        "Math.max(document.documentElement.scrollWidth, document.querySelector('[data-testid=stMain]').scrollWidth)"
    )
    assert widest <= 400


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


@pytest.mark.parametrize(
    ("page", "query", "scheme"),
    [
        ("", "engine=texture", "light"),
        ("", SAMPLE, "light"),
        ("", SAMPLE, "dark"),
        ("compare", COMPARE, "light"),
        ("evaluate", "evaluate-engine=texture", "light"),
        ("method", "", "light"),
    ],
    ids=["welcome", "inspect", "inspect-dark", "compare", "evaluate", "method"],
)
def test_nothing_keeps_people_with_a_disability_out(
    tab: Callable[..., Any], page: str, query: str, scheme: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    opened = tab(query, page=page, color_scheme=scheme)
    opened.wait_for_timeout(1500)
    found = Axe().run(opened).response["violations"]
    grave = [
        f"{one['id']} ({one['impact']}): {one['help']}: {node['target']} {node['html'][:160]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
    assert grave == []
