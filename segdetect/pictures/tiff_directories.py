"""The directories of a TIFF file, read without decoding anything: which of them are pages, and what they say."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

# A chain is followed so far; more directories take seconds to list, and no program writes as many.
MAX_DIRECTORIES: Final = 100_000
_MAX_TAGS: Final = 4096
_MAX_VALUE_BYTES: Final = 1 << 16
_NUMBERS: Final = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_TEXTS: Final = (2, 7)

NEW_SUBFILE, OLD_SUBFILE, COMPRESSION, PHOTOMETRIC, MAKE = 254, 255, 259, 262, 271
SUB_DIRECTORIES, DNG_VERSION = 330, 50706
_WANTED: Final = (NEW_SUBFILE, OLD_SUBFILE, COMPRESSION, PHOTOMETRIC, MAKE, SUB_DIRECTORIES, DNG_VERSION)
# Bits of NewSubfileType, and what the older SubfileType calls a smaller copy.
_SMALLER, _MASK, _OLD_SMALLER = 1, 4, 2


@dataclass(frozen=True, slots=True)
class Directory:
    """One directory of a TIFF file.

    Args:
        offset: where in the file it begins.
        numbers: the whole numbers of some of its tags.
        texts: the bytes of others.
        inner: the directories that its tag SubIFDs names, one level down.
    """

    offset: int
    numbers: Mapping[int, tuple[int, ...]]
    texts: Mapping[int, bytes]
    inner: tuple[Directory, ...] = ()

    def number(self, tag: int, default: int = 0) -> int:
        """The first number of a tag."""
        return next(iter(self.numbers.get(tag, ())), default)

    @property
    def is_smaller_copy(self) -> bool:
        """Whether it says of itself that it is a copy of another picture at a lower resolution."""
        return bool(self.number(NEW_SUBFILE) & _SMALLER) or self.number(OLD_SUBFILE) == _OLD_SMALLER

    @property
    def is_mask(self) -> bool:
        """Whether it says of itself that it tells which parts of another picture are transparent."""
        return bool(self.number(NEW_SUBFILE) & _MASK)


@dataclass(frozen=True, slots=True)
class Page:
    """A picture in a TIFF file.

    Args:
        offset: where its directory begins.
        smaller: how many smaller copies of it the file has.
        masks: how many masks for it the file has.
    """

    offset: int
    smaller: int = 0
    masks: int = 0


def tiff_pages(data: bytes) -> tuple[Page, ...]:
    """The pages of a TIFF file in their order; smaller copies and masks belong to the page before them."""
    chain = list(directories(data))
    found: list[tuple[Directory, list[Directory]]] = []
    for one in chain:
        picture = _picture(one)
        if picture is not None:
            found.append((picture, [*one.inner]))
        elif found:
            found[-1][1].append(one)
    if not found:
        return tuple(Page(one.offset) for one in chain)
    return tuple(_page(picture, [one for one in others if one is not picture]) for picture, others in found)


def _picture(one: Directory) -> Directory | None:
    """The picture in full that a directory stands for: itself, or one in it where it is but a thumbnail of that."""
    whole = (inner for inner in (one, *one.inner) if not inner.is_smaller_copy and not inner.is_mask)
    return next(whole, None)


def _page(picture: Directory, others: list[Directory]) -> Page:
    masks = sum(other.is_mask for other in others)
    return Page(picture.offset, len(others) - masks, masks)


def directories(data: bytes) -> Iterator[Directory]:
    """The chain of directories, each once, up to the first that lies outside of the file; none where it is no TIFF."""
    layout = _Layout.of(data)
    if layout is None:
        return
    seen: set[int] = set()
    offset = layout.first(data)
    while offset and offset not in seen and len(seen) < MAX_DIRECTORIES:
        seen.add(offset)
        try:
            directory, offset = layout.read(data, offset)
            inner = [layout.read(data, at)[0] for at in directory.numbers.get(SUB_DIRECTORIES, ())[:64] if at]
        except struct.error:
            return
        yield Directory(directory.offset, directory.numbers, directory.texts, tuple(inner))


def beginning_at(data: bytes, offset: int) -> bytes:
    """The file with another of its directories as its first, for readers that know no other way to one."""
    layout = _Layout.of(data)
    if layout is None or offset == layout.first(data):
        return data
    first = struct.pack(f"{layout.order}Q" if layout.big else f"{layout.order}I", offset)
    start = 8 if layout.big else 4
    return data[:start] + first + data[start + len(first) :]


def tag_bytes(data: bytes, tag: int) -> bytes:
    """The bytes of a tag in the first directory; empty where it is absent."""
    layout = _Layout.of(data)
    if layout is None:
        return b""
    try:
        return layout.read(data, layout.first(data), (tag,))[0].texts.get(tag, b"")
    except struct.error:
        return b""


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a TIFF file writes its numbers: their order of bytes, and their size, which is twice as large in BigTIFF."""

    order: str
    big: bool

    @classmethod
    def of(cls, data: bytes) -> _Layout | None:
        order = {b"II": "<", b"MM": ">"}.get(data[:2])
        if order is None or len(data) < 16:
            return None
        # Some cameras put another number here; their files are classic TIFF otherwise.
        return cls(order, struct.unpack_from(f"{order}H", data, 2)[0] == 43)

    def first(self, data: bytes) -> int:
        return self._number("Q", data, 8) if self.big else self._number("I", data, 4)

    def read(self, data: bytes, offset: int, wanted: tuple[int, ...] = _WANTED) -> tuple[Directory, int]:
        """A directory without its inner ones, and where the next begins; raises struct.error beyond the file's end."""
        count = self._number("Q" if self.big else "H", data, offset)
        if count > _MAX_TAGS:
            raise struct.error("more tags than any file has")
        start, size = (offset + 8, 20) if self.big else (offset + 2, 12)
        numbers: dict[int, tuple[int, ...]] = {}
        texts: dict[int, bytes] = {}
        for at in range(start, start + count * size, size):
            tag, kind = struct.unpack_from(f"{self.order}HH", data, at)
            if tag in wanted and kind in _NUMBERS:
                numbers.setdefault(tag, self._values(data, at, _NUMBERS[kind]))
            if tag in wanted and kind in _TEXTS:
                texts.setdefault(tag, self._value(data, at, 1))
        return Directory(offset, numbers, texts), self._number("Q" if self.big else "I", data, start + count * size)

    def _values(self, data: bytes, at: int, code: str) -> tuple[int, ...]:
        size = struct.calcsize(code)
        value = self._value(data, at, size)
        return struct.unpack(f"{self.order}{len(value) // size}{code}", value[: len(value) // size * size])

    def _value(self, data: bytes, at: int, size: int) -> bytes:
        count = self._number("Q" if self.big else "I", data, at + 4)
        place, room = (at + 12, 8) if self.big else (at + 8, 4)
        length = min(count * size, _MAX_VALUE_BYTES)
        if count * size > room:
            place = self._number("Q" if self.big else "I", data, place)
        return data[place : place + length]

    def _number(self, code: str, data: bytes, at: int) -> int:
        if at > len(data):  # beyond what struct takes for an offset
            raise struct.error("beyond the end of the file")
        return int(struct.unpack_from(f"{self.order}{code}", data, at)[0])
