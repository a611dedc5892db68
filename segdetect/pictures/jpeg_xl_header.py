"""What the header of a JPEG XL file says of its picture (ISO/IEC 18181-1, Annex D), read without decoding anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from segdetect.pictures.boxes import boxes

CODESTREAM: Final = b"\xff\x0a"
ALPHA, BLACK, SENSOR, MUST_BE_KNOWN = 0, 4, 5, 15
_SPOT: Final = 2
GREY, OF_THE_EYE = 1, 2
_SRGB, _CUSTOM = 1, 2
_SRGB_CURVE: Final = 13
# Enough for all that is read of it.
_MOST_BYTES: Final = 8192
# Widths as shares of heights.
_RATIOS: Final = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
# Numbers are written as a choice of four: what is added, and how many bits follow.
_Choices = tuple[tuple[int, int], tuple[int, int], tuple[int, int], tuple[int, int]]
_SIZES: Final[_Choices] = ((1, 9), (1, 13), (1, 18), (1, 30))
_PREVIEW_SIZES: Final[_Choices] = ((1, 6), (65, 8), (321, 10), (1345, 12))
_PREVIEW_EIGHTHS: Final[_Choices] = ((16, 0), (32, 0), (1, 5), (33, 9))
_ENUM: Final[_Choices] = ((0, 0), (1, 0), (2, 4), (18, 6))
_CUSTOM_XY: Final[_Choices] = ((0, 19), (524288, 19), (1048576, 20), (2097152, 21))


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel beside the colours.

    Args:
        kind: what it is, as the standard numbers it.
        multiplied: whether the colours are multiplied with it, as with an opacity.
    """

    kind: int
    multiplied: bool = False


@dataclass(frozen=True, slots=True)
class Colours:
    """How colours are coded.

    Args:
        space: grey, RGB or another, as the standard numbers them.
        has_profile: they are told by an ICC profile, and not by what follows.
        primaries: of RGB, by the standard's numbers.
        transfer: how light becomes values, by a code point of ITU-T H.273; 0 for an exponent of its own.
    """

    space: int = 0
    has_profile: bool = False
    primaries: int = _SRGB
    transfer: int = _SRGB_CURVE


@dataclass(frozen=True, slots=True)
class Header:
    """What a header says.

    Args:
        size_wh: width and height in pixels, before the picture is turned upright.
        bits: of a sample.
        floats: whether samples are floating-point numbers.
        channels: those beside the colours.
        lossy_colours: colours are coded as the eye sees them (XYB), and decoded to those that are told.
        colours: how they are coded.
        animated: whether frames follow each other.
    """

    size_wh: tuple[int, int]
    bits: int = 8
    floats: bool = False
    channels: tuple[Channel, ...] = ()
    lossy_colours: bool = True
    colours: Colours = Colours()
    animated: bool = False


def read_header(data: bytes) -> Header:
    """The header of a JPEG XL file, a codestream or one in boxes.

    Raises:
        ValueError: there is none, or it is cut off.
    """
    stream = data[:_MOST_BYTES] if data.startswith(CODESTREAM) else _boxed(data)
    if not stream.startswith(CODESTREAM):
        raise ValueError("no codestream begins in it")
    return _Reader(stream[len(CODESTREAM) :]).header()


def _boxed(data: bytes) -> bytes:
    """The beginning of the codestream, whole in one box or in numbered parts."""
    begun = b""
    for box in boxes(data):
        if box.kind in (b"jxlc", b"jxlp") and len(begun) < _MOST_BYTES:
            begun += data[box.begin + 4 * (box.kind == b"jxlp") : min(box.end, box.begin + _MOST_BYTES)]
    return begun


class _Reader:
    """Reads bit by bit, the lowest of each byte first."""

    def __init__(self, data: bytes) -> None:
        self._bits, self._left = int.from_bytes(data, "little"), 8 * len(data)

    def _take(self, count: int) -> int:
        if count > self._left:
            raise ValueError("its header is cut off")
        value = self._bits & ((1 << count) - 1)
        self._bits, self._left = self._bits >> count, self._left - count
        return value

    def _flag(self) -> bool:
        return self._take(1) == 1

    def _number(self, choices: _Choices) -> int:
        added, bits = choices[self._take(2)]
        return added + self._take(bits)

    def header(self) -> Header:
        size, animated = self._size(_SIZES, None), False
        if self._flag():  # all else is as usual
            return Header(size)
        if self._flag():
            self._take(3)  # orientation, which the decoder sees to
            if self._flag():
                self._size(_SIZES, None)
            if self._flag():
                self._size(_PREVIEW_SIZES, _PREVIEW_EIGHTHS)
            if animated := self._flag():
                self._skip_speed()
        floats, bits = self._depth()
        self._flag()  # whether 16 bits are enough to decode it
        count = self._number(((0, 0), (1, 0), (2, 4), (1, 12)))
        channels = tuple(self._channel() for _ in range(count))
        return Header(size, bits, floats, channels, self._flag(), self._colours(), animated)

    def _size(self, whole: _Choices, eighths: _Choices | None) -> tuple[int, int]:
        by_eight = self._flag()

        def side() -> int:
            if not by_eight:
                return self._number(whole)
            return 8 * (1 + self._take(5) if eighths is None else self._number(eighths))

        height, ratio = side(), self._take(3)
        if not ratio:
            return side(), height
        wide, high = _RATIOS[ratio - 1]
        return height * wide // high, height

    def _skip_speed(self) -> None:
        self._number(((100, 0), (1000, 0), (1, 10), (1, 30)))
        self._number(((1, 0), (1001, 0), (1, 8), (1, 10)))
        self._number(((0, 0), (0, 3), (0, 16), (0, 32)))
        self._flag()

    def _depth(self) -> tuple[bool, int]:
        if not self._flag():
            return False, self._number(((8, 0), (10, 0), (12, 0), (1, 6)))
        bits = self._number(((32, 0), (16, 0), (24, 0), (1, 6)))
        self._take(4)
        return True, bits

    def _channel(self) -> Channel:
        if self._flag():
            return Channel(ALPHA)
        kind = self._number(_ENUM)
        self._depth()
        self._number(((0, 0), (3, 0), (4, 0), (1, 3)))
        self._take(8 * self._number(((0, 0), (0, 4), (16, 5), (48, 10))))  # its name
        if kind == ALPHA:
            return Channel(kind, self._flag())
        if kind == _SPOT:
            self._take(4 * 16)
        elif kind == SENSOR:
            self._number(((1, 0), (0, 2), (3, 4), (19, 8)))
        return Channel(kind)

    def _colours(self) -> Colours:
        if self._flag():
            return Colours()
        has_profile, space, primaries = self._flag(), self._number(_ENUM), _SRGB
        if has_profile or space == OF_THE_EYE:
            return Colours(space, has_profile)
        if self._number(_ENUM) == _CUSTOM:
            self._skip_points(1)
        if space != GREY:
            primaries = self._number(_ENUM)
            if primaries == _CUSTOM:
                self._skip_points(3)
        gamma = self._flag()
        transfer = self._take(24) * 0 if gamma else self._number(_ENUM)
        return Colours(space, False, primaries, transfer)

    def _skip_points(self, count: int) -> None:
        for _ in range(2 * count):
            self._number(_CUSTOM_XY)
