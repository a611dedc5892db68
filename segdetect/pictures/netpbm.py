"""Netpbm files (PBM, PGM, PPM, PAM) and PFM to values: a head in letters, then samples that are not compressed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

import numpy as np

from segdetect.pictures.frames import MAX_FRAMES
from segdetect.pictures.raster import Encoded, Raster, Values
from segdetect.pictures.refusals import SAVE_AS_PNG
from segdetect.pictures.samples import raster_of

_GAP: Final = rb"(?:\s|#[^\r\n]*[\r\n])+"
_NUMBER: Final = rb"(\d{1,9})"
_BITMAP: Final = re.compile(rb"(P[14])" + _GAP + _NUMBER + _GAP + _NUMBER + rb"\s")
_MAP: Final = re.compile(rb"(P[2356])" + (_GAP + _NUMBER) * 3 + rb"\s")
_SCALE: Final = rb"([-+]?\d{1,9}(?:\.\d{0,20})?(?:[eE][-+]?\d{1,3})?)"
_FLOATS: Final = re.compile(rb"(P[Ff])\s+" + _NUMBER + rb"\s+" + _NUMBER + rb"\s+" + _SCALE + rb"\s")
# Lines of a name and a value, in any order.
_ANY_MAP: Final = re.compile(rb"P7\n((?:[^\n]{0,1000}\n){1,100}?)ENDHDR\n")
_CHANNELS: Final = {
    **{"BLACKANDWHITE": 1, "GRAYSCALE": 1, "RGB": 3},
    **{"BLACKANDWHITE_ALPHA": 2, "GRAYSCALE_ALPHA": 2, "RGB_ALPHA": 4},
}
_PLAIN: Final = ("P1", "P2", "P3")
_FLOAT_BYTES: Final = 4
_MOST: Final = 65535
_SPACES: Final = b" \t\n\r\v\f"
_COPY: Final = "Copy or export the picture again"


@dataclass(frozen=True, slots=True)
class _Head:
    """What stands before the samples of a picture.

    Args:
        kind: the letters that it begins with.
        size_wh: width and height in pixels.
        channels: samples of a pixel.
        top: the value of white; 0 for floating-point numbers.
        begin: where the samples begin.
        tuples: what PAM calls the samples of a pixel; empty where it does not say.
        little: whether the lowest byte of a floating-point number comes first.
    """

    kind: str
    size_wh: tuple[int, int]
    channels: int
    top: int
    begin: int
    tuples: str = ""
    little: bool = False

    @property
    def sample_bytes(self) -> int:
        """Of one sample, where it is not a single bit."""
        return _FLOAT_BYTES if not self.top else 1 if self.top <= 255 else 2

    @property
    def end(self) -> int:
        """Where the samples end that are not written in letters."""
        width, height = self.size_wh
        row = -(-width // 8) if self.kind == "P4" else width * self.channels * self.sample_bytes
        return self.begin + row * height


def netpbm_pictures(data: bytes) -> int:
    """How many pictures follow each other in a file."""
    return max(1, len(_heads(data)))


def decode_netpbm(encoded: Encoded) -> Raster:
    """Decode one of the pictures of a Netpbm or PFM file.

    Raises:
        UnreadableImageError: damaged, cut off, or of channels that are not read.
    """
    heads = _heads(encoded.data)
    if not heads:
        raise encoded.unreadable("its header is damaged", _COPY)
    encoded.check_page(len(heads))
    head = heads[encoded.page]
    encoded.check_size(*head.size_wh, pixel_bytes=head.channels * head.sample_bytes)
    _refuse_unknown_channels(encoded, head)
    samples = _plain(encoded, head) if head.kind in _PLAIN else _raw(encoded, head)
    width, height = head.size_wh
    raster = _raster(encoded, head, samples.reshape(height, width, head.channels))
    return replace(raster, pages=len(heads), notes=raster.notes + _rest_note(encoded.data, heads[-1]))


def _heads(data: bytes) -> list[_Head]:
    return list(islice(_every_head(data), MAX_FRAMES))


def _every_head(data: bytes) -> Iterator[_Head]:
    at = 0
    while (head := _head(data, at)) is not None:
        yield head
        if head.kind in _PLAIN:  # which has one picture only
            return
        at = head.end
        while data[at : at + 1] and data[at] in _SPACES:
            at += 1


def _head(data: bytes, at: int) -> _Head | None:
    """The head that begins here; None where none does, or one with numbers that cannot be."""
    if found := _ANY_MAP.match(data, at):
        return _pam_head(found)
    head = _short_head(data, at)
    # The line's end of Windows, where the length of the file says that it is one.
    two = head is not None and data[head.begin - 1 : head.begin + 1] == b"\r\n" and len(data) == head.end + 1
    return replace(head, begin=head.begin + 1) if head is not None and two else head


def _short_head(data: bytes, at: int) -> _Head | None:
    if found := _BITMAP.match(data, at):
        return _Head(found[1].decode(), (int(found[2]), int(found[3])), 1, 1, found.end())
    if found := _MAP.match(data, at):
        size, channels, top = (int(found[2]), int(found[3])), 1 if found[1] in (b"P2", b"P5") else 3, int(found[4])
        return _Head(found[1].decode(), size, channels, top, found.end()) if 1 <= top <= _MOST else None
    if found := _FLOATS.match(data, at):
        size, channels = (int(found[2]), int(found[3])), 1 if found[1] == b"Pf" else 3
        return _Head(found[1].decode(), size, channels, 0, found.end(), little=found[4].startswith(b"-"))
    return None


def _pam_head(found: re.Match[bytes]) -> _Head | None:
    lines = (line.split(maxsplit=1) for line in found[1].decode("latin-1").split("\n") if not line.startswith("#"))
    told = {words[0]: words[1].strip() for words in lines if len(words) == 2}
    names = ("WIDTH", "HEIGHT", "DEPTH", "MAXVAL")
    if not all(re.fullmatch(r"[0-9]{1,9}", told.get(name, "")) for name in names):
        return None
    width, height, channels, top = (int(told[name]) for name in names)
    head = _Head("P7", (width, height), channels, top, found.end(), told.get("TUPLTYPE", ""))
    return head if 1 <= top <= _MOST and channels else None


def _refuse_unknown_channels(encoded: Encoded, head: _Head) -> None:
    known = _CHANNELS.get(head.tuples) == head.channels if head.tuples else head.channels <= 4
    if not known:
        what = f"{head.channels} channels, called {head.tuples}" if head.tuples else f"{head.channels} channels"
        raise encoded.unreadable(f"it has {what}; grey and RGB are read, with or without transparency", SAVE_AS_PNG)


def _plain(encoded: Encoded, head: _Head) -> Values:
    """Samples in letters: numbers with space between them, of bitmaps digits with or without."""
    text = re.sub(rb"#[^\r\n]*", b"", encoded.data[head.begin :])
    if text.translate(None, b"0123456789" + _SPACES) or (head.kind != "P1" and re.search(rb"\d{6}", text)):
        raise encoded.unreadable("it is damaged: what follows its header are not all numbers", _COPY)
    if head.kind == "P1":
        values = np.frombuffer(text.translate(None, _SPACES), np.uint8) - ord("0")
    else:
        values = np.fromstring(text, np.int32, sep=" ")  # of bytes, in text, it is not deprecated
    wanted = head.size_wh[0] * head.size_wh[1] * head.channels
    if len(values) < wanted:
        raise encoded.unreadable("it is cut off: parts of the picture lie beyond its end", "Copy the file again")
    if len(values) > wanted:
        raise encoded.unreadable(f"it is damaged: it has {len(values)} values, and needs {wanted}", _COPY)
    return _within(encoded, head, values).astype(np.uint8 if head.top <= 255 else np.uint16)


def _raw(encoded: Encoded, head: _Head) -> Values:
    if head.end > len(encoded.data):
        raise encoded.unreadable("it is cut off: parts of the picture lie beyond its end", "Copy the file again")
    depth = {1: ">u1", 2: ">u2", _FLOAT_BYTES: "<f4" if head.little else ">f4"}[head.sample_bytes]
    stored = np.frombuffer(encoded.data, depth, (head.end - head.begin) // head.sample_bytes, head.begin)
    if head.kind == "P4":
        return np.unpackbits(stored.reshape(head.size_wh[1], -1), axis=1)[:, : head.size_wh[0]]
    values = stored.astype(stored.dtype.newbyteorder("="))
    return _within(encoded, head, values) if head.top else values


def _within(encoded: Encoded, head: _Head, values: Values) -> Values:
    highest = int(values.max())
    if highest > head.top:
        raise encoded.unreadable(f"it is damaged: it has values up to {highest}, and says up to {head.top}", _COPY)
    return values


def _raster(encoded: Encoded, head: _Head, samples: Values) -> Raster:
    """The raster of `(height, width, channels)`."""
    if not head.top:  # rows from the bottom to the top
        return Raster(np.ascontiguousarray(samples[::-1] if head.channels == 3 else samples[::-1, :, 0]), deep=True)
    if head.kind in ("P1", "P4"):  # where 1 is ink
        samples = 1 - samples
    count = 1 if head.channels < 3 else 3
    colours = np.ascontiguousarray(samples[..., 0] if count == 1 else samples[..., :3])
    return raster_of(colours, head.top, alpha=samples[..., count] if head.channels > count else None)


def _rest_note(data: bytes, last: _Head) -> tuple[str, ...]:
    rest = len(data[last.end :].strip(_SPACES + b"\0")) if last.kind not in _PLAIN else 0
    return ("What lies behind its pixels in the file belongs to no picture, and was left out.",) if rest else ()
