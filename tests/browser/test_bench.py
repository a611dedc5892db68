"""The bench of the Inspect page: all of it seen at once, and alive while the threshold is dragged."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.browsing import asked_again, expect_grid, expect_why, flagged, grid_slider, rest
from tests.support.dicom_files import computed_tomogram, dicom_file
from tests.support.pictures import planted, png, weave

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


def test_what_unfolds_the_sidebar_lies_over_no_other_control(tab: Callable[..., Any]) -> None:
    page = tab(SAMPLE, **WIDE)
    asked_again(page)
    page.get_by_test_id("stSidebar").hover()
    page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
    page.wait_for_timeout(500)
    button, bar = page.get_by_test_id("stExpandSidebarButton").bounding_box(), page.locator(".sd-bar").bounding_box()
    assert button["x"] + button["width"] <= bar["x"]


def drag_threshold(page: Any) -> None:
    """Drag the histogram's line down its axis, and hold it there."""
    line = page.locator(".plot .line").bounding_box()
    x, y = line["x"] + line["width"] / 2, line["y"] + 30
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 9):
        page.mouse.move(x - 6 * step, y)
    page.wait_for_timeout(300)


def test_a_threshold_that_is_dragged_flags_in_the_browser_what_it_flags_on_the_server(bench: Any) -> None:
    before = bench.evaluate(STATE)
    drag_threshold(bench)
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


# What a run draws anew is stale until then.
WATCH_CONTROLS = """() => {
  globalThis.controlsDrawn = 0;
  new MutationObserver((changes) => { globalThis.controlsDrawn += changes.length; }).observe(
    document.querySelector(".stSidebar"), { attributes: true, subtree: true, attributeFilter: ["data-stale"] });
}"""


def type_threshold(page: Any, text: str) -> None:
    """Type a number in the field of the histogram, and wait for the answer to it."""
    page.locator(".histogram input").fill(text)
    page.keyboard.press("Enter")
    page.wait_for_function(f"() => ({STATE})().trial === null && ({STATE})().threshold === {text}")
    rest(page)


def test_another_number_draws_the_answer_and_not_the_controls_beside_it(bench: Any) -> None:
    bench.evaluate(WATCH_CONTROLS)
    type_threshold(bench, "1.3")
    assert bench.evaluate("() => controlsDrawn") > 0, "the control of the rule has to say so"
    before = flagged(bench)
    bench.evaluate("() => { globalThis.controlsDrawn = 0; }")
    type_threshold(bench, "1.6")
    assert bench.evaluate("() => controlsDrawn") == 0
    bench.wait_for_url(re.compile("threshold=1.6"))
    assert 0 < flagged(bench) < before
    assert bench.locator(".explanation").inner_text().count("the threshold of 1.600") == 1
    grid_slider(bench).focus()
    bench.keyboard.press("ArrowRight")
    expect_grid(bench, "8 x 8")
    assert answered(bench)["threshold"] == 1.6, "the page knows of it when it is drawn as a whole"


def test_what_is_set_in_the_answer_after_a_number_reaches_the_controls(bench: Any) -> None:
    type_threshold(bench, "1.3")
    type_threshold(bench, "1.6")
    handle = bench.get_by_role("slider", name="Try another grid")
    handle.focus()
    handle.press("ArrowRight")
    expect_grid(bench, "8 x 8")
    rest(bench)
    assert grid_slider(bench).input_value() == "8"
    assert answered(bench)["threshold"] == 1.6


def test_what_shows_nothing_costs_no_frame_of_the_page_anything(bench: Any) -> None:
    hidden = "nodes => nodes.filter((node) => !node.checkVisibility()).map((node) => node.className)"
    layers = bench.locator(".stage > canvas, .stage > .over > canvas")
    assert layers.evaluate_all(hidden) == ["good", "heat", "hatch"]
    assert bench.locator("canvas.picture").evaluate("node => getComputedStyle(node).filter") == "none"
    bench.locator(".stage").first.focus()
    bench.keyboard.press("h")
    bench.wait_for_function("() => globalThis[Symbol.for('segdetect.viewer')].viewers.get('picture').looks.heatOn")
    bench.wait_for_timeout(200)
    assert layers.evaluate_all(hidden) == ["good", "hatch"]
    ink = """node => {
      const { data } = node.getContext("2d").getImageData(0, 0, node.width, node.height);
      return data.some((value) => value > 0);
    }"""
    assert bench.locator("canvas.heat").evaluate(ink), "it is drawn once it is shown"


