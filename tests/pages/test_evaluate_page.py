"""The Evaluate page: runs in the background, then shows figures, charts and the pictures that went wrong."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from segdetect.errors import EngineFailedError
from segdetect.settings import EngineName, GridSize, Settings
from segdetect.ui.evaluate import runs
from segdetect.ui.shared.process import begin_anew
from segdetect.ui.shared.texts import dotted
from tests.support.pages import (
    MissingEngine,
    banner,
    captions,
    chart,
    choices,
    errors,
    markdown,
    open_page,
    press,
    unescaped,
)
from tests.support.tiny_dataset import blot, cloth, mvtec_category, save, save_pair
from tests.support.tiny_engine import TinyDenseEngine, TinyTileEngine

PAGE = "pages/evaluate.py"


class SlowEngine(TinyDenseEngine):
    """Goes on only when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def embed(self, requests: Any, progress: Any = lambda share, doing: None) -> Any:
        while not self.go.wait(0.02):
            progress(0.5, "describing")
        return super().embed(requests, progress)


@pytest.fixture
def slow() -> SlowEngine:
    engine = SlowEngine()
    engine.go.set()
    return engine


@pytest.fixture(autouse=True)
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slow: SlowEngine) -> Iterator[Path]:
    """A page with tiny engines, and where it keeps its records."""
    engines = {EngineName.FASTDUP: TinyTileEngine(), EngineName.DINOV2: MissingEngine(), EngineName.TEXTURE: slow}
    monkeypatch.setattr("segdetect.pipeline.default_engines", lambda: engines)
    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SEGDETECT_ROOTS", str(tmp_path))
    begin_anew()
    yield tmp_path / "home" / "evaluations"
    slow.go.set()
    begin_anew()


@pytest.fixture
def category(tmp_path: Path) -> Path:
    """Three pictures with a blot and two clean ones."""
    return mvtec_category(tmp_path / "cloth", defective=3, clean=2)


@pytest.fixture
def with_a_miss(category: Path) -> Path:
    """The same, but nobody can see one of the blots."""
    save(category / "test" / "blot" / "002.png", cloth(2))
    return category


def _open(folder: Path | str) -> AppTest:
    app = open_page(PAGE, **{"evaluate-engine": "fastdup"})
    return app.text_input(key="dataset").set_value(str(folder)).run()


def _finished(app: AppTest) -> AppTest:
    for _ in range(200):
        if not [button for button in app.button if button.label == "Stop"]:
            return app
        time.sleep(0.1)
        app.run()
    raise AssertionError("the evaluation does not end")


def _headers(app: AppTest) -> list[str]:
    return [unescaped(header.value) for header in app.header]


def _metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def test_without_a_folder_there_is_nothing_to_start() -> None:
    app = open_page(PAGE)
    assert not app.exception
    assert app.title[0].value == "Evaluate"
    assert [button.label for button in app.button if button.label == "Evaluate"] == []


