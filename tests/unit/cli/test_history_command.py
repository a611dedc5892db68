"""`history`: what was kept is listed, shown, exported and deleted."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from segdetect.cli.history import end_of, moment
from segdetect.cli.main import main
from segdetect.documents.inspections import read_inspection
from segdetect.inspection import Inspection, Verdict
from segdetect.settings import EngineName
from segdetect.storage.history.entries import Search
from segdetect.storage.history.history import History
from tests.support.clock import stopped_clock
from tests.support.findings import failure, finding, run
from tests.support.pictures import planted, png
from tests.support.tiny_engine import TinyDenseEngine


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> History:
    """A history of three in the user's folder; their numbers are 1, 2 and 3."""
    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path / "home"))
    made = History()
    made.add(run(), [finding("part a.png", seed=1), failure("bad.png", minutes=1)])
    made.add(run(), [finding("part b.png", seed=2, minutes=2, verdict=Verdict.NORMAL)])
    return made


def test_a_list_begins_with_the_newest(history: History, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["3", "2", "1"]
    assert "normal, 1 flagged" in lines[0]
    assert lines[2].endswith("anomalous, 1 flagged      part a.png")


def test_a_list_is_searched_cut_and_printed_as_json(history: History, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "list", "--json", "--name", "PART", "--limit", "1"]) == 0
    said = capsys.readouterr()
    (record,) = map(json.loads, said.out.splitlines())
    assert (record["id"], record["image"], record["verdict"], record["width"]) == (3, "part b.png", "normal", 64)
    assert "1 more" in said.err
    assert main(["history", "list", "--verdict", "failed"]) == 0
    assert "bad.png" in capsys.readouterr().out
    assert main(["history", "list", "--since", "2199-01-01"]) == 0
    assert capsys.readouterr() == ("", "segdetect: nothing in the history is like that.\n")
    assert main(["history", "list", "--limit", "0"]) == 2


def test_one_is_shown_in_words_or_as_its_document(history: History, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "show", "1"]) == 0
    words = capsys.readouterr().out
    for part in ("part a.png", "anomalous", "because", "1 of 12 tiles", "3 x 4 tiles", "without the picture"):
        assert part in words
    assert main(["history", "show", "2"]) == 0
    assert "it is empty" in capsys.readouterr().out
    assert main(["history", "show", "1", "--json"]) == 0
    again, kept = read_inspection(json.loads(capsys.readouterr().out)), history.result(1)
    assert isinstance(kept, Inspection)
    assert again.scores.scores.tobytes() == kept.scores.scores.tobytes()
    for number in ("99", "9" * 30):
        assert main(["history", "show", number]) == 2
        said = f"not in the history: {number}. `segdetect history list` has those that are."
        assert said in capsys.readouterr().err


def test_some_are_exported_as_documents_and_tables(
    history: History, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["history", "export", "--out", str(out)]) == 0
    assert "3 exported" in capsys.readouterr().err
    assert sorted(path.name for path in out.iterdir()) == ["1.json", "2.json", "3.json", "images.csv", "tiles.csv"]
    assert [*pd.read_csv(out / "images.csv").image] == ["part b.png", "bad.png", "part a.png"]
    assert len(pd.read_csv(out / "tiles.csv")) == 24
    assert read_inspection(json.loads((out / "1.json").read_bytes())).image == "part a.png"
    assert main(["history", "export", "1", "--out", str(tmp_path / "one")]) == 0
    assert [path.name for path in (tmp_path / "one").glob("*.json")] == ["1.json"]
    assert main(["history", "export", "1", "99", "--out", str(tmp_path / "none")]) == 2
    assert "not in the history: 99. `segdetect history list` has those that are." in capsys.readouterr().err
    assert not [*tmp_path.glob("none/*.*")]


def test_what_is_found_is_deleted_only_when_asked_twice(history: History, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "delete"]) == 2
    assert "3 would be deleted. Add --yes" in capsys.readouterr().err
    assert main(["history", "delete", "1", "--name", "part"]) == 2
    assert history.count(Search()) == 3
    assert main(["history", "delete", "1", "99"]) == 0
    said = capsys.readouterr().err
    assert "1 deleted" in said
    assert "not in the history: 99. `segdetect history list` has those that are." in said
    assert main(["history", "delete", "99"]) == 2
    assert "none of these numbers is in the history" in capsys.readouterr().err
    assert main(["history", "delete", "--verdict", "failed", "--yes"]) == 0
    assert [entry.image for entry in history.find(Search())] == ["part b.png"]


