"""Pictures as small encoded copies, for pages and tables to show."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Final

from PIL import Image

from segdetect.inspection import Inspection
from segdetect.output.annotation import annotated_thumbnail, crop, hatching
from segdetect.pictures.loading import LoadedImage
from segdetect.regions import Regions

DISPLAY_SIDE: Final = 1600
THUMBNAIL_SIDE: Final = 96
HATCHING_SIDE: Final = 800
# Kept with every inspection: large enough to know the picture again, small enough for a hundred thousand of them.
KEPT_SIDE: Final = 160


def data_uri(picture: Image.Image, *, kind: str = "JPEG", quality: int = 88) -> str:
    """The picture as a `data:` address that a browser shows without asking anyone for it."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, quality=quality)
    return encoded_uri(buffer.getvalue(), kind=kind)


def encoded_uri(data: bytes, *, kind: str = "JPEG") -> str:
    """The same of a picture that is encoded already."""
    return f"data:image/{kind.lower()};base64,{base64.b64encode(data).decode()}"


def cell_uri(data: bytes, aspect: float) -> str:
    """A small copy for a cell of a table, which draws a picture as high as the row and cuts what is wider than it.

    Args:
        data: the copy, as JPEG.
        aspect: width over height of the room in the cell. A copy that is wider gets nothing above and below.
    """
    picture = Image.open(io.BytesIO(data), formats=["JPEG"])
    if picture.width <= aspect * picture.height:
        return encoded_uri(data)
    height = round(picture.width / aspect)
    whole = Image.new("RGBA", (picture.width, height))
    whole.paste(picture, (0, (height - picture.height) // 2))
    return data_uri(whole, kind="WEBP", quality=80)


def kept_thumbnail(image: LoadedImage, inspection: Inspection) -> bytes:
    """The picture with its flagged tiles boxed, as a small JPEG that is kept with the inspection."""
    buffer = io.BytesIO()
    annotated_thumbnail(image, inspection, KEPT_SIDE).save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def fitted(picture: Image.Image, longest_side: int) -> Image.Image:
    """The picture reduced so that its longer side has at most so many pixels; never enlarged."""
    scale = longest_side / max(picture.size)
    if scale >= 1:
        return picture
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def display_uri(image: LoadedImage, longest_side: int = DISPLAY_SIDE) -> str:
    """The whole picture, small enough for a page."""
    return data_uri(fitted(Image.fromarray(image.pixels), longest_side))


def hatching_uri(regions: Regions, size_wh: tuple[int, int], longest_side: int = HATCHING_SIDE) -> str:
    """Regions to ignore as lines on nothing, to lie over a picture of this size."""
    scale = min(1.0, longest_side / max(size_wh))
    size = (max(1, round(size_wh[0] * scale)), max(1, round(size_wh[1] * scale)))
    return data_uri(Image.fromarray(hatching(regions, size, max(1, max(size) // 300))), kind="PNG")


def thumbnail_uri(image: LoadedImage, box_ltrb: Sequence[int], side: int = THUMBNAIL_SIDE) -> str:
    """One box of the picture as a thumbnail; small boxes are enlarged without smoothing."""
    picture = crop(image, box_ltrb)
    scale = side / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return data_uri(picture.resize(size, Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS))
