"""Pages of files with several are inspected each under its own name, and what is not taken is said."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import segdetect
from segdetect.cli.main import main
from segdetect.pictures import page_choice
from segdetect.settings import EngineName
from tests.support.picture_files import dicom, encoded
from tests.support.pictures import planted, png, tiff, weave
from tests.support.tiny_engine import TinyDenseEngine

STACK = tiff(weave(seed=1), planted(2, 3, seed=2), weave(seed=3))
FIRST = "only the first page of a file that is named itself is taken, unless others are asked for"


@pytest.fixture(autouse=True)
def engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tiny one in place of the real ones."""
    monkeypatch.setattr("segdetect.pipeline.default_engines", lambda: {EngineName.TEXTURE: TinyDenseEngine()})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A file of three pages beside one of a single page."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "stack.tif").write_bytes(STACK)
    (folder / "plain.png").write_bytes(png(weave()))
    return folder


def inspected(*words: object) -> tuple[int, pd.DataFrame, Path]:
    out = Path(str(words[0])).parent / f"out{len(words)}"
    code = main(["inspect", *map(str, words), "--engine", "texture", "--out", str(out)])
    return code, pd.read_csv(out / "images.csv", keep_default_na=False).set_index("image"), out


def test_a_folder_is_inspected_page_by_page(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, images, out = inspected(folder)
    names = ["plain.png", "stack.tif#1", "stack.tif#2", "stack.tif#3"]
    assert (code, images.index.tolist()) == (0, names)
    assert images["sha256"]["stack.tif#3"] == hashlib.sha256(STACK).hexdigest()
    assert images["note"]["stack.tif#2"] == "It is page 2 of 3 in its file."
    assert len(set(images["sha256"])) == 2
    assert "segdetect: 4 inspected, 0 left out, 0 failed." in capsys.readouterr().err
    tiles = pd.read_csv(out / "tiles.csv")
    assert tiles["image"].unique().tolist() == names
    strongest = tiles.loc[tiles[tiles["image"] == "stack.tif#2"]["score"].idxmax()]
    assert strongest["tile"] == 2 * 7 + 3
    assert sorted(path.name for path in (out / "annotated").iterdir()) == [
        "plain.png",
        "stack#1.png",
        "stack#2.png",
        "stack#3.png",
    ]
    assert np.asarray(Image.open(out / "annotated/stack#2.png")).shape == (112, 112, 3)


def test_a_zip_is_inspected_page_by_page(folder: Path) -> None:
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        archive.write(folder / "stack.tif", "a/stack.tif")
    code, images, _ = inspected(folder / "all.zip")
    assert (code, images.index.tolist()) == (0, ["a/stack.tif#1", "a/stack.tif#2", "a/stack.tif#3"])


def test_of_a_file_named_itself_the_first_page_is_taken_and_the_others_are_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "stack.tif"
    code, images, _ = inspected(path)
    assert (code, images.index.tolist()) == (0, [str(path), f"{path}#2-#3"])
    assert images["note"][str(path)] == "It is page 1 of 3 in its file."
    assert images["note"][f"{path}#2-#3"] == f"Left out: {FIRST}."
    said = capsys.readouterr().err.splitlines()
    assert said[-2:] == [
        f"segdetect: left out: {path}#2-#3: {FIRST} (--page all takes them all, --page N one of them)",
        "segdetect: 1 inspected, 1 left out, 0 failed.",
    ]


def test_all_pages_of_a_file_named_itself_on_request(folder: Path) -> None:
    path = folder / "stack.tif"
    code, images, _ = inspected(path, "--page", "all")
    assert (code, images.index.tolist()) == (0, [f"{path}#1", f"{path}#2", f"{path}#3"])
    assert images["verdict"].tolist()[1] == "anomalous"


def test_one_page_of_every_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, images, _ = inspected(folder, "--page", "2")
    assert (code, images.index.tolist()) == (0, ["stack.tif#2", "plain.png"])
    assert images["note"]["plain.png"] == "Left out: it has no page 2."
    assert "1 inspected, 1 left out" in capsys.readouterr().err


def test_a_page_that_the_file_does_not_have_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(folder / "stack.tif"), "--engine", "texture", "--page", "4"]) == 1
    assert "there is no page 4 in this file. Choose a page from 1 to 3." in capsys.readouterr().err


@pytest.mark.parametrize("page", ["0", "-1", "two", "1.5", "9" * 5000])
def test_what_is_no_page_is_wrong_use(folder: Path, capsys: pytest.CaptureFixture[str], page: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["inspect", str(folder / "stack.tif"), f"--page={page}"])
    assert ended.value.code == 2
    assert "is neither a page, from 1 on, nor all" in capsys.readouterr().err


