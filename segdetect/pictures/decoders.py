"""PNG, JPEG, GIF, BMP and WebP to values."""

from __future__ import annotations

import struct
from dataclasses import replace
from io import BytesIO
from typing import Final

import cv2
import numpy as np
from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from segdetect.errors import ImageTooLargeError
from segdetect.pictures.formats import Format
from segdetect.pictures.frames import count_frames, jpeg_pictures, left_out_pictures
from segdetect.pictures.jpeg_kinds import ORIENTATION_TAG, decode_other_kind, ended, has_all_scans, is_other_kind
from segdetect.pictures.limits import MAX_SCANNED_PIXELS, jpeg_scans
from segdetect.pictures.png_chunks import without_asides
from segdetect.pictures.raster import ON_WHITE, Encoded, Pixels, Raster, Values

_DEEP_MODES: Final = ("I", "I;16", "I;16B", "I;16L", "I;16N", "F")
# Bytes of a pixel for decoders that hold the picture twice: those of WebP and HEIC.
_HELD_TWICE: Final = 6
_STRIP_PIXELS: Final = 2_000_000
_GAIN_MAP: Final = "Another picture in the file, such as a thumbnail or a brightness map, was left out."
_NO_END: Final = "The mark of its end is missing in the file; all of its pixels are there."
_ASIDES: Final = "What lies beside its pixels in the file, as texts, is damaged or too large, and was left out."
_DAMAGED_EXIF: Final = "Its EXIF data are damaged, so it is shown as stored, without rotation."

NO_INK_PROFILE: Final = "It is for print (CMYK) without a usable colour profile; its colours are an approximation."

# The classes themselves rather than Image.open: no other decoder can be reached (Pillow 10.3 has vulnerable ones: PSD,
# FITS, McIdas), and our own limit takes the place of Pillow's, which is a process-wide setting and only warns.
_PLUGINS: Final[dict[Format, type[ImageFile]]] = {
    Format.PNG: PngImageFile,
    Format.JPEG: JpegImageFile,
    Format.GIF: GifImageFile,
    Format.BMP: BmpImageFile,
    Format.WEBP: WebPImageFile,
}


def decode_common(encoded: Encoded, kind: Format) -> Raster:
    """Decode one frame of a PNG, JPEG, GIF, BMP or WebP file; raises whatever the decoder raises."""
    pages = count_frames(encoded.data, kind)
    encoded.check_page(pages)
    if kind is Format.JPEG:
        return replace(_decode_view(encoded), pages=pages)
    if kind is Format.PNG:
        return replace(_decode_png(encoded), pages=pages)
    return replace(_decode_frame(encoded, kind), pages=pages)


def _decode_png(encoded: Encoded) -> Raster:
    """A PNG; where what lies beside its pixels is damaged, or more than Pillow takes, without that, as others do."""
    try:
        return _decode_frame(encoded, Format.PNG)
    # Pillow raises nearly every type there is.
    except Exception as error:
        bare = without_asides(encoded.data)
        if isinstance(error, ImageTooLargeError) or bare == encoded.data:
            raise
    return _with_notes(_decode_frame(replace(encoded, data=bare), Format.PNG), _ASIDES)


def _decode_view(encoded: Encoded) -> Raster:
    """One of the pictures of a JPEG or Multi-Picture file, each of which is a JPEG by itself."""
    start, end = jpeg_pictures(encoded.data)[encoded.page]
    raster = _decode_jpeg(replace(encoded, data=encoded.data[start:end]))
    return _with_notes(raster, _GAIN_MAP) if left_out_pictures(encoded.data) else raster


def _decode_jpeg(encoded: Encoded) -> Raster:
    if is_other_kind(encoded.data):
        return decode_other_kind(encoded)
    try:
        return _decode_frame(encoded, Format.JPEG)
    except OSError:
        # Some cameras leave the mark of the end out; what lacks a bit of its pixels is cut off.
        if not has_all_scans(encoded.data):
            raise
        one, other = (_decode_frame(whole, Format.JPEG) for whole in ended(encoded))
        if not np.array_equal(one.values, other.values):
            raise
    return _with_notes(one, _NO_END)


def _decode_frame(encoded: Encoded, kind: Format) -> Raster:
    if kind is Format.WEBP:
        encoded.check_size(*_webp_size(encoded), pixel_bytes=_HELD_TWICE)
    with _opened(encoded, kind) as image:
        width, height = image.size
        encoded.check_size(width, height, _pixel_bytes(encoded.data, kind, image.mode))
        if kind is Format.JPEG and width * height * jpeg_scans(encoded.data) > MAX_SCANNED_PIXELS:
            raise encoded.unreadable("it has more scans than any camera or program writes", "Save it anew as PNG")
        if kind is not Format.JPEG:
            _go_to_frame(encoded, image)
        image.load()
        raster = raster_from_pillow(image)
        if kind is Format.PNG and encoded.data[24] == 16:
            return _deep_png(b"" if encoded.page else encoded.data, raster, image)
        return raster


def _go_to_frame(encoded: Encoded, image: ImageFile) -> None:
    """Go to the page of an animation; the frames before it are decoded on the way, since they show through."""
    if encoded.page and image.width * image.height * (encoded.page + 1) > MAX_SCANNED_PIXELS:
        raise encoded.unreadable(
            f"page {encoded.page + 1} of this animation lies behind too many others to be decoded",
            "Save its frames as pictures of their own",
        )
    image.seek(encoded.page)


def _pixel_bytes(data: bytes, kind: Format, mode: str) -> int:
    """Bytes of a pixel as decoded; grey with transparency takes the four of RGBA on its way, and so does CMYK."""
    deep = kind is Format.PNG and data[24] == 16
    return (3 if mode in ("1", "L", "P", "RGB") else 4) * (2 if deep else 1)


