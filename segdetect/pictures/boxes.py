"""The boxes that files of the family of MPEG-4 are made of (ISO/IEC 14496-12, 4.2): JPEG 2000, JPEG XL and AVIF."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_TO_THE_END, _LONG = 0, 1
_VERSION_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class Box:
    """A box.

    Args:
        kind: its name of four letters.
        begin: where its content begins.
        end: where its content ends, as the box says; beyond the end of a file that is cut off.
    """

    kind: bytes
    begin: int
    end: int

    def content(self, data: bytes) -> bytes:
        """What is in it, as far as the file has it."""
        return data[self.begin : self.end]


def boxes(data: bytes, begin: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes that lie one behind the other from one place to another, up to one that cannot be."""
    stop = len(data) if end is None else min(end, len(data))
    while begin + 8 <= stop:
        size, kind, head = int.from_bytes(data[begin : begin + 4], "big"), data[begin + 4 : begin + 8], 8
        if size == _LONG:
            size, head = int.from_bytes(data[begin + 8 : begin + 16], "big"), 16
        elif size == _TO_THE_END:
            size = stop - begin
        if size < head:
            return
        yield Box(kind, begin + head, begin + size)
        begin += size


def inner_boxes(data: bytes, outer: Box | None, *, versioned: bool = False) -> Iterator[Box]:
    """The boxes in a box, behind its version if it has one; none where there is no such box."""
    if outer is not None:
        yield from boxes(data, outer.begin + versioned * _VERSION_BYTES, outer.end)


def first_box(found: Iterator[Box], kind: bytes) -> Box | None:
    """The first of some boxes that has this name."""
    return next((box for box in found if box.kind == kind), None)