OUTLINES = """() => {
  const chart = document.querySelector(".st-key-heatmap .js-plotly-plot");
  const flagged = chart._fullData.filter(({ name }) => name === "flagged");
  const shown = ({ uid }) => [...chart.querySelectorAll(`.trace${uid}`)].some((one) => one.style.display !== "none");
  const boxes = (text) => text.split("M").length - 1;
  return {
    tried: (chart._fullLayout.shapes ?? []).map(({ path }) => boxes(path)),
    drawn: [...chart.querySelectorAll(".shapelayer path")].map((one) => boxes(one.getAttribute("d"))),
    answered: flagged.filter(shown).map(({ x }) => Math.ceil(x.length / 6)),
  };
}"""


@pytest.mark.slow
def test_the_outlines_of_the_heat_map_follow_a_threshold_that_is_dragged(tab: Callable[..., Any]) -> None:
    page = tab(f"{SAMPLE}&view=Scores", **WIDE)
    page.locator(".st-key-heatmap .shapelayer").first.wait_for(state="attached")
    asked_again(page)
    page.wait_for_timeout(700)  # the chart has come to rest
    before = page.evaluate(STATE)["flagged"]
    assert page.evaluate(OUTLINES) == {"tried": [], "drawn": [], "answered": [len(before)] * 2}
    drag_threshold(page)
    tried = page.evaluate(STATE)["flagged"]
    assert len(tried) > len(before)
    twice = [len(tried)] * 2
    assert page.evaluate(OUTLINES) == {"tried": twice, "drawn": twice, "answered": []}
    page.mouse.up()
    assert answered(page)["flagged"] == tried
    page.wait_for_function(f"() => ({OUTLINES})().answered[0] === {len(tried)}")
    assert page.evaluate(OUTLINES) == {"tried": [], "drawn": [], "answered": twice}


COLOURS = """() => {
  const chart = document.querySelector(".st-key-heatmap .js-plotly-plot");
  const heat = chart.querySelector(".cartesianlayer .imagelayer image:nth-of-type(2)");
  return {
    legend: [...chart.querySelectorAll(".colorbar .cbaxis text")].map((one) => one.textContent),
    tried: heat?.href.baseVal ?? "",
    sharp: heat ? getComputedStyle(heat).imageRendering === "pixelated" : false,
    answered: getComputedStyle(chart.querySelector(".heatmaplayer")).display !== "none",
    images: chart.layout.images.length,
  };
}"""
PAINTED = """() => {
  const pane = globalThis[Symbol.for("segdetect.viewer")].viewers.get("picture").panes[0];
  return pane.painted.toDataURL();
}"""


@pytest.mark.slow
def test_the_colours_and_the_legend_of_the_heat_map_follow_a_threshold_that_is_dragged(
    tab: Callable[..., Any],
) -> None:
    page = tab(f"{SAMPLE}&view=Scores", **WIDE)
    page.locator(".st-key-heatmap .shapelayer").first.wait_for(state="attached")
    asked_again(page)
    page.wait_for_timeout(700)  # the chart has come to rest
    before = page.evaluate(COLOURS)
    assert (before["tried"], before["answered"], before["images"]) == ("", True, 1)
    drag_threshold(page)
    page.wait_for_function(f"() => ({COLOURS})().tried")  # a browser takes its time to read a picture
    tried = page.evaluate(COLOURS)
    assert tried["tried"] == page.evaluate(PAINTED), "the viewer's own colours"
    assert (tried["answered"], tried["sharp"], tried["images"]) == (False, True, 2)
    assert tried["legend"][0] == before["legend"][0] == "0"
    assert tried["legend"][1:] != before["legend"][1:]
    page.mouse.up()
    answered(page)
    page.wait_for_function(f"() => ({COLOURS})().answered")
    after = page.evaluate(COLOURS)
    assert after["legend"] == tried["legend"], "the server writes the same numbers"
    assert (after["tried"], after["images"]) == ("", 1)


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