def test_a_verdict_that_there_is_not_is_refused_with_those_there_are(
    history: History, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["history", "list", "--verdict", "bad"])
    assert ended.value.code == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "there is no verdict 'bad'. Choose one of normal, suspicious, anomalous, cannot tell, failed" in said
    assert main(["history", "list", "--verdict", "failed"]) == 0


def test_a_history_that_cannot_be_read_is_said(history: History, capsys: pytest.CaptureFixture[str]) -> None:
    history.database.file.write_bytes(b"this is no database" * 100)
    assert main(["history", "list"]) == 1
    assert "history/history.sqlite3: it is damaged" in capsys.readouterr().err


def test_dates_are_of_this_time_zone_and_a_day_ends_with_itself() -> None:
    assert moment("2026-11-30") == datetime(2026, 11, 30).astimezone()
    assert end_of("2026-11-30") - moment("2026-11-30") == timedelta(days=1)
    assert end_of("2026-11-30T15:04") == datetime(2026, 11, 30, 15, 4).astimezone()
    assert moment("2026-11-30T15:04+02:00").isoformat() == moment("2026-11-30T13:04Z").isoformat()


# ---- what inspect keeps ----------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of three pictures and a file that is none, with a history of its own and a tiny engine."""
    monkeypatch.setenv("SEGDETECT_HISTORY", "1")
    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("segdetect.pipeline.default_engines", lambda: {EngineName.TEXTURE: TinyDenseEngine()})
    many = tmp_path / "many"
    many.mkdir()
    for number in range(3):
        (many / f"{number}.png").write_bytes(png(planted(number, 2)))
    (many / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n nothing")
    return many


def test_inspect_keeps_its_answers_and_failures_as_one_run(folder: Path, tmp_path: Path) -> None:
    out = ["--out", str(tmp_path / "out")]
    assert main(["inspect", str(folder), *out]) == 1
    entries = History().find(Search())
    assert {(e.image, e.verdict == "failed", e.thumbnail is None) for e in entries} == {
        *((f"{number}.png", False, False) for number in range(3)),
        ("bad.png", True, True),
    }
    assert {e.run_name for e in entries} == {str(folder)}
    assert len({e.run for e in entries}) == 1
    # Nothing is done, or kept, twice; another run is.
    assert main(["inspect", str(folder), *out, "--resume"]) == 1
    assert History().count(Search()) == 4
    assert main(["inspect", str(folder)]) == 1
    assert History().count(Search()) == 8


def test_a_run_that_begins_in_the_same_second_in_the_same_folder_takes_nobodys_place(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped_clock(monkeypatch)
    for count in (4, 8):
        assert main(["inspect", str(folder), "--out", str(tmp_path / "out")]) == 1
        entries = History().find(Search())
        assert len(entries) == count
        assert len({entry.run for entry in entries}) == count // 4


@pytest.mark.parametrize("turned_off", ["option", "variable"])
def test_inspect_keeps_nothing_when_told_so(
    folder: Path, tmp_path: Path, turned_off: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if turned_off == "variable":
        monkeypatch.setenv("SEGDETECT_HISTORY", "0")
    assert main(["inspect", str(folder), *(["--no-history"] if turned_off == "option" else [])]) == 1
    assert not (tmp_path / "home" / "history").exists()


@pytest.mark.parametrize("trouble", ["damaged", "address"])
def test_a_history_that_cannot_be_written_costs_the_run_nothing(
    folder: Path, tmp_path: Path, trouble: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(folder), "--no-history"]) == 1
    whole = capsys.readouterr()
    if trouble == "address":
        monkeypatch.setenv("SEGDETECT_DATABASE_URL", "mysql://host/kept")
    else:
        (tmp_path / "home" / "history").mkdir(parents=True)
        (tmp_path / "home" / "history" / "history.sqlite3").write_bytes(b"this is no database" * 100)
    assert main(["inspect", str(folder)]) == 1
    said = capsys.readouterr()
    assert said.out == whole.out
    assert said.err.count("not kept in the history") == 1
    assert [line for line in said.err.splitlines() if "history" not in line] == whole.err.splitlines()
