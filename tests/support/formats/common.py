"""PNG, JPEG, GIF, BMP, WebP and HEIC."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import imagecodecs
import numpy as np
import pillow_heif
from PIL import Image, ImageCms

from tests.support.formats.case import (
    DEEP,
    RGB,
    RGB16,
    SMOOTH,
    Array,
    Case,
    H,
    W,
    by_opencv,
    on_white,
    saved,
    shows,
    stretched,
)
from tests.support.profile_files import GREY as GREY_PROFILE
from tests.support.profile_files import WIDE, ink_profile
from tests.support.tiff_files import UPRIGHT

OPENCV, LIBJPEG, LIBWEBP = "OpenCV", "libjpeg-turbo in imagecodecs", "libwebp in imagecodecs"
GREY = np.ascontiguousarray(RGB[..., 0])
CLEAR = np.where(np.indices((H, W))[0] < 10, 0, np.where(np.indices((H, W))[1] < 20, 128, 255)).astype(np.uint8)
PALETTE = RGB.reshape(-1, 3)[:256]
# Row and column of the first pixel, and the steps between pixels, of the seven passes of an interlaced PNG.
_ADAM7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))


def png(
    samples: Array, colour: int, bits: int, *, chunks: tuple[tuple[bytes, bytes], ...] = (), interlaced: bool = False
) -> bytes:
    """A PNG written by hand; `samples` is `(height, width, channels)`."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    passes = [samples[r::down, c::right] for r, c, down, right in _ADAM7] if interlaced else [samples]
    rows = b"".join(b"\0" + _row(row, bits) for part in passes if part.size for row in part)
    head = struct.pack(">IIBBBBB", samples.shape[1], samples.shape[0], bits, colour, 0, 0, interlaced)
    parts = [(b"IHDR", head), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def _row(row: Array, bits: int) -> bytes:
    if bits >= 8:
        return row.astype(">u2" if bits == 16 else "u1").tobytes()
    flat = row.astype(np.uint8).reshape(-1, 1)
    return np.packbits(flat >> np.arange(bits - 1, -1, -1, dtype=np.uint8) & 1).tobytes()


def by_littlecms(values: Array, mode: str, own: bytes) -> Array:
    """Colours in sRGB, as littlecms has them without its short cuts."""
    srgb = io.BytesIO(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    exact = ImageCms.Flags.NOOPTIMIZE if mode == "L" else ImageCms.Flags.NONE
    image = Image.fromarray(values, mode)
    converted = ImageCms.profileToProfile(image, io.BytesIO(own), srgb, outputMode="RGB", flags=exact)
    assert converted is not None
    return np.asarray(converted)


def plain_inks(inks: Array) -> Array:
    """CMYK in 0..255 as the plain complement of red, green and blue."""
    share = 1 - inks.astype(np.float64) / 255
    return share[..., :3] * share[..., 3:] * 255


def _exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def _png_rows() -> list[Case]:
    rows = []
    for bits in (1, 2, 4, 8):
        top, part = (1 << bits) - 1, GREY[..., None] >> (8 - bits)
        rows.append(
            Case(f"grey, {bits} bit{'s' * (bits > 1)}", lambda p=part, b=bits: png(p, 0, b), shows(part * (255 / top)))
        )
        index = part[..., 0]
        chunk = ((b"PLTE", PALETTE[: top + 1].tobytes()),)
        rows.append(
            Case(
                f"palette, {bits} bit{'s' * (bits > 1)}",
                lambda p=part, b=bits, c=chunk: png(p, 3, b, chunks=c),
                shows(PALETTE[index]),
            )
        )
    return [
        *rows,
        Case("grey, 8 bits, interlaced", lambda: png(GREY[..., None], 0, 8, interlaced=True), by_opencv, OPENCV),
        Case("RGB, 8 bits", lambda: saved(RGB, "PNG"), by_opencv, OPENCV),
        Case("RGB, 8 bits, interlaced", lambda: png(RGB, 2, 8, interlaced=True), by_opencv, OPENCV),
        Case("RGB with transparency", lambda: saved(np.dstack([RGB, CLEAR]), "PNG"), shows(on_white(RGB, CLEAR / 255))),
        Case(
            "grey with transparency",
            lambda: png(np.dstack([GREY, CLEAR]), 4, 8),
            shows(on_white(GREY[..., None], CLEAR / 255)),
        ),
        Case(
            "RGB with a transparent colour",
            lambda: png(RGB, 2, 8, chunks=((b"tRNS", struct.pack(">3H", *RGB[0, 0].tolist())),)),
            shows(np.where((RGB[0, 0] == RGB).all(2, keepdims=True), 255, RGB)),
        ),
        Case(
            "palette with transparent colours",
            lambda: png(GREY[..., None] >> 6, 3, 2, chunks=((b"PLTE", PALETTE[:4].tobytes()), (b"tRNS", b"\0\xff"))),
            shows(np.where((GREY >> 6 == 0)[..., None], 255, PALETTE[GREY >> 6])),
        ),
        Case("grey, 16 bits", lambda: png(RGB16[..., :1], 0, 16), shows(stretched(RGB16[..., 0], *DEEP)), window=DEEP),
        Case("RGB, 16 bits", lambda: png(RGB16, 2, 16), shows(stretched(RGB16, *DEEP)), window=DEEP),
        Case(
            "RGB, 16 bits, interlaced",
            lambda: png(RGB16, 2, 16, interlaced=True),
            shows(stretched(RGB16, *DEEP)),
            window=DEEP,
        ),
        Case(
            "RGB with transparency, 16 bits",
            lambda: png(np.dstack([RGB16, CLEAR.astype(np.uint16) * 257]), 6, 16),
            shows(on_white(stretched(RGB16, *DEEP), CLEAR / 255)),
            window=DEEP,
            within=1,
        ),
        Case(
            "grey with a transparent value, 16 bits",
            lambda: png(RGB16[..., :1], 0, 16, chunks=((b"tRNS", struct.pack(">H", int(RGB16[0, 0, 0]))),)),
            shows(np.where(RGB16[..., 0] == RGB16[0, 0, 0], 255, stretched(RGB16[..., 0], *DEEP))),
            window=DEEP,
        ),
        *(
            Case(f"turned by EXIF ({o})", lambda o=o: saved(RGB, "PNG", exif=_exif(o)), shows(UPRIGHT[o](RGB)))
            for o in (3, 6)
        ),
        Case(
            "RGB with an ICC profile (Adobe RGB)",
            lambda: saved(RGB, "PNG", icc_profile=WIDE),
            shows(by_littlecms(RGB, "RGB", WIDE)),
            "littlecms",
        ),
        Case(
            "grey with an ICC profile",
            lambda: saved(GREY, "PNG", icc_profile=GREY_PROFILE),
            shows(by_littlecms(GREY, "L", GREY_PROFILE)),
            "littlecms",
        ),
        Case("with a damaged ICC profile", lambda: saved(RGB, "PNG", icc_profile=b"none"), shows(RGB)),
        Case(
            "with a profile of megabytes",
            lambda: png(RGB, 2, 8, chunks=((b"iCCP", b"p\0\0" + zlib.compress(bytes(3_000_000))),)),
            shows(RGB),
        ),
        Case(
            "with a text of megabytes",
            lambda: png(RGB, 2, 8, chunks=((b"zTXt", b"t\0\0" + zlib.compress(bytes(3_000_000))),)),
            shows(RGB),
        ),
        Case(
            "RGB, 16 bits, with a damaged text",
            lambda: png(RGB16, 2, 16, chunks=((b"tEXt", b"t\0text"),)).replace(b"t\0text", b"t\0test"),
            shows(stretched(RGB16, *DEEP)),
            window=DEEP,
        ),
        Case(
            "animated (APNG), the first frame",
            lambda: saved(RGB, "PNG", save_all=True, append_images=[Image.fromarray(255 - RGB)]),
            by_opencv,
            OPENCV,
        ),
    ]


def _jpeg_rows() -> list[Case]:
    def read(data: bytes) -> Array:
        return np.asarray(imagecodecs.jpeg8_decode(data))

    kinds: dict[str, dict[str, Any]] = {
        "baseline, 4:2:0": {},
        "4:4:4": {"subsampling": 0},
        "4:2:2": {"subsampling": 1},
        "progressive": {"progressive": True},
        "quality 20": {"quality": 20},
        "with restart markers": {"restart_marker_rows": 1},
    }
    cmyk = Image.fromarray(SMOOTH).convert("CMYK")
    rows = [Case(kind, lambda o=o: saved(SMOOTH, "JPEG", **o), read, LIBJPEG) for kind, o in kinds.items()]
    return [
        *rows,
        Case("grey", lambda: saved(SMOOTH[..., 0], "JPEG"), read, LIBJPEG),
        Case(
            "stored as RGB",
            lambda: imagecodecs.jpeg8_encode(SMOOTH, level=90, colorspace="rgb", outcolorspace="rgb"),
            read,
            LIBJPEG,
        ),
        Case(
            "CMYK with a profile",
            lambda: saved(cmyk, "JPEG", quality=95, icc_profile=ink_profile()),
            lambda data: by_littlecms(255 - np.asarray(imagecodecs.jpeg8_decode(data)), "CMYK", ink_profile()),
            "littlecms",
        ),
        Case(
            "CMYK (Adobe), without a profile",
            lambda: saved(cmyk, "JPEG", quality=95),
            lambda data: plain_inks(255 - np.asarray(imagecodecs.jpeg8_decode(data))),
            f"{LIBJPEG}, and arithmetic",
            within=1,
        ),
        *(
            Case(
                f"turned by EXIF ({o})",
                lambda o=o: saved(SMOOTH, "JPEG", exif=_exif(o)),
                lambda data, o=o: UPRIGHT[o](read(data)),
                LIBJPEG,
            )
            for o in range(2, 9)
        ),
        Case(
            "MPO (several pictures), the first",
            lambda: saved(SMOOTH, "MPO", save_all=True, append_images=[Image.fromarray(RGB)]),
            read,
            LIBJPEG,
        ),
        Case(
            "12 bits",
            lambda: imagecodecs.jpeg8_encode(SMOOTH[..., 0].astype(np.uint16) << 4, level=100, bitspersample=12),
            shows(stretched(SMOOTH[..., 0].astype(np.uint16) << 4, 0, 4095)),
            window=(0.0, 4095.0),
            within=2,
        ),
        Case(
            "RGB, 12 bits",
            lambda: imagecodecs.jpeg8_encode(SMOOTH.astype(np.uint16) << 4, level=100, bitspersample=12),
            shows(stretched(SMOOTH.astype(np.uint16) << 4, 0, 4095)),
            window=(0.0, 4095.0),
            within=12,
        ),
        Case("lossless (SOF3)", lambda: imagecodecs.ljpeg_encode(GREY, bitspersample=8), shows(GREY)),
        Case(
            "lossless (SOF3), 16 bits",
            lambda: imagecodecs.ljpeg_encode(RGB16[..., 0], bitspersample=16),
            shows(stretched(RGB16[..., 0], *DEEP)),
            window=DEEP,
        ),
        Case("12 bits, cut off", lambda: imagecodecs.jpeg8_encode(RGB16[..., 0] >> 4, bitspersample=12)[:-2]),
        Case("JPEG-LS", lambda: imagecodecs.jpegls_encode(GREY), shows(GREY)),
        Case("JPEG-LS, RGB", lambda: imagecodecs.jpegls_encode(RGB), shows(RGB)),
        Case(
            "JPEG-LS, 16 bits",
            lambda: imagecodecs.jpegls_encode(RGB16[..., 0]),
            shows(stretched(RGB16[..., 0], *DEEP)),
            window=DEEP,
        ),
        Case(
            "without the mark of its end",
            lambda: saved(SMOOTH, "JPEG", quality=90)[:-2],
            lambda data: read(data + b"\xff\xd9"),
            LIBJPEG,
        ),
    ]


def _gif_rows() -> list[Case]:
    image = Image.fromarray(GREY, "P")
    image.putpalette(PALETTE.tobytes())
    clear = image.copy()
    clear.info["transparency"] = int(GREY[0, 0])
    hidden = np.where((GREY[0, 0] == GREY)[..., None], 255, PALETTE[GREY])
    return [
        Case("256 colours", lambda: saved(image, "GIF"), shows(PALETTE[GREY])),
        Case("interlaced", lambda: saved(image, "GIF", interlace=1), shows(PALETTE[GREY])),
        Case("with a transparent colour", lambda: saved(clear, "GIF"), shows(hidden)),
        Case(
            "animated, the first frame",
            lambda: saved(image, "GIF", save_all=True, append_images=[image.rotate(180)]),
            shows(PALETTE[GREY]),
        ),
    ]


def bmp(pixels: bytes, bits: int, *, height: int = H, masks: tuple[int, ...] = (), palette: bytes = b"") -> bytes:
    """A BMP written by hand, of rows padded to four bytes."""
    head = struct.pack(
        "<IiiHHIIiiII", 40, W, height, 1, bits, 3 if masks else 0, len(pixels), 0, 0, len(palette) // 4, 0
    )
    extra = struct.pack(f"<{len(masks)}I", *masks) + palette
    start = 14 + len(head) + len(extra)
    return struct.pack("<2sIHHI", b"BM", start + len(pixels), 0, 0, start) + head + extra + pixels


def _rows_of(values: Array) -> bytes:
    return b"".join(row.tobytes() + bytes(-row.nbytes % 4) for row in values)


def _bmp_rows() -> list[Case]:
    index = GREY >> 4
    packed = np.packbits((index[..., None] >> np.arange(3, -1, -1, dtype=np.uint8) & 1).reshape(H, -1), axis=1)
    colours = np.hstack([PALETTE[:16, ::-1], np.zeros((16, 1), np.uint8)]).tobytes()
    rgb565 = (RGB[..., 0].astype(np.uint16) >> 3 << 11) | (RGB[..., 1].astype(np.uint16) >> 2 << 5) | (RGB[..., 2] >> 3)
    bgrx = np.dstack([RGB[..., ::-1], np.zeros((H, W), np.uint8)])
    bilevel = Image.fromarray(GREY).convert("1", dither=Image.Dither.NONE)
    return [
        Case("1 bit", lambda: saved(bilevel, "BMP"), by_opencv, OPENCV),
        Case("palette, 4 bits", lambda: bmp(_rows_of(packed[::-1]), 4, palette=colours), shows(PALETTE[index])),
        Case("grey, 8 bits", lambda: saved(GREY, "BMP"), by_opencv, OPENCV),
        Case("RGB, 24 bits", lambda: saved(RGB, "BMP"), by_opencv, OPENCV),
        Case("RGB, 24 bits, top row first", lambda: bmp(_rows_of(RGB[..., ::-1]), 24, height=-H), by_opencv, OPENCV),
        Case("RGB, 32 bits", lambda: bmp(_rows_of(bgrx[::-1]), 32), by_opencv, OPENCV),
        Case(
            "RGB, 16 bits (5, 6, 5)",
            lambda: bmp(_rows_of(rgb565[::-1]), 16, masks=(0xF800, 0x7E0, 0x1F)),
            shows(
                np.dstack([(rgb565 >> 11) * (255 / 31), (rgb565 >> 5 & 63) * (255 / 63), (rgb565 & 31) * (255 / 31)])
            ),
            within=1,
        ),
    ]


def _webp_rows() -> list[Case]:
    def read(data: bytes) -> Array:
        return np.asarray(imagecodecs.webp_decode(data))[..., :3]

    rgba = Image.fromarray(np.dstack([RGB, CLEAR]))
    return [
        Case("lossy", lambda: saved(SMOOTH, "WEBP", quality=80), read, LIBWEBP),
        Case("lossless", lambda: saved(RGB, "WEBP", lossless=True), shows(RGB)),
        Case(
            "lossless with transparency",
            lambda: saved(rgba, "WEBP", lossless=True, exact=True),
            shows(on_white(RGB, CLEAR / 255)),
        ),
        Case(
            "animated, the first frame",
            lambda: saved(RGB, "WEBP", lossless=True, save_all=True, append_images=[Image.fromarray(255 - RGB)]),
            shows(RGB),
        ),
        *(
            Case(
                f"turned by EXIF ({o})",
                lambda o=o: saved(RGB, "WEBP", lossless=True, exif=_exif(o)),
                shows(UPRIGHT[o](RGB)),
            )
            for o in (6, 7)
        ),
    ]


def heic(*pictures: Array, **options: Any) -> bytes:
    """A HEIC file of one or several pictures."""
    file = pillow_heif.HeifFile()
    for pixels in pictures:
        file.add_from_pillow(Image.fromarray(pixels))
    buffer = io.BytesIO()
    file.save(buffer, **options)
    return buffer.getvalue()


def _heic_rows() -> list[Case]:
    exact = {"quality": -1, "chroma": 444, "matrix_coefficients": 0}
    return [
        Case("lossless", lambda: heic(RGB, **exact), shows(RGB)),
        Case("lossy", lambda: heic(SMOOTH, quality=90), shows(SMOOTH), within=12),
        Case("grey, lossless", lambda: heic(GREY, quality=-1), shows(GREY)),
        Case("several pictures, the main one", lambda: heic(RGB, 255 - RGB, **exact), shows(RGB)),
    ]


def rows() -> dict[str, list[Case]]:
    """The rows of each format."""
    return {
        "PNG and APNG": _png_rows(),
        "JPEG": _jpeg_rows(),
        "GIF": _gif_rows(),
        "BMP": _bmp_rows(),
        "WebP": _webp_rows(),
        "HEIC": _heic_rows(),
    }
