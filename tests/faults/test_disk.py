"""The disk: full at each write of a run in turn, read-only, gone."""

from __future__ import annotations

import gc
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image

from segdetect.cli.main import main
from segdetect.engines.base import Engine
from segdetect.log import end_log
from segdetect.output.run_folder import RunWriter
from segdetect.runs import run as run_module
from segdetect.settings import EngineName
from segdetect.storage.history.entries import Search
from segdetect.storage.history.history import History
from tests.support.faults import fault, one_sentence
from tests.support.pictures import planted, png
from tests.support.small_disk import SmallDisk, small_disk
from tests.support.tiny_engine import TinyDenseEngine

ALL_FORMATS = "csv,json,html,coco,masks,parquet"
NAMES = ["0.png", "1.png", "2.png"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working folder, with pictures; what is kept is kept on the small disk."""
    monkeypatch.chdir(tmp_path)
    for name, value in {"SEGDETECT_HOME": "disk/home", "SEGDETECT_HISTORY": "1", "SEGDETECT_LOG": "1"}.items():
        monkeypatch.setenv(name, value)
    engines: dict[EngineName, Engine] = {EngineName.TEXTURE: TinyDenseEngine()}
    monkeypatch.setattr("segdetect.pipeline.default_engines", lambda: engines)
    monkeypatch.setattr(run_module, "CHUNK_DENSE", 1)
    (tmp_path / "many").mkdir()
    for number, name in enumerate(NAMES):
        (tmp_path / "many" / name).write_bytes(png(planted(2, number, seed=number)))
    yield tmp_path
    end_log()


@pytest.fixture
def disk(folder: Path) -> Iterator[SmallDisk]:
    with small_disk(folder / "disk") as disk:
        yield disk


def inspected(formats: str, out: str = "disk/out", *more: str) -> int:
    return main(["inspect", "many", "--engine", "texture", "--out", out, "--format", formats, *more])


def kept(out: Path) -> dict[str, str]:
    """What a run left, without what differs from run to run."""
    tables = {path.name: pd.read_csv(path).drop(columns="seconds", errors="ignore") for path in out.glob("*.csv")}
    drawn = {path.name: str(path.stat().st_size) for path in out.glob("annotated/*.png")}
    return drawn | {name: table.to_csv() for name, table in tables.items()}


def check_whole(disk: Path) -> None:
    """Nothing on the disk is half written."""
    assert [path.name for path in disk.rglob("*.part")] == []
    for path in [*disk.rglob("run.json"), *disk.rglob("*.json")]:
        json.loads(path.read_text())
    for path in disk.rglob("*.png"):
        with Image.open(path) as drawn:
            drawn.load()
    for path in disk.rglob("*.csv"):
        assert path.read_bytes()[-1:] in (b"\n", b""), path


def check_databases(disk: Path) -> None:
    """Nothing in them is broken; looking needs room itself."""
    for path in [*disk.rglob("*.sqlite"), *disk.rglob("*.sqlite3")]:
        with closing(sqlite3.connect(path)) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",), path


def images_in_history() -> list[str]:
    return sorted(entry.image for entry in History().find(Search()))


def full_at(
    disk: SmallDisk, pages: int, whole: dict[str, str], capsys: pytest.CaptureFixture[str], *, formats: str
) -> int:
    """A run on a disk of so many pages, and again when there is room; the first one's exit code."""
    shutil.rmtree(disk.folder / "out", ignore_errors=True)
    shutil.rmtree(disk.folder / "home", ignore_errors=True)
    gc.collect()  # what a run that failed left open
    disk.resize(pages)
    code = inspected(formats)
    told = capsys.readouterr().err
    assert code in (0, 1)
    if code or "not kept" in told:
        one_sentence(told, "the disk is full. Free some")
    check_whole(disk.folder)
    disk.resize(4096)
    check_databases(disk.folder)
    again = inspected(formats, "disk/out", "--resume")
    assert again == 0, capsys.readouterr().err
    assert kept(disk.folder / "out") == whole
    check_whole(disk.folder)
    # A run that was done before the history failed has nothing left to keep.
    if code:
        assert images_in_history() == NAMES
    return code


@pytest.fixture
def whole(folder: Path, disk: SmallDisk, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """What a run leaves where there is room."""
    assert inspected("csv", "whole") == 0
    capsys.readouterr()
    return kept(folder / "whole")


FULL = "said in a sentence, no file half written; with room, the run goes on to the same files and the same history"


@pytest.mark.slow
@fault("disk full at each write of a run", injected="a disk of 1, 2, 3, ... pages of 4 kB", held=FULL)
def test_a_disk_that_is_full_at_each_page(
    disk: SmallDisk, whole: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    codes = []
    while codes[-3:] != [0, 0, 0]:
        codes.append(full_at(disk, len(codes) + 1, whole, capsys, formats="csv"))
        assert len(codes) < 500
    assert codes.count(1) > 20
    # And it fits now: nothing of it was in want of room.
    assert images_in_history() == NAMES


@pytest.mark.parametrize(
    "pages", [pytest.param(1, marks=pytest.mark.slow), 9, pytest.param(30, marks=pytest.mark.slow)]
)
def test_a_disk_that_is_full_at_some_page(
    disk: SmallDisk, whole: dict[str, str], capsys: pytest.CaptureFixture[str], pages: int
) -> None:
    full_at(disk, pages, whole, capsys, formats=ALL_FORMATS)


SAID = "said in a sentence; pictures are inspected all the same"


@fault("read-only home", injected="the disk with the data folder is mounted read-only", held=SAID)
def test_a_home_that_may_only_be_read(folder: Path, disk: SmallDisk, capsys: pytest.CaptureFixture[str]) -> None:
    disk.lock(True)
    assert inspected("csv", "out") == 0
    one_sentence(capsys.readouterr().err, "not kept in the history: ")
    assert len(kept(folder / "out")) == 3 + len(list((folder / "out").glob("*.csv")))
    disk.lock(False)
    assert inspected("csv", "out") == 0
    assert images_in_history() == NAMES


@fault("read-only output", injected="the disk with the output is mounted read-only", held="said; then the run goes on")
def test_an_output_that_may_only_be_read(disk: SmallDisk, capsys: pytest.CaptureFixture[str]) -> None:
    disk.lock(True)
    assert inspected("csv") == 1
    one_sentence(capsys.readouterr().err, "it cannot be written (Read-only file system). ")
    disk.lock(False)
    assert inspected("csv", "disk/out", "--resume") == 0


@fault("output folder gone", injected="the folder is removed in mid-run", held="said; the next run writes it anew")
def test_an_output_that_is_removed_in_mid_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    add = RunWriter.add

    def removed(*arguments: Any, **options: Any) -> None:
        shutil.rmtree(folder / "out" / "annotated", ignore_errors=True)
        shutil.rmtree(folder / "out")
        add(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(RunWriter, "add", removed)
        code = inspected("csv,json", "out")
    assert code == 1
    one_sentence(capsys.readouterr().err, "it cannot be written (No such file or directory). ")
    assert inspected("csv,json", "out") == 0
    assert json.loads((folder / "out" / "inspections.json").read_text())["results"]
