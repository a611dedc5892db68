"""Small files that decode to much, or take long: black pictures, packed as well as their formats allow."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pydicom
import tifffile
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEGBaseline8Bit

LARGE = 300_000_000


def zeros(count: int) -> bytes:
    """`count` zeros as a zlib stream, made without holding them."""
    stream = zlib.compressobj(1)
    parts = [stream.compress(bytes(min(1 << 20, count - start))) for start in range(0, count, 1 << 20)]
    return b"".join([*parts, stream.flush()])


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *, colour: int, depth: int, profile: bytes = b"", frames: int = 1) -> bytes:
    """A black PNG of colour type 0 (grey), 2 (RGB), 4 (grey with transparency) or 6 (RGBA)."""
    samples = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    data = zeros(height * (1 + (width * samples * depth + 7) // 8))
    colours = chunk(b"iCCP", b"p\0\0" + zlib.compress(profile)) if profile else b""
    animation = b"".join(_further_frames(width, height, frames, data))
    count = chunk(b"acTL", struct.pack(">II", frames, 0)) if frames > 1 else b""
    first = chunk(b"fcTL", _frame(0, width, height)) if frames > 1 else b""
    head = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + colours + count + first
    return head + chunk(b"IDAT", data) + animation + chunk(b"IEND", b"")


def _further_frames(width: int, height: int, frames: int, data: bytes) -> Iterator[bytes]:
    for number in range(1, frames):
        yield chunk(b"fcTL", _frame(2 * number - 1, width, height))
        yield chunk(b"fdAT", struct.pack(">I", 2 * number) + data)


def _frame(number: int, width: int, height: int) -> bytes:
    return struct.pack(">IIIIIHHBB", number, width, height, 0, 0, 1, 10, 0, 0)


def tiff(side: int, *, samples: int, bits: int, tile_side: int = 0) -> bytes:
    """A black square TIFF in one deflated strip or tile."""
    data = zeros(min(LARGE, max(side, tile_side) ** 2 * samples * bits // 8))
    depths = struct.pack(f"<{samples}H", *[bits] * samples)
    depths_at = 8 + len(data)
    tags = [(256, side), (257, side), (259, 8), (262, 1), (277, samples)]
    tags += [(322, tile_side), (323, tile_side), (324, 8), (325, len(data))] if tile_side else []
    tags += [] if tile_side else [(273, 8), (278, side), (279, len(data))]
    entries = [struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags]
    entries.append(struct.pack("<HHII", 258, 3, samples, depths_at if samples > 2 else bits))
    directory = struct.pack("<H", len(entries)) + b"".join(sorted(entries, key=lambda entry: entry[:2][::-1]))
    return b"II*\0" + struct.pack("<I", depths_at + len(depths)) + data + depths + directory + bytes(4)


def deflated_dicom(pixel_bytes: int, *, rows: int = 100, columns: int = 100) -> bytes:
    """A DICOM file whose whole content is deflated, with this many bytes for its pixels."""
    dataset = _dicom(DeflatedExplicitVRLittleEndian, rows, columns, bits=16)
    dataset.PixelData = bytes(pixel_bytes)
    dataset["PixelData"].VR = "OW"
    return _saved(dataset)


def dicom_of_jpeg(data: bytes, *, rows: int, columns: int) -> bytes:
    """A DICOM file that says its frame, a JPEG, is of this size."""
    dataset = _dicom(JPEGBaseline8Bit, rows, columns, bits=8)
    dataset.PixelData = encapsulate([data])
    dataset["PixelData"].is_undefined_length = True
    return _saved(dataset)


def _dicom(syntax: pydicom.uid.UID, rows: int, columns: int, *, bits: int) -> pydicom.Dataset:
    dataset = pydicom.Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = "1.2.3"
    dataset.Rows, dataset.Columns = rows, columns
    dataset.SamplesPerPixel, dataset.PixelRepresentation, dataset.PhotometricInterpretation = 1, 0, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, bits, bits - 1
    return dataset


def _saved(dataset: pydicom.Dataset) -> bytes:
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def jpeg(side: int, *, repeats: int = 0, **options: Any) -> bytes:
    """A grey-brown JPEG whose last scan comes again and again."""
    buffer = io.BytesIO()
    Image.new("RGB", (side, side), (90, 120, 30)).save(buffer, "JPEG", **options)
    data = buffer.getvalue()
    return data[:-2] + data[data.rindex(b"\xff\xda") : -2] * repeats + data[-2:]


def saved(mode: str, size_wh: tuple[int, int], kind: str, **options: Any) -> bytes:
    """A black picture as Pillow saves it."""
    buffer = io.BytesIO()
    Image.new(mode, size_wh).save(buffer, kind, **options)
    return buffer.getvalue()


def tiff_of_jpeg(side: int, inner: int) -> bytes:
    """A TIFF whose only strip is a JPEG of another side than it says."""
    return grey_tiff(side, saved("L", (inner, inner), "JPEG"), compression=7)


def grey_tiff(side: int, strip: bytes, *, compression: int) -> bytes:
    """A square grey TIFF with this strip for all of it."""
    padded = strip + bytes(len(strip) % 2)
    tags = {256: side, 257: side, 258: 8, 259: compression, 262: 1, 273: 8, 277: 1, 278: side, 279: len(strip)}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return b"II*\0" + struct.pack("<I", 8 + len(padded)) + padded + struct.pack("<H", len(tags)) + entries + bytes(4)


def tiff_of(values: np.ndarray, **options: Any) -> bytes:
    """A deflated TIFF of values."""
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, compression="zlib", **options)
    return buffer.getvalue()


def gif(size_wh: tuple[int, int], frames: int) -> bytes:
    """A black animation."""
    one = saved("P", size_wh, "GIF")
    colours = 3 << ((one[10] & 7) + 1) if one[10] & 0x80 else 0
    start = one.index(b"\x2c", 13 + colours)
    return one[:-1] + one[start:-1] * (frames - 1) + b";"


def heic(size_wh: tuple[int, int]) -> bytes:
    """A black HEIC picture."""
    import pillow_heif

    buffer = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", size_wh)).save(buffer, quality=10)
    return buffer.getvalue()


# Damaged LZW, in which imagecodecs 2025.11.11 follows numbers that nobody has written: as these happen to be, it gives
# an error, or its process ends by SIGSEGV.
CRASHING_LZW = [grey_tiff(side, bytes.fromhex("806a2050"), compression=5) for side in range(100, 2000, 40)]

BOMBS: dict[str, Callable[[], bytes]] = {
    "PNG, 81 megapixels of RGB": lambda: png(9000, 9000, colour=2, depth=8),
    "PNG, 81 megapixels of grey": lambda: png(9000, 9000, colour=0, depth=8),
    "PNG, 16-bit RGBA": lambda: png(5600, 5600, colour=6, depth=16),
    "PNG, grey with transparency": lambda: png(7800, 7800, colour=4, depth=8),
    "PNG, one line": lambda: png(90_000_000, 1, colour=0, depth=8),
    "TIFF, 2000 samples a pixel": lambda: tiff(1000, samples=2000, bits=8),
    "TIFF, 1000 deep samples a pixel": lambda: tiff(1000, samples=1000, bits=16),
    "TIFF, 64-bit": lambda: tiff(5600, samples=1, bits=64),
    "TIFF, a tile larger than its picture": lambda: tiff(64, samples=1, bits=16, tile_side=11_200),
    "deflated DICOM": lambda: deflated_dicom(LARGE),
}
