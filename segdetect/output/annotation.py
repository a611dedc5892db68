"""Boxes drawn on the picture, for people to see and to keep."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from segdetect.inspection import Inspection
from segdetect.pictures.loading import LoadedImage, Pixels
from segdetect.regions import Regions

# Vermilion between two dark lines is told apart from any background, also by colour-blind readers (Okabe & Ito).
FLAG_RGB: Final = (255, 92, 40)
HALO_RGB: Final = (16, 16, 24)
HATCH_RGB: Final = (128, 128, 136)
IGNORED_RGB: Final = (196, 196, 204)
SELECTED_RGB: Final = (255, 255, 255)
THUMBNAIL_LINE_SHARE: Final = 1 / 90  # of the longer side; about two screen pixels in a column of a page


def annotate(
    image: LoadedImage,
    inspection: Inspection,
    *,
    labels: bool = True,
    outlines: bool = True,
    selected: Sequence[int] = (),
) -> Image.Image:
    """The picture at its own size with its flagged tiles boxed and numbered by rank.

    Tiles without a score and regions that were ignored are hatched.

    Args:
        image: the picture that was inspected.
        inspection: its answer.
        labels: write each flagged tile's rank in its corner.
        outlines: draw the boxes of flagged tiles.
        selected: further tiles to outline in white.

    Returns:
        An RGB picture; the input is left as it is.
    """
    width = line_width(image.size_wh)
    drawn: Image.Image = Image.fromarray(_hatched(image, inspection, width))
    pen = ImageDraw.Draw(drawn)
    boxes, ranks = inspection.scores.layout.boxes_ltrb, inspection.scores.ranks
    flagged = inspection.flagged_tiles
    if outlines:
        for tile in flagged:
            _box(pen, boxes[tile].tolist(), width, FLAG_RGB)
    for tile in selected:
        _box(pen, boxes[tile].tolist(), width, SELECTED_RGB)
    if labels:
        for tile in flagged:
            _label(pen, boxes[tile].tolist(), str(ranks[tile]), width)
    return drawn


def annotated_thumbnail(image: LoadedImage, inspection: Inspection, longest_side: int) -> Image.Image:
    """The picture made small, its flagged tiles boxed in lines that are as wide whatever its size was.

    Args:
        image: the picture that was inspected.
        inspection: its answer.
        longest_side: of the result, in pixels at most; smaller pictures keep their size.

    Returns:
        An RGB picture; the input is left as it is.
    """
    drawn = _reduced(image.pixels, longest_side)
    if inspection.settings.ignore is not None:
        drawn = _with_regions(drawn, inspection.settings.ignore)
    pen = ImageDraw.Draw(drawn)
    scale = np.tile(np.divide(drawn.size, image.size_wh), 2)
    width = max(1, round(max(drawn.size) * THUMBNAIL_LINE_SHARE))
    for box in inspection.scores.layout.boxes_ltrb[inspection.flagged_tiles]:
        _box(pen, np.rint(box * scale).astype(int).tolist(), width, FLAG_RGB, halo=max(1, width // 3))
    return drawn


def _reduced(pixels: Pixels, longest_side: int) -> Image.Image:
    """A copy whose longer side has at most so many pixels: by halves and whole blocks first, which is quickest."""
    full_height, full_width = height, width = pixels.shape[:2]
    while max(width, height) >= 4 * longest_side and min(width, height) > 1:
        height, width = height // 2, width // 2
        halved = cv2.resize(pixels[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
        pixels = halved.astype(np.uint8, copy=False)
    block = max(1, max(width, height) // longest_side)
    rows, cols = max(1, height // block), max(1, width // block)
    whole = pixels[: rows * block, : cols * block]
    copy: Image.Image = Image.fromarray(cv2.resize(whole, (cols, rows), interpolation=cv2.INTER_AREA))
    scale = min(1.0, longest_side / max(full_width, full_height))
    size = max(1, round(full_width * scale)), max(1, round(full_height * scale))
    # From less than twice as many pixels nothing is gained by a finer filter.
    return copy if copy.size == size else copy.resize(size, Image.Resampling.BILINEAR)


def png_bytes(image: LoadedImage, inspection: Inspection) -> bytes:
    """The annotated picture as PNG, at the picture's own size."""
    buffer = io.BytesIO()
    annotate(image, inspection).save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def crop(image: LoadedImage, box_ltrb: Sequence[int]) -> Image.Image:
    """The pixels of one box; right and bottom are exclusive."""
    left, top, right, bottom = (int(v) for v in box_ltrb)
    part: Image.Image = Image.fromarray(np.ascontiguousarray(image.pixels[top:bottom, left:right]))
    return part


def surroundings(
    image: LoadedImage, boxes_ltrb: Sequence[Sequence[int]], *, reach: float = 2.5, side: int = 900
) -> Image.Image:
    """Some boxes of a picture, outlined, with what is around them.

    Args:
        image: the picture.
        boxes_ltrb: at least one; right and bottom are exclusive.
        reach: side of the square that is shown, as a multiple of the longer side of all boxes together.
        side: longer side of the result in pixels, which small places are enlarged to.

    Returns:
        An RGB picture.
    """
    boxes = np.asarray(boxes_ltrb)
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    half = reach * (high - low).max() / 2
    first = np.floor(np.maximum(0, (low + high) / 2 - half)).astype(int)
    last = np.ceil(np.minimum(image.size_wh, (low + high) / 2 + half)).astype(int)
    shown = crop(image, [*first, *last])
    scale = side / max(shown.size)
    shown = shown.resize((max(1, round(shown.width * scale)), max(1, round(shown.height * scale))))
    pen = ImageDraw.Draw(shown)
    for box in np.rint((boxes - np.tile(first, 2)) * scale).astype(int).tolist():
        _box(pen, box, max(1, round(side / 300)), FLAG_RGB)
    return shown


