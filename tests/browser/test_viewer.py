"""The picture viewer: its values in Python, and what a person does with it in a real browser."""

from __future__ import annotations

import base64
import io
import os
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from segdetect.grid import tile_layout
from segdetect.settings import GridSize
from segdetect.ui.viewer.messages import ViewerEvent
from segdetect.ui.viewer.pane import Pane
from segdetect.ui.viewer.picture_bytes import LONGEST_SIDE, encode_picture
from segdetect.ui.viewer.viewer import picture_viewer
from tests.support.app_server import ROOT, served

HEIGHT = 420  # of the stage, as the page asks for
MARGIN = 5  # between the stage's edge and the whole picture
VERMILION = (255, 92, 40)
PHONE = {"viewport": {"width": 400, "height": 800}, "has_touch": True}


# ---- without a browser ----------------------------------------------------------------------------------------------


def _pane(**changes: Any) -> Pane:
    values: dict[str, Any] = {
        "id": "a",
        "title": "",
        "picture": np.zeros((20, 40), np.uint8),
        "size_wh": (40, 20),
        "alt": "Black",
        "boxes_ltrb": tile_layout((40, 20), GridSize(2, 4)).boxes_ltrb,
    }
    return Pane(**(values | changes))


def test_pane_gives_the_edges_of_its_grid() -> None:
    across, down = _pane().edges
    assert across == [[0, 10], [10, 20], [20, 30], [30, 40]]
    assert down == [[0, 10], [10, 20]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scores": np.zeros(3)}, "3 scores for 8 tiles"),
        ({"scores": np.full(8, np.inf)}, "finite"),
        ({"boxes_ltrb": np.array([[0, 0, 9, 9], [10, 10, 19, 19]])}, "not a grid"),
    ],
)
def test_pane_refuses_what_cannot_be_shown(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _pane(**changes)


def test_viewer_without_a_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        picture_viewer([], key="x")


def test_event_names_the_last_tile() -> None:
    assert ViewerEvent(0, (3, 5)).tile == 5
    assert ViewerEvent(0, ()).tile is None


def test_one_changed_pixel_is_another_picture() -> None:
    pixels = np.full((300, 300, 3), 128, np.uint8)
    clean = encode_picture(pixels).digest
    pixels[150, 150] = 0
    assert encode_picture(pixels).digest != clean


def test_pixels_survive_the_way_to_the_browser() -> None:
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (40, 30, 3), np.uint8)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(encode_picture(small).data))), small)
    ramp = np.repeat(np.linspace(0, 255, 640).astype(np.uint8)[None], 480, axis=0)
    shown = np.asarray(Image.open(io.BytesIO(encode_picture(ramp).data)), int)
    assert np.abs(shown - ramp).max() <= 3


def test_large_pictures_are_sent_smaller() -> None:
    encoded = encode_picture(np.zeros((500, 3 * LONGEST_SIDE), np.uint8))
    assert max(Image.open(io.BytesIO(encoded.data)).size) == LONGEST_SIDE


# ---- in a browser ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running page."""
    log = tmp_path_factory.mktemp("streamlit") / "log"
    with served("tests/browser/apps/viewer_page.py", log, os.environ | {"PYTHONPATH": str(ROOT)}) as (url, _):
        yield url


class Desk:
    """A browser page with the viewer on it, and what a person can see and do there."""

    def __init__(self, page: Any, url: str) -> None:
        self.page = page
        self.received = 0
        self.troubles: list[str] = []
        page.on("websocket", lambda ws: ws.on("framereceived", self._count))
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.goto(url)
        self.wait_for_picture()

    def _count(self, frame: str | bytes) -> None:
        self.received += len(frame)

    @property
    def stage(self) -> Any:
        return self.page.locator(".stage").first

    @property
    def readout(self) -> Any:
        return self.page.locator(".readout")

    def wait_for_picture(self) -> None:
        self.stage.wait_for(timeout=30_000)
        for stage in self.page.locator(".stage").all():
            stage.and_(self.page.locator(":not([aria-busy])")).wait_for()
        self.settle()

    def settle(self) -> None:
        """Wait for animations and drawing to come to rest."""
        self.page.wait_for_timeout(350)

    def place(self, u: float, v: float, nth: int = 0) -> tuple[float, float]:
        """Where on the page a share of the unzoomed, square picture lies."""
        box = self.page.locator(".stage").nth(nth).bounding_box()
        side = min(box["width"], box["height"]) - 2 * MARGIN
        return box["x"] + (box["width"] - side) / 2 + u * side, box["y"] + (box["height"] - side) / 2 + v * side

    def zoom(self) -> int:
        text = self.page.locator(".percent").text_content()
        return int(re.sub(r"\D", "", text))

    def expect_text(self, text: str) -> None:
        """The page's own text, written by Python, comes to contain this."""
        self.page.get_by_text(text).wait_for()

    def control(self, label: str) -> Any:
        return self.page.locator("label").filter(has_text=label).first

    def pixels(self, canvas: str, nth: int = 0) -> np.ndarray:
        """What a canvas of a pane shows: `(height, width, 4)`."""
        url = self.page.locator(f"canvas.{canvas}").nth(nth).evaluate("node => node.toDataURL()")
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))))

    def shot(self) -> np.ndarray:
        """The first stage as it is seen: `(height, width, 3)`."""
        return np.asarray(Image.open(io.BytesIO(self.stage.screenshot())).convert("RGB")).astype(int)