@pytest.mark.parametrize("name", ["no/such/folder", "empty"])
def test_a_folder_that_cannot_be_evaluated_is_an_error_box(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    app = _open(tmp_path / name)
    assert not app.exception
    assert len(errors(app)) == 1
    assert str(tmp_path / name) in errors(app)[0] or name in errors(app)[0]


def test_an_evaluation_shows_figures_charts_and_its_table(category: Path, records: Path) -> None:
    app = _open(category)
    assert "5 pictures in 1 category: cloth" in captions(app).replace("\\", "")
    app = _finished(press(app, "Evaluate"))
    assert not app.exception
    metrics = _metrics(app)
    assert float(metrics["Average precision"]) == 1.0
    assert float(metrics["Strongest tile is defective"]) == 1.0
    assert metrics["Clean pictures left alone"] == "2 of 2"
    assert chart(app, "pr")["data"]
    assert chart(app, "hist")["data"]
    table = app.dataframe[0].value
    assert table["title"].tolist() == ["cloth", "overall"]
    assert table["clean_unflagged"].tolist() == ["2 of 2", "2 of 2"]
    shown = json.loads(app.dataframe[0].proto.columns)
    assert [shown[name]["label"] for name in ("title", "ap", "clean_unflagged")] == [
        "Category",
        "Order",
        "Good left alone",
    ]
    assert all(shown[name]["help"] for name in table.columns if name != "title")
    (record,) = records.glob("*.json")
    assert json.loads(record.read_text())["engine"] == "fastdup"


def test_earlier_runs_are_listed(category: Path) -> None:
    _finished(press(_open(category), "Evaluate"))
    later = open_page(PAGE)
    assert not later.exception
    assert "Earlier runs (1)" in [expander.label for expander in later.expander]
    assert later.dataframe[0].value["engine"].tolist() == ["fastdup"]
    assert later.dataframe[0].value["clean_unflagged"].tolist() == ["2 of 2"]


def test_a_damaged_record_is_named_and_set_aside(category: Path, records: Path) -> None:
    _finished(press(_open(category), "Evaluate"))
    (records / "2020-01-01-fastdup-self.json").write_text("{")
    later = open_page(PAGE)
    for _ in range(2):
        assert not later.exception
        assert len(later.dataframe[0].value) == 1
        (message,) = errors(later)
        assert "2020-01-01-fastdup-self.json" in message
        assert "set aside" in message
        later.run()
    assert (records / "2020-01-01-fastdup-self.json.broken").read_text() == "{"


def test_the_gallery_opens_a_picture_on_the_inspect_page_with_the_same_settings(with_a_miss: Path) -> None:
    app = _open(with_a_miss)
    app.slider(key="evaluate-grid").set_value(5).run()
    app = _finished(press(app, "Evaluate"))
    (button,) = [button for button in app.button if button.key == "miss-0"]
    assert _headers(app)[-2:] == ["Missed (1)", "False alarms"]
    button.click().run()
    assert not app.exception
    assert banner(app)[0] != ""
    assert "fastdup · 5 x 5 tiles" in captions(app)
    assert app.query_params["grid"] in ("5", ["5"])


def test_references_of_the_data_set_go_with_the_picture(with_a_miss: Path) -> None:
    app = _open(with_a_miss)
    choices(app, "evaluate-scope").select("references").run()
    app = _finished(press(app, "Evaluate"))
    (button,) = [button for button in app.button if button.key == "miss-0"]
    button.click().run()
    assert not app.exception
    assert "compared with 2 known-good" in captions(app)


def _start_slow(category: Path, slow: SlowEngine) -> AppTest:
    """A run that goes on until it is let go or stopped."""
    slow.go.clear()
    app = _open(category)
    app.selectbox(key="evaluate-engine").select("texture").run()
    return press(app, "Evaluate")


def _labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button if button.label in ("Show", "Stop", "Dismiss")]


def _progress(app: AppTest) -> list[str]:
    return [unescaped(bar.proto.text) for bar in app.get("progress")]


def test_a_run_can_be_stopped_and_the_page_stays_usable_meanwhile(category: Path, slow: SlowEngine) -> None:
    app = _start_slow(category, slow)
    app.slider(key="evaluate-grid").set_value(5).run()
    assert not app.exception
    press(app, "Stop")
    app = _finished(app)
    assert [info.value for info in app.info] == ["Stopped."]
    assert _labels(app) == ["Dismiss"]


def test_after_a_reload_a_run_is_listed_with_its_progress_and_can_be_stopped(category: Path, slow: SlowEngine) -> None:
    _start_slow(category, slow)
    for _ in range(100):
        other = open_page(PAGE)
        if "describing" in _progress(other)[0]:
            break
        time.sleep(0.05)
    assert not other.exception
    (text,) = _progress(other)
    assert text.startswith("cloth · texture · 7 x 7 tiles · itself · automatic: cloth: describing")
    assert _labels(other) == ["Show", "Stop"]
    press(other, "Stop")
    other = _finished(other)
    assert not other.info, "it is listed, not shown, in a tab that did not open it"
    assert "cloth · texture · 7 x 7 tiles · itself · automatic: stopped" in markdown(other).replace("\\", "")


