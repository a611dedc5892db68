"""The Inspect page: drop in a picture, see the answer, change what is asked."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from streamlit.testing.v1 import AppTest

from segdetect.deciding.calibrations import CALIBRATIONS
from segdetect.engines.texture import TextureEngine
from segdetect.inspection import Inspection
from segdetect.memo import process_budget
from segdetect.output.annotation import png_bytes
from segdetect.output.tables import csv_bytes, flagged_table, tiles_table
from segdetect.pictures.loading import load_image
from segdetect.pipeline import Inspector
from segdetect.samples.catalogue import SAMPLES
from segdetect.settings import EngineName, GridSize, Rule, RuleName, Scope, Settings
from segdetect.ui.shared.process import begin_anew
from tests.support.pages import (
    banner,
    captions,
    chart,
    choices,
    errors,
    explained,
    markdown,
    numbers,
    open_page,
    press,
    reasons,
    unescaped,
    upload,
)
from tests.support.pictures import planted, png, tiff, weave

pytestmark = pytest.mark.usefixtures("page_engines")

DEFECT = png(planted(2, 3))
CLEAN = png(weave(seed=1))
SETTINGS = Settings(engine=EngineName.TEXTURE)


@pytest.fixture(scope="module")
def own() -> Callable[..., Inspection]:
    """The program's own answer to the defective picture, without a page."""
    inspector = Inspector({EngineName.TEXTURE: TextureEngine()})

    def answer(**changes: Any) -> Inspection:
        settings = Settings(**({"engine": EngineName.TEXTURE} | changes))
        return inspector.inspect(load_image(DEFECT, name="defect.png"), settings)

    return answer


@pytest.fixture
def app() -> AppTest:
    """The page with the defective picture on it."""
    return upload(open_page(), ("defect.png", DEFECT))


def test_a_strip_is_offered_square_tiles_in_a_click() -> None:
    app = upload(open_page(), ("strip.png", png(weave((1200, 120)))))
    button = app.button(key="use-square-grid")
    assert unescaped(button.label) == "Use square tiles (2 x 20)"
    app = button.click().run()
    assert not app.exception
    assert "texture · 2 x 20 tiles" in _facts(app)
    assert "use-square-grid" not in [one.key for one in app.button]


def test_a_strip_too_low_for_the_grid_is_offered_the_squarest_tiles_that_fit() -> None:
    app = upload(open_page(), ("strip.png", png(weave((6000, 60)))))
    button = app.button(key="use-fitting-grid")
    assert unescaped(button.label) == "Use 1 x 32"
    app = button.click().run()
    assert "texture · 1 x 32 tiles" in _facts(app)


def _scores(app: AppTest) -> npt.NDArray[np.float64]:
    """The tiles' scores as the heatmap tells them, in rows and columns."""
    told = [data[2] for data in chart(app, "heatmap")["data"][-1]["customdata"]]
    return np.reshape(told, np.shape(_colours(app)))


def _colours(app: AppTest) -> npt.NDArray[np.float64]:
    """The places of the tiles' colours on the scale."""
    (heat,) = [trace for trace in chart(app, "heatmap")["data"] if trace["type"] == "heatmap"]
    return numbers(heat["z"])


def _needed(app: AppTest) -> float:
    """What the strongest tile must reach, as the gauge in the bar tells it."""
    (figures,) = re.findall(r'sd-figures">[\d.,]+ / ([\d.]+)<', "".join(e.proto.body for e in app.get("html")))
    return float(figures)


def _facts(app: AppTest) -> str:
    return next(line for line in captions(app).splitlines() if " tiles · " in line)


# ---- the empty page --------------------------------------------------------------------------------------------------


def test_the_empty_page_says_what_this_is_and_offers_every_sample() -> None:
    app = open_page()
    assert not app.exception
    assert app.title[0].value == "Where in this picture is something wrong?"
    labels = [button.label for button in app.button if str(button.key).startswith("try-")]
    assert labels == [sample.title for sample in SAMPLES]
    assert "What you get" in markdown(app)
    assert banner(app) == ("", "")


def test_a_sample_is_one_click_away() -> None:
    app = press(open_page(), "Broken wire mesh")
    assert not app.exception
    assert banner(app)[0] == "Anomalous"
    assert app.selectbox(key="sample").value == "wire-mesh"
    assert len(app.dataframe) == 1


# ---- the answer ------------------------------------------------------------------------------------------------------