@pytest.mark.slow
def test_the_nearest_known_good_picture_is_wiped_and_blinked_against_this_one(tab: Callable[..., Any]) -> None:
    page = tab("engine=texture&scope=Known-good", **WIDE)
    for key, data in (("files", planted(2, 3)), ("reference-files", weave(seed=1))):
        file = {"name": f"{key}.png", "mimeType": "image/png", "buffer": png(data)}
        page.locator(f".st-key-{key} input[type=file]").set_input_files([file])
        rest(page)
    wipe = page.get_by_role("button", name="Wipe against the nearest known-good picture")
    wipe.wait_for()
    rest(page)
    good, handle = page.locator("canvas.good"), page.get_by_role("slider", name="Share of the plain picture")
    page.keyboard.press("g")
    handle.wait_for()
    page.locator(".wipe").get_by_text("Known-good").wait_for()
    at = []
    for value in ("0.2", "0.7"):
        handle.fill(value)
        at.append(good.evaluate("node => node.style.clipPath"))
    assert at == ["inset(0px 80% 0px 0px)", "inset(0px 30% 0px 0px)"]
    drawn = "node => { const { data } = node.getContext('2d').getImageData(0, 0, node.width, node.height);"
    assert good.evaluate(f"{drawn} return data.some((value) => value); }}"), "the good picture lies there"
    page.keyboard.press("b")
    handle.wait_for(state="hidden")
    seen = good.evaluate("""async (node) => {
      const seen = new Set();
      for (let i = 0; i < 40; i += 1) {
        seen.add(getComputedStyle(node).visibility);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return [...seen].sort();
    }""")
    assert seen == ["hidden", "visible"]
    page.keyboard.press("b")
    assert good.is_hidden()


def test_the_tools_of_a_chart_are_one_stop_of_the_tab_key(tab: Callable[..., Any]) -> None:
    page = tab(f"{SAMPLE}&view=Scores", **WIDE)
    tools = page.locator(".st-key-heatmap .modebar button")
    tools.first.wait_for(state="attached")
    page.wait_for_function("() => document.querySelectorAll('.modebar button[tabindex=\"0\"]').length === 1")
    tools.first.focus()
    assert tools.first.evaluate("node => getComputedStyle(node.closest('.modebar')).opacity") == "1", "it is seen"
    names = []
    for key in ("ArrowRight", "End", "ArrowRight", "ArrowLeft", "Home"):
        page.keyboard.press(key)
        names.append(page.evaluate("() => document.activeElement.ariaLabel"))
    labels = tools.evaluate_all("all => all.map((one) => one.ariaLabel)")
    assert names == [labels[1], labels[-1], labels[0], labels[-1], labels[0]]
    page.keyboard.press("Tab")
    assert not page.evaluate("() => document.activeElement.matches('.modebar button')")


_FOCUSED = "() => (document.activeElement.ariaLabel || document.activeElement.innerText).trim()"


def test_what_a_button_opens_comes_right_after_it_for_the_tab_key(tab: Callable[..., Any]) -> None:
    page = tab(SAMPLE, **WIDE)
    asked_again(page)
    opener = page.locator(".st-key-verdict-bar [data-testid=stPopoverButton]", has_text="Export")
    opener.focus()
    page.keyboard.press("Enter")
    stops = page.locator("[data-testid=stPopoverBody] :is(button, input):visible")
    stops.last.wait_for()
    rest(page)
    page.keyboard.press("Tab")
    assert stops.first.evaluate("node => node === document.activeElement")
    page.keyboard.press("Shift+Tab")
    assert opener.evaluate("node => node === document.activeElement")
    stops.last.focus()
    page.keyboard.press("Tab")
    assert page.evaluate(_FOCUSED) == "Picture", "the way goes on behind the button"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Escape")
    stops.first.wait_for(state="detached")
    page.keyboard.press("Tab")
    assert page.evaluate(_FOCUSED) == "Picture"


def test_what_closes_with_the_focus_in_it_leaves_it_at_its_button(tab: Callable[..., Any]) -> None:
    page = tab(SAMPLE, **WIDE)
    asked_again(page)
    page.get_by_role("button", name="Keep as a plan").focus()
    page.keyboard.press("Enter")
    page.locator("[data-testid=stPopoverBody] input").wait_for()
    rest(page)
    page.keyboard.press("Tab")
    page.keyboard.type("Kept by key")
    page.keyboard.press("Enter")
    page.locator("[data-testid=stPopoverBody]").wait_for(state="detached")
    page.wait_for_timeout(500)
    assert "Keep as a plan" in page.evaluate(_FOCUSED)