def test_a_run_outlives_the_emptying_of_streamlits_caches(category: Path, slow: SlowEngine) -> None:
    """Any visitor's browser can ask for it."""
    _start_slow(category, slow)
    st.cache_resource.clear()
    st.cache_data.clear()
    other = open_page(PAGE)
    assert _labels(other) == ["Show", "Stop"]
    slow.go.set()
    assert markdown(_finished(other)).count(": finished") == 1


def test_a_run_opened_in_another_tab_shows_its_figures_there(category: Path, slow: SlowEngine) -> None:
    _start_slow(category, slow)
    other = press(open_page(PAGE), "Show")
    assert not other.metric
    assert _labels(other) == ["Stop"]
    slow.go.set()
    other = _finished(other)
    assert "Average precision" in _metrics(other)


def test_a_run_that_has_ended_is_opened_and_dismissed_from_any_tab(category: Path, records: Path) -> None:
    _finished(press(_open(category), "Evaluate"))
    other = open_page(PAGE)
    assert _labels(other) == ["Show", "Dismiss"]
    assert not other.metric
    press(other, "Show")
    assert _metrics(other)["Clean pictures left alone"] == "2 of 2"
    press(other, "Dismiss")
    assert not other.exception
    assert _labels(other) == []
    assert not other.metric
    assert len(list(records.glob("*.json"))) == 1, "its record stays"
    assert _labels(open_page(PAGE)) == []


def test_a_second_run_waits_for_the_first_and_says_so(category: Path, slow: SlowEngine) -> None:
    app = _start_slow(category, slow)
    app.selectbox(key="evaluate-engine").select("fastdup").run()
    app = press(app, "Evaluate")
    assert "fastdup" in _progress(app)[0]
    assert _progress(app)[0].endswith("waiting, 1 run ahead")
    slow.go.set()
    app = _finished(app)
    assert markdown(app).count(": finished") == 2


def test_pressing_evaluate_twice_starts_one_run(category: Path, slow: SlowEngine) -> None:
    app = press(_start_slow(category, slow), "Evaluate")
    assert len(_progress(app)) == 1


