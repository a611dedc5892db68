"""TIFF to values, by tifffile with the codecs of imagecodecs: every layout is read as the file says, or refused."""

from __future__ import annotations

import functools
import importlib.util
import logging
import struct
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Final

import numpy as np
import tifffile
from PIL.TiffImagePlugin import TiffImageFile

from segdetect.errors import UnreadableImageError
from segdetect.pictures.decoders import raster_from_pillow
from segdetect.pictures.jpeg_kinds import ORIENTATION_TAG
from segdetect.pictures.raster import Encoded, Raster, Values
from segdetect.pictures.tiff_colour import JPEG, assume_colours, colours_of, measured, refuse_unknown_colours
from segdetect.pictures.tiff_directories import Page, beginning_at, tiff_pages

# Without a handler, Python prints tifffile's remarks on damaged files to stderr; who wants them may add another.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

_SAVE_PLAIN: Final = "Save it as an ordinary grey or RGB TIFF, without compression, or as PNG, and load that"
_LZW: Final = 5
_FAX: Final = (2, 3, 4)
# Some decoders leave these as YCbCr and nothing in the file tells.
_UNCLEAR_COMPRESSIONS: Final = (33003,)


def decode_tiff(encoded: Encoded) -> Raster:
    """Decode one page of a TIFF file; raises whatever the decoders raise.

    Raises:
        UnreadableImageError: cut off, or of a layout that is not read.
    """
    places = tiff_pages(encoded.data)
    pages = len(places)
    if not pages:
        raise encoded.unreadable("it is damaged or cut off: it has no list of its pages", "Copy the file again")
    encoded.check_page(pages)
    place = places[encoded.page]
    with tifffile.TiffFile(BytesIO(encoded.data)) as file:
        file.filehandle.seek(place.offset)
        page = tifffile.TiffPage(file, encoded.page)
        _check_limits(encoded, page)
        _refuse_unknown_samples(encoded, page)
        assumed = assume_colours(page)
        refuse_unknown_colours(encoded, page)
        if page.compression == 1:
            page.databytecounts = _whole_sizes(page)
        notes = assumed + _check_segments(encoded, page) + _left_out_notes(place) + _stack_note(file, page)
        if page.compression == _LZW:
            _check_lzw(encoded, page)
        if page.compression in _FAX:
            raster = _fax(encoded, page)
            return replace(raster, pages=pages, notes=notes + raster.notes)
        values = _page_values(encoded, page)
        raster = colours_of(encoded, page, values)
        valid, no_data = measured(page, values)
    return replace(
        raster, valid=valid, pages=pages, orientation=_orientation(page), notes=notes + raster.notes + no_data
    )


def _check_limits(encoded: Encoded, page: tifffile.TiffPage) -> None:
    """Each sample counts, and so does each tile, which may be larger than the picture that it is cut to."""
    sample_bytes = page.dtype.itemsize if page.dtype is not None else 8
    pixel_bytes = page.samplesperpixel * page.imagedepth * sample_bytes
    encoded.check_size(page.imagewidth, page.imagelength, pixel_bytes)
    if page.is_tiled:
        encoded.check_size(page.tilewidth, page.tilelength, pixel_bytes)


def _fax(encoded: Encoded, page: tifffile.TiffPage) -> Raster:
    """Fax compression, always of 1 bit and one channel, which libtiff in Pillow reads and imagecodecs does not."""
    if page.bitspersample != 1 or page.samplesperpixel != 1:
        raise encoded.unreadable("it is fax-compressed without being black and white", _SAVE_PLAIN)
    with TiffImageFile(BytesIO(beginning_at(encoded.data, page.offset))) as image:
        image.load()
        raster = raster_from_pillow(image)
    # Pillow has turned it upright, and says nothing of it.
    turned = ("It was rotated as its EXIF data say.",) if _orientation(page) != 1 else ()
    return replace(raster, orientation=1, notes=raster.notes + turned)


def _refuse_unknown_samples(encoded: Encoded, page: tifffile.TiffPage) -> None:
    problem = ""
    if page.imagedepth != 1:
        problem = f"it is a volume of {page.imagedepth} layers in one page"
    elif page.dtype is None:
        bits = page.bitspersample if isinstance(page.bitspersample, int) else "differently many"
        signed = " signed" if page.sampleformat == tifffile.SAMPLEFORMAT.INT else ""
        problem = f"its samples are of {bits}{signed} bits, a kind that is not read"
    elif page.bitspersample == 24 and page.dtype.kind == "u" and page.parent.byteorder == "<":
        # Measured: imagecodecs 2025.11.11 gives them 256-fold.
        problem = "its samples are of 24 bits, lowest byte first, which is not read"
    elif page.bitspersample == 24 and page.dtype.kind == "u" and not reads_24_bits():
        problem = "its samples are of 24 bits, which the installed imagecodecs reads wrongly"
    elif page.dtype.kind == "c":
        problem = "its pixels are complex numbers"
    elif page.compression in _UNCLEAR_COMPRESSIONS:
        problem = f"its compression ({_compression(page)}) is not read"
    elif page.is_subsampled and (page.compression not in JPEG or page.planarconfig != 1):
        problem = "its colours are stored at a lower resolution without JPEG compression, which is not read"
    if problem:
        raise encoded.unreadable(problem, _SAVE_PLAIN)


@functools.cache
def reads_24_bits() -> bool:
    """Whether imagecodecs reads samples of 24 bits, highest byte first: 2025.11.11 does, 2026.10.10 does not."""
    import imagecodecs  # with all its codecs, which takes a while

    found = imagecodecs.packints_decode(b"\1\2\3", np.dtype(">u4"), 24, runlen=1)
    return int(found[0]) == 0x010203