def outlined_copy(
    copy: Image.Image, size_wh: tuple[int, int], boxes_ltrb: Sequence[Sequence[int]], *, side: int = 900
) -> Image.Image:
    """A small copy of a picture, enlarged, with some boxes of the picture outlined.

    Args:
        copy: the small copy, in which all flagged tiles may be boxed: these outlines have another colour.
        size_wh: of the picture.
        boxes_ltrb: in the pixels of the picture; right and bottom are exclusive.
        side: longer side of the result in pixels.

    Returns:
        An RGB picture.
    """
    scale = side / max(copy.size)
    shown = copy.convert("RGB").resize((max(1, round(copy.width * scale)), max(1, round(copy.height * scale))))
    pen = ImageDraw.Draw(shown)
    by = np.tile(np.divide(shown.size, size_wh), 2)
    for box in np.rint(np.asarray(boxes_ltrb) * by).astype(int).tolist():
        _box(pen, box, max(1, round(side / 150)), SELECTED_RGB)
    return shown


def line_width(size_wh: tuple[int, int]) -> int:
    """Pen width in pixels that is seen when the whole picture is fitted to a screen."""
    return max(1, round(min(size_wh) / 250))


def _box(
    pen: ImageDraw.ImageDraw, box_ltrb: Sequence[int], width: int, rgb: tuple[int, int, int], *, halo: int | None = None
) -> None:
    """Outline a box between two dark lines of the width `halo`, which is that of the line unless given."""
    left, top, right, bottom = box_ltrb
    # In the thumbnail of a long strip a tile may be no pixel high: it is drawn as a line.
    left, top = max(0, min(left, right - 1)), max(0, min(top, bottom - 1))
    right, bottom = max(right, left + 1), max(bottom, top + 1)
    inner = (left, top, right - 1, bottom - 1)
    # Tiles may be only 10 pixels wide: the lines must not fill them.
    width = max(1, min(width, (min(right - left, bottom - top) - 1) // 6))
    halo = min(width if halo is None else min(halo, width), (min(right - left, bottom - top) - 1) // 2)
    pen.rectangle(inner, outline=HALO_RGB, width=width + 2 * halo)
    pen.rectangle(tuple(np.add(inner, (halo, halo, -halo, -halo)).tolist()), outline=rgb, width=width)


def _hatched(image: LoadedImage, inspection: Inspection, width: int) -> Pixels:
    """The pixels with slanted lines over the tiles without a score and what is ignored."""
    pixels = np.array(image.pixels)
    for left, top, right, bottom in inspection.scores.layout.boxes_ltrb[~inspection.scores.scored].tolist():
        y, x = np.ogrid[top:bottom, left:right]
        pixels[top:bottom, left:right][(x + y) % (8 * width) < width] = HATCH_RGB
    if inspection.settings.ignore is not None:
        _hatch_regions(pixels, inspection.settings.ignore, width)
    return pixels


def _hatch_regions(pixels: Pixels, regions: Regions, width: int) -> None:
    lines = hatching(regions, (pixels.shape[1], pixels.shape[0]), width)
    drawn = lines[..., 3] > 0
    pixels[drawn] = lines[drawn, :3]


def hatching(regions: Regions, size_wh: tuple[int, int], width: int) -> npt.NDArray[np.uint8]:
    """`(height, width, 4)` RGBA: regions to ignore as light lines beside dark ones, which show on any picture.

    Args:
        regions: what is hatched; a light line goes around it.
        size_wh: of the picture.
        width: of a line, in pixels.
    """
    ignored = regions.fitted(size_wh)
    y, x = np.ogrid[: size_wh[1], : size_wh[0]]
    stripe = (x + y) % (8 * width)
    inner = cv2.erode(ignored.view(np.uint8), np.ones((2 * width + 1, 2 * width + 1), np.uint8))
    lines = np.zeros((*ignored.shape, 4), np.uint8)
    lines[ignored & (stripe < 2 * width)] = (*HALO_RGB, 255)
    lines[ignored & ((stripe < width) | (inner == 0))] = (*IGNORED_RGB, 255)
    return lines


def _with_regions(picture: Image.Image, regions: Regions) -> Image.Image:
    pixels = np.array(picture)
    _hatch_regions(pixels, regions, max(1, round(max(picture.size) * THUMBNAIL_LINE_SHARE / 2)))
    hatched: Image.Image = Image.fromarray(pixels)
    return hatched


def _label(pen: ImageDraw.ImageDraw, box_ltrb: Sequence[int], text: str, width: int) -> None:
    left, top, right, bottom = box_ltrb
    size = min(9 * width, (bottom - top) // 3, (right - left) // 3)
    if size < 8:
        return
    font = ImageFont.load_default(size)
    corner = (left + 3 * width, top + 3 * width)
    _, y0, x1, y1 = pen.textbbox(corner, text, font=font)
    pad = max(1, size // 5)
    pen.rectangle((corner[0], corner[1], x1 + 2 * pad, y1 - y0 + corner[1] + 2 * pad), fill=HALO_RGB)
    pen.text((corner[0] + pad, 2 * corner[1] - y0 + pad), text, font=font, fill=(255, 255, 255))
