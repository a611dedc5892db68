"""Masks: which pixels of a file are marked.

The rules, in this order:

- **Palette**: where its colours in use are greys, or black is among them, as those colours show (black is the
  background); else by index (0 is the background).
- **Transparency** that varies over one single colour: what is not fully transparent is marked. Over several colours,
  what is visible and marked by colour.
- **Grey**, numbers of any depth, 1 bit: whatever is above 0, so 1, 255 and any label.
- **Colours**: whatever is not black; where no pixel is black, whatever has not the commonest colour.
- **Lossy files** (JPEG, lossy WebP, TIFF with JPEG): above half of the brightest value, since 0 does not stay 0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from io import BytesIO
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from segdetect.errors import InputError
from segdetect.message import Message
from segdetect.pictures.decoders import decode_common
from segdetect.pictures.formats import Format, sniff
from segdetect.pictures.limits import MAX_PIXELS
from segdetect.pictures.raster import Encoded, Raster, turn_upright

Mask = npt.NDArray[np.bool_]
Values = npt.NDArray[Any]

BY_INDEX: Final = "it has a palette, which was read by index: 0 is the background"
BY_COLOUR: Final = "it has a palette, which was read by its colours: black is the background"
BY_TRANSPARENCY: Final = "it is of one colour, so what is not transparent was taken as marked"
COMMONEST: Final = "no pixel of it is black, so its commonest colour was taken as the background"
NOT_ABOVE: Final = "values below 0 and those that are no numbers were taken as background"
FIRST_PAGE: Final = "it holds several pages, of which the first was taken"

ORIENTATION: Final = 0x0112
# Pillow tries every decoder it has on a file unless it is told which.
KINDS: Final = {Format.PNG, Format.JPEG, Format.GIF, Format.BMP, Format.WEBP, Format.TIFF}
SUPPORTED: Final = "Save the mask as PNG"
# A mask that marks more of its picture than this is most likely inverted.
NEARLY_ALL: Final = 0.9
# Fainter ones are lost: of 65,536 pixels hundreds come out wrong at 3 of 255, a few at 40, none at 255 (measured).
_FAINT: Final = 32
_TIFF_JPEG: Final = (6, 7, 34892, 33007)
_TIFF_PALETTE: Final = 3


class Polarity(StrEnum):
    """Which pixels of a mask are meant, as the rules above tell marked ones from background."""

    ASK = "ask"
    MARKED = "marked"
    BACKGROUND = "background"


@dataclass(frozen=True, slots=True, eq=False)
class Marked:
    """What a mask marks.

    Args:
        pixels: `(height, width)` bool, True where they are.
        notes: what was assumed, each a clause about the mask: "it has a palette, ...".
    """

    pixels: Mask
    notes: tuple[str, ...] = ()

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]


@dataclass(frozen=True, slots=True, eq=False)
class _Stored:
    """A mask as the file has it: grey `(height, width)` or colours `(height, width, 3)`."""

    values: Values
    palette: Values | None = None
    alpha: Values | None = None
    lossy: bool = False
    orientation: int = 1
    notes: tuple[str, ...] = ()


def decode_mask(data: bytes, *, name: str) -> Marked:
    """What the file of a mask marks; callers have it done `apart`.

    Raises:
        InputError: it cannot be read, or is too faint a JPEG to tell what it marks.
    """
    encoded = Encoded(data, name, 0, MAX_PIXELS)
    try:
        stored = _stored(encoded)
        pixels, notes = _marked(stored)
    except InputError:
        raise
    # Decoders raise nearly every type there is on damaged files.
    except Exception as error:
        raise encoded.unreadable("it is damaged, cut off or of an unusual kind") from error
    upright = np.ascontiguousarray(turn_upright(pixels.view(np.uint8), stored.orientation)).view(np.bool_)
    return Marked(upright, (*stored.notes, *notes))


def shown_size(data: bytes, *, name: str) -> tuple[int, int] | None:
    """Width and height as a file's header has them, as shown, EXIF rotation included; callers have it done `apart`.

    Args:
        data: the file's bytes.
        name: its name, which nothing is said of.

    Returns:
        In pixels; None where it is of another kind than masks are, or its header is damaged.
    """
    kind = sniff(data, name)
    if kind not in KINDS:
        return None
    # Decoders raise nearly every type there is on damaged files.
    try:
        with Image.open(BytesIO(data), formats=(kind.name,)) as image:
            width, height = image.size
            turned = _may_be_turned(data, kind) and image.getexif().get(ORIENTATION, 1) >= 5
    except Exception:
        return None
    return (height, width) if turned else (width, height)


def _may_be_turned(data: bytes, kind: Format) -> bool:
    """Whether to ask for the rotation: Pillow decodes a whole PNG to look for it behind the picture."""
    return kind is not Format.PNG or b"eXIf" in data or b"Raw profile type exif" in data


def _stored(encoded: Encoded) -> _Stored:
    if not encoded.data:
        raise encoded.unreadable("the file is empty")
    kind = sniff(encoded.data)
    if kind not in KINDS:
        raise encoded.unreadable(f"it is {kind}, which masks are not read from" if kind else "it is no picture")
    if kind is Format.TIFF:
        return _from_tiff(encoded)
    # Pillow tells the size of a WebP after it has allocated it, and 16-bit colours at 8.
    if kind is Format.WEBP or (kind is Format.PNG and encoded.data[24] == 16):
        lossy = kind is Format.WEBP and encoded.data.find(b"VP8 ", 12, 64_000) >= 0
        return _from_raster(decode_common(encoded, kind), lossy=lossy)
    try:
        with Image.open(BytesIO(encoded.data), formats=(kind.name,)) as image:
            width, height = image.size
            encoded.check_size(width, height, 4)
            image.load()
            return _from_pillow(image, lossy=kind is Format.JPEG)
    except Image.DecompressionBombError as error:
        raise encoded.unreadable("it has more pixels than can be read") from error


def _from_pillow(image: Image.Image, *, lossy: bool) -> _Stored:
    orientation = int(image.getexif().get(ORIENTATION, 1))
    pages = (FIRST_PAGE,) if getattr(image, "n_frames", 1) > 1 else ()
    if image.mode == "P" and _is_opaque(image):
        palette = np.asarray(image.getpalette("RGB"), np.uint8).reshape(-1, 3)
        return _Stored(np.asarray(image), palette, orientation=orientation, notes=pages)
    if image.mode in ("P", "PA", "LA", "La", "RGBA", "RGBa") or "transparency" in image.info:
        rgba = np.asarray(image.convert("RGBA"))
        return _Stored(rgba[..., :3], alpha=rgba[..., 3], orientation=orientation, notes=pages)
    shown = image if image.mode in ("1", "L", "I", "F", "RGB") or image.mode.startswith("I;") else image.convert("RGB")
    return _Stored(np.asarray(shown), lossy=lossy, orientation=orientation, notes=pages)


def _is_opaque(image: Image.Image) -> bool:
    return "transparency" not in image.info or bool((np.asarray(image.convert("RGBA"))[..., 3] == 255).all())


def _from_raster(raster: Raster, *, lossy: bool) -> _Stored:
    values = raster.values
    if raster.inverted:
        top = np.iinfo(values.dtype).max if values.dtype.kind in "iu" else values.max(initial=0)
        values = top - values
    pages = (FIRST_PAGE,) if raster.pages > 1 else ()
    return _Stored(values, None, raster.alpha, lossy, raster.orientation, pages)


def _from_tiff(encoded: Encoded) -> _Stored:
    # tifffile takes a quarter of a second to import, which most masks do without.
    import tifffile

    from segdetect.pictures.tiff import decode_tiff
    from segdetect.pictures.tiff_directories import tiff_pages

    stored = _from_raster(decode_tiff(encoded), lossy=False)
    with tifffile.TiffFile(BytesIO(encoded.data)) as file:
        file.filehandle.seek(tiff_pages(encoded.data)[0].offset)
        page = tifffile.TiffPage(file, 0)
        if page.photometric == _TIFF_PALETTE and page.colormap is not None:
            palette = np.asarray(page.colormap).T
            return replace(stored, values=page.asarray(), palette=palette)
        return replace(stored, lossy=page.compression in _TIFF_JPEG)


def _marked(stored: _Stored) -> tuple[Mask, tuple[str, ...]]:
    if stored.palette is not None:
        return _by_palette(stored.values, stored.palette)
    colours, notes = _by_value(stored.values, lossy=stored.lossy)
    if stored.alpha is None or stored.alpha.min() == stored.alpha.max():
        return colours, notes
    visible = stored.alpha > 0
    if _is_flat(stored.values[visible]):
        return visible, (BY_TRANSPARENCY,)
    return colours & visible, notes


def _is_flat(values: Values) -> bool:
    return bool((values == values[:1]).all())


def _by_palette(indices: Values, palette: Values) -> tuple[Mask, tuple[str, ...]]:
    used = np.unique(indices)
    colours = palette[np.minimum(used, len(palette) - 1)]
    shown = colours.any(axis=1)
    greys = bool((colours == colours[:, :1]).all())
    if shown.any() and (greys or not shown.all()):
        lit = np.zeros(int(used[-1]) + 1, bool)
        lit[used] = shown
        return lit[indices], (BY_COLOUR,)
    return indices > 0, (BY_INDEX,)


def _by_value(values: Values, *, lossy: bool) -> tuple[Mask, tuple[str, ...]]:
    if values.ndim == 3 and not lossy and not (values == values[..., :1]).all():
        return _by_colour(values)
    grey = values if values.ndim == 2 else values.max(axis=2)
    if lossy:
        return _cut_half_way(grey)
    above = np.asarray(grey > 0)
    odd = grey.dtype.kind in "if" and not (grey >= 0).all()
    return above, (NOT_ABOVE,) if odd else ()


def _by_colour(values: Values) -> tuple[Mask, tuple[str, ...]]:
    coloured = values.any(axis=2)
    if not coloured.all():
        return np.asarray(coloured), ()
    every, counts = np.unique(values.reshape(-1, 3), axis=0, return_counts=True)
    return np.asarray((values != every[counts.argmax()]).any(axis=2)), (COMMONEST,)


def _cut_half_way(grey: Values) -> tuple[Mask, tuple[str, ...]]:
    top = int(grey.max())
    if top == 0:
        return np.zeros(grey.shape, bool), ()
    if top < _FAINT:
        raise InputError(f"its brightest value is {top} of 255, which lossy compression does not tell from 0")
    note = Message("it is compressed with losses, so it was cut half-way, at {cut:g} of {top}", cut=top / 2, top=top)
    return np.asarray(grey > top / 2), (note,)
