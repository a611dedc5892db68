"""Runs that are kept in a folder, stopped, and gone on with."""

from __future__ import annotations

import hashlib
import json
import os
import signal
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import pandas as pd
import pytest

from segdetect.errors import SettingsError, StorageError
from segdetect.inspection import Failure
from segdetect.output.journal import JOURNAL, Journal, has_journal, read_journal
from segdetect.pictures.sources import list_sources
from segdetect.pipeline import Inspector
from segdetect.runs import run as run_module
from segdetect.runs.kept import KeptRun
from segdetect.runs.rooms import Here
from segdetect.runs.run import Position, Work
from segdetect.settings import EngineName, GridSize, Scope, Settings
from tests.support.clock import stopped_clock
from tests.support.pictures import planted, png, tiff, weave
from tests.support.tiny_engine import TinyDenseEngine

SETTINGS = Settings(engine=EngineName.TEXTURE)
NAMES = ["0.png", "1.png", "2.png", "bad.png", "scan.tif#1", "scan.tif#2"]


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "CHUNK_DENSE", 1)
    monkeypatch.setattr("segdetect.runs.batch.CHUNK_PICTURES", 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures, a damaged one, and a file of two pages."""
    home = tmp_path / "pictures"
    home.mkdir()
    for number in range(3):
        (home / f"{number}.png").write_bytes(png(planted(2, number, seed=number)))
    (home / "bad.png").write_bytes(b"")
    (home / "scan.tif").write_bytes(tiff(weave(seed=7), planted(1, 1, seed=8)))
    return home


def _kept(
    inspector: Inspector,
    folder: Path,
    out: Path,
    *,
    resume: bool = True,
    settings: Settings = SETTINGS,
    mm_per_pixel: float | None = None,
    bom: bool = False,
) -> KeptRun:
    found = list_sources([folder])
    work = Work.by(inspector, found.files, settings, annotated=True)
    return KeptRun(work, out, resume=resume, left_out=found.left_out, mm_per_pixel=mm_per_pixel, bom=bom)


def _do(kept: KeptRun, inspector: Inspector, parts: int | None = None) -> list[str]:
    """The names of the pictures that are done, of so many parts."""
    with closing(kept.parts(Here(inspector))) as coming:
        return [one.result.image for part in islice(coming, parts) for one in part if one.result]


def _files(out: Path) -> dict[str, str]:
    """Digests of all that is written, without what differs from run to run."""
    digests = {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.suffix == ".png"
    }
    tables = {path.name: pd.read_csv(path).drop(columns="seconds", errors="ignore") for path in out.glob("*.csv")}
    journal = [json.loads(line) for line in (out / JOURNAL).read_text().splitlines()]
    for line in journal[1:]:
        (line["document"] or {}).pop("seconds", None)
    for name in ("id", "started"):
        journal[0].pop(name)
    record = json.loads((out / "run.json").read_text())
    record.pop("started")
    return {
        **digests,
        **{name: table.to_csv() for name, table in tables.items()},
        "journal": json.dumps(journal),
        "run": json.dumps(record),
    }


def test_a_run_that_was_stopped_ends_as_one_that_was_not(inspector: Inspector, folder: Path, tmp_path: Path) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    assert _do(_kept(inspector, folder, whole), inspector) == NAMES
    done: list[str] = []
    # The fifth part is the first page of the file with two.
    for number, parts in enumerate((1, 2, 2, None)):
        kept = _kept(inspector, folder, stopped)
        assert kept.inspected + kept.failed == len(done)
        assert kept.position == (Position(4, 1) if number == 3 else Position(len(done)))
        done += _do(kept, inspector, parts)
    assert done == NAMES
    assert _files(stopped) == _files(whole)
    kept = _kept(inspector, folder, stopped)
    assert (kept.inspected, kept.failed) == (5, 1)
    assert _do(kept, inspector) == []
    assert _files(stopped) == _files(whole)


def test_a_process_that_was_killed_loses_no_more_than_the_part_under_way(
    inspector: Inspector, folder: Path, tmp_path: Path
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    _do(_kept(inspector, folder, whole), inspector)
    child = os.fork()
    if child == 0:
        for number, _ in enumerate(_kept(inspector, folder, killed).parts(Here(inspector))):
            if number == 2:
                os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    # As where a line was being written.
    with (killed / JOURNAL).open("ab") as journal:
        journal.write((whole / JOURNAL).read_bytes().splitlines()[4][:100])
    assert [one.file for one in read_journal(killed)] == [0, 1, 2]
    assert _do(_kept(inspector, folder, killed), inspector) == NAMES[3:]
    assert _files(killed) == _files(whole)


def test_without_resume_the_files_are_replaced(inspector: Inspector, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    _do(_kept(inspector, folder, out), inspector, 2)
    assert _do(_kept(inspector, folder, out, resume=False), inspector) == NAMES
    assert [one.file for one in read_journal(out)] == [0, 1, 2, 3, 4, 4]


@pytest.mark.parametrize(("later", "scale"), [(None, 0.5), (0.25, 0.25)])
def test_a_run_that_is_gone_on_with_keeps_its_scale_unless_there_is_another(
    inspector: Inspector, folder: Path, tmp_path: Path, later: float | None, scale: float
) -> None:
    out = tmp_path / "out"
    _do(_kept(inspector, folder, out, mm_per_pixel=0.5), inspector, 2)
    _do(_kept(inspector, folder, out, mm_per_pixel=later), inspector, 1)
    _do(_kept(inspector, folder, out), inspector)
    assert json.loads((out / "run.json").read_text())["mm_per_pixel"] == scale
    table = pd.read_csv(out / "segments.csv")
    assert len(table) > 0
    assert table["area_mm2"].tolist() == (table["area_px"] * scale**2).tolist()


@pytest.mark.parametrize(("record", "first"), [("kept", True), ("lost", True), ("kept", False)])
def test_tables_for_excel_stay_so_in_a_run_that_is_gone_on_with(
    inspector: Inspector, folder: Path, tmp_path: Path, record: str, first: bool
) -> None:
    out = tmp_path / "out"
    _do(_kept(inspector, folder, out, bom=first), inspector, 2)
    if not first:
        _do(_kept(inspector, folder, out, bom=True), inspector, 1)
    if record == "lost":
        (out / "run.json").unlink()
    _do(_kept(inspector, folder, out), inspector)
    begin = {path.name: path.read_bytes()[:3] for path in out.glob("*.csv")}
    assert begin == dict.fromkeys(["images.csv", "tiles.csv", "flagged_segments.csv", "segments.csv"], b"\xef\xbb\xbf")


def test_a_run_keeps_its_id_and_another_of_the_same_second_has_another(
    inspector: Inspector, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped_clock(monkeypatch)
    out = tmp_path / "out"
    first = _kept(inspector, folder, out)
    _do(first, inspector, 1)
    assert _kept(inspector, folder, out).id == first.id
    assert _kept(inspector, folder, out, resume=False).id != first.id
    # Journals of before have no other name of their run than the time at which it began.
    head, *lines = (out / JOURNAL).read_text().splitlines(keepends=True)
    values = json.loads(head)
    assert values.pop("id") == first.id
    (out / JOURNAL).write_text("".join([json.dumps(values) + "\n", *lines]))
    assert _kept(inspector, folder, out).id == values["started"]


def test_a_run_can_be_paused_and_gone_on_with(inspector: Inspector, folder: Path, tmp_path: Path) -> None:
    kept = _kept(inspector, folder, tmp_path / "out")
    assert _do(kept, inspector, 2) == NAMES[:2]
    assert _do(kept, inspector) == NAMES[2:]
    assert (kept.inspected, kept.failed) == (5, 1)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (Settings(engine=EngineName.TEXTURE, grid=GridSize(7, 8)), r"the same cols \(7 there, 8 now\)"),
        (Settings(engine=EngineName.TEXTURE, scope=Scope.BATCH), r"the same scope \(self there, batch now\)"),
    ],
    ids=["grid", "scope"],
)
def test_other_settings_are_another_run(
    inspector: Inspector, folder: Path, tmp_path: Path, changed: Settings, words: str
) -> None:
    _do(_kept(inspector, folder, tmp_path / "out"), inspector, 1)
    with pytest.raises(SettingsError, match=words):
        _kept(inspector, folder, tmp_path / "out", settings=changed)


def test_another_engine_is_another_run(inspector: Inspector, folder: Path, tmp_path: Path) -> None:
    _do(_kept(inspector, folder, tmp_path / "out"), inspector, 1)
    engine = TinyDenseEngine()
    engine.version = "tiny 2"
    with pytest.raises(SettingsError, match=r"version of the engine \(tiny 1 there, tiny 2 now\)"):
        _kept(Inspector({EngineName.TEXTURE: engine}), folder, tmp_path / "out")


def test_other_pictures_are_another_run(inspector: Inspector, folder: Path, tmp_path: Path) -> None:
    _do(_kept(inspector, folder, tmp_path / "out"), inspector, 2)
    os.utime(folder / "0.png", (1, 1))  # as a copy
    assert _kept(inspector, folder, tmp_path / "out").position == Position(2)
    (folder / "0.png").write_bytes(png(weave(seed=20)))
    with pytest.raises(SettingsError, match=r"0\.png is not the file any more"):
        _kept(inspector, folder, tmp_path / "out")
    (folder / "0.png").rename(folder / "00.png")
    with pytest.raises(SettingsError, match="the same pictures"):
        _kept(inspector, folder, tmp_path / "out")


@pytest.mark.parametrize("line", [b"{}\n", b"no JSON\n", b'{"document": "segdetect journal", "version": 2}\n'])
def test_a_damaged_journal_is_told(inspector: Inspector, folder: Path, tmp_path: Path, line: bytes) -> None:
    out = tmp_path / "out"
    out.mkdir()
    assert not has_journal(out)
    with pytest.raises(StorageError, match="no journal"):
        list(read_journal(out))
    (out / JOURNAL).write_bytes(line)
    with pytest.raises(StorageError, match="its journal is"):
        _kept(inspector, folder, out)


def test_a_damaged_line_is_told(inspector: Inspector, folder: Path, tmp_path: Path) -> None:
    _do(_kept(inspector, folder, tmp_path), inspector, 2)
    lines = (tmp_path / JOURNAL).read_bytes().splitlines(keepends=True)
    (tmp_path / JOURNAL).write_bytes(lines[0] + lines[1].replace(b'"tiles":[{', b'"tiles":[{},{') + lines[2])
    with pytest.raises(StorageError, match="its journal is damaged"):
        list(read_journal(tmp_path))


def test_a_long_torn_line_is_dropped(inspector: Inspector, folder: Path, tmp_path: Path) -> None:
    _do(_kept(inspector, folder, tmp_path), inspector, 1)
    whole = (tmp_path / JOURNAL).read_bytes()
    (tmp_path / JOURNAL).write_bytes(whole + b"x" * 200_000)
    with Journal(tmp_path, None) as journal:
        journal.add([])
    assert (tmp_path / JOURNAL).read_bytes() == whole


def test_the_journal_tells_failures_too(inspector: Inspector, folder: Path, tmp_path: Path) -> None:
    _do(_kept(inspector, folder, tmp_path), inspector)
    results: Iterator[object] = (one.result for one in read_journal(tmp_path))
    assert [result.image for result in results if isinstance(result, Failure)] == ["bad.png"]