def test_the_options_of_the_stage_are_entered_by_keyboard_and_left_again(tab: Callable[..., Any]) -> None:
    page = tab(SAMPLE, **WIDE)
    button = page.get_by_role("button", name="View options")
    button.focus()
    page.keyboard.press("Enter")
    assert page.get_by_role("slider", name="Heat").evaluate("node => node.matches(':focus')")
    page.keyboard.press("Escape")
    assert button.evaluate("node => node.matches(':focus')")
    button.click()
    assert button.evaluate("node => node.matches(':focus')"), "a click takes the focus nowhere"


def test_the_tools_of_a_picture_are_seen_when_the_tab_key_reaches_them(tab: Callable[..., Any]) -> None:
    page = tab(SAMPLE, **WIDE)
    tool = page.locator(".st-key-why [data-testid=stElementToolbar] button").first
    tool.wait_for(state="attached")
    opacity = "node => getComputedStyle(node.closest('[data-testid=stElementToolbar]')).opacity"
    assert tool.evaluate(opacity) == "0"
    tool.focus()
    page.wait_for_timeout(400)
    assert tool.evaluate(opacity) == "1"


@pytest.mark.slow
def test_on_a_phone_each_row_keeps_to_its_line_and_the_controls_are_a_sheet(tab: Callable[..., Any]) -> None:
    phone = {"viewport": {"width": 400, "height": 800}, "has_touch": True, "is_mobile": True}
    page = tab(f"{SAMPLE}&view=Scores", **phone)
    asked_again(page)
    for row in (".st-key-verdict-bar button:visible", ".st-key-stage-head button:visible"):
        tops = page.locator(row).evaluate_all("all => all.map((one) => one.getBoundingClientRect().top)")
        assert max(tops) - min(tops) < 12, row
        ends = page.locator(row).evaluate_all("all => all.map((one) => one.getBoundingClientRect().right)")
        assert max(ends) <= 400, row
    page.get_by_test_id("stExpandSidebarButton").click()
    page.wait_for_timeout(500)
    sheet, grid = page.get_by_test_id("stSidebar").bounding_box(), grid_slider(page).bounding_box()
    assert sheet["y"] > 100
    assert sheet["width"] == 400
    assert sheet["y"] + sheet["height"] == pytest.approx(800, abs=1)
    assert grid["y"] < 800, "in reach without scrolling"
    page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
    page.get_by_role("tab", name="Table").wait_for()


@pytest.mark.slow
@pytest.mark.parametrize("touch", [True, False])
def test_on_a_phone_every_tool_of_a_deep_picture_is_in_reach(tab: Callable[..., Any], touch: bool) -> None:
    page = tab("engine=texture", viewport={"width": 400, "height": 800}, has_touch=touch, is_mobile=touch)
    data = dicom_file(computed_tomogram(side=256), WindowCenter=40, WindowWidth=80)
    file = {"name": "ct.dcm", "mimeType": "application/dicom", "buffer": data}
    page.locator(".st-key-files input[type=file]").set_input_files([file])
    page.locator(".stage:not([aria-busy])").wait_for()
    asked_again(page)
    page.get_by_role("combobox", name="Brightness window").wait_for()
    for name in ("Zoom in", "Zoom out", "Fit the whole picture", "Full screen", "View options"):
        box = page.get_by_role("button", name=name, exact=True).bounding_box()
        assert box is not None, name
        assert box["x"] >= 0, name
        assert box["x"] + box["width"] <= 400, name
    assert page.get_by_role("combobox", name="Brightness window").bounding_box()["width"] > 150
    bar = page.locator(".viewer .bar").first.bounding_box()
    assert bar["height"] < 110, "two lines"


@pytest.mark.slow
@pytest.mark.parametrize("width", [1440, 1280, 1100])
def test_the_tools_of_a_deep_picture_lie_beside_each_other(tab: Callable[..., Any], width: int) -> None:
    page = tab("engine=texture", viewport={"width": width, "height": 900})
    data = dicom_file(computed_tomogram(side=256), WindowCenter=40, WindowWidth=80)
    file = {"name": "ct.dcm", "mimeType": "application/dicom", "buffer": data}
    page.locator(".st-key-files input[type=file]").set_input_files([file])
    page.locator(".stage:not([aria-busy])").wait_for()
    asked_again(page)
    page.get_by_role("combobox", name="Brightness window").wait_for()
    edges = """bar => [...bar.querySelectorAll('button, .tally, .parts, .window')].map(e => e.getBoundingClientRect())
      .filter(box => box.width).map(box => [box.left, box.right]).concat([[bar.getBoundingClientRect().right, 1e9]])"""
    boxes = page.locator(".viewer .bar").first.evaluate(edges)
    assert all(right <= left + 0.5 for (_, right), (left, _) in itertools.pairwise(boxes)), boxes


