"""Files that outside tools rely on: exact columns, exact bytes, and never outside the folder."""

from __future__ import annotations

import errno
import io
import json
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from segdetect.errors import StorageError, UnreadableImageError
from segdetect.inspection import Failure, Inspection, Source
from segdetect.output.annotation import png_bytes
from segdetect.output.names import picture_file
from segdetect.output.run import Run
from segdetect.output.run_folder import RunWriter
from segdetect.output.tables import csv_bytes, flagged_table, image_row, tiles_table
from segdetect.pictures.loading import LoadedImage
from segdetect.settings import GridSize, Settings
from tests.support.pictures import answer, picture, weave

TILES = "image,tile,row,col,left,top,right,bottom,score,rank,flagged,nearest_image,nearest_tile,nearest_similarity"
IMAGES = "image,sha256,width,height,verdict,flagged,max_score,threshold,seconds,error,note,ignored"


@pytest.fixture(scope="module")
def image() -> LoadedImage:
    return picture(weave((35, 20)), "a.png")


@pytest.fixture(scope="module")
def inspection(image: LoadedImage) -> Inspection:
    """Two rows, three columns; tile 4 is flagged and its look-alike lies in another picture; tile 5 has none."""
    good = picture(weave((40, 40), seed=1), "good, really.png")
    layout = answer(good, [0] * 4, grid=GridSize(2, 2)).scores.layout
    return answer(
        image,
        [0.25, 0.125, 0.25, 0.0, 0.75, 0.5],
        grid=GridSize(2, 3),
        flagged=[4],
        threshold=0.75,
        nearest=[1, 0, 0, 2, 3, -1],
        nearest_source=[0, 0, 0, 0, 1, -1],
        similarity=[0.75, 0.875, 0.75, 1.0, 0.25, np.nan],
        others=[Source(good.name, good.sha256, layout)],
    )


def test_tiles_csv_is_as_agreed_to_the_letter(inspection: Inspection) -> None:
    assert (
        csv_bytes(tiles_table(inspection)).decode()
        == f"""{TILES}
a.png,0,0,0,0,0,11,10,0.25,3,False,a.png,1,0.75
a.png,1,0,1,11,0,23,10,0.125,5,False,a.png,0,0.875
a.png,2,0,2,23,0,35,10,0.25,4,False,a.png,0,0.75
a.png,3,1,0,0,10,11,20,0.0,6,False,a.png,2,1.0
a.png,4,1,1,11,10,23,20,0.75,1,True,"good, really.png",3,0.25
a.png,5,1,2,23,10,35,20,0.5,2,False,,,
"""
    )


def test_flagged_csv_holds_the_flagged_rows(inspection: Inspection) -> None:
    lines = csv_bytes(flagged_table(inspection)).decode().splitlines()
    assert lines == [TILES, 'a.png,4,1,1,11,10,23,20,0.75,1,True,"good, really.png",3,0.25']


def test_where_nothing_is_flagged_the_columns_are_still_there(image: LoadedImage) -> None:
    clean = answer(image, [0.1, 0.2], grid=GridSize(1, 2))
    assert csv_bytes(flagged_table(clean)).decode() == TILES + "\n"


def test_scores_are_written_at_full_precision(image: LoadedImage) -> None:
    scores = [1 / 3, 2 / 3]
    table = pd.read_csv(io.BytesIO(csv_bytes(tiles_table(answer(image, scores, grid=GridSize(1, 2))))))
    assert table["score"].tolist() == scores


def test_a_row_per_picture(inspection: Inspection, image: LoadedImage) -> None:
    row = image_row(inspection)
    assert ",".join(row) == IMAGES
    assert list(row.values()) == ["a.png", image.sha256, 35, 20, "anomalous", 1, 0.75, 0.75, 0.75, "", "", 0.0]


def test_a_row_for_a_picture_that_failed() -> None:
    row = image_row(Failure("a b.png", UnreadableImageError("it is empty", remedy="Load another", file="a b.png")))
    assert ",".join(row) == IMAGES
    assert row["error"] == "a b.png: it is empty. Load another."
    assert {value for name, value in row.items() if name not in ("image", "error")} == {""}


