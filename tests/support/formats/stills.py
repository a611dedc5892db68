"""AVIF, JPEG 2000, JPEG XL and Netpbm."""

from __future__ import annotations

import struct
from typing import Any

import imagecodecs
import numpy as np
from PIL import Image

from tests.support.formats.case import (
    DEEP,
    RGB,
    RGB16,
    SMOOTH,
    Array,
    Case,
    H,
    W,
    by_pillow,
    on_white,
    saved,
    shows,
    stretched,
)
from tests.support.formats.common import CLEAR, GREY, LIBJPEG, by_littlecms
from tests.support.profile_files import WIDE
from tests.support.still_files import avif, channels, j2k, jp2, netpbm, pam, pfm
from tests.support.tiff_files import UPRIGHT

CLEAR16 = CLEAR.astype(np.uint16) * 257
RGBA = np.dstack([RGB, CLEAR])
GREY16 = np.ascontiguousarray(RGB16[..., 0])
OPENJPEG = "OpenJPEG in Pillow"
CHROMA = imagecodecs.AVIF.PIXEL_FORMAT
# Quarters to the left, and what changes places then, with the orientation of EXIF that asks for the same.
_TURNED = {2: (0, 1), 3: (2, None), 4: (0, 0), 5: (1, 0), 6: (3, None), 7: (3, 0), 8: (1, None)}


def _nclx(primaries: int, transfer: int) -> tuple[bytes, bytes]:
    return b"colr", b"nclx" + struct.pack(">HHHB", primaries, transfer, 0, 0x80)


def _turned(quarters: int, axis: int | None) -> list[tuple[bytes, bytes]]:
    turned = [(b"irot", bytes([quarters]))] if quarters else []
    return turned if axis is None else [*turned, (b"imir", bytes([axis]))]


def _deep(kind: str, data: Any, values: Array, top: int, **options: Any) -> Case:
    low = 0.0 if top else float(values.min())
    high = float(top or values.max())
    return Case(kind, data, shows(stretched(values, low, high)), window=(low, high), **options)


def _avif_rows() -> list[Case]:
    deep10, deep12 = RGB16 >> 6, RGB16 >> 4
    clear10 = np.dstack([deep10, CLEAR16 >> 6])
    return [
        Case("lossless", lambda: avif(RGB), shows(RGB)),
        Case("grey, lossless", lambda: imagecodecs.avif_encode(GREY, level=100), shows(GREY)),
        Case("lossless with transparency", lambda: imagecodecs.avif_encode(RGBA, level=100), _over_white()),
        _deep("10 bits", lambda: avif(deep10, bitspersample=10), deep10, 1023),
        _deep("12 bits", lambda: avif(deep12, bitspersample=12), deep12, 4095),
        Case(
            "10 bits with transparency",
            lambda: imagecodecs.avif_encode(clear10, level=100, bitspersample=10),
            shows(on_white(stretched(deep10, 0, 1023), CLEAR / 255)),
            window=(0.0, 1023.0),
            within=1,
        ),
        *(
            Case(
                f"lossy, {kind}",
                lambda c=chroma: imagecodecs.avif_encode(SMOOTH, level=80, pixelformat=c),
                shows(SMOOTH),
                within=16,
            )
            for kind, chroma in (("4:4:4", CHROMA.YUV444), ("4:2:2", CHROMA.YUV422), ("4:2:0", CHROMA.YUV420))
        ),
        *(
            Case(f"turned as EXIF would ask by {o}", lambda t=turn: avif(RGB, *_turned(*t)), shows(UPRIGHT[o](RGB)))
            for o, turn in _TURNED.items()
        ),
        Case(
            "with an ICC profile (Adobe RGB)",
            lambda: avif(RGB, (b"colr", b"prof" + WIDE)),
            shows(by_littlecms(RGB, "RGB", WIDE)),
            "littlecms",
        ),
        Case("of a wide range of colours (P3)", lambda: avif(RGB, _nclx(12, 13), without=[b"colr"]), shows(RGB)),
        Case("for HDR screens (PQ)", lambda: avif(RGB, _nclx(9, 16), without=[b"colr"]), shows(RGB)),
        Case(
            "animated, the first frame",
            lambda: imagecodecs.avif_encode(np.stack([RGB, 255 - RGB]), level=100),
            shows(RGB),
        ),
        Case("without its size", lambda: avif(RGB, without=[b"ispe"])),
    ]


def _over_white() -> Any:
    return shows(on_white(RGB, CLEAR / 255))