def test_a_picture_is_answered_in_words_picture_chart_and_table(app: AppTest, own: Callable[..., Inspection]) -> None:
    mine = own()
    assert not app.exception
    assert banner(app)[0] == "Anomalous"
    assert banner(app)[1].endswith("row 3, column 4")
    assert "texture · 7 x 7 tiles · compared with itself · rule gate" in _facts(app)
    np.testing.assert_allclose(np.ravel(_scores(app)), mine.scores.scores, atol=1e-4)
    targets = chart(app, "heatmap")["data"][-1]
    assert len(targets["customdata"]) == 49
    table = app.dataframe[0].value
    assert table["place"].tolist()[0] == "row 3, col 4"
    assert table["rank"].tolist() == list(range(1, len(mine.flagged_tiles) + 1))
    assert explained(app) == (2, 3)


def test_a_clean_picture_is_normal_and_the_table_says_that_nothing_is_flagged() -> None:
    app = upload(open_page(), ("clean.png", CLEAN))
    assert banner(app)[0] == "Normal"
    assert any("No tile is flagged" in info.value for info in app.info)
    choices(app, "listed").select("20 most unlike").run()
    assert app.dataframe[0].value["rank"].tolist() == list(range(1, 21))


def test_nothing_is_bright_in_a_clean_picture_unless_it_is_stretched() -> None:
    app = upload(open_page(), ("clean.png", CLEAN))
    assert _colours(app).max() < 2 / 3
    app.toggle(key="stretch").set_value(True).run()
    assert (_colours(app).min(), _colours(app).max()) == (0, 1)
    app.switch_page("pages/method.py").run()
    app.switch_page("streamlit_app.py").run()
    assert app.toggle(key="stretch").value


def test_where_no_threshold_was_learnt_the_colours_say_so() -> None:
    app = upload(open_page(apart="true", rows="1", cols="3"), ("defect.png", DEFECT))
    assert banner(app)[0] == "Cannot tell"
    assert "No threshold was learnt here" in captions(app)
    assert "the threshold of" not in markdown(app)
    assert _colours(app).max() == 1


def test_names_are_shown_as_they_are() -> None:
    name = "$(touch x) **bold** <b>$a$ :smile: [l](http://x).png"
    app = upload(open_page(), (name, b""))
    assert name in errors(app)[0]
    app = upload(open_page(), (name, DEFECT))
    assert not app.exception
    assert banner(app)[0] == "Anomalous"


def test_a_second_opinion_comes_by_itself(app: AppTest) -> None:
    for _ in range(50):
        if "Second opinion by **fastdup**" in captions(app):
            break
        time.sleep(0.1)
        app.run()
    assert "Second opinion by **fastdup**: anomalous" in captions(app)
    press(app, "Switch to fastdup")
    assert "fastdup · 7 x 7 tiles" in _facts(app)