def _opened(encoded: Encoded, kind: Format) -> ImageFile:
    try:
        return _PLUGINS[kind](BytesIO(encoded.data))
    except SyntaxError as error:
        problem = "its header is damaged or says that it has no pixels"
        raise encoded.unreadable(problem, "Copy or export the picture again") from error


def raster_from_pillow(image: Image.Image) -> Raster:
    """Values of a loaded Pillow picture of any mode, in sRGB; raises ValueError for a mode with no way to RGB."""
    orientation, notes = _orientation(image)
    if image.mode in _DEEP_MODES:
        values = np.asarray(image)
        raster = Raster(values.astype(values.dtype.newbyteorder("=")), deep=True, orientation=orientation, notes=notes)
        return in_srgb(raster, image) if values.dtype.itemsize == 2 else raster
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        return in_srgb(_transparent(image, orientation, notes), image)
    if image.mode == "CMYK":
        return _inks(image, orientation, notes)
    grey = image.mode in ("L", "1")
    plain = image if image.mode in ("L", "RGB") else image.convert("L" if grey else "RGB")
    return in_srgb(Raster(values_of(plain), orientation=orientation, notes=notes), image)


def values_of(image: Image.Image) -> Pixels:
    """A Pillow picture's values; those of a large one by strips, since Pillow itself copies them twice."""
    rows = max(1, _STRIP_PIXELS // image.width)
    if image.height <= rows:
        return np.asarray(image)
    values = np.empty((image.height, image.width, *np.asarray(image.crop((0, 0, 1, 1))).shape[2:]), np.uint8)
    for top in range(0, image.height, rows):
        bottom = min(top + rows, image.height)
        values[top:bottom] = np.asarray(image.crop((0, top, image.width, bottom)))
    return values


def _transparent(image: Image.Image, orientation: int, notes: tuple[str, ...]) -> Raster:
    rgba = values_of(image if image.mode == "RGBA" else image.convert("RGBA"))
    alpha = rgba[..., 3]
    grey = image.mode in ("L", "LA", "La")
    colours = np.ascontiguousarray(rgba[..., 0] if grey else rgba[..., :3])
    if alpha.min() == 255:
        return Raster(colours, orientation=orientation, notes=notes)
    return Raster(colours, alpha, orientation=orientation, notes=(*notes, ON_WHITE))


def _inks(image: Image.Image, orientation: int, notes: tuple[str, ...]) -> Raster:
    raster = in_srgb(Raster(values_of(image), orientation=orientation, notes=notes), image)
    if raster.values.shape[2] == 3:
        return raster
    return replace(raster, values=values_of(image.convert("RGB")), notes=(*raster.notes, NO_INK_PROFILE))


def in_srgb(raster: Raster, image: Image.Image) -> Raster:
    """The raster of a Pillow picture converted by the picture's ICC profile, when it has one."""
    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes) or not profile:
        return raster
    # Most pictures have no profile and do without this library.
    from segdetect.pictures.profiles import to_srgb

    values, notes = to_srgb(raster.values, profile)
    return replace(raster, values=values, notes=raster.notes + notes)


def _with_notes(raster: Raster, *notes: str) -> Raster:
    return replace(raster, notes=raster.notes + notes)


def _orientation(image: Image.Image) -> tuple[int, tuple[str, ...]]:
    try:
        value = image.getexif().get(ORIENTATION_TAG, 1)
    except (OSError, SyntaxError, ValueError, struct.error, LookupError, TypeError):
        return 1, (_DAMAGED_EXIF,)
    return (value if value in range(1, 9) else 1), ()


def _webp_size(encoded: Encoded) -> tuple[int, int]:
    """Width and height from the header (RFC 9649): Pillow allocates the canvas before it tells the size."""
    data = encoded.data
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 " and len(data) >= 30:
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise encoded.unreadable("its header is damaged", "Copy or export the picture again")


def _deep_png(data: bytes, shallow: Raster, image: Image.Image) -> Raster:
    """16 bits in full depth, which Pillow halves; it has decoded the file, so that it is known to be whole.

    Without the data, which is for frames behind the first, colours stay at 8 bits.
    """
    values = _grey16(image) if image.mode in _DEEP_MODES else _colours16(data, image)
    if values.shape[:2] != shallow.values.shape[:2]:
        return _with_notes(shallow, "Only the upper 8 of its 16 bits were read.")
    orientation, notes = _orientation(image)
    alpha = _keyed(values, image.info["transparency"]) if "transparency" in image.info else shallow.alpha
    if alpha is not None:
        notes += (ON_WHITE,)
    return in_srgb(Raster(values, alpha, deep=True, orientation=orientation, notes=notes), image)


def _grey16(image: Image.Image) -> Values:
    return np.asarray(image).astype(np.uint16)


def _colours16(data: bytes, image: Image.Image) -> Values:
    """`(height, width)` or `(height, width, 3)` uint16; empty when OpenCV does not give these."""
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) if data else None
    if decoded is None or decoded.dtype != np.uint16 or decoded.ndim != 3:
        return np.empty((0, 0), np.uint16)
    return np.ascontiguousarray(decoded[..., 0] if image.mode == "LA" else decoded[..., 2::-1])


def _keyed(values: Values, key: int | tuple[int, ...]) -> Pixels | None:
    """Opacity where one colour, told at 16 bits, is transparent (the chunk tRNS); Pillow compares it at 8."""
    same = values == np.asarray(key)
    clear = same.all(axis=2) if values.ndim == 3 else same
    return np.where(clear, np.uint8(0), np.uint8(255)) if clear.any() else None