def _jpeg2000_rows() -> list[Case]:
    signed = (GREY16.astype(np.int32) - 32768).astype(np.int16)
    ycc = np.asarray(Image.fromarray(SMOOTH).convert("YCbCr"))
    described = channels((0, 0, 3), (1, 0, 2), (2, 0, 1), (3, 1, 0))
    palette = (b"pclr", struct.pack(">HB", 2, 3) + b"\7\7\7" + bytes(6))
    halved = bytearray(j2k(RGB))
    halved[42 + 3 + 1] = 2
    five = np.dstack([RGB, RGB[..., :2]])
    return [
        Case("RGB, lossless", lambda: jp2(j2k(RGB)), shows(RGB)),
        Case("RGB, codestream alone", lambda: j2k(RGB), shows(RGB)),
        Case("RGB, lossless, in tiles", lambda: saved(RGB, "JPEG2000", tile_size=(16, 16)), shows(RGB)),
        Case("RGB, without turning its colours", lambda: j2k(RGB, mct=False), shows(RGB)),
        Case("RGB, lossy", lambda: saved(SMOOTH, "JPEG2000", quality_layers=[10]), by_pillow, OPENJPEG, within=1),
        Case("RGB, as Pillow writes it", lambda: saved(RGB, "JPEG2000"), by_pillow, OPENJPEG),
        Case("grey", lambda: jp2(j2k(GREY), space=17), shows(GREY)),
        _deep("grey, 16 bits", lambda: jp2(j2k(GREY16), space=17), GREY16, 65535),
        _deep("grey, 12 bits", lambda: j2k(GREY16 >> 4, bitspersample=12), GREY16 >> 4, 4095),
        _deep("grey, signed, 16 bits", lambda: j2k(signed), signed, 0),
        _deep("RGB, 16 bits", lambda: jp2(j2k(RGB16)), RGB16, 65535),
        Case("grey, 4 bits", lambda: j2k(GREY >> 4, bitspersample=4), shows((GREY >> 4) * 17)),
        Case("with transparency", lambda: jp2(j2k(RGBA), channels(*_RGBA)), _over_white()),
        Case("with transparency, as Pillow writes it", lambda: saved(RGBA, "JPEG2000"), _over_white()),
        Case("four channels that it does not describe", lambda: j2k(RGBA), _over_white()),
        Case(
            "blue, green, red and transparency",
            lambda: jp2(j2k(np.ascontiguousarray(RGBA[..., [2, 1, 0, 3]])), described),
            _over_white(),
        ),
        Case("YCC", lambda: jp2(j2k(ycc), space=18), shows(_of_ycc(ycc)), "arithmetic", within=1),
        Case(
            "with an ICC profile (Adobe RGB)",
            lambda: jp2(j2k(RGB), profile=WIDE),
            shows(by_littlecms(RGB, "RGB", WIDE)),
            "littlecms",
        ),
        Case("with a palette", lambda: jp2(j2k(GREY), palette)),
        Case("inks (CMYK)", lambda: jp2(j2k(RGBA), space=12)),
        Case("CIELab", lambda: jp2(j2k(RGB), space=14)),
        Case("five channels", lambda: j2k(five)),
        Case("a channel of half the resolution", lambda: bytes(halved)),
        Case("without its last bytes", lambda: j2k(RGB)[:-30]),
    ]


def _of_ycc(ycc: Array) -> Array:
    """RGB of brightness and two colours (ITU-T T.871)."""
    y, cb, cr = np.moveaxis(ycc.astype(np.float64) - (0, 128, 128), -1, 0)
    return np.clip(np.dstack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb]), 0, 255)


_RGBA = ((0, 0, 1), (1, 0, 2), (2, 0, 3), (3, 1, 0))


