"""Starts a PostgreSQL of its own for tests, as an ordinary user, on a free port that only this machine reaches."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import psycopg

_SECONDS: Final = 60
# Nothing of it is to outlive the tests.
_FAST: Final = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class UnavailableError(Exception):
    """Why there is none."""


@contextlib.contextmanager
def running_postgresql() -> Iterator[str]:
    """The address of an empty database, stopped and removed at the end.

    Raises:
        UnavailableError: PostgreSQL's programs are not on this machine, or do not start.
    """
    initdb, server = _program("initdb"), _program("postgres")
    # The tests' own folders are closed to the user that it runs as.
    folder = Path(tempfile.mkdtemp(prefix="segdetect-postgresql-"))
    try:
        who = _ordinary_user(folder)
        make = [initdb, "-D", folder / "data", "-U", "segdetect", "-A", "trust", "-E", "UTF8", "--no-sync"]
        made = subprocess.run([*make, "--no-locale"], cwd=folder, capture_output=True, text=True, check=False, **who)
        if made.returncode:
            raise UnavailableError(f"initdb failed: {made.stderr.strip()}")
        with _started(server, folder, who) as url:
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _started(server: str, folder: Path, who: dict[str, Any]) -> Iterator[str]:
    port, log = _free_port(), folder / "log"
    options = [f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", *_FAST]
    command = [server, "-D", str(folder / "data"), *(word for option in options for word in ("-c", option))]
    with log.open("wb") as sink:
        process = subprocess.Popen(command, cwd=folder, stdout=sink, stderr=subprocess.STDOUT, **who)
    try:
        url = f"postgresql://segdetect@127.0.0.1:{port}/postgres"
        _wait(url, process, log)
        yield url
    finally:
        process.send_signal(signal.SIGINT)  # ends it with all who are connected
        try:
            process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _program(name: str) -> str:
    """PostgreSQL's program, which Debian leaves out of PATH."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *map(str, folders)]))
    if found is None:
        raise UnavailableError(f"there is no {name} on this machine: sudo apt install postgresql")
    return found


def _ordinary_user(folder: Path) -> dict[str, Any]:
    """PostgreSQL does not run as root."""
    if os.name != "posix" or os.geteuid():
        return {}
    shutil.chown(folder, "nobody")
    return {"user": "nobody", "group": "nogroup", "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _SECONDS
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > end:
                raise UnavailableError(f"postgres does not start: {log.read_text()}") from None
            time.sleep(0.05)
