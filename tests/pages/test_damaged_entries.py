"""A damaged preset or set of references is named where it would be chosen, and the page goes on without it."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from segdetect.files import file_name
from segdetect.settings import GridSize, Settings
from segdetect.storage.presets import Preset, Presets
from segdetect.storage.reference_sets import ReferenceSets
from tests.support.pages import banner, choices, errors, open_page, press, upload
from tests.support.pictures import planted, png, weave

pytestmark = pytest.mark.usefixtures("page_engines")

CLEAN = [(f"good-{seed}.png", png(weave(seed=seed))) for seed in (1, 2)]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path))
    return tmp_path


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-20])


def opened_with_references() -> AppTest:
    app = upload(open_page(), ("defect.png", png(planted(2, 3))))
    choices(app, "scope").select("references").run()
    return app


def test_a_damaged_preset_is_named_and_can_be_removed(home: Path) -> None:
    Presets().save(Preset("Cloth", Settings(grid=GridSize(5, 5))))
    Presets().save(Preset("Mesh", Settings(grid=GridSize(9, 9))))
    truncate(home / "presets" / f"{file_name('Cloth')}.json")
    app = upload(open_page(), ("defect.png", png(planted(2, 3))))
    assert not app.exception
    assert banner(app)[0]
    assert any("Cloth" in error and "set aside" in error for error in errors(app))
    press(app, "Mesh")
    assert app.slider(key="grid").value == 9
    press(app, "Remove it")
    assert errors(app) == []
    assert not list((home / "presets").glob("*.broken"))


def test_a_damaged_set_is_named_and_the_others_are_offered(home: Path) -> None:
    ReferenceSets().save("Gasket", CLEAN)
    ReferenceSets().save("Axle", CLEAN)
    truncate(home / "references" / file_name("Gasket") / "index.json")
    app = opened_with_references()
    assert not app.exception
    assert any("Gasket" in error and "set aside" in error for error in errors(app))
    press(app, "Axle")
    assert [upload.name for upload in app.session_state["references"]] == ["good-1.png", "good-2.png"]


def test_a_set_whose_picture_is_damaged_says_so_when_it_is_chosen(home: Path) -> None:
    ReferenceSets().save("Gasket", CLEAN)
    truncate(next((home / "references").rglob("0001.bin")))
    app = press(opened_with_references(), "Gasket")
    assert not app.exception
    assert any("this set is damaged" in error for error in errors(app))


def test_what_cannot_be_forgotten_is_an_error_in_words(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Presets().save(Preset("Cloth", Settings(grid=GridSize(5, 5))))

    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    app = upload(open_page(), ("defect.png", png(planted(2, 3))))
    monkeypatch.setattr(Path, "unlink", refuse)
    press(app, "Forget")
    assert not app.exception
    assert any("Read-only file system" in error for error in errors(app))
