"""JPEG files that Pillow does not read: of more than 8 bits, JPEG-LS, and those that lack the mark of their end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from PIL import Image

from segdetect.pictures.frames import jpeg_segments
from segdetect.pictures.raster import Encoded, Raster
from segdetect.pictures.refusals import SAVE_AS_PNG

ORIENTATION_TAG: Final = 0x0112
END_OF_IMAGE: Final = b"\xff\xd9"
_JPEG_LS: Final = 0xF7
# Of frames (SOF): those of JPEG but DHT, JPG and DAC, which lie among them, and that of JPEG-LS.
_FRAMES: Final = frozenset((*range(0xC0, 0xD0), _JPEG_LS)) - {0xC4, 0xC8, 0xCC}
_COEFFICIENTS: Final = 64
_RESTARTS: Final = 0xDD
# What libjpeg is given in place of bits that are not there: only ones, and only zeros.
_ONES, _ZEROS = b"\xff\0" * 64, bytes(128)


@dataclass(frozen=True, slots=True)
class Frame:
    """The header of a JPEG's frame.

    Args:
        kind: its marker, without the byte before it.
        bits: of a sample.
        size_wh: width and height in pixels.
        samples: the numbers of its components.
    """

    kind: int
    bits: int
    size_wh: tuple[int, int]
    samples: tuple[int, ...]


def frame_of(data: bytes) -> Frame | None:
    """The header of the first frame of a JPEG or JPEG-LS file; None where it has none."""
    for code, begin, end in jpeg_segments(data, 0):
        head = data[begin:end]
        if code in _FRAMES and len(head) >= 6 + 3 * head[5]:
            size = int.from_bytes(head[3:5], "big"), int.from_bytes(head[1:3], "big")
            return Frame(code, head[0], size, tuple(head[6 : 6 + 3 * head[5] : 3]))
    return None


def is_other_kind(data: bytes) -> bool:
    """Whether it is of a kind that Pillow does not read and imagecodecs does."""
    frame = frame_of(data)
    return frame is not None and (frame.kind == _JPEG_LS or frame.bits > 8)


def decode_other_kind(encoded: Encoded) -> Raster:
    """A JPEG of more than 8 bits or a JPEG-LS file; raises whatever imagecodecs raises.

    Raises:
        UnreadableImageError: it is cut off, or neither grey nor RGB.
    """
    frame = frame_of(encoded.data)
    assert frame is not None, "is_other_kind has seen it"
    encoded.check_size(*frame.size_wh, pixel_bytes=2 * len(frame.samples))
    if len(frame.samples) not in (1, 3):
        problem = f"it is a JPEG of {frame.bits} bits with {len(frame.samples)} channels; grey and RGB are read"
        raise encoded.unreadable(problem, SAVE_AS_PNG)
    # libjpeg makes up what is missing.
    if encoded.data.rfind(END_OF_IMAGE) < _scans_begin(encoded.data):
        raise encoded.unreadable("it is cut off: its end is missing", "Copy or export the picture again")
    import imagecodecs  # with all its codecs, which takes a while

    decode = imagecodecs.jpegls_decode if frame.kind == _JPEG_LS else imagecodecs.jpeg8_decode
    values = decode(encoded.data)
    if values.shape[:2] != frame.size_wh[::-1]:
        raise ValueError(f"its pixels have the unexpected shape {values.shape}")
    return Raster(values, deep=values.dtype.itemsize > 1, orientation=_orientation(encoded.data))


def _orientation(data: bytes) -> int:
    for code, begin, end in jpeg_segments(data, 0):
        if code == 0xE1 and data.startswith(b"Exif\0\0", begin):
            exif = Image.Exif()
            exif.load(data[begin:end])
            value = exif.get(ORIENTATION_TAG, 1)
            return int(value) if value in range(1, 9) else 1
    return 1


def _scans_begin(data: bytes) -> int:
    return max((end for _, _, end in jpeg_segments(data, 0)), default=0)


def ended(encoded: Encoded) -> tuple[Encoded, Encoded]:
    """The file with the mark of its end, with nothing but ones before it, and with nothing but zeros.

    Where a bit of its pixels is missing, the two differ in their pixels: libjpeg takes what stands there.
    """
    data = encoded.data.rstrip(b"\xff")
    ones, zeros = (replace(encoded, data=data + bits + END_OF_IMAGE) for bits in (_ONES, _ZEROS))
    return ones, zeros


def has_all_scans(data: bytes) -> bool:
    """Whether the scans of a JPEG bring all coefficients of all components in full, as far as their headers say.

    False with restart markers, behind which libjpeg goes on whatever is missing.
    """
    frame = frame_of(data)
    if frame is None or any(code == _RESTARTS for code, _, _ in jpeg_segments(data, 0)):
        return False
    missing = {(sample, at) for sample in frame.samples for at in range(_COEFFICIENTS)}
    at = data.find(b"\xff\xda")
    while at >= 0:
        head = data[at + 4 : at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")]
        if len(head) >= 4 and len(head) == 4 + 2 * head[0] and head[-1] & 0x0F == 0:
            samples, coefficients = head[1 : 1 + 2 * head[0] : 2], range(head[-3], head[-2] + 1)
            missing -= {(sample, one) for sample in samples for one in coefficients}
        at = data.find(b"\xff\xda", at + 2)
    return not missing
