"""The power fails at any moment of a run with a history; what was told as done is there, and the rest is done after."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from segdetect.cli.main import main
from segdetect.output.journal import JOURNAL, has_journal, read_journal
from segdetect.runs import run as run_module
from segdetect.storage.history.entries import Search
from segdetect.storage.history.history import History
from tests.support.faults import all_end, descendants, fault
from tests.support.interruption import killed
from tests.support.pictures import planted, png

NAMES = [f"{number:02}.png" for number in range(12)]
SEED, MOMENTS = 20261126, int(os.environ.get("MOMENTS", 50))
OUT, TOLD = Path("out"), Path("told.txt")
HISTORY = Path("home/history/history.sqlite3")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, value in {"SEGDETECT_HOME": "home", "SEGDETECT_HISTORY": "1", "SEGDETECT_LOG": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(run_module, "CHUNK_DENSE", 2)
    Path("many").mkdir()
    for number, name in enumerate(NAMES):
        Path("many", name).write_bytes(png(planted(2, number % 7, seed=number)))
    return tmp_path


def begun() -> int:
    """A run that begins, or goes on, in a process group of its own, by the real engine; the group's number."""
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        signal.alarm(120)  # one that hangs is ended by the system
        told = os.open(TOLD, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(told, 1)
        sys.stdout, sys.stderr = os.fdopen(1, "w"), open(os.devnull, "w")  # noqa: PTH123, SIM115
        os._exit(main(["inspect", "many", "--engine", "texture", "--out", str(OUT), "--resume"]))
    os.setpgid(child, child)  # here too: whichever of the two comes first, nobody meets it without its group
    return child


def ended(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def told() -> list[str]:
    """The pictures of which the command said that they are done, in whole lines."""
    lines = TOLD.read_text().splitlines(keepends=True) if TOLD.exists() else []
    return [line.split(":")[0] for line in lines if line.endswith("\n")]


def in_journal() -> list[str]:
    return [one.result.image for one in read_journal(OUT) if one.result] if has_journal(OUT) else []


def in_history() -> list[str]:
    return [entry.image for entry in History().find(Search(), count=1000)] if HISTORY.exists() else []


def check_nothing_broken() -> None:
    """What is there is whole, and what was told is in it."""
    if HISTORY.exists():
        with closing(sqlite3.connect(HISTORY)) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert set(told()) <= set(in_journal())
    assert set(told()) <= set(in_history())
    for path in OUT.rglob("*.png"):
        with Image.open(path) as drawn:
            drawn.load()
    for path in OUT.rglob("run.json"):
        json.loads(path.read_text())


def check_finished() -> None:
    """Each picture was done once, and is once in each place; what was told is not told again."""
    assert in_journal() == NAMES
    assert max(Counter(told()).values()) == 1
    assert Counter(in_history()) == Counter(NAMES)
    assert list(pd.read_csv(OUT / "images.csv")["image"]) == NAMES
    assert [path.name for path in Path().rglob("*.part")] == []


def begin_anew() -> None:
    """The next run has neither journal nor history before it."""
    for path in [TOLD, OUT / JOURNAL, *HISTORY.parent.glob("history*")]:
        path.unlink(missing_ok=True)


@pytest.mark.slow
@pytest.mark.timeout(1500)
@fault(
    "power cut",
    injected=f"SIGKILL of the whole process group at {MOMENTS} moments of runs with a history (seed {SEED})",
    held="what was told as done is in journal and history, integrity_check is content, all else is done after, once",
)
def test_a_power_cut_at_any_moment() -> None:
    chance = random.Random(SEED)
    began = time.monotonic()
    assert ended(begun()) == 0
    whole = time.monotonic() - began
    check_finished()
    begin_anew()
    cuts = runs = 0
    while cuts < MOMENTS or runs < 2:
        child = begun()
        time.sleep(chance.uniform(0, whole))
        others = descendants(child)
        os.killpg(child, signal.SIGKILL)
        status = ended(child)
        assert status in (0, -signal.SIGKILL)
        all_end(others)
        check_nothing_broken()
        cuts += status != 0
        if len(in_journal()) == len(NAMES):
            assert ended(begun()) == 0
            check_finished()
            begin_anew()
            runs += 1


def test_what_kills_is_the_system() -> None:
    child = os.fork()
    if child == 0:
        killed()
    assert ended(child) == -signal.SIGKILL