def test_a_folder_without_that_page_is_wrong_use(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(folder), "--engine", "texture", "--page", "9"]) == 2
    assert "no picture has a page 9" in capsys.readouterr().err


def test_no_more_pages_than_a_person_means_unless_all_are_asked_for(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert page_choice.MAX_PAGES == 100
    monkeypatch.setattr(page_choice, "MAX_PAGES", 2)
    code, images, _ = inspected(folder)
    assert (code, images.index.tolist()) == (0, ["plain.png", "stack.tif#1", "stack.tif#2", "stack.tif#3"])
    assert images["verdict"]["stack.tif#3"] == ""
    said = capsys.readouterr().err
    assert "left out: stack.tif#3: only the first 100 pages of a file are taken" in said
    assert "(--page all takes them all" in said
    assert inspected(folder, "--page", "all")[1]["verdict"]["stack.tif#3"]


def test_a_page_never_takes_the_name_of_a_file(folder: Path) -> None:
    (folder / "stack.tif#2").write_bytes(png(weave(seed=9)))
    names = inspected(folder)[1].index.tolist()
    assert names == ["plain.png", "stack.tif#1", "stack.tif##2", "stack.tif#3", "stack.tif#2"]


def test_one_page_that_cannot_be_read_does_not_stop_the_others(folder: Path) -> None:
    damaged = bytearray(STACK)
    with Image.open(io.BytesIO(STACK)) as file:
        file.seek(1)
        offset = file.tag_v2[273][0]
        at = STACK.rindex(offset.to_bytes(4, "little"))
    damaged[at : at + 4] = (len(STACK) + 9).to_bytes(4, "little")
    (folder / "stack.tif").write_bytes(damaged)
    code, images, _ = inspected(folder)
    assert (code, images.index.tolist()) == (1, ["plain.png", "stack.tif#1", "stack.tif#2", "stack.tif#3"])
    assert "it is cut off" in images["error"]["stack.tif#2"]
    assert (images["error"][["stack.tif#1", "stack.tif#3"]] == "").all()


def test_pages_are_a_batch(folder: Path) -> None:
    (folder / "plain.png").unlink()
    _, _, out = inspected(folder, "--scope", "batch")
    tiles = pd.read_csv(out / "tiles.csv")
    assert set(tiles["nearest_image"]) <= {"stack.tif#1", "stack.tif#2", "stack.tif#3"}
    assert (tiles["nearest_image"] != tiles["image"]).any()


def test_references_are_taken_page_by_page_and_follow_the_page_asked_for(folder: Path, tmp_path: Path) -> None:
    part = tmp_path / "part.tif"
    part.write_bytes(tiff(weave(seed=5), planted(1, 1, seed=6)))
    _, _, out = inspected(part, "--references", folder)
    nearest = set(pd.read_csv(out / "tiles.csv")["nearest_image"])
    assert {"stack.tif#1", "stack.tif#3", "plain.png"} <= nearest | {str(part)}
    _, images, out = inspected(part, "--page", "2", "--references", folder)
    assert images.index.tolist() == [f"{part}#2"]
    assert set(pd.read_csv(out / "tiles.csv")["nearest_image"]) <= {"stack.tif#2", "plain.png", f"{part}#2"}


def test_what_was_done_to_a_picture_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    grey = tiff(weave()[..., 0].astype(np.uint16) * 200)
    (folder / "deep.tif").write_bytes(grey)
    inspected(folder / "deep.tif")
    assert f"segdetect: {folder / 'deep.tif'}: Values " in capsys.readouterr().err
    inspected(folder)
    said = capsys.readouterr().err
    assert "Values" not in said
    assert "segdetect: 4 pictures with notes on what was assumed or done (-v says them)." in said
    inspected(folder, "-v")
    said = capsys.readouterr().err
    assert "segdetect: deep.tif: Values " in said
    assert "segdetect: stack.tif#3: It is page 3 of 3 in its file." in said
    assert "-v says them" not in said


def test_frames_of_animations_and_scans_are_pages_too(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    pages = [weave(seed=1), planted(2, 3, seed=2)]
    (folder / "a.gif").write_bytes(encoded(pages, "GIF"))
    (folder / "b").write_bytes(dicom(np.stack([page[..., 0] for page in pages])))
    assert inspected(folder)[1].index.tolist() == ["a.gif#1", "a.gif#2", "b#1", "b#2"]


def test_python_programs_open_any_page_and_take_references_page_by_page(folder: Path) -> None:
    image = segdetect.load(folder / "stack.tif", page=1)
    assert (image.page, image.pages) == (1, 3)
    answer = segdetect.inspect(image, engine="texture", references=folder)
    assert answer.page == 1
    assert {source.name for source in answer.scores.sources} == {
        image.name,
        "plain.png",
        "stack.tif#1",
        "stack.tif#3",
    }