# ---- what cannot be opened -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "problem", "remedy"),
    [
        ("empty.png", b"", "empty", "Copy or export the picture again"),
        ("text.png", b"hello, this is text", "not a", "the content counts, not the name"),
        ("cut off.png", DEFECT[: len(DEFECT) // 3], "damaged or cut off", "save it anew as PNG"),
        ("page.png", b"<!doctype html><html></html>", "not a picture", "the content counts"),
    ],
    ids=["empty", "text", "truncated", "html"],
)
def test_a_file_that_cannot_be_opened_is_named_with_a_remedy_and_the_page_stays(
    name: str, data: bytes, problem: str, remedy: str
) -> None:
    app = upload(open_page(), (name, data))
    assert not app.exception
    (message,) = errors(app)
    assert message.startswith(f"**{name}**")
    assert problem in message
    assert remedy in message
    assert app.slider(key="grid").value == 7
    assert app.title[0].value.startswith("Where in this picture")
    upload(app, ("defect.png", DEFECT))
    assert errors(app) == []
    assert banner(app)[0] == "Anomalous"


def test_a_picture_too_small_for_the_grid_says_which_grid_fits() -> None:
    app = upload(open_page(), ("small.png", png(weave((50, 90)))))
    assert not app.exception
    (message,) = errors(app)
    assert "small.png" in message
    assert "The largest grid that fits has 9 rows and 5 columns" in message
    assert app.get("imgs") or app.get("image")
    press(app, "Use 5 x 5")
    assert errors(app) == []
    assert app.slider(key="grid").value == 5
    app.slider(key="grid").set_value(7).run()
    assert len(errors(app)) == 1
    app.slider(key="grid").set_value(5).run()
    assert errors(app) == []
    assert banner(app)[0] != ""


def test_a_strip_too_low_for_the_grid_is_offered_nearly_square_tiles() -> None:
    app = upload(open_page(), ("strip.png", png(weave((1500, 60)))))
    press(app, "Use 1 x 25")
    assert errors(app) == []
    assert banner(app)[0] != ""


def test_an_engine_that_cannot_run_says_why_and_another_works(app: AppTest) -> None:
    app.selectbox(key="engine").select("dinov2").run()
    assert not app.exception
    assert any("there are no weights" in message for message in errors(app))
    app.selectbox(key="engine").select("texture").run()
    assert banner(app)[0] == "Anomalous"


# ---- settings --------------------------------------------------------------------------------------------------------


def test_another_grid_is_another_answer(app: AppTest, own: Callable[..., Inspection]) -> None:
    app.slider(key="grid").set_value(4).run()
    assert "4 x 4 tiles" in _facts(app)
    np.testing.assert_allclose(np.ravel(_scores(app)), own(grid=GridSize(4, 4)).scores.scores, atol=1e-4)
    app.toggle(key="apart").set_value(True).run()
    app.slider(key="rows").set_value(3).run()
    app.slider(key="cols").set_value(6).run()
    assert "3 x 6 tiles" in _facts(app)
    assert np.shape(_scores(app)) == (3, 6)


@pytest.mark.parametrize(
    ("label", "name"),
    [("Outlier fence", RuleName.FENCE), ("fastdup's own rule", RuleName.STOCK), ("Automatic", RuleName.GATE)],
)
def test_another_rule_flags_what_it_flags(
    app: AppTest, own: Callable[..., Inspection], label: str, name: RuleName
) -> None:
    app.selectbox(key="rule").select(label).run()
    mine = own(rule=Rule(name))
    assert f"rule {name.value}" in _facts(app)
    assert banner(app)[0].lower() == mine.decision.verdict.value
    assert len(app.dataframe[0].value) == len(mine.flagged_tiles)


def test_what_a_share_of_false_alarms_finds_is_said_beside_it(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    rates = {Scope.SELF: (0.1,) * 4 + (0.55, 0.6, 0.6, 0.9), Scope.REFERENCES: (0.2,) * 8}
    monkeypatch.setitem(CALIBRATIONS, EngineName.TEXTURE, replace(CALIBRATIONS[EngineName.TEXTURE], hits=rates))
    app.run()
    assert "At 1 in 10 clean pictures, about 55 in 100 defective surfaces of other kinds get a right flag" in captions(
        app
    )
    assert "(texture, compared with itself)" in captions(app)
    app.select_slider(key="alarms").set_value(0.5).run()
    assert "At 1 in 2 clean pictures, about 90 in 100 defective surfaces" in captions(app)
    choices(app, "scope").select("references").run()
    assert "about 20 in 100 defective pictures of other kinds" in captions(app)
    monkeypatch.setitem(CALIBRATIONS, EngineName.TEXTURE, replace(CALIBRATIONS[EngineName.TEXTURE], hits={}))
    app.run()
    assert "in 100 defective" not in captions(app), "what was not measured is not told"


def _set_threshold(app: AppTest, threshold: float) -> None:
    """As the histogram does where a line that was dragged has come to rest."""
    app.session_state["threshold"], app.session_state["rule"] = threshold, RuleName.THRESHOLD
    app.run()
    assert not app.exception


def test_a_threshold_of_ones_own_decides_until_another_rule_does(app: AppTest, own: Callable[..., Inspection]) -> None:
    first, second = np.sort(own().scores.scores)[:-3:-1]
    _set_threshold(app, float(first + second) / 2)
    assert "rule threshold" in _facts(app)
    assert len(app.dataframe[0].value) == 1
    _set_threshold(app, 0.0)
    assert len(app.dataframe[0].value) == 49
    app.selectbox(key="rule").select("Automatic").run()
    assert "rule gate" in _facts(app)


@pytest.mark.parametrize("change", ["grid", "sample", "engine"])
def test_my_own_threshold_stays_as_i_set_it(app: AppTest, change: str) -> None:
    _set_threshold(app, 1.5)
    match change:
        case "grid":
            app.slider(key="grid").set_value(5).run()
        case "sample":
            app.selectbox(key="sample").select_index(3).run()
        case "engine":
            app.selectbox(key="engine").select("texture").run()
    for _ in range(2):
        app.run()
        assert not app.exception
        assert app.session_state["threshold"] == 1.5
        assert "rule threshold" in _facts(app)
        assert "the threshold you chose" in reasons(app)


# ---- comparing with others -------------------------------------------------------------------------------------------


def test_known_good_pictures_are_compared_with(app: AppTest) -> None:
    choices(app, "scope").select("references").run()
    assert "compared with itself" in captions(app)
    upload(app, ("good.png", CLEAN), key="reference-files")
    assert not app.exception
    assert "compared with 1 known-good" in _facts(app)
    assert "rule calibrated" in _facts(app)
    assert banner(app)[0] == "Anomalous"
    assert banner(app)[1].endswith("row 3, column 4")
    assert "1 known-good picture in use" in captions(app)


def test_a_known_good_picture_that_cannot_be_opened_is_reported_and_the_others_are_used(app: AppTest) -> None:
    choices(app, "scope").select("references").run()
    upload(app, ("bad.png", b""), ("good.png", CLEAN), key="reference-files")
    assert not app.exception
    assert any("bad.png" in message for message in errors(app))
    assert "compared with 1 known-good" in _facts(app)


def test_a_page_is_compared_with_the_other_pages_of_its_file() -> None:
    pages = ("pages.tif", tiff(weave(seed=1), planted(2, 3)))
    app = upload(open_page(), pages)
    choices(app, "scope").select("references").run()
    upload(app, pages, key="reference-files")
    assert "1 known-good picture in use; the picture itself is one of the 2 and is left out" in captions(app)
    (page,) = [box for box in app.selectbox if box.label == "Page (of 2)"]
    page.set_value(2).run()
    assert not app.exception
    assert "compared with 1 known-good" in _facts(app)
    assert banner(app)[1].endswith("row 3, column 4")


def test_several_pictures_can_be_compared_with_each_other() -> None:
    app = upload(open_page(), ("one.png", CLEAN), ("two.png", png(weave(seed=2))), ("odd.png", DEFECT))
    app.selectbox(key="shown").select_index(2).run()
    choices(app, "scope").select("batch").run()
    assert not app.exception
    assert "compared with 2 other pictures" in _facts(app)
    assert banner(app)[1].endswith("row 3, column 4")


def test_how_many_are_expected_to_be_defective_is_asked_of_a_batch_and_what_it_changes_is_said() -> None:
    clean = [(f"{number}.png", png(weave(seed=number))) for number in range(3)]
    app = upload(open_page(), *clean, ("odd.png", DEFECT))
    assert not [group for group in app.get("button_group") if group.key == "defective"]
    choices(app, "scope").select("batch").run()
    few = _needed(app)
    said = re.search(r"Of 4 pictures of this batch, .* in (\d) if few, (\d) if some, (\d) if half", captions(app))
    assert said is not None
    assert 1 <= int(said[1]) <= int(said[2]) <= int(said[3])
    choices(app, "defective").select(0.5).run()
    assert not app.exception
    assert _needed(app) < few
    app.switch_page("pages/method.py").run()
    app.switch_page("streamlit_app.py").run()
    assert choices(app, "defective").value == 0.5


def test_a_broken_file_among_several_is_left_out() -> None:
    app = upload(open_page(), ("one.png", CLEAN), ("bad.png", b""), ("two.png", png(weave(seed=2))))
    assert not app.exception
    choices(app, "scope").select("batch").run()
    assert "compared with 1 other" in _facts(app)
    app.selectbox(key="shown").select_index(1).run()
    assert not app.exception
    assert any("bad.png" in message for message in errors(app))


# ---- the selected tile -----------------------------------------------------------------------------------------------


def test_the_selected_tile_is_the_same_everywhere(app: AppTest, own: Callable[..., Inspection]) -> None:
    mine = own()
    app.session_state["selection"] = ((mine.sha256, 0, GridSize()), 9)
    app.run()
    assert explained(app) == (1, 2)
    boxes = mine.scores.layout.boxes_ltrb[9].tolist()
    outlined = [t for t in chart(app, "heatmap")["data"] if t.get("line", {}).get("color") == "#FFFFFF"]
    x, y = numbers(outlined[0]["x"]), numbers(outlined[0]["y"])
    assert [x[0], y[0], x[2], y[2]] == boxes


def test_tiles_that_are_picked_have_an_outline_of_their_own(app: AppTest, own: Callable[..., Inspection]) -> None:
    app.session_state["selection"] = ((own().sha256, 0, GridSize()), 9)
    app.session_state["picked"] = ((own().sha256, 0, GridSize()), [9, 10, 16])
    app.run()
    lines = [trace.get("line", {}) for trace in chart(app, "heatmap")["data"]]
    assert {line["dash"] for line in lines if line.get("color") == "#CBA6FF"} == {"dot"}
    assert choices(app, "listed").options == ["Flagged", "Segments", "20 most unlike", "All tiles", "Picked"]
    choices(app, "listed").select("Picked").run()
    assert len(app.dataframe[0].value) == 3


def test_another_grid_starts_at_its_own_strongest_tile(app: AppTest, own: Callable[..., Inspection]) -> None:
    app.session_state["selection"] = ((own().sha256, 0, GridSize()), 9)
    app.slider(key="grid").set_value(5).run()
    tile = own(grid=GridSize(5, 5)).strongest_tile
    assert explained(app) == divmod(tile, 5)


# ---- files to keep ---------------------------------------------------------------------------------------------------


def test_downloads_are_what_the_exports_say(own: Callable[..., Inspection], monkeypatch: pytest.MonkeyPatch) -> None:
    offered: dict[str, tuple[str, Callable[[], bytes]]] = {}

    def offer(label: str, data: Callable[[], bytes], file_name: str, **_: Any) -> None:
        offered[unescaped(label)] = (file_name, data)

    monkeypatch.setattr("streamlit.download_button", offer)
    app = upload(open_page(), ("a part.png", DEFECT))
    assert not app.exception
    image = load_image(DEFECT, name="a part.png")
    mine = Inspector({EngineName.TEXTURE: TextureEngine()}).inspect(image, SETTINGS)
    wanted = {
        "Flagged tiles (CSV)": ("a part-flagged_segments.csv", csv_bytes(flagged_table(mine))),
        "All tiles (CSV)": ("a part-tiles.csv", csv_bytes(tiles_table(mine))),
        "Annotated picture (PNG)": ("a part-annotated.png", png_bytes(image, mine)),
    }
    assert {label: (name, make()) for label, (name, make) in offered.items() if label in wanted} == wanted


def test_nothing_of_the_picture_is_left_on_the_disk(page_engines: Path) -> None:
    upload(open_page(), ("secret.png", DEFECT))
    # What an engine makes of its own weights, in the background, is none of it.
    left = [path for path in page_engines.rglob("*") if path.is_file() and path.parent.name != "engines"]
    assert left == []


@pytest.mark.parametrize("page", ["streamlit_app.py", "pages/evaluate.py"])
def test_a_wrong_size_of_the_caches_is_told_on_the_page(monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    process_budget.cache_clear()
    monkeypatch.setenv("SEGDETECT_CACHE_MB", "1 GB")
    app = open_page(page)
    assert not app.exception
    assert len(errors(app)) == 1
    assert "SEGDETECT_CACHE_MB is '1 GB'.\n\nSet it to a whole number of megabytes" in errors(app)[0]


# ---- the tabs below --------------------------------------------------------------------------------------------------


def test_the_picture_alone_is_shown_unless_the_scores_are_asked_for() -> None:
    app = upload(open_page(view="Picture"), ("defect.png", DEFECT))
    assert not app.get("plotly_chart")
    choices(app, "view").select("Scores").run()
    assert chart(app, "heatmap")
    app.switch_page("pages/method.py").run()
    app.switch_page("streamlit_app.py").run()
    assert choices(app, "view").value == "Scores"


@pytest.mark.fastdup
def test_with_the_real_fastdup(monkeypatch: pytest.MonkeyPatch) -> None:
    from segdetect.engines.registry import default_engines

    engines = default_engines()
    monkeypatch.setattr("segdetect.pipeline.default_engines", lambda: engines)
    begin_anew()
    try:
        app = upload(open_page(engine="fastdup"), ("defect.png", DEFECT))
        if errors(app):
            pytest.skip(errors(app)[0])
        assert banner(app)[1].endswith("row 3, column 4")
        assert "fastdup · 7 x 7 tiles" in _facts(app)
        good = ("good.png", CLEAN)
        choices(app, "scope").select(Scope.REFERENCES).run()
        upload(app, good, key="reference-files")
        assert "compared with 1 known-good" in _facts(app)
    finally:
        begin_anew()
