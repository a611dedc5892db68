"""Commands and the server stopped in mid-run: soon, with their children, and nothing half written; and closed tabs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from segdetect.cores import cores
from segdetect.engines.texture import TextureEngine
from segdetect.message import counted
from segdetect.output.journal import has_journal, read_journal
from segdetect.pictures.sources import list_sources
from segdetect.runs.queued.files import KeptFiles, write_files
from segdetect.runs.queued.record import RECORD, RunRecord, State, read_run_record
from segdetect.runs.queued.rows import Rows
from segdetect.settings import EngineName, Settings
from tests.support.app_server import ROOT, started_app
from tests.support.faults import all_end, descendants, fault, one_sentence
from tests.support.pictures import planted, png
from tests.support.processes import wait_until

pytestmark = pytest.mark.slow

PICTURES = 60
# Where nothing else wants the cores; in proportion longer where much does.
SECONDS = 5.0
PATIENCE = 120.0
# Under the name of the signal, what a shell says of it.
SIGNALS = {"SIGTERM": 143, "SIGINT": 130}


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(PICTURES):
        (folder / f"{number:03}.png").write_bytes(png(planted(2, number % 7, size_wh=(112, 112), seed=number)))
    return folder


def limit() -> float:
    """How long the end may take on this machine at this moment."""
    return SECONDS * max(1.0, os.getloadavg()[0] / cores())


def done(folder: Path) -> int:
    """How many pictures of the run in a folder are done."""
    return sum(1 for _ in read_journal(folder)) if has_journal(folder) else 0


def command(pictures: Path, out: Path, *more: str) -> list[str]:
    words = ["inspect", str(pictures), "--engine", "texture", "--out", str(out), *more]
    return [sys.executable, "-m", "segdetect", *words]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name,
            marks=fault(
                f"command stopped with {name}",
                injected=f"{name} to the command in mid-run",
                held="it ends within 5 s with its children, says so, and --resume goes on to the end",
            ),
        )
        for name in SIGNALS
    ],
)
def test_a_command_that_is_stopped(name: str, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    environment = os.environ | {"SEGDETECT_HOME": str(tmp_path / "home"), "SEGDETECT_HISTORY": "1"}
    running = subprocess.Popen(
        command(pictures, out), cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_until(lambda: done(out) > 0, PATIENCE)
    children = descendants(running.pid)
    began = time.monotonic()
    running.send_signal(signal.Signals[name])
    _, err = running.communicate(timeout=60)
    assert time.monotonic() - began < limit()
    assert running.returncode == SIGNALS[name]
    one_sentence(err, "stopped. With --out, what was done so far is in that folder.")
    all_end(children, limit())
    before = done(out)
    assert 0 < before < PICTURES
    again = command(pictures, out, "--resume")
    more = subprocess.run(again, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert more.returncode == 0
    assert f"{counted(before, 'picture')} done already." in more.stderr
    assert done(out) == PICTURES


@pytest.fixture
def run(pictures: Path, tmp_path: Path) -> Path:
    """The folder of a run that waits for the dashboard to begin."""
    folder = tmp_path / "home" / "runs" / "20261126-120000-0123456789ab"
    folder.mkdir(parents=True)
    record = RunRecord(
        id=folder.name,
        account="",
        name="many",
        settings=Settings(engine=EngineName.TEXTURE),
        engine=EngineName.TEXTURE,
        engine_version=TextureEngine().version,
        engine_notes=(),
        dense=True,
        files=PICTURES,
    )
    write_files(folder, KeptFiles(list_sources([pictures]).files))
    record.write(folder)
    return folder


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens the Batch page in a tab."""
    opened: list[Any] = []

    def open_tab(url: str, run: Path) -> Any:
        opened.append(browser.new_page())
        opened[-1].goto(f"{url}/batch?run={run.name}")
        opened[-1].locator(".stMainBlockContainer h1").first.wait_for(timeout=PATIENCE * 1000)
        return opened[-1]

    yield open_tab
    for one in opened:
        one.close()


def finished(run: Path) -> bool:
    return read_run_record(run / RECORD).state is State.DONE


@pytest.mark.browser
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name,
            marks=fault(
                f"server stopped with {name}",
                injected=f"{name} to the dashboard in the midst of a run in the background",
                held="it ends within 5 s with its children; after a restart the run goes on to its end",
            ),
        )
        for name in (*SIGNALS, "SIGKILL")
    ],
)
def test_a_server_that_is_stopped(name: str, run: Path, tmp_path: Path, visit: Callable[..., Any]) -> None:
    with started_app(tmp_path / "home", streamlit="segdetect.ui.server") as (url, server):
        visit(url, run)
        wait_until(lambda: done(run) > 0, PATIENCE)
        children = descendants(server.pid)
        assert children
        began = time.monotonic()
        server.send_signal(signal.Signals[name])
        server.wait(60)
        took = time.monotonic() - began
        all_end(children, limit())
        assert "Traceback" not in (tmp_path / "home" / "server.log").read_text()
    assert took < limit()
    assert 0 < done(run) < PICTURES
    json.loads((run / RECORD).read_text())
    with started_app(tmp_path / "home", streamlit="segdetect.ui.server") as (url, server):
        visit(url, run)
        wait_until(lambda: finished(run), PATIENCE)
    assert done(run) == sum(Rows(run).counts().values()) == PICTURES


@pytest.mark.browser
@fault(
    "browser tab closed",
    injected="the only tab is closed in the midst of a run in the background",
    held="the run goes on to its end, and another tab shows it",
)
def test_a_tab_that_is_closed(run: Path, tmp_path: Path, visit: Callable[..., Any]) -> None:
    with started_app(tmp_path / "home", streamlit="segdetect.ui.server") as (url, _):
        tab = visit(url, run)
        wait_until(lambda: done(run) > 0, PATIENCE)
        tab.close()
        assert done(run) < PICTURES
        wait_until(lambda: finished(run), PATIENCE)
        visit(url, run).get_by_text(f"of {PICTURES}").first.wait_for(timeout=PATIENCE * 1000)
        assert "Traceback" not in (tmp_path / "home" / "server.log").read_text()
