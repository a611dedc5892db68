"""The process in which pictures are decoded; `isolation.py` starts it as a module and speaks to it over one socket.

    decoder: "r"                                             once it is ready
    parent:  a parcel with a function of this package, its options and limits, and a file's bytes
    decoder: a parcel with what the function returned, or the error that it raised, and "spent": whether it is to be
             ended since it holds too much memory, or got too little

It ends with its parent, however that ends: at the end of the socket, when it has another parent, and while it decodes
at the latest a second after the time that a picture may take.
"""

from __future__ import annotations

import importlib
import os
import select
import signal
import socket
import sys
from pathlib import Path
from typing import Final

import cv2

from segdetect.errors import ImageTooLargeError, SegDetectError
from segdetect.message import Message, unpacked
from segdetect.pictures.isolation import READY, SMALLER
from segdetect.pictures.parcels import Parcel, receive_parcel, send_parcel
from segdetect.pictures.travel import packed_answer, packed_error

# What nearly every request needs, opened before the first one comes.
USUAL_MODULE: Final = "segdetect.pictures.loading"
PARENT_CHECK_SECONDS: Final = 1.0
# One that holds more when its picture is gone is ended.
_MOST_IDLE_BYTES: Final = 300_000_000
_STATM: Final = Path("/proc/self/statm")


def main(connection: int, parent_pid: int) -> None:
    """Answer requests until the parent is gone.

    Args:
        connection: file descriptor of this end of the socket.
        parent_pid: the process to end with.
    """
    with socket.socket(fileno=connection) as parent:
        parent.set_inheritable(False)
        _bound("RLIMIT_CORE", 0)  # a decoder that crashes must not leave the picture in a file
        importlib.import_module(USUAL_MODULE)
        parent.sendall(READY)
        while _is_asked(parent, parent_pid) and _serve(parent):
            pass  # nothing is held while it waits


def _is_asked(parent: socket.socket, parent_pid: int) -> bool:
    """Wait for a request; False when the parent is gone, of whose end of the socket a fork of it may hold a copy."""
    while not select.select([parent], [], [], PARENT_CHECK_SECONDS)[0]:
        if os.getppid() != parent_pid:
            return False
    return True


def _serve(parent: socket.socket) -> bool:
    request = receive_parcel(parent, most=sys.maxsize, mapped=False)
    if request is not None:
        send_parcel(parent, _answer(request))
        signal.setitimer(signal.ITIMER_REAL, 0)
    return request is not None


def _answer(request: Parcel) -> Parcel:
    limits = request.head["limits"]
    # Its default is to end the process, even one that never comes back from a decoder.
    signal.setitimer(signal.ITIMER_REAL, limits["seconds"] + 1)
    _bound("RLIMIT_FSIZE", limits["answer"])
    _bound("RLIMIT_DATA", _held_bytes() + limits["memory"])
    options = {name: unpacked(value) for name, value in request.head["options"].items()}
    module, name = request.head["function"]
    starved = False
    try:
        answer = packed_answer(getattr(importlib.import_module(module), name)(bytes(request.blocks["data"]), **options))
    except SegDetectError as error:
        starved = _is_lack_of_memory(error.__cause__)
        answer = packed_error(_too_large(limits["memory"]) if starved else error)
    passing = sum(memoryview(block).nbytes for block in (*request.blocks.values(), *answer.blocks.values()))
    # What kept it from memory may not have been the picture, and be so for the next one.
    spent = starved or _held_bytes() - passing > _MOST_IDLE_BYTES
    return Parcel({**answer.head, "spent": spent}, answer.blocks)


def _bound(kind: str, limit: int) -> None:
    """Set a limit of this process, where its system has such a one."""
    try:
        resource = importlib.import_module("resource")
    except ImportError:  # Windows
        return
    number = getattr(resource, kind, None)
    if number is not None:
        _, most = resource.getrlimit(number)
        resource.setrlimit(number, (limit if most == resource.RLIM_INFINITY else min(limit, most), most))


def _held_bytes() -> int:
    """What counts for the limit on memory; 0 where the system does not tell."""
    try:
        return int(_STATM.read_text().split()[5]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _is_lack_of_memory(cause: BaseException | None) -> bool:
    return isinstance(cause, MemoryError) or (isinstance(cause, cv2.error) and cause.code == cv2.Error.StsNoMem)


def _too_large(limit: int) -> ImageTooLargeError:
    problem = Message("it needs more than {limit:.0f} megabytes of memory to decode", limit=limit / 1e6)
    return ImageTooLargeError(problem, remedy=SMALLER)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