def _whole_sizes(page: tifffile.TiffPage) -> tuple[int, ...]:
    """How many bytes each part of an uncompressed page has, whatever the file says: some programs write more, or 0.

    Where a size is given for others, a part of 0 bytes is left out in the file, as one without a place is.
    """
    nothing_said = not any(page.databytecounts)
    told = zip(_parts(page), page.dataoffsets, page.databytecounts, strict=False)
    return tuple(size if nothing_said and offset else min(size, said) for (_, size), offset, said in told)


def _parts(page: tifffile.TiffPage) -> Iterator[tuple[int, int]]:
    """Bytes of a row, and of all rows, of each strip or tile once it is decompressed."""
    tall, wide = (page.tilelength, page.tilewidth) if page.is_tiled else (page.rowsperstrip, page.imagewidth)
    bits = page.bitspersample if isinstance(page.bitspersample, int) else max(page.bitspersample)
    row = -(-wide * bits * (page.samplesperpixel if page.planarconfig == 1 else 1) // 8)
    strips = -(-page.imagelength // tall)
    for at in range(int(np.prod(page.chunked))):
        left = tall if page.is_tiled else min(tall, page.imagelength - at % strips * tall)
        yield row, row * left


def _check_segments(encoded: Encoded, page: tifffile.TiffPage) -> tuple[str, ...]:
    """Strips and tiles that lie beyond the file's end are refused: tifffile would leave them black."""
    wanted = int(np.prod(page.chunked))
    offsets, sizes = page.dataoffsets, page.databytecounts
    if min(len(offsets), len(sizes)) < wanted:
        raise encoded.unreadable(
            f"it is damaged: of its {wanted} parts only {min(len(offsets), len(sizes))} are in it",
            "Copy or export the picture again",
        )
    if any(offset + size > len(encoded.data) for offset, size in zip(offsets, sizes, strict=False)):
        raise encoded.unreadable("it is cut off: parts of the picture lie beyond its end", "Copy the file again")
    empty = sum(offset == 0 or size == 0 for offset, size in zip(offsets[:wanted], sizes[:wanted], strict=True))
    if empty == wanted:
        raise encoded.unreadable("it holds no pixels: all of its parts are empty", "Copy or export the picture again")
    return (f"{empty} of its {wanted} parts are left out in the file; they are shown as value 0.",) if empty else ()


def _check_lzw(encoded: Encoded, page: tifffile.TiffPage) -> None:
    """Damaged LZW crashes imagecodecs 2025.11.11 and the process with it; libtiff, asked first, raises."""
    for (row, whole), offset, size in zip(_parts(page), page.dataoffsets, page.databytecounts, strict=False):
        if size:
            part = _as_grey_tiff(encoded.data[offset : offset + size], row, whole // row, int(page.fillorder))
            with TiffImageFile(BytesIO(part)) as image:
                image.load()


def _as_grey_tiff(strip: bytes, width: int, height: int, fill: int) -> bytes:
    """One LZW strip as a TIFF of its own, its bytes taken as 8-bit grey."""
    tags = {256: width, 257: height, 258: 8, 259: _LZW, 262: 1, 266: fill, 273: 8, 277: 1, 278: height, 279: len(strip)}
    rows = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    padded = strip + bytes(len(strip) % 2)
    return struct.pack("<2sHI", b"II", 42, 8 + len(padded)) + padded + struct.pack("<H", len(tags)) + rows + bytes(4)


def _left_out_notes(place: Page) -> tuple[str, ...]:
    notes = []
    if place.smaller:
        copies = "A smaller copy" if place.smaller == 1 else f"{place.smaller} smaller copies"
        notes.append(f"{copies} of it in the file {'was' if place.smaller == 1 else 'were'} left out.")
    if place.masks:
        notes.append("A mask for it in the file was left out.")
    return tuple(notes)


def _stack_note(file: tifffile.TiffFile, page: tifffile.TiffPage) -> tuple[str, ...]:
    """ImageJ and tifffile may put a stack's pictures after the first one without describing each as a page."""
    if len(file.pages) > 1 or not (file.is_imagej or file.is_shaped):
        return ()
    pictures = sum(series.size for series in file.series) // page.size
    return (f"It holds {pictures} pictures in one page; the first one was taken.",) if pictures > 1 else ()


def _page_values(encoded: Encoded, page: tifffile.TiffPage) -> Values:
    """`(height, width, samples)`."""
    try:
        values = np.asarray(page.asarray())
    except (ValueError, NotImplementedError) as error:
        known = page.compression == 1 or page.compression in tifffile.TIFF.DECOMPRESSORS
        if known and "imagecodecs" not in str(error):
            raise
        raise _not_decoded(encoded, page) from error
    separate, _, height, width, together = page.shaped
    planes = values.reshape(separate, height, width, together)
    return planes[0] if separate == 1 else np.ascontiguousarray(np.moveaxis(planes[..., 0], 0, -1))


def _not_decoded(encoded: Encoded, page: tifffile.TiffPage) -> UnreadableImageError:
    if importlib.util.find_spec("imagecodecs") is not None:
        return encoded.unreadable(f"its compression ({_compression(page)}) is not read", _SAVE_PLAIN)
    return encoded.unreadable(
        f"its compression ({_compression(page)}) needs the package imagecodecs, which is not installed here",
        "Install it with: pip install imagecodecs; or save the picture without compression",
    )


def _compression(page: tifffile.TiffPage) -> str:
    return str(getattr(page.compression, "name", page.compression))


def _orientation(page: tifffile.TiffPage) -> int:
    tag = page.tags.get(ORIENTATION_TAG)
    return int(tag.value) if tag is not None and tag.value in range(1, 9) else 1