def test_runs_belong_to_the_account_of_who_has_logged_in(
    category: Path, records: Path, slow: SlowEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    _start_slow(category, slow)
    monkeypatch.setattr(st, "user", {"is_logged_in": True, "iss": "https://id.example", "sub": "42"})
    app = open_page(PAGE)
    assert _labels(app) == []
    slow.go.set()
    app = _finished(press(_open(category), "Evaluate"))
    assert not app.exception
    assert _labels(app) == ["Dismiss"]
    assert "Earlier runs (1)" in [expander.label for expander in app.expander]
    monkeypatch.setattr(st, "user", {"is_logged_in": False})
    app = _finished(open_page(PAGE))
    assert _labels(app) == ["Show", "Dismiss"]
    assert "Earlier runs (1)" in [expander.label for expander in app.expander]
    assert len(list(records.glob("*/*.json"))) == len(list(records.glob("*.json"))) == 1


def test_a_record_that_cannot_be_written_takes_no_figures_with_it(category: Path, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file where the folder should be")
    app = _finished(press(_open(category), "Evaluate"))
    assert not app.exception
    assert _metrics(app)["Clean pictures left alone"] == "2 of 2"
    assert any("no record of them" in warning.value for warning in app.warning)
    assert any("it cannot be written" in message for message in errors(app))


def test_a_run_outlives_a_visit_to_another_page(category: Path) -> None:
    app = _finished(press(_open(category), "Evaluate"))
    app.switch_page("streamlit_app.py").run()
    assert "What you get" in markdown(app)
    app.switch_page(PAGE).run()
    assert not app.exception
    assert _metrics(app)["Clean pictures left alone"] == "2 of 2"


def test_pictures_that_failed_are_named(category: Path) -> None:
    (category / "test" / "blot" / "001.png").write_bytes(b"")
    app = _finished(press(_open(category), "Evaluate"))
    assert not app.exception
    assert any("001.png" in message for message in errors(app))


@pytest.mark.parametrize("lost", ["gone", "led elsewhere"])
def test_a_miss_whose_file_is_lost_is_an_error_box_in_its_place(
    with_a_miss: Path, tmp_path_factory: pytest.TempPathFactory, lost: str
) -> None:
    app = _finished(press(_open(with_a_miss), "Evaluate"))
    miss = with_a_miss / "test" / "blot" / "002.png"
    elsewhere = miss.rename(tmp_path_factory.mktemp("elsewhere") / "002.png")
    if lost == "led elsewhere":
        miss.symlink_to(elsewhere)
    app.text_input(key="dataset").set_value("").run()
    assert not app.exception
    assert _headers(app)[-2:] == ["Missed (1)", "False alarms"]
    assert any("cloth/test/blot/002.png" in error for error in errors(app))


def test_references_that_are_gone_are_an_error_box(with_a_miss: Path) -> None:
    app = _open(with_a_miss)
    choices(app, "evaluate-scope").select("references").run()
    app = _finished(press(app, "Evaluate"))
    for file in (with_a_miss / "train" / "good").iterdir():
        file.unlink()
    (button,) = [button for button in app.button if button.key == "miss-0"]
    button.click().run()
    assert not app.exception
    assert any("cloth/train/good/000.png" in error for error in errors(app))
    assert "uploads" not in app.session_state


def test_an_engine_that_cannot_run_says_so(category: Path) -> None:
    app = _open(category)
    app.selectbox(key="evaluate-engine").select("dinov2").run()
    app = _finished(press(app, "Evaluate"))
    assert not app.exception
    assert any("there are no weights" in message for message in errors(app))


def test_an_evaluation_of_the_samples_is_one_click_away(tmp_path: Path) -> None:
    app = open_page(PAGE, **{"evaluate-engine": "texture", "evaluate-grid": "6"})
    press(app, "Try it on the bundled samples")
    assert (tmp_path / "home" / "samples").is_dir()
    assert "8 pictures in 6 categories" in captions(app)
    app = _finished(app)
    assert not errors(app)
    assert "Average precision" in _metrics(app)
    (run,) = runs.all_runs()
    assert (run.plan.settings.engine, run.plan.settings.grid) == (EngineName.TEXTURE, GridSize(6, 6))


def test_samples_that_cannot_be_written_are_an_error_box(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file where the folder should be")
    app = open_page(PAGE)
    press(app, "Try it on the bundled samples")
    assert "it cannot be written" in " ".join(errors(app))


def test_inverted_masks_are_asked_about(tmp_path: Path) -> None:
    home = mvtec_category(tmp_path / "rug", defective=1)
    save(home / "ground_truth/blot/000_mask.png", np.where(blot(2, 0), 0, 255).astype(np.uint8))
    app = _open(home)
    assert "marks 98 % of the picture" in " ".join(errors(app))
    app = app.selectbox(key="evaluate-masks").set_value("background").run()
    assert errors(app) == []
    assert "2 pictures in 1 category" in captions(app)
    assert "What masks do not mark counts as defective" in captions(app)
    app = app.text_input(key="dataset").set_value(str(mvtec_category(tmp_path / "other"))).run()
    assert app.selectbox(key="evaluate-masks").value == "ask"


def test_what_was_assumed_of_a_data_set_is_said(tmp_path: Path) -> None:
    home = tmp_path / "candle"
    save_pair(home / "Data/Images/Anomaly/000.png", home / "Data/Masks/Anomaly/000.png", 1, blot(1, 1))
    save(home / "Data/Images/Normal/000.png", cloth(2))
    assert "without split_csv/1cls.csv" in captions(_open(home))


# ---- what the figures are of -----------------------------------------------------------------------------------------


def test_figures_say_what_they_are_of_when_something_else_is_chosen(category: Path, tmp_path: Path) -> None:
    app = _finished(press(_open(category), "Evaluate"))
    assert "Figures of cloth · fastdup · 7 x 7 tiles · itself · automatic" in _headers(app)
    assert not app.warning
    app.slider(key="evaluate-grid").set_value(5).run()
    assert any("are others" in warning.value for warning in app.warning)
    app.slider(key="evaluate-grid").set_value(7).run()
    assert not app.warning
    app.text_input(key="dataset").set_value(str(mvtec_category(tmp_path / "other" / "cloth"))).run()
    assert any("are others" in warning.value for warning in app.warning)


def test_misses_against_false_alarms_in_100_parts(category: Path) -> None:
    app = _finished(press(_open(category), "Evaluate"))
    assert "0 of 100 good pictures are flagged, and 0 of 100 defective ones are missed." in markdown(app)
    assert "Counted on 2 good and 3 defective pictures" in captions(app)
    slider = app.slider(key="operating-point")
    assert (slider.min, slider.max) == (0, 100)
    slider.set_value(100).run()
    assert not app.exception
    assert app.slider(key="operating-point").value == 100
    assert {trace["name"] for trace in chart(app, "operating")["data"]} >= {"your choice", "the rule as it is"}


def _of_all_engines(folder: Path) -> AppTest:
    """The page just after the button for all engines was pressed, which comes with the engines' self-tests."""
    app = _open(folder)
    for _ in range(50):
        if any(button.key == "evaluate-all" for button in app.button):
            return app.button(key="evaluate-all").click().run()
        time.sleep(0.1)
        app.run()
    raise AssertionError("all engines are not offered")


def _by_title(app: AppTest, titles: set[str]) -> pd.DataFrame:
    tables: list[pd.DataFrame] = [frame.value for frame in app.dataframe if "title" in frame.value]
    (found,) = [table for table in tables if {*table["title"]} == titles]
    return found


def test_all_engines_are_one_run_whose_figures_stand_side_by_side(category: Path, records: Path) -> None:
    app = _finished(_of_all_engines(category))
    assert not app.exception
    assert _labels(app) == ["Dismiss"], "one run of the list"
    for engine, told in (("fastdup", 0), ("texture", 0), ("auto", 0), ("dinov2", 1)):
        app.selectbox(key="evaluate-engine").select(engine).run()
        assert len(app.warning) == told, f"{engine} is one of the run's engines"
    assert "Beside other runs of these pictures" not in _headers(app)
    table = _by_title(app, {"fastdup", "texture"})
    assert table["clean_unflagged"].notna().all()
    kept = {json.loads(file.read_text())["engine"] for file in records.glob("*.json")}
    assert kept == {"fastdup", "texture"}, "earlier runs are opened by engine, as ever"


def test_the_misses_of_each_engine_of_a_run_are_opened(with_a_miss: Path) -> None:
    app = _finished(_of_all_engines(with_a_miss))
    (choice,) = [one for one in app.selectbox if one.label == "Charts and pictures of"]
    for engine in ("fastdup", "texture"):
        app.selectbox(key=choice.key).select(engine).run()
        assert not app.exception
        app.button(key="miss-0").click().run()
        assert not app.exception
        assert f"{engine} · 7 x 7 tiles" in captions(app)
        app.switch_page(PAGE).run()
        assert app.selectbox(key=choice.key).value == engine, "it is kept while the page is left"


def test_a_run_of_all_engines_has_one_progress_that_names_the_engine(category: Path, slow: SlowEngine) -> None:
    slow.go.clear()
    app = _of_all_engines(category)
    for _ in range(100):
        if "texture (" in " ".join(_progress(app)):
            break
        time.sleep(0.05)
        app.run()
    (text,) = _progress(app)
    assert "cloth · fastdup, texture · 7 x 7 tiles" in text
    assert "texture (2 of 2): cloth: describing" in text
    (bar,) = app.get("progress")
    assert 50 <= bar.proto.value < 100
    assert _labels(app) == ["Stop"]


def test_an_engine_that_fails_takes_no_figures_of_the_others_with_it(
    category: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = runs.evaluate

    def evaluate(inspector: Any, dataset: Any, settings: Settings, progress: Any) -> Any:
        if settings.engine is EngineName.TEXTURE:
            raise EngineFailedError("it ran and gave up")
        return real(inspector, dataset, settings, progress)

    monkeypatch.setattr(runs, "evaluate", evaluate)
    app = _finished(_of_all_engines(category))
    assert not app.exception
    assert any("texture" in message and "gave up" in message for message in errors(app))
    assert _metrics(app)["Clean pictures left alone"] == "2 of 2"


def test_two_runs_of_the_same_pictures_stand_beside_each_other(category: Path) -> None:
    app = _finished(press(_open(category), "Evaluate"))
    app.slider(key="evaluate-grid").set_value(5).run()
    app = _finished(press(app, "Evaluate"))
    assert "Beside other runs of these pictures" in _headers(app)
    _by_title(app, {dotted("fastdup", f"{side} x {side} tiles", "itself", "automatic") for side in (5, 7)})


def test_an_earlier_run_is_opened_again_and_two_are_compared(with_a_miss: Path) -> None:
    app = _finished(press(_open(with_a_miss), "Evaluate"))
    app.slider(key="evaluate-grid").set_value(5).run()
    _finished(press(app, "Evaluate"))
    later = open_page(PAGE)
    later.session_state["earlier-runs"] = {"selection": {"rows": [1], "columns": [], "cells": []}}
    later.run()
    assert not later.exception
    assert "cloth · fastdup · 7 x 7 tiles · self · auto" in [unescaped(one.value) for one in later.subheader]
    assert "**Missed**: cloth/test/blot/002.png" in markdown(later)
    later.session_state["earlier-runs"] = {"selection": {"rows": [0, 1], "columns": [], "cells": []}}
    later.run()
    assert not later.exception
    assert [unescaped(title) for title in later.dataframe[1].value["title"]] == [
        "cloth · fastdup · 5 x 5 tiles · self · auto",
        "cloth · fastdup · 7 x 7 tiles · self · auto",
    ]


# ---- a walk through the misses ---------------------------------------------------------------------------------------


@pytest.fixture
def with_two_misses(with_a_miss: Path) -> Path:
    save(with_a_miss / "test" / "blot" / "001.png", cloth(7))
    return with_a_miss


def test_misses_are_walked_through_on_inspect_with_what_is_known_to_be_defective(with_two_misses: Path) -> None:
    app = _finished(press(_open(with_two_misses), "Evaluate"))
    assert "Missed (2)" in _headers(app)
    app.button(key="miss-0").click().run()
    assert not app.exception
    assert "Picture 1 of 2, cloth: missed" in captions(app)
    (line,) = next(pane["truth"] for pane in _panes(app) if pane["truth"])
    assert len(line) > 2, "the mask's own outline, not its tiles"
    first = app.session_state["uploads"][0].name
    app.switch_page("streamlit_app.py").run()  # the kit stays where the script began
    press(app, "Next miss")
    assert not app.exception
    assert "Picture 2 of 2, cloth: missed" in captions(app)
    assert app.session_state["uploads"][0].name != first
    assert [b.disabled for b in app.button if b.label in ("Next miss", "Previous miss")] == [False, True]
    assert "Back to Evaluate" in [link.proto.label for link in app.get("page_link")]


def _panes(app: AppTest) -> list[dict[str, Any]]:
    viewers = [e for e in app.get("bidi_component") if e.proto.component_name == "segdetect_viewer"]
    return [pane for viewer in viewers for pane in json.loads(viewer.proto.json).get("panes", [])]
