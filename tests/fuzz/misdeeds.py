"""Targets that do what no reader may do, to see that it is noticed."""

from __future__ import annotations

import ctypes
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from hypothesis import strategies as st

from segdetect.errors import InputError
from tests.fuzz.target import Target


def clean(data: bytes) -> None:
    if b"\0" in data:
        raise InputError("it has a zero", remedy="Leave it out", file="a.bin")


def raising(data: bytes) -> None:
    raise KeyError("nobody foresaw this")


def curt(data: bytes) -> None:
    raise InputError("no")


def writing(data: bytes) -> None:
    Path(__file__).with_name("written").unlink(missing_ok=True)


def opening(data: bytes) -> None:
    with suppress(OSError), Path("/dev/full").open("wb") as file:
        file.write(data)


def starting(data: bytes) -> None:
    subprocess.run([sys.executable, "-c", ""], check=True)


def asking(data: bytes) -> None:
    with socket.socket() as client, suppress(OSError):
        client.connect(("127.0.0.1", 9))


def writing_its_own(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "a").write_bytes(data)


def crashing(data: bytes) -> None:
    ctypes.string_at(0)


def hanging(data: bytes) -> None:
    time.sleep(600)


def opening_apart(data: bytes, *, name: str) -> str:
    """For another process."""
    opening(data)
    return name


TARGETS: Final = {
    read.__name__: Target(read.__name__, read, lambda: [b"whole"], lambda: st.binary(max_size=9))
    for read in (clean, raising, curt, writing, opening, starting, asking, writing_its_own, crashing, hanging)
}
