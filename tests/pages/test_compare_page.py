"""The Compare page: two answers side by side, and what differs."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from segdetect.engines.texture import TextureEngine
from segdetect.pictures.loading import load_image
from segdetect.pipeline import Inspector
from segdetect.settings import EngineName, GridSize, Rule, RuleName, Settings
from segdetect.ui.compare.comparison import difference_table, flag_raster
from tests.support.pages import captions, errors, open_page, press, upload
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
    assert set(table["flagged on the other side"]) == {"100% of it"}


def test_another_grid_on_one_side_is_another_answer(app: AppTest) -> None:
    app.slider(key="right-grid").set_value(4).run()
    assert not app.exception
    assert "7 x 7 tiles" in captions(app)
    assert "4 x 4 tiles" in captions(app)
    assert [header.value for header in app.header] == ["Left", "Right"]
    assert [pane["title"] for pane in _panes(app)] == ["Left", "Right"]
    assert app.dataframe[0].value["side"].nunique() == 2


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
    assert [header.value.replace("\\", "") for header in app.header] == ["Left: defect.png", "Right: clean.png"]
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


def test_the_table_tells_how_much_of_a_tile_the_other_side_flags() -> None:
    image = picture(weave((60, 60)))
    coarse = answer(image, [0.9, 0.1, 0.1, 0.1], grid=GridSize(2, 2), flagged=[0])
    fine = answer(image, [0.9, *[0.1] * 14, 0.8], grid=GridSize(4, 4), flagged=[0, 15])
    table = difference_table(coarse, fine)
    assert table[["side", "place", "rank", "flagged on the other side"]].values.tolist() == [
        ["left", "row 1, col 1", 1, "25% of it"],
        ["right", "row 1, col 1", 1, "100% of it"],
        ["right", "row 4, col 4", 2, "0% of it"],
    ]
