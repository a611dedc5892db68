"""The directories of a TIFF file, read without decoding anything: which of them are pages, and what they say."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

# A chain is followed so far; more directories take seconds to list, and no program writes as many.
MAX_DIRECTORIES: Final = 100_000
_MAX_TAGS: Final = 4096
_MAX_INNER: Final = 64
_BIG: Final = 43
_MAX_VALUE_BYTES: Final = 1 << 16
_NUMBERS: Final = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_TEXTS: Final = (2, 7)

NEW_SUBFILE, OLD_SUBFILE, COMPRESSION, PHOTOMETRIC, MAKE = 254, 255, 259, 262, 271
SUB_DIRECTORIES, DNG_VERSION = 330, 50706
_WANTED: Final = frozenset(
    (NEW_SUBFILE, OLD_SUBFILE, COMPRESSION, PHOTOMETRIC, MAKE, SUB_DIRECTORIES, DNG_VERSION),
)
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
    # Directories that lie over each other, as no program writes them, would let a small file take hours.
    tags_left = 2 * len(data) // layout.entry.size
    offset, seen, inner = layout.first(data), set[int](), dict[int, Directory]()
    while offset and offset not in seen and len(seen) < MAX_DIRECTORIES and tags_left > 0:
        seen.add(offset)
        try:
            directory, following, tags = layout.read(data, offset)
            tags_left -= tags
            for at in directory.numbers.get(SUB_DIRECTORIES, ())[:_MAX_INNER]:
                if at not in inner and tags_left > 0:
                    inner[at], _, tags = layout.read(data, at)
                    tags_left -= tags
        except struct.error:
            return
        within = [inner[at] for at in directory.numbers.get(SUB_DIRECTORIES, ())[:_MAX_INNER] if at in inner]
        yield Directory(directory.offset, directory.numbers, directory.texts, tuple(within))
        offset = following


def beginning_at(data: bytes, offset: int) -> bytes:
    """The file with another of its directories as its first, for readers that know no other way to one."""
    layout = _Layout.of(data)
    if layout is None or offset == layout.first(data):
        return data
    first = layout.place.pack(offset)
    return data[: layout.begins] + first + data[layout.begins + len(first) :]


def tag_bytes(data: bytes, tag: int) -> bytes:
    """The bytes of a tag in the first directory; empty where it is absent."""
    layout = _Layout.of(data)
    if layout is None:
        return b""
    try:
        return layout.read(data, layout.first(data), frozenset((tag,)))[0].texts.get(tag, b"")
    except struct.error:
        return b""


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a TIFF file writes its numbers: in which order of bytes, and of which size, twice as large in BigTIFF.

    Args:
        order: the sign of `struct`.
        head: how many tags a directory has.
        entry: one of them: its number, its type, how many values it has, and these where they fit in.
        place: where something in the file is.
        begins: where the place of the first directory stands.
    """

    order: str
    head: struct.Struct
    entry: struct.Struct
    place: struct.Struct
    begins: int

    @classmethod
    def of(cls, data: bytes) -> _Layout | None:
        order = {b"II": "<", b"MM": ">"}.get(data[:2])
        if order is None or len(data) < 16:
            return None
        # Some cameras put another number here; their files are classic TIFF otherwise.
        big = struct.unpack_from(f"{order}H", data, 2)[0] == _BIG
        head, entry, place = ("Q", "HHQ8s", "Q") if big else ("H", "HHI4s", "I")
        return cls(
            order,
            struct.Struct(order + head),
            struct.Struct(order + entry),
            struct.Struct(order + place),
            begins=8 if big else 4,
        )

    def first(self, data: bytes) -> int:
        return int(self.place.unpack_from(data, self.begins)[0])

    def read(self, data: bytes, offset: int, wanted: frozenset[int] = _WANTED) -> tuple[Directory, int, int]:
        """A directory without its inner ones, where the next begins, and how many tags it has.

        Raises:
            struct.error: it lies beyond the file's end, or has more tags than any.
        """
        if offset > len(data):  # beyond what struct takes for an offset
            raise struct.error("beyond the end of the file")
        (count,) = self.head.unpack_from(data, offset)
        start = offset + self.head.size
        end = start + count * self.entry.size
        if count > _MAX_TAGS or end > len(data):
            raise struct.error("more tags than any file has, or beyond its end")
        numbers: dict[int, tuple[int, ...]] = {}
        texts: dict[int, bytes] = {}
        for tag, kind, values, field in self.entry.iter_unpack(data[start:end]):
            if tag in wanted and kind in _NUMBERS:
                numbers.setdefault(tag, self._numbers(data, _NUMBERS[kind], values, field))
            elif tag in wanted and kind in _TEXTS:
                texts.setdefault(tag, self._value(data, values, field))
        return Directory(offset, numbers, texts), int(self.place.unpack_from(data, end)[0]), count

    def _numbers(self, data: bytes, code: str, count: int, field: bytes) -> tuple[int, ...]:
        size = struct.calcsize(code)
        value = self._value(data, count * size, field)
        return struct.unpack(f"{self.order}{len(value) // size}{code}", value[: len(value) // size * size])

    def _value(self, data: bytes, length: int, field: bytes) -> bytes:
        if length <= len(field):
            return field[:length]
        (place,) = self.place.unpack(field)
        return data[place : place + min(length, _MAX_VALUE_BYTES)]