@pytest.fixture(scope="module")
def contexts(browser: Any) -> Iterator[Any]:
    """Makes browser contexts; one for each kind, whose cache then holds Streamlit's own scripts."""
    made: dict[str, Any] = {}

    def context(options: dict[str, Any]) -> Any:
        name = repr(options)
        if name not in made:
            made[name] = browser.new_context(**({"viewport": {"width": 1200, "height": 760}} | options))
            made[name].set_default_timeout(15_000)
        return made[name]

    yield context
    for one in made.values():
        one.close()


@pytest.fixture
def desk(request: pytest.FixtureRequest, contexts: Any, address: str) -> Iterator[Desk]:
    """The viewer in a fresh tab; parametrised by the address's query and the context's options."""
    query, options = getattr(request, "param", ("", {}))
    page = contexts(options).new_page()
    open_desk = Desk(page, f"{address}/?{query}")
    yield open_desk
    page.close()
    assert open_desk.troubles == []


def _flag_colour(pixels: np.ndarray) -> np.ndarray:
    """Number of flag-coloured pixels in the left and the right half."""
    near = (np.abs(pixels[..., :3].astype(int) - VERMILION).max(axis=-1) < 40).sum(axis=0)
    return np.array([half.sum() for half in np.array_split(near, 2)])


@pytest.mark.browser
def test_hovering_tells_and_a_click_off_the_centre_chooses(desk: Desk) -> None:
    assert desk.stage.get_attribute("aria-label") == "Noise with three planted tiles"
    before = desk.received
    desk.page.mouse.move(*desk.place(3.5 / 7, 2.5 / 7))
    desk.page.locator(".tip:visible").wait_for()
    assert desk.page.locator(".tip").text_content() == "row 3, col 4 · score 0.900 · rank 1 · flagged"
    assert desk.received == before

    desk.page.mouse.click(*desk.place(2.9 / 7, 3.1 / 7))
    desk.expect_text("Chosen: (23,); event: (23,)")
    assert desk.readout.text_content() == "Row 4, col 3 · score 0.196 · rank 28 of 49"
    status = desk.page.locator(".viewer [role=status]").text_content()
    assert status == "Row 4, column 3, score 0.196, rank 28 of 49"


@pytest.mark.browser
def test_keys_walk_step_and_clear(desk: Desk) -> None:
    desk.stage.focus()
    for key, tile in (("n", 17), ("n", 32), ("]", 5), ("n", 17), ("p", 5), ("ArrowDown", 12), ("ArrowLeft", 11)):
        desk.page.keyboard.press(key)
        desk.expect_text(f"Chosen: ({tile},)")
    desk.page.keyboard.press("Escape")
    desk.expect_text("Chosen: ()")
    assert "choose" in desk.readout.text_content()
    desk.page.keyboard.down("Space")
    assert _flag_colour(desk.shot()).sum() == 0
    desk.page.keyboard.up("Space")
    assert _flag_colour(desk.shot()).sum() > 100


@pytest.mark.browser
def test_zoom_outlives_reruns_and_the_picture_is_sent_once(desk: Desk) -> None:
    assert desk.received > 100_000
    desk.page.mouse.move(*desk.place(0.3, 0.3))
    desk.page.mouse.wheel(0, -400)
    desk.settle()
    zoomed, view = desk.zoom(), desk.pixels("picture")
    assert zoomed == pytest.approx(100 * (HEIGHT - 2 * MARGIN) / 700 * np.exp(0.6), abs=2)

    desk.received = 0
    desk.control("Eight rows").click()
    desk.expect_text("Chosen: None")
    desk.settle()
    assert desk.zoom() == zoomed
    np.testing.assert_array_equal(desk.pixels("picture"), view)

    desk.page.get_by_role("button", name="Pick 40").click()
    desk.expect_text("Chosen: (40,)")
    desk.settle()
    assert desk.readout.text_content().startswith("Row 6, col 6")
    assert desk.zoom() == zoomed
    assert desk.received < 40_000


