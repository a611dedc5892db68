"""Regions to ignore as files: a mask in which white is ignored, by the rules of `segdetect.pictures.masks`."""

from __future__ import annotations

import io

from PIL import Image

from segdetect.errors import InputError
from segdetect.message import Message
from segdetect.pictures.isolation import apart
from segdetect.pictures.masks import NEARLY_ALL, SUPPORTED, Polarity, decode_mask
from segdetect.regions import Regions, regions_of


def read_regions(
    data: bytes, *, name: str, polarity: Polarity = Polarity.ASK
) -> tuple[Regions | None, tuple[str, ...]]:
    """The regions that a mask file says are to be ignored, None where it marks nothing; and what was assumed about it.

    Args:
        data: the file's bytes.
        name: what it is called, for errors.
        polarity: whether what it marks is ignored or its background. `ASK` takes what it marks, unless that is nearly
            everything.

    Raises:
        InputError: it cannot be read, or it is asked about.
    """
    try:
        marked = apart(decode_mask, data, name=name)
    except InputError as error:
        raise InputError(error.problem, remedy=SUPPORTED, file=name) from error
    regions = regions_of(~marked.pixels if polarity is Polarity.BACKGROUND else marked.pixels)
    if polarity is Polarity.ASK and regions is not None and regions.share > NEARLY_ALL:
        raise InputError(
            Message("it marks {share:.0f} % of the picture as ignored", share=100 * regions.share),
            remedy="Say what is ignored: what the mask marks (--ignore-pixels marked) or its background "
            "(--ignore-pixels background); on the page, choose it beside the mask",
            file=name,
        )
    return regions, marked.notes


def regions_png(regions: Regions) -> bytes:
    """The regions as a mask of 1 bit, white where nothing is looked at; `read_regions` makes equal ones of it."""
    buffer = io.BytesIO()
    Image.fromarray(regions.pixels).save(buffer, "PNG")
    return buffer.getvalue()
