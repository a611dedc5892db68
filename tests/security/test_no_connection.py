"""An inspection connects to nobody: by what Python is asked for, and where there is nobody to connect to."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.app_server import ROOT
from tests.support.pictures import planted, png, weave

# Looking a name up is asking somebody, too.
RECORD = """
import json, sys
asked = []
EVENTS = ("socket.connect", "socket.sendto", "urllib.Request")
EVENTS += ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")
def record(event, arguments):
    if event in EVENTS:
        asked.append([event, repr(arguments[1:] if event.startswith("socket.c") else arguments)])
sys.addaudithook(record)
from segdetect.cli.main import main
code = main(sys.argv[2:])
with open(sys.argv[1], "w") as file:
    json.dump({"code": code, "asked": asked}, file)
"""
ENGINES = [
    "texture",
    pytest.param("auto", marks=[pytest.mark.fastdup, pytest.mark.slow]),
    pytest.param("dinov2", marks=pytest.mark.slow),
]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "odd.png").write_bytes(png(planted(2, 3)))
    (folder / "even.png").write_bytes(png(weave(seed=1)))
    return folder


def environment(home: Path) -> dict[str, str]:
    return os.environ | {"SEGDETECT_HOME": str(home), "SEGDETECT_HISTORY": "1", "SEGDETECT_LOG": "1"}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_whole_run_asks_nobody(engine: str, pictures: Path, tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    out = ["--out", str(tmp_path / "out"), "--format", "csv,json,html,coco,masks,parquet"]
    command = [sys.executable, "-c", RECORD, str(told), "inspect", str(pictures), "--engine", engine, *out]
    done = subprocess.run(command, cwd=ROOT, env=environment(tmp_path / "home"), capture_output=True, text=True)
    assert told.exists(), done.stderr
    found = json.loads(told.read_text())
    if engine == "dinov2" and found["code"] == 1:
        pytest.skip("dinov2 cannot run here")
    assert (found["code"], found["asked"]) == (0, [])


def test_the_recorder_records() -> None:
    code = RECORD.partition("from segdetect")[0] + (
        "import socket\ntry: socket.create_connection(('127.0.0.1', 9), 1)\nexcept OSError: pass\nprint(len(asked))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) >= 2


@pytest.mark.slow
@pytest.mark.parametrize("words", [["inspect", "PICTURES", "--engine", "auto"], ["doctor"]], ids=["inspect", "doctor"])
def test_it_works_where_there_is_no_network_at_all(words: list[str], pictures: Path, tmp_path: Path) -> None:
    """In a network namespace without any route, children and fastdup included."""
    apart = _apart()
    named = [str(pictures) if word == "PICTURES" else word for word in words]
    command = [*apart, sys.executable, "-m", "segdetect", *named]
    done = subprocess.run(command, cwd=ROOT, env=environment(tmp_path / "home"), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def _apart() -> list[str]:
    """What begins a command in a network namespace of its own."""
    for options in (["-n"], ["-r", "-n"]):
        command = [shutil.which("unshare") or "unshare", *options]
        try:
            if subprocess.run([*command, "true"], capture_output=True).returncode == 0:
                return command
        except OSError:
            break
    pytest.skip("this machine lets nobody make a network namespace (unshare -n)")
