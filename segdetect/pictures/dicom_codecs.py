"""Compressed pixels of DICOM: what pydicom does not decode by itself goes to imagecodecs, as one of pydicom's plug-ins.

JPEG Baseline and RLE are pydicom's and Pillow's, JPEG 2000 is pylibjpeg-openjpeg's. The names with a leading underscore
or in capitals are what pydicom asks of a plug-in.
"""

from __future__ import annotations

import importlib.util
import struct
from typing import Final

import pydicom
from pydicom import uid
from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import DecodeRunner, get_decoder

_LABEL: Final = "imagecodecs"
_JPEG: Final = (uid.JPEGExtended12Bit, uid.JPEGLossless, uid.JPEGLosslessSV1)
_JPEG_LS: Final = (uid.JPEGLSLossless, uid.JPEGLSNearLossless)
DECODER_DEPENDENCIES: Final = dict.fromkeys((*_JPEG, *_JPEG_LS), (_LABEL,))

_START_OF_IMAGE: Final = b"\xff\xd8"
_END_OF_IMAGE: Final = b"\xff\xd9"
_START_OF_CODESTREAM: Final = b"\xff\x4f\xff\x51"
# Markers of a frame's header: those of JPEG but DHT, JPG and DAC, which lie among them, and that of JPEG-LS.
_FRAME_MARKERS: Final = frozenset((*range(0xC0, 0xD0), 0xF7)) - {0xC4, 0xC8, 0xCC}


def is_available(syntax: str) -> bool:
    """Whether this plug-in decodes a transfer syntax; called by pydicom."""
    return syntax in DECODER_DEPENDENCIES and importlib.util.find_spec(_LABEL) is not None


def _decode_frame(source: bytes, runner: DecodeRunner) -> bytes:
    import imagecodecs

    if runner.transfer_syntax in _JPEG_LS:
        values = imagecodecs.jpegls_decode(source)
    elif _END_OF_IMAGE not in source[-16:]:
        # libjpeg makes up what is missing.
        raise ValueError("they are cut off")
    elif runner.samples_per_pixel == 1:
        values = imagecodecs.jpeg8_decode(source)
    else:
        # Equal names on both sides leave the colours as they are: pydicom converts them where the file asks for it.
        values = imagecodecs.jpeg8_decode(source, colorspace="rgb", outcolorspace="rgb")
    runner.set_option("planar_configuration", 0)
    runner.set_option("bits_allocated", 8 * values.dtype.itemsize)
    return bytes(values.tobytes())


for _syntax in DECODER_DEPENDENCIES:
    get_decoder(_syntax).add_plugin(_LABEL, (__name__, "_decode_frame"))


def stream_size(dataset: pydicom.Dataset, frame: int) -> tuple[int, int] | None:
    """Width and height in the head of a frame's compressed pixels; None where they are not compressed as JPEG.

    Args:
        dataset: with pixel data and file meta information.
        frame: 0-based.

    Raises:
        ValueError: the head is damaged.
    """
    syntax = uid.UID(dataset.file_meta.TransferSyntaxUID)
    if not syntax.is_encapsulated or syntax == uid.RLELossless:
        return None
    frames = int(dataset.get("NumberOfFrames") or 1)
    offsets = None
    if "ExtendedOffsetTable" in dataset and "ExtendedOffsetTableLengths" in dataset:
        offsets = (dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths)
    source = get_frame(dataset.PixelData, frame, number_of_frames=frames, extended_offsets=offsets)
    return _jpeg_size(source) if source.startswith(_START_OF_IMAGE) else _jpeg2000_size(source)


def _jpeg_size(source: bytes) -> tuple[int, int]:
    at = 2
    while at + 9 <= len(source):
        marker = source[at + 1]
        if source[at] != 0xFF:
            break
        if marker == 0xFF:  # filling
            at += 1
        elif marker in _FRAME_MARKERS:
            height, width = struct.unpack_from(">HH", source, at + 5)
            return width, height
        else:
            at += 2 + int.from_bytes(source[at + 2 : at + 4], "big")
    raise ValueError("its compressed pixels have no head")


def _jpeg2000_size(source: bytes) -> tuple[int, int]:
    at = source.find(_START_OF_CODESTREAM)
    if at < 0 or len(source) < at + 24:
        raise ValueError("its compressed pixels have no head")
    right, bottom, left, top = struct.unpack_from(">IIII", source, at + 8)
    return right - left, bottom - top
