"""The dashboard as a visitor's machine would start it, and what it and its children hold while it is used (Linux)."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

ROOT: Final = Path(__file__).parents[1]
MEGABYTE: Final = 1e6
_GONE: Final = (psutil.NoSuchProcess, psutil.AccessDenied)


@dataclass(frozen=True, slots=True)
class Held:
    """What a process and its children hold: megabytes of memory, and open files of both together.

    Args:
        own: of the process itself.
        children: of those that it has started, and of those that these have.
        files: file descriptors of all of them.
        processes: how many children there are.
    """

    own: float
    children: float
    files: int
    processes: int

    @property
    def memory(self) -> float:
        """Of all together."""
        return self.own + self.children


def held(pid: int) -> Held:
    """What a process and its children hold now."""
    process = psutil.Process(pid)
    children = [_figures(child) for child in process.children(recursive=True)]
    memory, files = _figures(process)
    alive = [one for one in children if one[0]]
    return Held(memory, sum(one for one, _ in alive), files + sum(count for _, count in alive), len(alive))


def _figures(process: psutil.Process) -> tuple[float, int]:
    try:
        return process.memory_info().rss / MEGABYTE, process.num_fds()
    except _GONE:  # it has just ended
        return 0.0, 0


@dataclass(slots=True)
class Watched:
    """What a process held while it was watched; `most` is the moment of the most memory."""

    pid: int
    most: Held = field(init=False)
    _ending: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.most = held(self.pid)

    def watch(self, seconds: float = 0.5) -> None:
        """Look until told to end."""
        while not self._ending.wait(seconds):
            self.most = max(self.most, held(self.pid), key=lambda one: one.memory)

    def end(self) -> None:
        """Look no more."""
        self._ending.set()


@contextmanager
def watched(pid: int) -> Iterator[Watched]:
    """Watch a process from beside."""
    watching = Watched(pid)
    thread = threading.Thread(target=watching.watch, daemon=True)
    thread.start()
    try:
        yield watching
    finally:
        watching.end()
        thread.join()


def at_rest(pid: int, *, seconds: float, most: float) -> Held:
    """What a process holds once that has not changed by more than 1 % for some seconds; at most so long is waited."""
    end, since, before = time.monotonic() + most, time.monotonic(), held(pid)
    while time.monotonic() < end and time.monotonic() - since < seconds:
        time.sleep(1)
        now = held(pid)
        if abs(now.memory - before.memory) > before.memory / 100:
            since, before = time.monotonic(), now
    return held(pid)


@dataclass(frozen=True, slots=True)
class Server:
    """A running dashboard: its address, its process, the folder that takes its temporary files, and its output."""

    url: str
    pid: int
    temporary: Path
    log: Path


@contextmanager
def server(place: Path, environment: Mapping[str, str]) -> Iterator[Server]:
    """The dashboard with all engines, on a free port.

    Args:
        place: an empty folder for all that it writes.
        environment: variables added to its own.
    """
    port, temporary, log = _free_port(), place / "tmp", place / "server.log"
    temporary.mkdir()
    own = {"SEGDETECT_HOME": str(place / "home"), "TMPDIR": str(temporary), **environment}
    command = [sys.executable, "scripts/start.py", "--port", str(port)]
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | own, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT
        )
    try:
        _await(f"http://localhost:{port}/_stcore/health", process, log)
        yield Server(f"http://localhost:{port}", process.pid, temporary, log)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.1)
    raise SystemExit(f"The dashboard did not start:\n{log.read_text()}")


def left_in(folder: Path) -> tuple[int, float]:
    """How many files lie in a folder and those in it, and their megabytes."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    return len(files), sum(_size(file) for file in files) / MEGABYTE


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
