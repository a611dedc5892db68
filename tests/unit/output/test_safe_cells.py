"""Texts in CSV files that no spreadsheet runs, and that can be had back."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segdetect.grid import GridSize
from segdetect.output.run import Run
from segdetect.output.run_folder import RunWriter
from segdetect.output.tables import csv_bytes, image_row, plain_text, safe_text
from segdetect.pictures.left_out import LeftOut
from segdetect.settings import Settings

RUN = ["=1+1.png", "+1.png", "-1.png", "@SUM(1).png", "\t=1.png", "\r=1.png", "\uff1d1.png", "'=1.png", "''+1.png"]
KEPT = ["a.png", "a=b.png", "a-b.png", "sub/-a.png", "it's.png", "'quoted'.png", "2x@.png", "a;b.png", "", "#1.png"]


@pytest.mark.parametrize("text", RUN)
def test_what_would_run_has_an_apostrophe_in_front(text: str) -> None:
    assert safe_text(text).startswith("'")
    assert plain_text(safe_text(text)) == text


@pytest.mark.parametrize("text", KEPT)
def test_other_names_are_as_they_are(text: str) -> None:
    assert safe_text(text) == plain_text(text) == text


@pytest.mark.parametrize("separator", [";", "\t", "\n", "\r"])
def test_no_part_of_a_name_runs_either(separator: str) -> None:
    text = f"a{separator}=1{separator}b.png"
    assert all(part[:1] not in "=+-@" for part in safe_text(text).split(separator))
    assert plain_text(safe_text(text)) == text


@given(st.text(alphabet="'=+-@;\t\r\na\uff1d", max_size=12))
def test_every_text_comes_back_and_no_two_become_one(text: str) -> None:
    safe = safe_text(text)
    assert plain_text(safe) == text
    assert safe[:1] not in tuple("=+-@\t\r\n\uff1d")


@given(st.lists(st.text(alphabet="'=;\",\t\r\na ", max_size=6), min_size=1, max_size=3))
def test_a_row_is_a_row_whatever_ends_lines_in_its_cells(names: list[str]) -> None:
    file = csv_bytes(pd.DataFrame({"image": names, "row": 1})).decode()
    rows = list(csv.reader(io.StringIO(file, newline="")))
    assert rows == [["image", "row"], *([safe_text(name), "1"] for name in names)]
    assert file.endswith(",1\n")


def test_numbers_stay_numbers() -> None:
    table = pd.DataFrame({"image": ["=a.png"], "score": [-0.5], "flagged": [True], "tile": pd.array([pd.NA], "Int64")})
    assert csv_bytes(table) == b"image,score,flagged,tile\n'=a.png,-0.5,True,\n"


def test_a_byte_order_mark_where_it_is_asked_for() -> None:
    table = pd.DataFrame({"image": ["\u00e4.png"]})
    assert csv_bytes(table, bom=True) == b"\xef\xbb\xbf" + csv_bytes(table)
    assert pd.read_csv(io.BytesIO(csv_bytes(table, bom=True))).columns.tolist() == ["image"]


@pytest.mark.parametrize("bom", [False, True])
def test_each_file_of_a_run_begins_with_it_once(tmp_path: Path, bom: bool) -> None:
    run = Run(settings=Settings(grid=GridSize(1, 2)), engine="texture", engine_version="1", bom=bom)
    with RunWriter(tmp_path, run) as writer:
        writer.add_left_out(LeftOut("=a/", "it is hidden"))
        writer.add_left_out(LeftOut("b.png", "it is hidden"))
    for name in ("tiles.csv", "flagged_segments.csv", "segments.csv", "images.csv"):
        assert (tmp_path / name).read_bytes().count(b"\xef\xbb\xbf") == bom
    images = pd.read_csv(tmp_path / "images.csv", keep_default_na=False)
    assert images["image"].tolist() == ["'=a/", "b.png"]
    assert images.columns[-2] == "note"
    assert images["note"].tolist() == ["Left out: it is hidden."] * 2


def test_a_row_for_what_was_left_out_names_it_and_nothing_else() -> None:
    row = image_row(LeftOut(".a.png", "it is hidden"))
    assert {name: value for name, value in row.items() if value} == {
        **{"image": ".a.png", "note": "Left out: it is hidden."}
    }
