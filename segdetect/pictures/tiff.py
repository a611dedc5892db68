"""TIFF to values: Pillow for what fits 8 bits, tifffile for what is deeper."""

from __future__ import annotations

import logging
from io import BytesIO
from typing import Final

import cv2
import numpy as np
import tifffile
from PIL.TiffImagePlugin import TiffImageFile

from segdetect.pictures.decoders import ORIENTATION_TAG, raster_from_pillow
from segdetect.pictures.raster import Encoded, Raster, Values

# Without a handler, Python prints tifffile's remarks on damaged files to stderr; who wants them may add another.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

_MIN_IS_WHITE: Final = 0
_EXTRA_ALPHA: Final = (1, 2)


def decode_tiff(encoded: Encoded) -> Raster:
    """Decode one page of a TIFF file; raises whatever the decoders raise."""
    with tifffile.TiffFile(BytesIO(encoded.data)) as file:
        pages = len(file.pages)
        encoded.check_page(pages)
        page = file.pages[encoded.page]
        if not isinstance(page, tifffile.TiffPage):
            raise TypeError("a page of it has no description of its own")
        encoded.check_size(page.imagewidth, page.imagelength)
        if page.dtype is None or page.imagedepth != 1:
            raise ValueError("its pixels are of a kind that is not read (volumes or unusual bit depths)")
        if page.dtype.kind == "c":
            raise ValueError("its pixels are complex numbers")
        if page.dtype == np.uint8 or page.dtype.kind == "b":
            return _shallow(encoded, pages)
        return _deep(encoded, page, pages)


def _shallow(encoded: Encoded, pages: int) -> Raster:
    with TiffImageFile(BytesIO(encoded.data)) as image:
        image.seek(encoded.page)
        encoded.check_size(*image.size)
        turned = image.tag_v2.get(ORIENTATION_TAG, 1) != 1
        image.load()
        raster = raster_from_pillow(image)
        # Pillow turns a TIFF upright by itself.
        notes = raster.notes + (("It was rotated as its EXIF data say.",) if turned else ())
        return Raster(raster.values, raster.alpha, raster.deep, pages=pages, notes=notes)


def _deep(encoded: Encoded, page: tifffile.TiffPage, pages: int) -> Raster:
    values = _page_values(encoded, page)
    alpha = None
    if values.ndim == 3:
        values, alpha = _split_alpha(values, page)
    tag = page.tags.get(ORIENTATION_TAG)
    return Raster(
        values,
        alpha,
        deep=True,
        inverted=int(page.photometric) == _MIN_IS_WHITE,
        pages=pages,
        orientation=int(tag.value) if tag is not None else 1,
    )


def _page_values(encoded: Encoded, page: tifffile.TiffPage) -> Values:
    """`(height, width)` or `(height, width, channels)`; LZW and others that tifffile lacks are left to OpenCV."""
    try:
        values = np.asarray(page.asarray())
    except ValueError as error:
        if "imagecodecs" not in str(error):
            raise
        values = _opencv_values(encoded, page)
    else:
        if page.axes.startswith("S") and values.ndim == 3:
            values = np.moveaxis(values, 0, -1)
    height, width = page.imagelength, page.imagewidth
    if values.shape[:2] != (height, width) or values.ndim > 3:
        raise ValueError(f"its pixels have the unexpected shape {values.shape}")
    return values[..., 0] if values.ndim == 3 and values.shape[2] == 1 else values


def _opencv_values(encoded: Encoded, page: tifffile.TiffPage) -> Values:
    data = np.frombuffer(encoded.data, np.uint8)
    found, frames = cv2.imdecodemulti(data, cv2.IMREAD_UNCHANGED, range=(encoded.page, encoded.page + 1))
    if not found or len(frames) != 1 or frames[0].dtype != page.dtype:
        raise ValueError(
            f"its compression ({getattr(page.compression, 'name', page.compression)}) is not read at this depth"
        )
    frame = frames[0]
    if frame.ndim == 3 and frame.shape[2] >= 3:
        frame = np.ascontiguousarray(frame[..., [2, 1, 0, 3][: frame.shape[2]]])
    return np.asarray(frame)


def _split_alpha(
    values: Values, page: tifffile.TiffPage
) -> tuple[Values, np.ndarray[tuple[int, ...], np.dtype[np.uint8]] | None]:
    colours = 1 if values.shape[2] == 2 else 3
    if values.shape[2] > 4:
        raise ValueError(f"it has {values.shape[2]} channels; grey, RGB and RGBA are read")
    alpha = None
    if (
        values.shape[2] > colours
        and values.dtype.kind == "u"
        and page.extrasamples[:1] in [(kind,) for kind in _EXTRA_ALPHA]
    ):
        alpha = (values[..., -1] // (np.iinfo(values.dtype).max // 255)).astype(np.uint8)
    return np.ascontiguousarray(values[..., 0] if colours == 1 else values[..., :3]), alpha
