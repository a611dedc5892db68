"""Starts the dashboard as a visitor's machine would, for tests that drive it in a browser."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from segdetect.engines.fastdup.engine import FastdupEngine

ROOT = Path(__file__).parents[2]
BROWSER_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
BROWSER_FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]


@contextmanager
def running_app(home: Path, *, streamlit: str = "streamlit") -> Iterator[str]:
    """The address of a dashboard on a free port, stopped at the end.

    Args:
        home: an empty folder for its log and for what it keeps. Weights are looked for there too, so dinov2 is missing,
            which saves its start. What lies beside it may be read on the pages.
        streamlit: the module that starts it.
    """
    with started_app(home, streamlit=streamlit) as (url, _):
        yield url


@contextmanager
def started_app(home: Path, *, streamlit: str = "streamlit") -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The same with the server's process, which may have ended by itself at the end."""
    environment = os.environ | {"SEGDETECT_HOME": str(home), "SEGDETECT_ROOTS": str(home.parent)}
    environment["SEGDETECT_DINOV2_ONNX"] = str(home / "none.onnx")
    # What is told once a day was told, so that pages look alike on every day.
    (home / "told.json").write_text(json.dumps(told_today()))
    with served("streamlit_app.py", home / "server.log", environment, streamlit=streamlit) as served_app:
        yield served_app


@contextmanager
def served(
    script: str, log: Path, environment: Mapping[str, str], *, streamlit: str = "streamlit"
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The address of a page on a free port, and its server's process.

    Args:
        script: the page, from the project's folder.
        log: what the server writes.
        environment: of the server.
        streamlit: the module that starts it.
    """
    port = free_port()
    command = [sys.executable, "-m", streamlit, "run", script, "--server.port", str(port)]
    command += ["--server.headless", "true", "--server.fileWatcherType", "none"]
    with log.open("wb") as sink:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=sink, stderr=subprocess.STDOUT)
    try:
        url = f"http://localhost:{port}"
        _wait_until_healthy(url, server, log)
        yield url, server
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(20)


def told_today() -> dict[str, str]:
    """That the engine's expiry was told already, as the dashboard notes it."""
    expiry = FastdupEngine().expiry
    return {} if expiry is None else {f"expiry of {expiry.version} ": date.today().isoformat()}


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return int(free.getsockname()[1])


def _wait_until_healthy(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return
        except (urllib.error.URLError, ConnectionError):
            assert server.poll() is None, log.read_text()
            time.sleep(0.1)
    raise AssertionError(log.read_text())