def test_the_annotated_picture_has_the_pictures_own_size(inspection: Inspection, image: LoadedImage) -> None:
    drawn = Image.open(io.BytesIO(png_bytes(image, inspection)))
    assert (drawn.format, drawn.mode, drawn.size) == ("PNG", "RGB", image.size_wh)
    left, top, right, bottom = inspection.scores.layout.boxes_ltrb[4]
    changed = np.argwhere((np.asarray(drawn) != image.pixels).any(axis=2))
    assert changed.min(axis=0).tolist() == [top, left]
    assert changed.max(axis=0).tolist() == [bottom - 1, right - 1]


# ---- a run's folder --------------------------------------------------------------------------------------------------


def _writer(folder: Path) -> RunWriter:
    return RunWriter(folder, Run(settings=Settings(), engine="texture", engine_version="tiny 1"))


def test_a_run_writes_what_was_promised(tmp_path: Path, inspection: Inspection, image: LoadedImage) -> None:
    out = tmp_path / "new folder" / "out"
    other = replace(inspection, image="b/c.jpg")
    with _writer(out) as writer:
        writer.add(inspection, lambda: image)
        writer.add_failure(Failure("bad.png", UnreadableImageError("it is empty", file="bad.png")))
        writer.add(other, lambda: image)
    written = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    annotated = ["annotated/a.png", "annotated/b/c.png"]
    assert written == [*annotated, "flagged_segments.csv", "images.csv", "run.json", "segments.csv", "tiles.csv"]
    tables = [csv_bytes(tiles_table(one)).decode() for one in (inspection, other)]
    assert (out / "tiles.csv").read_text() == tables[0] + tables[1].partition("\n")[2]
    flagged = [csv_bytes(flagged_table(one)).decode() for one in (inspection, other)]
    assert (out / "flagged_segments.csv").read_text() == flagged[0] + flagged[1].partition("\n")[2]
    assert (out / "annotated/a.png").read_bytes() == png_bytes(image, inspection)


def test_images_csv_has_a_row_for_each_failed_or_not(
    tmp_path: Path, inspection: Inspection, image: LoadedImage
) -> None:
    with _writer(tmp_path) as writer:
        writer.add(inspection, lambda: image)
        writer.add_failure(Failure("bad.png", UnreadableImageError("it is empty", file="bad.png"), "ab12"))
    assert (tmp_path / "images.csv").read_text() == (
        f"{IMAGES}\na.png,{image.sha256},35,20,anomalous,1,0.75,0.75,0.75,,,0.0\n"
        "bad.png,ab12,,,,,,,,bad.png: it is empty.,,\n"
    )


def test_run_json_tells_how_it_was_made(tmp_path: Path) -> None:
    settings = Settings(grid=GridSize(3, 5))
    with RunWriter(tmp_path, Run(settings=settings, engine="texture", engine_version="tiny 1")):
        pass
    run = json.loads((tmp_path / "run.json").read_text())
    assert set(run) == {"segdetect", "engine", "engine_version", "started", "settings", "mm_per_pixel", "csv_bom"}
    assert (run["engine"], run["engine_version"]) == ("texture", "tiny 1")
    assert run["settings"]["grid"] == {"rows": 3, "cols": 5}
    assert run["settings"]["rule"]["name"] == "auto"
    assert pd.Timestamp(run["started"]).tzinfo is not None


def test_what_was_done_is_on_disk_before_the_run_ends(
    tmp_path: Path, inspection: Inspection, image: LoadedImage
) -> None:
    with _writer(tmp_path) as writer:
        writer.add(inspection, lambda: image)
        assert len((tmp_path / "tiles.csv").read_text().splitlines()) == 7
        assert len((tmp_path / "images.csv").read_text().splitlines()) == 2


def test_an_earlier_run_in_the_folder_is_replaced(tmp_path: Path, inspection: Inspection, image: LoadedImage) -> None:
    for _ in range(2):
        with _writer(tmp_path) as writer:
            writer.add(inspection, lambda: image)
    assert len((tmp_path / "tiles.csv").read_text().splitlines()) == 7
    assert [path.name for path in (tmp_path / "annotated").iterdir()] == ["a.png"]


