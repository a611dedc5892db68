"""A file of several pages has a choice of page, in which those found flagged are marked; any file may be dropped in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from segdetect.settings import EngineName
from segdetect.ui.shared import file_pages
from segdetect.ui.shared.process import begin_anew
from tests.support.pages import banner, captions, choices, errors, open_page, reasons, upload
from tests.support.picture_files import dicom, encoded
from tests.support.pictures import planted, png, tiff, weave
from tests.support.tiny_engine import TinyDenseEngine

STACK = tiff(weave(seed=1), planted(2, 3, seed=2), weave(seed=3))
DIGEST = hashlib.sha256(STACK).hexdigest()
KEY = f"page-{DIGEST[:12]}"
PLAIN = ["1", "2", "3"]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A tiny engine, and nothing kept."""
    engines = dict.fromkeys(EngineName, TinyDenseEngine())
    monkeypatch.setattr("segdetect.pipeline.default_engines", lambda: engines)
    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path / "kept"))
    begin_anew()
    yield
    begin_anew()


def stack(**query: str) -> AppTest:
    app = upload(open_page(**query), ("stack.tif", STACK))
    assert not app.exception
    return app


def at_address(picture: str, page: str) -> AppTest:
    """The file dropped in at an address that names a picture and a page."""
    app = open_page()
    app.query_params["picture"], app.query_params["page"] = picture, page
    app = upload(app, ("stack.tif", STACK))
    assert not app.exception
    return app


def titles(app: AppTest) -> list[str]:
    return [expander.label for expander in app.expander]


def opened(app: AppTest, title: str) -> AppTest:
    """With the list of all pages open."""
    assert app.button(key="all-toggle").label == title
    app.button(key="all-toggle").click().run()
    assert not app.exception
    return app


def test_a_page_is_chosen_and_shown() -> None:
    app = stack()
    choice = app.selectbox(key=KEY)
    assert (choice.label, choice.options, choice.value) == ("Page (of 3)", PLAIN, 1)
    assert "It is page 1 of 3 in its file." in reasons(app)
    app.selectbox(key=KEY).set_value(2).run()
    assert banner(app)[0] == "Anomalous"
    assert banner(app)[1].endswith("row 3, column 4")
    assert "It is page 2 of 3 in its file." in reasons(app)


def test_a_file_of_one_page_has_no_choice_of_page() -> None:
    app = upload(open_page(), ("a.png", png(weave())))
    assert not [box for box in app.selectbox if box.label.startswith("Page")]
    assert "page" not in app.query_params


def test_all_pages_are_inspected_together_and_the_flagged_ones_are_marked() -> None:
    app = opened(stack(), "All 3 pages")
    table = next(frame.value for frame in app.dataframe if "verdict" in frame.value)
    assert table["name"].tolist() == ["stack.tif#1", "stack.tif#2", "stack.tif#3"]
    assert table["verdict"].tolist()[1] == "anomalous"
    options = app.selectbox(key=KEY).options
    rows = zip(table["verdict"], table["flagged tiles"], strict=True)
    marks = [f"\u2691 {verdict}, {count} flagged" if count else f"\u2013 {verdict}" for verdict, count in rows]
    assert options == [f"{number} {mark}" for number, mark in enumerate(marks, 1)]
    assert options[1].startswith("2 \u2691 anomalous, ")
    assert app.selectbox(key=KEY).value == 1
    app.session_state["all"] = False
    app.run()
    assert app.selectbox(key=KEY).options == options


def test_marks_of_other_settings_are_forgotten() -> None:
    app = opened(stack(), "All 3 pages")
    app.session_state["all"] = False
    app.slider(key="grid").set_value(5).run()
    assert not app.exception
    assert app.selectbox(key=KEY).options == PLAIN
    opened(app, "All 3 pages")
    assert app.selectbox(key=KEY).options[1].startswith("2 \u2691")


def test_the_page_is_in_the_address_and_comes_from_it() -> None:
    app = stack()
    assert app.query_params["page"] == "1"
    app.selectbox(key=KEY).set_value(3).run()
    assert app.query_params["page"] == "3"
    app.query_params["page"] = "2"  # as Back does
    app.run()
    assert app.selectbox(key=KEY).value == 2
    linked = at_address(DIGEST[:16], "3")
    assert linked.selectbox(key=KEY).value == 3
    other = at_address("0" * 16, "3")
    assert other.selectbox(key=KEY).value == 1


@pytest.mark.parametrize("asked", ["0", "-1", "99", "x", "\u0663", "9" * 400, ""])
def test_an_address_with_another_page_shows_one_that_there_is(asked: str) -> None:
    app = at_address(DIGEST[:16], asked)
    assert app.selectbox(key=KEY).value in (1, 3)
    assert banner(app)[0]


def test_pages_are_compared_with_each_other_and_as_known_good() -> None:
    app = stack()
    choices(app, "scope").select("batch").run()
    assert not app.exception
    assert "2 other pictures" in captions(app)
    app = upload(open_page(scope="Known-good"), ("a.png", png(planted(1, 1))))
    app = upload(app, ("good.tif", STACK), key="reference-files")
    assert "3 known-good pictures in use" in captions(app)


def test_more_pages_than_are_inspected_together_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_pages, "MAX_PAGES", 2)
    app = opened(stack(), "The first 2 pages")
    assert app.selectbox(key=KEY).options[2] == "3"
    assert "others can be shown one by one" in captions(app)


def test_a_film_has_a_number_to_type() -> None:
    frames = np.random.default_rng(0).integers(0, 255, (1001, 48, 48), dtype=np.uint8)
    app = upload(open_page(grid="2"), ("film", dicom(frames)))
    assert not app.exception
    (box,) = [number for number in app.number_input if number.label == "Page"]
    box.set_value(1001).run()
    assert "It is page 1001 of 1001 in its file." in reasons(app)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("IM0001", dicom(weave()[None, ..., 0])),
        ("SCAN.DCM", dicom(weave()[None, ..., 0])),
        ("part.TIFF", tiff(weave())),
        ("part.JFIF", encoded([weave()], "JPEG")),
        ("part", png(weave())),
    ],
)
def test_any_file_that_the_command_line_takes_may_be_dropped_in(name: str, data: bytes) -> None:
    app = open_page()
    assert list(app.file_uploader(key="files").proto.type) == []
    app = upload(app, (name, data))
    assert not errors(app)
    assert banner(app)[0]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("notes.txt", b"hello, this is text", "it is text, not a picture"),
        ("part.psd", b"8BPS\0\1" + bytes(40), "a kind of picture that is not read"),
        ("part.nef", b"IIU\0\x18\0\0\0" + bytes(40), "it is a camera raw picture (RW2)"),
        ("DICOMDIR", dicom(np.zeros((0, 4, 4), np.uint8), kind="1.2.840.10008.1.3.10"), "a DICOM directory (DICOMDIR)"),
    ],
)
def test_what_is_refused_is_explained(name: str, data: bytes, said: str) -> None:
    app = upload(open_page(), (name, data))
    assert not app.exception
    (message,) = errors(app)
    assert name in message
    assert said in message


def test_what_is_no_picture_among_pictures_is_left_out_and_said() -> None:
    app = upload(open_page(), ("a.png", png(weave())), ("notes.txt", b"text"), ("b.psd", b"8BPS\0\1" + bytes(40)))
    assert not app.exception
    assert any(title.startswith("1 left out") for title in titles(app))
    assert "notes.txt**: it is text" in captions(app)
    assert app.selectbox(key="shown").options == ["a.png", "b.psd"]
