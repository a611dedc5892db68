"""Whole files, damaged at random: bits, numbers, parts cut out, doubled or brought in from another."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence
from random import Random
from typing import Final

_NUMBERS: Final = (0, 1, 2, 3, 7, 8, 16, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_PNG: Final = b"\x89PNG\r\n\x1a\n"
# No picture of a few kilobytes is worth more.
_MOST_BYTES: Final = 200_000


def damaged(random: Random, files: Sequence[bytes]) -> bytes:
    """One of the files with up to eight things wrong, mostly few; the same for the same state of `random`."""
    data = bytearray(random.choice(files))
    for _ in range(min(8, 1 + int(random.expovariate(0.7)))):
        if data:
            random.choice(_DEEDS)(random, data, files)
    damaged = bytes(data[:_MOST_BYTES])
    return checked_anew(damaged) if random.random() < 0.7 else damaged


def checked_anew(data: bytes) -> bytes:
    """A PNG with the right sums behind its chunks, without which nothing in them is read; others as they are."""
    if not data.startswith(_PNG):
        return data
    parts, at = [_PNG], 8
    while at + 12 <= len(data):
        (size,) = struct.unpack_from(">I", data, at)
        end = at + 8 + size
        if end + 4 > len(data):
            break
        parts += [data[at:end], struct.pack(">I", zlib.crc32(data[at + 4 : end]))]
        at = end + 4
    return b"".join([*parts, data[at:]])


def _flip(random: Random, data: bytearray, _: Sequence[bytes]) -> None:
    data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def _byte(random: Random, data: bytearray, _: Sequence[bytes]) -> None:
    data[random.randrange(len(data))] = random.randrange(256)


def _number(random: Random, data: bytearray, _: Sequence[bytes]) -> None:
    """One that is at the edge of something, in a width and order that formats use; heads have most of theirs."""
    width = random.choice((1, 2, 4))
    at = random.randrange(len(data) if random.random() < 0.5 else min(len(data), 128))
    value = random.choice(_NUMBERS) & (1 << 8 * width) - 1
    data[at : at + width] = value.to_bytes(width, random.choice(("little", "big")))


def _cut(random: Random, data: bytearray, _: Sequence[bytes]) -> None:
    del data[random.randrange(len(data)) :]


def _drop(random: Random, data: bytearray, _: Sequence[bytes]) -> None:
    at = random.randrange(len(data))
    del data[at : at + random.choice((1, 2, 4, 16, 200))]


def _double(random: Random, data: bytearray, _: Sequence[bytes]) -> None:
    at, size = random.randrange(len(data)), random.choice((1, 4, 12, 64, 1000))
    data[at:at] = data[at : at + size] * random.choice((1, 1, 2, 50))


def _noise(random: Random, data: bytearray, _: Sequence[bytes]) -> None:
    at = random.randrange(len(data))
    data[at : at + random.choice((2, 8, 32))] = random.randbytes(random.choice((1, 8, 32)))


def _splice(random: Random, data: bytearray, files: Sequence[bytes]) -> None:
    other = random.choice(files)
    start, at = random.randrange(len(other) + 1), random.randrange(len(data))
    data[at : at + random.choice((0, 8, 64))] = other[start : start + random.choice((4, 32, 500, 5000))]


_DEEDS: Final[tuple[Callable[[Random, bytearray, Sequence[bytes]], None], ...]] = (
    *(_flip, _byte, _number, _number, _number, _cut, _drop, _double, _noise, _splice),
)
