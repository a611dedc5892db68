"""Picture files of many kinds, made in code."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import pillow_heif
import pydicom
import tifffile
from PIL import Image
from pydicom.uid import ExplicitVRLittleEndian

from tests.support.pictures import Pixels


def encoded(pictures: Sequence[Pixels], kind: str, **options: Any) -> bytes:
    """A file with these pictures as its frames, as Pillow writes it."""
    first, *rest = (Image.fromarray(pixels) for pixels in pictures)
    buffer = io.BytesIO()
    more = {"save_all": True, "append_images": rest} if rest else {}
    first.save(buffer, kind, **more, **options)
    return buffer.getvalue()


def heic(pictures: Sequence[Pixels], *, primary: int = 0) -> bytes:
    """A HEIC file with these pictures, one of which is the main one."""
    file = pillow_heif.HeifFile()
    for pixels in pictures:
        file.add_from_pillow(Image.fromarray(pixels))
    buffer = io.BytesIO()
    file.save(buffer, quality=-1, chroma=444, primary_index=primary)
    return buffer.getvalue()


def dicom(frames: np.ndarray, *, preamble: bytes = bytes(128), kind: str = "1.2.840.10008.5.1.4.1.1.7") -> bytes:
    """A DICOM file with these grey frames `(frames, height, width)`; without any, it has no pixels."""
    dataset = pydicom.Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = kind, "1.2.3.4"
    if len(frames):
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        dataset.NumberOfFrames, dataset.Rows, dataset.Columns = frames.shape
        dataset.BitsAllocated = dataset.BitsStored = frames.itemsize * 8
        dataset.HighBit, dataset.PixelRepresentation = dataset.BitsStored - 1, 0
        dataset.PixelData = frames.tobytes()
        dataset["PixelData"].VR = "OW"
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return preamble.ljust(128, b"\0") + buffer.getvalue()[128:]


def tagged_tiff(*directories: dict[int, int | bytes | Sequence[int]], order: str = "<", big: bool = False) -> bytes:
    """A TIFF file of directories with these tags alone; the tag 330 holds how many of those behind lie within one.

    Bytes are texts; numbers that fit are shorts.
    """
    entry = "HHQQ" if big else "HHII"
    head = struct.pack(f"{order}2sHHHQ" if big else f"{order}2sHI", b"II" if order == "<" else b"MM", *_head(big))
    sizes = [(16 + 20 * len(tags)) if big else (6 + 12 * len(tags)) for tags in directories]
    places = [len(head) + sum(sizes[:at]) for at in range(len(sizes))]
    within = {at + step for at, tags in enumerate(directories) for step in range(1, int(tags.get(330, 0)) + 1)}  # type: ignore[arg-type]
    extra_at = len(head) + sum(sizes)
    body, extra = b"", b""
    for at, tags in enumerate(directories):
        body += struct.pack(f"{order}{'Q' if big else 'H'}", len(tags))
        for tag, value in sorted(tags.items()):
            if tag == 330:
                value = [places[at + 1 + step] for step in range(int(value))]  # type: ignore[arg-type]
            kind, raw, count = _value(value, order)
            room = 8 if big else 4
            if len(raw) > room:
                field, extra = struct.pack(f"{order}{'Q' if big else 'I'}", extra_at + len(extra)), extra + raw
            else:
                field = raw.ljust(room, b"\0")
            body += struct.pack(f"{order}{entry[:3]}", tag, kind, count) + field
        following = next((later for later in range(at + 1, len(directories)) if later not in within), None)
        last = at in within or following is None
        body += struct.pack(f"{order}{'Q' if big else 'I'}", 0 if last else places[following or 0])
    return head + body + extra


def _head(big: bool) -> tuple[int, ...]:
    return (43, 8, 0, 16) if big else (42, 8)


def _value(value: int | bytes | Sequence[int], order: str) -> tuple[int, bytes, int]:
    if isinstance(value, bytes):
        return 2, value, len(value)
    numbers = [value] if isinstance(value, int) else list(value)
    if max(numbers) < 1 << 16 and isinstance(value, int):
        return 3, struct.pack(f"{order}H", *numbers), 1
    return 4, struct.pack(f"{order}{len(numbers)}I", *numbers), len(numbers)


def pyramid(pages: Sequence[Pixels], *, levels: int = 2, within: bool = False) -> bytes:
    """A TIFF whose pages each have smaller copies, behind them or (`within`) in directories of their own."""
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as file:
        for page in pages:
            file.write(page, photometric="rgb", subifds=levels if within else None, metadata=None)
            for level in range(1, levels + 1):
                small = np.ascontiguousarray(page[:: 2**level, :: 2**level])
                file.write(small, photometric="rgb", subfiletype=1, metadata=None)
    return buffer.getvalue()
