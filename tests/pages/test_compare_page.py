"""The Compare page: two answers side by side, and what differs."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from segdetect.engines.texture import TextureEngine
from segdetect.pictures.loading import load_image
from segdetect.pipeline import Inspector
from segdetect.regions import regions_of
from segdetect.settings import EngineName, GridSize, Rule, RuleName, Settings
from segdetect.ui.compare.comparison import both_png
from segdetect.ui.compare.differences import difference_map, difference_table, flag_raster
from segdetect.ui.compare.sides import Side, otherwise
from segdetect.ui.shared.ignored import Ignored
from tests.support.pages import captions, choices, errors, open_page, press, unescaped, upload
from tests.support.pictures import answer, picture, planted, png, weave

pytestmark = pytest.mark.usefixtures("page_engines")

DEFECT = png(planted(2, 3))
SIDES = {"left-engine": "texture", "right-engine": "texture"}


@pytest.fixture
def app() -> AppTest:
    """The page with the defective picture on both sides."""
    return upload(open_page("pages/compare.py", **SIDES), ("defect.png", DEFECT))


def _words(app: AppTest) -> list[str]:
    bodies = [element.proto.body for element in app.get("html")]
    return [word for body in bodies for word in re.findall(r'class="sd-word">(.*?)<', body)]


def _panes(app: AppTest) -> list[dict[str, Any]]:
    (viewer,) = [e for e in app.get("bidi_component") if e.proto.component_name == "segdetect_viewer"]
    panes: list[dict[str, Any]] = json.loads(viewer.proto.json)["panes"]
    return panes


def _shares(app: AppTest) -> list[str]:
    return [metric.value for metric in app.metric]


def test_without_a_picture_samples_are_offered() -> None:
    app = open_page("pages/compare.py", **SIDES)
    assert not app.exception
    assert app.title[0].value == "Compare"
    press(app, "Clean wire mesh")
    assert not app.exception
    assert len(_words(app)) == 2


def test_each_side_has_a_threshold_of_its_own() -> None:
    rules = {"left-rule": "My own threshold", "left-threshold": "1.25", "right-rule": "My own threshold"}
    app = upload(open_page("pages/compare.py", **SIDES, **rules), ("defect.png", DEFECT))
    assert app.number_input(key="left-threshold").value == 1.25
    app.number_input(key="right-threshold").set_value(1000.0).run()
    assert not app.exception
    assert _words(app) == ["Anomalous", "Normal"]
    assert app.number_input(key="left-threshold").value == 1.25


def test_the_same_settings_agree(app: AppTest) -> None:
    assert not app.exception
    assert _words(app) == ["Anomalous", "Anomalous"]
    both, left, right = _shares(app)
    assert both != "0.0%"
    assert (left, right) == ("0.0%", "0.0%")
    table = app.dataframe[0].value
    assert (table["left score"] == table["right score"]).all()
    assert set(table["left says"]) == set(table["right says"]) == {"flagged"}
    app.toggle(key="differences-only").set_value(True).run()
    assert any("Both sides flag the same" in info.value for info in app.info)


def test_another_grid_on_one_side_is_another_answer(app: AppTest) -> None:
    app.slider(key="right-grid").set_value(4).run()
    assert not app.exception
    assert "7 x 7 tiles" in captions(app)
    assert "4 x 4 tiles" in captions(app)
    captions_of = ["defect.png · texture · 7 x 7", "defect.png · texture · 4 x 4"]
    assert [unescaped(header.value) for header in app.header] == [f"Left: {captions_of[0]}", f"Right: {captions_of[1]}"]
    assert [unescaped(pane["title"]) for pane in _panes(app)] == captions_of
    assert {"left score", "right score"} <= set(app.dataframe[0].value.columns)


def test_a_rule_that_flags_more_shows_what_only_it_flags(app: AppTest) -> None:
    app.selectbox(key="right-rule").select("fastdup's own rule").run()
    assert not app.exception
    assert _words(app) == ["Anomalous", "Cannot tell"]
    image = load_image(DEFECT, name="defect.png")
    inspector = Inspector({EngineName.TEXTURE: TextureEngine()})
    left = inspector.inspect(image, Settings(engine=EngineName.TEXTURE))
    right = inspector.inspect(image, Settings(engine=EngineName.TEXTURE, rule=Rule(RuleName.STOCK)))
    mine, theirs = flag_raster(left), flag_raster(right)
    wanted = [f"{part.mean():.1%}" for part in (mine & theirs, mine & ~theirs, ~mine & theirs)]
    assert _shares(app) == wanted
    roles = [{mark["role"] for mark in pane["marks"]} for pane in _panes(app)]
    assert roles == [set(), {"only-right"}]


def test_an_engine_that_cannot_run_leaves_the_other_side(app: AppTest) -> None:
    app.selectbox(key="right-engine").select("dinov2").run()
    assert not app.exception
    assert any("there are no weights" in message for message in errors(app))


def test_two_pictures_are_not_compared_place_by_place() -> None:
    app = open_page("pages/compare.py", **SIDES)
    upload(app, ("defect.png", DEFECT), ("clean.png", png(weave(seed=1))))
    app.selectbox(key="right-shown").select_index(1).run()
    assert not app.exception
    assert _words(app) == ["Anomalous", "Normal"]
    assert any("two pictures" in info.value for info in app.info)
    names = [unescaped(header.value).partition(" ·")[0] for header in app.header]
    assert names == ["Left: defect.png", "Right: clean.png"]
    assert all(mark["role"] == "candidate" for pane in _panes(app) for mark in pane["marks"])
    assert _shares(app) == []


def test_a_file_that_cannot_be_opened_is_an_error_box_on_its_side() -> None:
    app = upload(open_page("pages/compare.py", **SIDES), ("defect.png", DEFECT), ("bad.png", b""))
    app.selectbox(key="right-shown").select_index(1).run()
    assert not app.exception
    assert any("bad.png" in message for message in errors(app))
    assert _words(app) == []


# ---- figures ---------------------------------------------------------------------------------------------------------


def test_the_raster_covers_what_is_flagged() -> None:
    image = picture(weave((60, 60)))
    raster = flag_raster(answer(image, [0.9, 0.1, 0.1, 0.1], grid=GridSize(2, 2), flagged=[0]))
    half = len(raster) // 2
    assert raster[:half, :half].all()
    assert raster.sum() == half * half


def test_the_table_has_a_row_for_each_tile_of_the_finer_side_with_both_scores() -> None:
    image = picture(weave((60, 60)))
    coarse = answer(image, [0.9, 0.1, 0.1, 0.1], grid=GridSize(2, 2), flagged=[0])
    fine = answer(image, [0.9, *[0.1] * 14, 0.8], grid=GridSize(4, 4), flagged=[0, 15])
    table = difference_table(coarse, fine)
    assert len(table) == 16
    differing = table[table["differs"]]
    assert set(differing["place"]) == {"row 4, col 4", "row 1, col 2", "row 2, col 1", "row 2, col 2"}
    corner = table.set_index("place").loc["row 1, col 1"]
    assert (corner["left score"], corner["right score"], corner["left ratio"]) == (0.9, 0.9, 1.8)
    assert not corner["differs"]


def test_the_map_is_blue_where_the_left_finds_more_and_orange_where_the_right_does() -> None:
    image = picture(weave((60, 60)))
    left = answer(image, [0.9, 0.1, 0.1, 0.1], grid=GridSize(2, 2), flagged=[0])
    right = answer(image, [0.1, 0.1, 0.1, 0.9], grid=GridSize(2, 2), flagged=[3])
    drawn = np.asarray(difference_map(image, left, right)).astype(int)
    (red, _, blue), (orange, _, little) = drawn[10, 10], drawn[50, 50]
    assert blue - red > 60
    assert orange - little > 60
    assert len({*drawn[10, 50].tolist()}) == 1


def test_both_pictures_are_beside_each_other_in_the_export() -> None:
    image = picture(weave((60, 40)))
    one = answer(image, [0.9, 0.1, 0.1, 0.1], grid=GridSize(2, 2), flagged=[0])
    made = Image.open(io.BytesIO(both_png(Side("Left", image, one), Side("Right", image, one))))
    assert made.height == 40
    assert made.width >= 120


# ---- what it opens with ----------------------------------------------------------------------------------------------


def test_it_opens_with_what_inspect_is_set_to_and_something_else_beside_it() -> None:
    app = upload(open_page(grid="5"), ("defect.png", DEFECT))
    app.switch_page("pages/compare.py").run()
    assert not app.exception
    assert app.slider(key="left-grid").value == 5
    assert app.selectbox(key="left-engine").value == "texture"
    left, right = (app.selectbox(key=f"{side}-engine").value for side in ("left", "right"))
    assert (left, app.slider(key="left-grid").value) != (right, app.slider(key="right-grid").value)
    app.slider(key="left-grid").set_value(9).run()
    app.switch_page("streamlit_app.py").run()
    app.switch_page("pages/compare.py").run()
    assert app.slider(key="left-grid").value == 9
    press(app, "As on Inspect")
    assert app.slider(key="left-grid").value == 5


def test_something_else_is_another_engine_or_another_grid() -> None:
    ready = {EngineName.TEXTURE, EngineName.DINOV2}
    own = Settings(engine=EngineName.TEXTURE, rule=Rule(RuleName.THRESHOLD, threshold=1.0))
    other = otherwise(own, ready, None)
    assert (other.engine, other.grid, other.rule) == (EngineName.DINOV2, own.grid, Rule())
    assert otherwise(Settings(), ready, EngineName.DINOV2).engine is EngineName.TEXTURE
    for side in (2, 7, 31, 32):
        made = otherwise(Settings(grid=GridSize(side, side), engine=EngineName.TEXTURE), {EngineName.TEXTURE}, None)
        assert made.grid.rows != side


def test_the_sides_are_swapped(app: AppTest) -> None:
    app.slider(key="right-grid").set_value(4).run()
    press(app, "Swap")
    assert (app.slider(key="left-grid").value, app.slider(key="right-grid").value) == (4, 7)
    assert "4 x 4" in unescaped(app.header[0].value)


@pytest.mark.parametrize("view", ["Wipe and blink", "Difference map"])
def test_the_other_views_of_two_answers(app: AppTest, view: str) -> None:
    app.slider(key="right-grid").set_value(4).run()
    choices(app, "compare-view").select(view).run()
    assert not app.exception
    assert errors(app) == []
    if view == "Difference map":
        assert "Blue: stands out more on the left" in captions(app)
    else:
        (overlay,) = [e for e in app.get("bidi_component") if e.proto.component_name == "segdetect_overlay"]
        sides = json.loads(overlay.proto.json)["sides"]
        assert [side["caption"].split(" ")[-3] for side in sides] == ["7", "4"]
        assert sides[0]["picture"] != sides[1]["picture"]


def test_either_side_can_be_compared_with_known_good_pictures(app: AppTest) -> None:
    app.toggle(key="right-good").set_value(True).run()
    upload(app, ("good.png", png(weave(seed=3))), key="reference-files")
    assert not app.exception
    assert "compared with itself" in captions(app)
    assert "compared with 1 known-good" in captions(app)


def test_what_is_ignored_on_inspect_is_ignored_on_both_sides() -> None:
    app = upload(open_page("pages/compare.py", **SIDES), ("defect.png", DEFECT))
    assert all(pane["ignored"] is None for pane in _panes(app))
    pixels = np.zeros((112, 112), bool)
    pixels[:40] = True
    app.session_state["ignored"] = {"": Ignored(regions_of(pixels), "1")}
    app.run()
    assert not app.exception
    assert all(pane["ignored"] for pane in _panes(app))
