"""What two processes hand over: a few facts in JSON and blocks of bytes, in shared memory passed as a descriptor.

Nothing in a parcel is run, has a name in a file system, or outlives the two processes: its memory goes back to the
system with the last descriptor of it, however that is closed. On Linux it is a memory file, which takes no room in
/dev/shm, and which its sender seals: nobody can change it any more, so that its receiver need not copy it. Elsewhere it
is a temporary file without a name.
"""

from __future__ import annotations

import json
import mmap
import os
import socket
import stat
import tempfile
from contextlib import suppress
from typing import Any, Final, NamedTuple

_LENGTH_BYTES: Final = 8
_MAX_HEAD_BYTES: Final = 1 << 20
_FULL: Final = b"p"
_CLOSE_ON_EXEC: Final = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
# F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW and F_SEAL_WRITE of Linux, which Python names only in its module for Unix.
_SEALS: Final = 0x1 | 0x2 | 0x4 | 0x8
# Smaller ones are copied: each map holds a descriptor, of which a process has a thousand.
_MAPPED_BYTES: Final = 1 << 26

Block = bytes | memoryview


class Parcel(NamedTuple):
    """Facts and blocks of bytes.

    Args:
        head: a JSON object.
        blocks: contiguous bytes by their names.
    """

    head: dict[str, Any]
    blocks: dict[str, Block]


def send_parcel(connection: socket.socket, parcel: Parcel) -> None:
    """Hand over a parcel.

    Raises:
        OSError: there is no memory for it, or nobody at the other end.
    """
    sizes = {name: memoryview(block).nbytes for name, block in parcel.blocks.items()}
    label = json.dumps({"head": parcel.head, "blocks": sizes})
    with os.fdopen(_new_file(), "wb", buffering=0) as file:
        for part in (len(label).to_bytes(_LENGTH_BYTES, "big"), label.encode("ascii"), *parcel.blocks.values()):
            _write(file.fileno(), part)
        _seal(file.fileno())
        socket.send_fds(connection, [_FULL], [file.fileno()])


def receive_parcel(connection: socket.socket, *, most: int, mapped: bool = True) -> Parcel | None:
    """Take what the other side hands over; None when it has closed the connection.

    Args:
        connection: to the other side; its time limit holds.
        most: how many bytes may come; more are not read.
        mapped: whether large blocks may be parts of the shared memory rather than copies of them.

    Raises:
        TimeoutError: nothing came in time.
        OSError: the connection broke.
        ValueError: what came is no parcel.
    """
    sign, files, _, _ = socket.recv_fds(connection, 1, 1, _CLOSE_ON_EXEC)
    try:
        if not sign:
            return None
        if sign != _FULL or len(files) != 1:
            raise ValueError("no file came with it")
        return _read(files[0], most, mapped)
    finally:
        for file in files:
            os.close(file)


def _new_file() -> int:
    if hasattr(os, "memfd_create"):
        try:
            return os.memfd_create("segdetect", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        except OSError:  # not every kernel that Linux programs run on has it
            pass
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _write(file: int, part: Block) -> None:
    left = memoryview(part).cast("B")
    while left:
        left = left[os.write(file, left) :]


def _read(file: int, most: int, mapped: bool) -> Parcel:
    status = os.fstat(file)
    if not stat.S_ISREG(status.st_mode) or status.st_size > most + _MAX_HEAD_BYTES:
        raise ValueError("it is no file, or too large")
    length = int.from_bytes(_part(file, 0, _LENGTH_BYTES), "big")
    if length > _MAX_HEAD_BYTES:
        raise ValueError("its head is too long")
    try:
        label = json.loads(_part(file, _LENGTH_BYTES, length))
        head, sizes = dict(label["head"]), {str(name): int(size) for name, size in label["blocks"].items()}
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("its head is none") from error
    start = _LENGTH_BYTES + length
    if min(sizes.values(), default=0) < 0 or start + sum(sizes.values()) != status.st_size:
        raise ValueError("its size is not that of what it holds")
    blocks: dict[str, Block] = {}
    whole = _map(file) if mapped and status.st_size > _MAPPED_BYTES and _is_sealed(file) else None
    for name, size in sizes.items():
        blocks[name] = _part(file, start, size) if whole is None else whole[start : start + size]
        start += size
    return Parcel(head, blocks)


def _map(file: int) -> memoryview:
    return memoryview(mmap.mmap(file, 0, prot=mmap.PROT_READ))


def _seal(file: int) -> None:
    """Where it is a memory file, let nobody change it from now on."""
    import fcntl  # not on Windows, where this module must still import

    if hasattr(fcntl, "F_ADD_SEALS"):
        with suppress(OSError):  # a temporary file has none, which its receiver sees
            fcntl.fcntl(file, fcntl.F_ADD_SEALS, _SEALS)


def _is_sealed(file: int) -> bool:
    import fcntl

    try:
        return hasattr(fcntl, "F_GET_SEALS") and fcntl.fcntl(file, fcntl.F_GET_SEALS) & _SEALS == _SEALS
    except OSError:
        return False


def _part(file: int, start: int, size: int) -> bytes:
    with os.fdopen(file, "rb", closefd=False) as reader:
        reader.seek(start)
        part = reader.read(size)
    if len(part) != size:
        raise ValueError("it is cut off")
    return part
