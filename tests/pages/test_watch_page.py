"""The Watch page: a folder is watched, called out, counted, stopped and gone on with."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from segdetect.runs.watching import arrivals
from segdetect.settings import EngineName, GridSize, Scope, Settings
from segdetect.storage.plans.plan import GoodPicture, Plan
from segdetect.storage.plans.plans import Plans
from segdetect.ui.shared.process import begin_anew
from segdetect.ui.shared.watchers import watchers
from tests.support.pages import captions, errors, markdown, open_page, press
from tests.support.pictures import picture, planted, png, weave
from tests.support.tiny_engine import TinyDenseEngine

PAGE = "pages/watch.py"
PATIENCE = 30.0


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr("segdetect.pipeline.default_engines", lambda: {EngineName.TEXTURE: TinyDenseEngine()})
    monkeypatch.setattr(arrivals, "_OPEN_SECONDS", 0.1)
    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SEGDETECT_ROOTS", str(tmp_path / "data"))
    begin_anew()
    (tmp_path / "data" / "line").mkdir(parents=True)
    yield tmp_path / "data" / "line"
    _end()
    begin_anew()


def _end() -> None:
    for id in list(watchers()._tasks):
        watchers()._end(id)


@pytest.fixture
def plan() -> Plan:
    good = [png(weave(seed=seed)) for seed in (1, 2, 3)]
    files = {picture(weave(seed=seed)).sha256: data for seed, data in zip((1, 2, 3), good, strict=True)}
    listed = tuple(GoodPicture(f"{n}.png", sha256) for n, sha256 in enumerate(files))
    settings = Settings(grid=GridSize(7, 7), engine=EngineName.TEXTURE, scope=Scope.REFERENCES)
    return Plans().keep(Plan(name="Cloth *7*", settings=settings, good=listed), files)


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def seen(count: int) -> bool:
    (state,) = watchers().of("")
    return watchers().ledger(state.record.id).newest >= count


def called(app: AppTest) -> str:
    """What is called out, in the large type."""
    bodies = [element.proto.body for element in app.get("html") if 'class="sd-call' in element.proto.body]
    return re.sub("<[^>]*>", "", bodies[-1]) if bodies else ""


def started(folder: Path) -> AppTest:
    app = open_page(PAGE)
    app.text_input(key="watch-folder").set_value(str(folder)).run()
    return press(app, "Start watching")


def test_the_empty_page_teaches_and_leads_to_plans(folder: Path) -> None:
    app = open_page(PAGE)
    assert not app.exception
    assert "Make a plan" in markdown(app)
    assert any("no plan yet" in info.value for info in app.info)


def test_pictures_are_called_out_and_counted(folder: Path, plan: Plan) -> None:
    (folder / "0.png").write_bytes(png(weave(seed=9)))
    app = started(folder)
    wait_for(lambda: seen(1))
    app.run()
    assert not app.exception
    assert called(app) == "OK"
    (folder / "*bad*.png").write_bytes(b"")
    wait_for(lambda: seen(2))
    assert called(app.run()) == "LOOK"
    (folder / "1.png").write_bytes(png(planted(2, 3)))
    wait_for(lambda: seen(3))
    app.run()
    assert called(app) == "NOT OK"
    assert {metric.label: metric.value for metric in app.metric} == {"✓ OK": "1", "⬢ NOT OK": "1", "△ LOOK": "1"}
    assert "*bad*.png" in captions(app)
    assert "The last 3" in markdown(app)
    assert "Cloth *7*, version 1" in re.sub(r"\*\*", "", markdown(app))
    press(app, "Count anew")
    assert [metric.value for metric in app.metric] == ["0", "0", "0"]


@pytest.mark.parametrize(("phone", "columns"), [(False, 10), (True, 12)])
def test_the_last_ones_fill_their_lines_of_three_on_a_phone(
    folder: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch, phone: bool, columns: int
) -> None:
    monkeypatch.setattr("segdetect.ui.watch.line.is_phone", lambda: phone)
    for number in range(2):
        (folder / f"{number}.png").write_bytes(png(weave(seed=number)))
    app = started(folder)
    wait_for(lambda: seen(2))
    app.run()
    assert not app.exception
    narrow = [column for column in app.columns if column.weight < 0.15]
    assert len(narrow) == columns


def test_it_is_stopped_gone_on_with_and_forgotten(folder: Path, plan: Plan) -> None:
    app = started(folder)
    app = press(app, "Stop")
    assert any("It is stopped" in info.value for info in app.info)
    (folder / "0.png").write_bytes(png(weave(seed=9)))
    begin_anew()
    app = press(open_page(PAGE), "Go on")
    wait_for(lambda: seen(1))
    app = press(press(app.run(), "Stop"), "Forget it")
    assert watchers().of("") == []
    assert not app.exception


def test_it_goes_on_after_a_restart_of_the_server(folder: Path, plan: Plan) -> None:
    started(folder)
    _end()
    begin_anew()
    (folder / "0.png").write_bytes(png(weave(seed=9)))
    open_page(PAGE)
    wait_for(lambda: seen(1))


def test_only_allowed_folders_are_watched(folder: Path, plan: Plan, tmp_path: Path) -> None:
    assert any("may be read from here" in error for error in errors(started(tmp_path)))
    assert any("no such folder" in error for error in errors(started(folder / "absent")))


def test_where_no_folder_may_be_read_it_is_said(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGDETECT_ROOTS", "")
    assert "SEGDETECT_ROOTS" in captions(open_page(PAGE))