@pytest.mark.slow
def test_a_tomogram_tells_its_own_values_and_is_seen_in_any_window(tab: Callable[..., Any]) -> None:
    page = tab(**WIDE)
    values = computed_tomogram(side=512)
    tags = {"WindowCenter": [40, -600], "WindowWidth": [80, 1500], "WindowCenterWidthExplanation": ["SOFT", "LUNG"]}
    data = dicom_file(values, **tags, RescaleType="HU", PixelPaddingValue=-2000)
    file = {"name": "ct.dcm", "mimeType": "application/dicom", "buffer": data}
    page.locator(".st-key-files input[type=file]").set_input_files([file])
    page.locator(".stage:not([aria-busy])").wait_for()
    asked_again(page)
    stage, window = page.locator(".stage"), page.get_by_role("combobox", name="Brightness window")
    stage.hover()
    page.wait_for_function(
        "() => [...document.querySelectorAll('*')].some((one) => one.shadowRoot?.textContent.includes('LUNG'))"
    )
    pane = "() => { const pane = globalThis[Symbol.for('segdetect.viewer')].viewers.get('picture').panes[0];"
    grey = f"{pane} const image = pane.windowed.getContext('2d').getImageData(256, 256, 1, 1); return image.data[0]; }}"
    assert window.locator("option").all_inner_texts() == ["As inspected", "Full range", "1% to 99%", "SOFT", "LUNG"]
    for name, low, high in (("SOFT", 0, 79), ("LUNG", -1350, 149)):
        window.select_option(name)
        page.wait_for_timeout(200)
        assert page.evaluate(grey) == pytest.approx(
            255 * min(1, max(0, (values[256, 256] - low) / (high - low))), abs=1
        )
    box = stage.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.wait_for_timeout(200)
    told = re.search(r"x +(\d+), y +(\d+) . (-?\d+) HU", page.locator(".probe").inner_text().replace("\u2007", " "))
    assert told is not None
    column, row, value = map(int, told.groups())
    assert values[row, column] == value
    page.mouse.down(button="right")
    page.mouse.move(x + 100, y)
    page.wait_for_timeout(200)
    assert page.locator(".probe").inner_text().startswith("Brightness window ")
    page.mouse.up(button="right")
    assert window.locator("option:checked").inner_text() == "By hand"
    window.press("Escape")
    stage.press("e")
    assert window.locator("option:checked").inner_text() == "As inspected"


# As the server tells it where another engine flags tiles and the first none.
TELL_OF_OTHER = """tiles => {
  const viewer = globalThis[Symbol.for("segdetect.viewer")].viewers.get("picture");
  const [{ data, tiles: grid }] = viewer.panes;
  data.by_other = { engine: "fastdup", tiles };
  data.marks = tiles.map((tile) => ({ box: grid.box(tile), role: "second", label: "fastdup" }));
  viewer.choose(viewer.panes[0], [tiles[1]]);
}"""


def test_what_another_engine_flags_is_listed_and_explained_where_the_first_flags_nothing(
    tab: Callable[..., Any],
) -> None:
    page = tab("engine=texture&sample=Clean+fabric", **WIDE)
    page.locator(".stage:not([aria-busy])").wait_for()
    asked_again(page)
    page.evaluate(TELL_OF_OTHER, [24, 25])
    expect_why(page, 4, 5)
    assert page.locator(".explanation b").inner_text() == "flagged by fastdup alone"
    assert page.locator(".film b").inner_text() == "Flagged by fastdup alone"
    frames = page.locator(".film .frame")
    assert [text.split("\n")[0] for text in frames.all_inner_texts()] == ["Row 4, col 4", "Row 4, col 5"]
    frames.first.click()
    expect_why(page, 4, 4)
    assert page.locator(".explanation b").inner_text() == "flagged by fastdup alone"
    page.locator(".stage").press("ArrowUp")
    expect_why(page, 3, 4)
    assert page.locator(".explanation b").inner_text() == "not flagged"
