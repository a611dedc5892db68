"""What was left out of an upload or a data set is said on the page, and what was assumed about names."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from segdetect.settings import EngineName
from segdetect.ui.shared.process import begin_anew
from tests.support.pages import captions, errors, markdown, open_page, reasons, unescaped, upload
from tests.support.pictures import planted, png
from tests.support.tiny_dataset import mvtec_category
from tests.support.tiny_engine import TinyDenseEngine

DEFECT = png(planted(2, 3))


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A tiny engine, and nothing kept."""
    engines = dict.fromkeys(EngineName, TinyDenseEngine())
    monkeypatch.setattr("segdetect.pipeline.default_engines", lambda: engines)
    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path / "kept"))
    monkeypatch.setenv("SEGDETECT_ROOTS", str(tmp_path))
    begin_anew()
    yield
    begin_anew()


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.mark.parametrize("page", ["streamlit_app.py", "pages/compare.py"])
def test_what_was_left_out_of_a_zip_is_said(page: str) -> None:
    data = zipped({"a.png": DEFECT, "__MACOSX/._a.png": b"x", "notes.txt": b"text", "_*b*_.txt": b"more"})
    app = upload(open_page(page), ("batch.zip", data))
    assert not app.exception
    (title,) = [unescaped(expander.label) for expander in app.expander if "left out" in expander.label]
    assert title.startswith("3 left out: ")
    assert "notes.txt" in title
    assert "__MACOSX/**: a system left it behind" in captions(app)
    assert "notes.txt**: it is text" in captions(app)


def test_a_zip_of_nothing_but_leftovers_is_not_silent() -> None:
    app = upload(open_page(), ("batch.zip", zipped({"readme.txt": b"text", ".a.png": DEFECT})))
    assert not app.exception
    assert any("left out: .a.png (it is hidden" in error for error in errors(app))


def test_where_nothing_is_left_out_nothing_is_said() -> None:
    app = upload(open_page(), ("a.png", DEFECT))
    assert not [expander for expander in app.expander if "left out" in expander.label]


def test_a_guess_at_a_name_is_said() -> None:
    data = zipped({"Gr__e.png": DEFECT}).replace(b"Gr__e", "Größe".encode("cp1252"))
    app = upload(open_page(), ("batch.zip", data))
    assert not app.exception
    told = "batch.zip does not say how its names are written; Windows (cp1252) was assumed"
    assert told in captions(app) + markdown(app) + reasons(app) + "".join(box.value for box in app.info)


def test_what_was_left_out_of_a_data_set_is_said(tmp_path: Path) -> None:
    home = mvtec_category(tmp_path / "cloth")
    (home / "test/@eaDir").mkdir()
    shutil.copy(next((home / "test/good").iterdir()), home / "test/@eaDir/a.png")
    app = open_page("pages/evaluate.py")
    app.text_input[0].set_value(str(home)).run()
    assert not app.exception
    assert any(e.label.startswith("1 left out: ") for e in app.expander)
    assert "cloth/test/@eaDir/" in captions(app)