def _jpeg_xl_rows() -> list[Case]:
    encode = imagecodecs.jpegxl_encode
    exif = Image.Exif()
    exif[0x0112] = 6
    jpeg, turned = saved(SMOOTH, "JPEG", quality=95), saved(SMOOTH, "JPEG", quality=95, exif=exif)
    floats = RGB16.astype(np.float32) / 65535
    return [
        Case("RGB, lossless", lambda: encode(RGB), shows(RGB)),
        Case("RGB, lossless, in boxes", lambda: encode(RGB, usecontainer=True), shows(RGB)),
        Case("grey, lossless", lambda: encode(GREY), shows(GREY)),
        Case("lossless with transparency", lambda: encode(RGBA), _over_white()),
        Case(
            "grey with transparency",
            lambda: encode(np.dstack([GREY, CLEAR])),
            shows(on_white(GREY[..., None], CLEAR / 255)),
        ),
        _deep("RGB, 16 bits", lambda: encode(RGB16), RGB16, 65535),
        _deep("grey, 16 bits", lambda: encode(GREY16), GREY16, 65535),
        _deep("grey, 12 bits", lambda: encode(GREY16 >> 4, bitspersample=12), GREY16 >> 4, 4095),
        Case(
            "RGB with transparency, 16 bits",
            lambda: encode(np.dstack([RGB16, CLEAR16])),
            shows(on_white(stretched(RGB16, *DEEP), CLEAR / 255)),
            window=DEEP,
            within=1,
        ),
        Case("RGB, floating point", lambda: encode(floats), shows(floats * 255), window=(0.0, 1.0)),
        Case("RGB, lossy", lambda: encode(SMOOTH, level=95), shows(SMOOTH), within=12),
        Case("of a JPEG", lambda: imagecodecs.jpegxl_encode_jpeg(jpeg), shows(by_pillow(jpeg)), LIBJPEG, within=3),
        Case(
            "of a JPEG that EXIF turns (6)",
            lambda: imagecodecs.jpegxl_encode_jpeg(turned, usecontainer=True),
            shows(UPRIGHT[6](by_pillow(turned))),
            LIBJPEG,
            within=3,
        ),
        Case("animated, the first frame", lambda: encode(np.stack([RGB, 255 - RGB])), shows(RGB)),
        Case("without its last bytes", lambda: encode(RGB)[:-30]),
    ]


def _netpbm_rows() -> list[Case]:
    bits = (GREY > 100).astype(np.uint8)
    floats = RGB16.astype(np.float32) - 1000
    window = (float(floats.min()), float(floats.max()))
    return [
        Case("PBM, plain", lambda: netpbm(bits, "P1"), shows(255 * (1 - bits))),
        Case("PBM, plain, without spaces", lambda: _dense(bits), shows(255 * (1 - bits))),
        Case("PBM, raw", lambda: netpbm(bits, "P4"), shows(255 * (1 - bits))),
        Case("PGM, plain", lambda: netpbm(GREY, "P2"), shows(GREY)),
        Case("PGM, raw", lambda: netpbm(GREY, "P5"), shows(GREY)),
        Case("PGM, raw, with a note", lambda: netpbm(GREY, "P5", note="# of a scanner\n"), shows(GREY)),
        Case("PGM, raw, white at 100", lambda: netpbm(GREY % 101, "P5", top=100), shows(stretched(GREY % 101, 0, 100))),
        _deep("PGM, plain, 16 bits", lambda: netpbm(GREY16, "P2", top=65535), GREY16, 65535),
        _deep("PGM, raw, 16 bits", lambda: netpbm(GREY16, "P5", top=65535), GREY16, 65535),
        _deep("PGM, raw, 10 bits", lambda: netpbm(GREY16 >> 6, "P5", top=1023), GREY16 >> 6, 1023),
        Case("PPM, plain", lambda: netpbm(RGB, "P3"), shows(RGB)),
        Case("PPM, raw", lambda: netpbm(RGB, "P6"), shows(RGB)),
        _deep("PPM, raw, 16 bits", lambda: netpbm(RGB16, "P6", top=65535), RGB16, 65535),
        Case("PAM, RGB with transparency", lambda: pam(RGBA, "RGB_ALPHA"), _over_white()),
        Case("PAM, black and white", lambda: pam(bits[..., None], "BLACKANDWHITE", top=1), shows(255 * bits)),
        _deep("PAM, grey, 16 bits", lambda: pam(GREY16[..., None], "GRAYSCALE", top=65535), GREY16, 65535),
        Case("PAM, RGB, that does not say so", lambda: pam(RGB, ""), shows(RGB)),
        *(
            Case(
                f"PFM, {'lowest' if little else 'highest'} byte first",
                lambda b=little: pfm(floats, little=b),
                shows(stretched(floats, *window)),
                window=window,
            )
            for little in (True, False)
        ),
        Case("several pictures, the second", lambda: netpbm(GREY, "P5") + netpbm(RGB, "P6"), shows(RGB), page=1),
        Case("PGM with values above its white", lambda: netpbm(GREY, "P5", top=99)),
        Case("PGM, plain, with too few values", lambda: netpbm(GREY, "P2")[:-40]),
        Case("PGM, plain, with words", lambda: netpbm(GREY, "P2") + b"end"),
        Case("PAM of inks", lambda: pam(RGBA, "CMYK")),
    ]


def _dense(bits: Array) -> bytes:
    return f"P1 {W} {H}\n".encode() + "\n".join("".join(map(str, row)) for row in bits.tolist()).encode()


def rows() -> dict[str, list[Case]]:
    """The rows of each format."""
    return {
        "AVIF": _avif_rows(),
        "JPEG 2000": _jpeg2000_rows(),
        "JPEG XL": _jpeg_xl_rows(),
        "Netpbm": _netpbm_rows(),
    }
