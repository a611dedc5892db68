"""The Batch page: many pictures in the background, the odd ones first, each a click away from Inspect."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from segdetect.runs.queued.record import RunRecord, State
from segdetect.runs.queued.state import RunState
from segdetect.settings import EngineName, Settings
from segdetect.ui.batch.run_list import _told
from segdetect.ui.shared.background_runs import runs
from segdetect.ui.shared.process import begin_anew
from tests.support.background import PATIENCE
from tests.support.pages import MissingEngine, captions, chart, errors, markdown, open_page, press, upload
from tests.support.pictures import planted, png, weave
from tests.support.tiny_engine import TinyDenseEngine, TinyTileEngine

PAGE = "pages/batch.py"
FILES = [
    ("clean.png", png(weave())),
    ("spot.png", png(planted(2, 3, seed=1))),
    ("bad.png", b""),
    ("other.png", png(planted(2, 3, seed=2))),
]


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    engines = {
        EngineName.FASTDUP: TinyTileEngine(),
        EngineName.DINOV2: MissingEngine(),
        EngineName.TEXTURE: TinyDenseEngine(),
    }
    monkeypatch.setattr("segdetect.pipeline.default_engines", lambda: engines)
    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SEGDETECT_ROOTS", str(tmp_path))
    begin_anew()
    yield
    _ended()
    begin_anew()


def _ended() -> None:
    for place in runs()._places.values():
        assert place.task.wait(PATIENCE)


def _open() -> AppTest:
    return open_page(PAGE, **{"batch-engine": "texture", "batch-rule": "Outlier fence"})


def _inspected(*files: tuple[str, bytes]) -> AppTest:
    """The page once these are done."""
    app = upload(_open(), *(files or FILES), key="batch-files-0")
    app = press(app, "Inspect these")
    _ended()
    return app.run()


def _table(app: AppTest) -> Any:
    (found,) = [frame.value for frame in app.dataframe if "verdict" in frame.value]
    return found


RECORD = RunRecord(
    id="a",
    account="",
    name="parts",
    settings=Settings(),
    engine=EngineName.FASTDUP,
    engine_version="1",
    engine_notes=(),
    dense=False,
    files=16,
)


def test_a_run_without_answers_says_what_it_does_and_not_that_nothing_is_done() -> None:
    state = RunState(record=RECORD, state=State.RUNNING, share=0.7, doing="describing 784 tiles")
    assert _told(state) == "16 files, describing 784 tiles, no answer yet"
    assert _told(replace(state, counts={"normal": 1})) == "1 picture of 16 files"


def test_a_run_that_is_done_tells_the_worst_first() -> None:
    """In whatever order they came, as the strip of pictures on Inspect does."""
    state = RunState(record=RECORD, state=State.DONE, counts={"failed": 1, "normal": 12, "anomalous": 3})
    assert _told(state) == "⬢\u00a03\u00a0anomalous, ✕\u00a01\u00a0failed, ✓\u00a012\u00a0normal"


def test_the_empty_page_teaches_and_has_a_sample_a_click_away() -> None:
    app = _open()
    assert "What you get" in markdown(app)
    assert ("Inspect many pictures", True) in [(one.label, one.proto.expanded) for one in app.expander]
    app = press(app, "Try it on the bundled samples")
    _ended()
    app.run()
    assert not errors(app)
    assert len(_table(app)) == 8
    assert "What you get" not in markdown(app)
    assert ("Another run", False) in [(one.label, one.proto.expanded) for one in app.expander]
    (state,) = runs().of("")
    assert re.search(rf"{state.record.engine}, [\d/]+{state.record.created:%Y}, ", markdown(app))


def test_where_nothing_was_learnt_of_most_pictures_the_page_says_what_to_do_in_place_of_empty_charts() -> None:
    blank = png(np.full((120, 120, 3), 90, np.uint8))
    app = upload(
        open_page(PAGE, **{"batch-engine": "texture"}), ("one.png", blank), ("two.png", blank), key="batch-files-0"
    )
    app = press(app, "Inspect these")
    _ended()
    app.run()
    assert not errors(app)
    assert {*_table(app).verdict} == {"? cannot tell"}
    assert any("under *Compare with*, choose **Batch**" in info.value for info in app.info)
    assert "There is no threshold to draw them by" in captions(app)
    assert not any(one.proto.id.endswith("batch-strip") for one in app.get("plotly_chart"))


def test_the_odd_ones_come_first_and_a_bad_file_is_a_row_with_its_reason() -> None:
    app = _inspected()
    assert not errors(app)
    table = _table(app)
    assert [*table.name][-1] == "bad.png"
    assert "empty" in [*table.why][-1]
    assert table.excess[0] == max(table.excess.dropna())
    assert table.picture[0].startswith("data:image/jpeg")
    assert {metric.label.split()[-1]: metric.value for metric in app.metric}["failed"] == "1"
    assert chart(app, "batch-strip")["data"]
    assert chart(app, "batch-drift")["data"]
    tables = [[*frame.value] for frame in app.dataframe]
    assert "verdict" in tables[0], "the pictures come before the charts and what was slowest"
    assert "bad.png" in [*next(f.value for f in app.dataframe if [*f.value] == ["name", "why"]).name]


def test_on_a_phone_the_verdict_stands_before_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segdetect.ui.batch.results.is_phone", lambda: True)
    app = _inspected()
    (table,) = [frame for frame in app.dataframe if "verdict" in frame.value]
    assert [*table.proto.column_order][:3] == ["picture", "verdict", "name"]


def test_pictures_are_filtered_by_name_and_verdict() -> None:
    app = _inspected()
    app = app.text_input(key="batch-name").set_value("SPOT").run()
    assert [*_table(app).name] == ["spot.png"]
    app = app.text_input(key="batch-name").set_value("nothing like it").run()
    assert any("No picture of this run is like that" in info.value for info in app.info)


def test_a_folder_of_the_server_is_inspected_and_one_outside_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "line-3"
    folder.mkdir()
    for name, data in FILES[:2]:
        (folder / name).write_bytes(data)
    app = _open().text_input(key="batch-folder").set_value("/etc").run()
    app = press(app, "Inspect this folder")
    assert "may be read from here" in errors(app)[0]
    app = app.text_input(key="batch-folder").set_value(str(folder)).run()
    app = press(app, "Inspect this folder")
    _ended()
    app.run()
    assert not errors(app)
    assert sorted(_table(app).name) == ["clean.png", "spot.png"]


def test_a_reload_finds_the_run_again_and_delete_asks_first() -> None:
    _inspected()
    run = runs().of("")[0].record.id
    again = open_page(PAGE, run=run)
    assert len(_table(again)) == 4
    folder = runs().folder(run)
    again = press(again, "Delete for good")
    assert not folder.exists()
    assert "What you get" in markdown(again)


def test_a_picture_opens_on_inspect_and_the_next_of_the_run_follows() -> None:
    app = _inspected()
    names = [*_table(app).name]
    app.session_state["batch-open"] = 1  # as a click on its row does
    # Streamlit's test remembers the page that it was told.
    app = app.run().switch_page("streamlit_app.py").run()
    at = names.index("spot.png")
    assert f"Picture {at + 1} of 4" in captions(app)
    assert [upload.name for upload in app.session_state["uploads"]] == ["spot.png"]
    assert app.selectbox(key="rule").value == "fence"
    app = press(app, "Next picture")
    assert f"Picture {at + 2} of 4" in captions(app)
    assert [upload.name for upload in app.session_state["uploads"]] == [names[at + 1]]
    app = press(app, "Previous picture")
    assert f"Picture {at + 1} of 4" in captions(app)


def test_what_was_dropped_on_inspect_is_inspected_in_the_background() -> None:
    app = upload(open_page(rule="Outlier fence"), *FILES)
    app = press(app, "Run as batch")
    _ended()
    app = open_page(PAGE)
    app = press(app, "Show")
    assert len(_table(app)) == 4
    assert "outlier fence" in captions(app)


def test_a_run_is_exported_as_one_zip(tmp_path: Path) -> None:
    _inspected()
    from segdetect.output.formats import FormatName
    from segdetect.runs.queued.export import export_zip

    (run,) = runs().of("")
    path = export_zip(runs().folder(run.record.id), run.record, [*FormatName])
    assert export_zip(runs().folder(run.record.id), run.record, [*FormatName]) == path
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
        names = archive.namelist()
        assert {"images.csv", "tiles.csv", "report.html", "coco.json", "annotated/spot.png"} <= {*names}
        assert "bad.png" in archive.read("images.csv").decode()
        assert json.loads(archive.read("run.json"))["engine"] == "texture"