@pytest.mark.browser
def test_zoom_is_kept_while_away_and_reset_for_another_picture(desk: Desk) -> None:
    fit = desk.zoom()
    desk.stage.focus()
    desk.page.keyboard.press("+")
    desk.settle()
    zoomed = desk.zoom()
    assert zoomed > fit
    desk.control("Hide").click()
    desk.stage.wait_for(state="detached")
    desk.control("Hide").click()
    desk.wait_for_picture()
    assert desk.zoom() == zoomed
    desk.page.reload()
    desk.wait_for_picture()
    assert desk.zoom() == zoomed
    desk.control("Other picture").click()
    desk.page.wait_for_function(
        "fit => [...document.querySelectorAll('*')].some(n => "
        "n.shadowRoot?.querySelector('.percent')?.textContent.startsWith(fit))",
        arg=str(fit),
    )


@pytest.mark.browser
@pytest.mark.parametrize("desk", [("two", {})], indirect=True)
def test_two_pictures_move_as_one(desk: Desk) -> None:
    plain = desk.pixels("picture", 0)
    desk.page.mouse.move(*desk.place(0.7, 0.2, nth=1))
    desk.page.mouse.wheel(0, -500)
    desk.page.mouse.down()
    desk.page.mouse.move(*desk.place(0.5, 0.5, nth=1), steps=4)
    desk.page.mouse.up()
    desk.settle()
    assert not np.array_equal(desk.pixels("picture", 0), plain)
    np.testing.assert_array_equal(desk.pixels("picture", 0), desk.pixels("picture", 1))
    desk.page.mouse.move(*desk.place(0.4, 0.5, nth=1))
    desk.page.locator(".ghost:visible").wait_for()
    assert desk.page.locator(".ghost").nth(0).is_visible()
    assert desk.page.locator(".tip").nth(0).text_content() == desk.page.locator(".tip").nth(1).text_content()


@pytest.mark.browser
def test_the_slider_shows_the_plain_picture_on_its_left(desk: Desk) -> None:
    assert (_flag_colour(desk.shot()) > 100).all()
    desk.page.get_by_role("button", name="Compare with the plain picture").click()
    handle = desk.page.get_by_role("slider", name="Share of the plain picture")
    handle.wait_for()
    desk.settle()
    left, right = _flag_colour(desk.shot())
    assert left == 0
    assert right > 100
    handle.focus()
    desk.page.keyboard.press("End")
    desk.settle()
    assert _flag_colour(desk.shot()).sum() == 0


@pytest.mark.browser
@pytest.mark.parametrize("desk", [("two", {})], indirect=True)
def test_options_change_the_looks_without_a_rerun(desk: Desk) -> None:
    before = desk.received
    desk.page.get_by_role("button", name="View options").click()
    desk.page.get_by_label("Outlines").uncheck()
    desk.settle()
    assert _flag_colour(desk.shot()).sum() == 0
    lines = (desk.pixels("lines")[..., 3] > 0).sum()
    desk.page.get_by_label("Tile boundaries").check()
    legend = desk.page.locator(".legend").get_by_text("Threshold at the mark")
    assert legend.locator("b").evaluate("node => node.style.left") == "50%"
    desk.page.get_by_role("slider", name="Heat").fill("0")
    assert legend.count() == 0, "what is not shown needs no words"
    desk.page.get_by_role("slider", name="Brightness").fill("2")
    desk.settle()
    assert (desk.pixels("lines")[..., 3] > 0).sum() > lines + 1000
    assert desk.page.locator("canvas.heat").nth(1).evaluate("node => node.style.opacity") == "0"
    assert desk.page.locator("canvas.picture").nth(1).evaluate("node => node.style.filter").startswith("brightness(2)")
    nameless = desk.page.locator(".viewer button:visible").evaluate_all(
        "nodes => nodes.filter(n => !(n.getAttribute('aria-label') || n.textContent).trim() || n.tabIndex < 0).length"
    )
    assert nameless == 0
    desk.page.keyboard.press("Escape")
    assert desk.page.locator(".options").is_hidden()
    assert desk.received == before