def test_pictures_with_names_that_end_alike_do_not_overwrite_each_other(
    tmp_path: Path, inspection: Inspection, image: LoadedImage
) -> None:
    names = ["a.png", "a.jpg", "../a.bmp", "a-2.png"]
    with _writer(tmp_path) as writer:
        for name in names:
            writer.add(replace(inspection, image=name), lambda: image)
    assert len(list((tmp_path / "annotated").rglob("*.png"))) == len(names)


def test_a_folder_named_like_a_picture_is_in_nobodys_way(
    tmp_path: Path, inspection: Inspection, image: LoadedImage
) -> None:
    with _writer(tmp_path) as writer:
        for name in ("a.jpg", "a.png/b.jpg", "c.png/d.jpg", "c.jpg"):
            writer.add(replace(inspection, image=name), lambda: image)
    assert len([path for path in (tmp_path / "annotated").rglob("*") if path.is_file()]) == 4


# ---- names that may mean harm ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("a.jpg", "a.png"),
        ("cloth/hole/a.tiff", "cloth/hole/a.png"),
        ("/etc/passwd.png", "passwd.png"),
        ("../../up.png", "up.png"),
        ("a/../../up.png", "up.png"),
        ("//tmp/up.png", "up.png"),
        ("//", "image.png"),
        ("..", "image.png"),
        ("/", "image.png"),
        ("", "image.png"),
        ("..\\..\\up.png", "up.png"),
        ("C:\\photos\\a.png", "C_/photos/a.png"),
        ("photos/c:a.png", "photos/c_a.png"),
        ("at 12:30.png", "at 12:30.png"),
        ("line\nbreak.png", "line_break.png"),
        ("\udcff.jpg", "_.png"),
        ("a.png/b.jpg", "a.png_/b.png"),
        (".hidden", ".hidden.png"),
        ("$(touch x).png", "$(touch x).png"),
    ],
)
def test_where_the_annotated_copy_goes(name: str, wanted: str) -> None:
    assert picture_file(name) == PurePosixPath(wanted)


PIECES = ("/", "\\", "..", ".", "a" * 300, "é" * 200, "\udcff", "\x00", "\n", " ", ":", "C:", "é:", ".png", "b")


@given(st.text() | st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_no_name_leads_out_of_the_folder(name: str) -> None:
    path = picture_file(name)
    assert not path.is_absolute()
    assert not any(part[1:2] == ":" for part in path.parts)
    assert not {"..", ".", ""} & set(path.parts)
    assert path.suffix == ".png"
    assert all(len(part.encode("utf-8", "surrogateescape")) <= 250 for part in path.parts)
    assert not any(ord(c) < 32 for c in str(path))


# ---- the disk says no ------------------------------------------------------------------------------------------------


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match=r"it is a file, or lies below one.*Name a folder") as caught:
        _writer(tmp_path / "file" / "out")
    assert caught.value.file == str(tmp_path / "file" / "out")


def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "replace", forbidden)
    with pytest.raises(StorageError, match="Permission denied"):
        _writer(tmp_path)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_said_to_be_full_and_keeps_what_was_written(
    tmp_path: Path, inspection: Inspection, image: LoadedImage, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(number, "No space left on device")

    with _writer(tmp_path) as writer:
        writer.add(inspection, lambda: image)
        monkeypatch.setattr(Path, "replace", full)
        with pytest.raises(StorageError, match=r"the disk is full\. Free some space"):
            writer.add(inspection, lambda: image)
    assert len((tmp_path / "images.csv").read_text().splitlines()) == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_disk_that_fills_up_in_a_table_is_said_to_be_full(
    tmp_path: Path, inspection: Inspection, image: LoadedImage
) -> None:
    (tmp_path / "tiles.csv").symlink_to("/dev/full")
    with pytest.raises(StorageError, match="the disk is full"), _writer(tmp_path) as writer:
        writer.add(inspection, lambda: image)