@pytest.mark.browser
@pytest.mark.parametrize("desk", [("multiple", {})], indirect=True)
def test_several_tiles_by_shift_drag_and_shift_arrow(desk: Desk) -> None:
    desk.page.keyboard.down("Shift")
    desk.page.mouse.move(*desk.place(0.5 / 7, 1.5 / 7))
    desk.page.mouse.down()
    desk.page.mouse.move(*desk.place(2.5 / 7, 2.5 / 7), steps=4)
    desk.page.mouse.up()
    desk.expect_text("Chosen: (7, 8, 9, 14, 15, 16)")
    desk.page.keyboard.press("ArrowRight")
    desk.expect_text("Chosen: (7, 8, 9, 14, 15, 16, 17)")
    desk.page.keyboard.up("Shift")


@pytest.mark.browser
@pytest.mark.parametrize(
    "desk", [("two", {"viewport": {"width": 400, "height": 800}, "has_touch": True})], indirect=True
)
def test_touch_on_a_small_screen(desk: Desk) -> None:
    page = desk.page
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    first, second = (page.locator(".stage").nth(nth).bounding_box() for nth in (0, 1))
    assert second["y"] > first["y"] + first["height"]
    page.touchscreen.tap(*desk.place(1.5 / 7, 0.3 / 7))
    desk.expect_text("Chosen: (1,)")
    legend = page.locator(".legend")
    words = ["Flagged", "Look-alike", "Selected", "Threshold at the mark"]
    assert legend.locator("span").all_text_contents() == words
    box, foot = legend.bounding_box(), page.locator(".foot").bounding_box()
    assert box["y"] + box["height"] <= foot["y"] + foot["height"]
    assert box["y"] >= desk.readout.bounding_box()["y"] + desk.readout.bounding_box()["height"] - 1
    fit = desk.zoom()
    x, y = desk.place(0.5, 0.5)
    cdp = page.context.new_cdp_session(page)
    for kind, spread in (("touchStart", 30), ("touchMove", 60), ("touchMove", 90), ("touchEnd", 0)):
        fingers = [{"x": x - spread, "y": y, "id": 0}, {"x": x + spread, "y": y, "id": 1}] if spread else []
        cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})
    desk.settle()
    assert desk.zoom() == pytest.approx(3 * fit, rel=0.05)
    desk.expect_text("Chosen: (1,)")


@pytest.mark.browser
@pytest.mark.parametrize("desk", [("scale", {})], indirect=True)
def test_place_value_and_scale_are_told_and_the_small_map_moves_the_picture(desk: Desk) -> None:
    page, ruler, small = desk.page, desk.page.locator(".ruler"), desk.page.locator(".map")
    part, legend = small.locator("i"), page.locator(".legend").bounding_box()

    def expect_length() -> None:
        length = float((ruler.text_content() or "").removesuffix(" mm"))
        assert str(length).strip("0.")[0] in "125"
        assert ruler.bounding_box()["width"] == pytest.approx(length / 0.05 * desk.zoom() / 100, rel=0.02)
        assert 40 < ruler.bounding_box()["width"] <= 162

    assert small.is_hidden(), "all of the picture is seen"
    expect_length()
    page.mouse.move(*desk.place(420.5 / 700, 123.5 / 700))
    page.locator(".probing").wait_for()
    told = " ".join((page.locator(".probe").text_content() or "").replace("\u2007", " ").split())
    found = re.fullmatch(r"x 420, y 123 \u00b7 RGB \u2248 ?(\d+) (\d+) (\d+) \u00b7 row 2, col 5", told)
    assert found, told
    assert [int(one) for one in found.groups()] == pytest.approx([420 * 255 // 699, 123 * 255 // 699, 9], abs=4)
    assert page.locator(".legend").bounding_box() == legend, "nothing moves with the pointer"

    page.mouse.wheel(0, -500)
    page.mouse.wheel(0, -500)
    desk.settle()
    expect_length()
    zoomed, whole, seen = desk.zoom(), small.bounding_box(), part.bounding_box()
    assert seen["width"] < whole["width"]
    page.mouse.move(seen["x"] + 3, seen["y"] + 3)
    page.locator(".probing").wait_for(state="detached")
    page.mouse.down()
    page.mouse.move(whole["x"] + whole["width"], whole["y"] + whole["height"] + 30, steps=3)
    page.mouse.up()
    desk.settle()
    moved = part.bounding_box()
    assert moved["y"] + moved["height"] == pytest.approx(whole["y"] + whole["height"], abs=1)
    assert moved["x"] > seen["x"]
    assert desk.zoom() == zoomed
    desk.expect_text("Chosen: None")
    desk.stage.focus()
    page.keyboard.press("0")
    small.wait_for(state="hidden")
