"""TIFF: layouts, codecs, depths, colours and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from segdetect.pictures.tiff import reads_24_bits
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
    shows,
    stretched,
)
from tests.support.formats.common import CLEAR, by_littlecms, plain_inks
from tests.support.profile_files import GREY as GREY_PROFILE
from tests.support.profile_files import WIDE, ink_profile
from tests.support.tiff_files import UPRIGHT, packed, raw_tiff, written
from tests.support.tiff_files import by_pillow as pillow_tiff

GREY = np.ascontiguousarray(RGB[..., 0])
PLANES = np.moveaxis(RGB, -1, 0)
PLANES16 = np.moveaxis(RGB16, -1, 0)
LIBTIFF = "libtiff in Pillow"
DEEP_RGB = stretched(RGB16, *DEEP)


def _deep(kind: str, data: Callable[[], bytes]) -> Case:
    return Case(kind, data, shows(DEEP_RGB), window=DEEP)


def _layouts() -> list[Case]:
    rows = []
    for codec, name in (
        (None, "uncompressed"),
        ("lzw", "LZW"),
        ("zlib", "Deflate"),
        ("zstd", "ZSTD"),
        ("lzma", "LZMA"),
        ("packbits", "PackBits"),
    ):
        predictor: dict[str, Any] = {} if codec in (None, "packbits") else {"predictor": True}
        rgb = {"photometric": "rgb", "compression": codec}
        rows += [
            Case(f"RGB, {name}, strips", lambda o=rgb: written(RGB, rowsperstrip=5, **o), by_pillow, LIBTIFF)
            if codec not in ("lzma", "zstd")
            else Case(f"RGB, {name}, strips", lambda o=rgb: written(RGB, rowsperstrip=5, **o), shows(RGB)),
            _deep(
                f"RGB, 16 bits, {name}, separate planes",
                lambda o=rgb: written(PLANES16, planarconfig="separate", **o),
            ),
            _deep(
                f"RGB, 16 bits, {name}, tiles{', predictor' if predictor else ''}",
                lambda o=rgb | predictor: written(RGB16, tile=(16, 32), **o),
            ),
        ]
    for codec, name in (
        ("lerc", "LERC"),
        ("jpeg2000", "JPEG 2000"),
        ("png", "PNG"),
        ("jpegxl", "JPEG XL"),
        ("jpegxr", "JPEG XR"),
        ("webp", "WebP, lossless"),
    ):
        options: dict[str, Any] = {"photometric": "rgb", "compression": codec}
        if codec == "webp":
            options["compressionargs"] = {"level": -1, "lossless": True}
        rows.append(Case(f"RGB, {name}", lambda o=options: written(RGB, **o), shows(RGB)))
    return [
        *rows,
        _deep("RGB, 16 bits, highest byte first", lambda: written(RGB16, photometric="rgb", byteorder=">")),
        _deep("RGB, 16 bits, BigTIFF", lambda: written(RGB16, photometric="rgb", bigtiff=True)),
        _deep(
            "RGB, 16 bits, BigTIFF, highest byte first",
            lambda: written(RGB16, photometric="rgb", bigtiff=True, byteorder=">"),
        ),
        *(
            Case(
                f"OME, plane {page + 1} of 3",
                lambda: written(PLANES16, ome=True, metadata={"axes": "CYX"}, compression="zlib"),
                shows(stretched(PLANES16[page], *DEEP)),
                window=DEEP,
                page=page,
            )
            for page in range(3)
        ),
        Case(
            "ImageJ stack in one page, the first picture",
            lambda: written(PLANES16, imagej=True, metadata={"axes": "ZYX"}, truncate=True),
            shows(stretched(PLANES16[0], *DEEP)),
            window=DEEP,
        ),
        *(
            Case(
                f"page {page + 1} of 2",
                lambda: written(np.stack([RGB, 255 - RGB]), photometric="rgb"),
                shows(RGB if page == 0 else 255 - RGB),
                page=page,
            )
            for page in range(2)
        ),
        Case(
            "BigTIFF of separate planes and tiles",
            lambda: written(PLANES, photometric="rgb", planarconfig="separate", tile=(16, 16), bigtiff=True),
            shows(RGB),
        ),
    ]


def _numbers() -> list[Case]:
    rows = []
    random = np.random.default_rng(4)
    for bits in (1, 2, 4, 6, 10, 12, 14, 16, *((24,) if reads_24_bits() else ()), 32):
        order, top = ">" if bits == 24 else "<", (1 << bits) - 1
        values = random.integers(0, top, (H, W, 1), dtype=np.uint64, endpoint=True)
        data = lambda v=values, b=bits, o=order: raw_tiff(v, b, order=o)  # noqa: E731
        wanted = shows(values[..., 0] * (255 / top))
        rows.append(Case(f"grey, {bits} bit{'s' * (bits > 1)}", data, wanted, window=(0.0, float(top))))
    for code, name in (
        ("i1", "signed, 8 bits"),
        ("i2", "signed, 16 bits"),
        ("i4", "signed, 32 bits"),
        ("i8", "signed, 64 bits"),
        ("u8", "unsigned, 64 bits"),
        ("f2", "float, 16 bits"),
        ("f4", "float, 32 bits"),
        ("f8", "float, 64 bits"),
    ):
        numbers = (GREY.astype(np.int64) - (100 if code[0] != "u" else 0)).clip(-100, 100).astype(code)
        low, high = float(numbers.min()), float(numbers.max())
        for codec in (None, "zlib"):
            extra = codec is not None and code not in ("i8", "u8")
            name_of = f"{name}, Deflate{', predictor' if extra else ''}" if codec else name
            rows.append(
                Case(
                    name_of,
                    lambda n=numbers, c=codec, e=extra: written(n, compression=c, predictor=e),
                    shows(stretched(numbers, low, high)),
                    window=(low, high),
                )
            )
    return rows


def _turned() -> list[Case]:
    kinds: tuple[tuple[str, Array, tuple[float, float] | None], ...] = (
        ("8 bits", RGB, None),
        ("16 bits", RGB16, DEEP),
    )
    return [
        Case(
            f"orientation {o}, {name}",
            lambda v=values, o=o: written(v, photometric="rgb", extratags=[(274, 3, 1, o, True)], compression="zlib"),
            shows(UPRIGHT[o](stretched(values, *window) if window else values)),
            window=window,
        )
        for name, values, window in kinds
        for o in range(1, 9)
    ]


def _colours() -> list[Case]:
    cmyk = np.asarray(Image.fromarray(RGB).convert("CMYK"))
    ycbcr = np.asarray(Image.fromarray(RGB).convert("YCbCr"))
    smooth_cmyk = Image.fromarray(SMOOTH).convert("CMYK")
    colours = np.random.default_rng(8).integers(0, 256, (3, 256), dtype=np.uint16)
    few = np.random.default_rng(9).integers(0, 256, (3, 16))
    srgb, lab_profile = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    lab = ImageCms.profileToProfile(Image.fromarray(SMOOTH), srgb, lab_profile, outputMode="LAB")
    assert lab is not None
    back = ImageCms.profileToProfile(lab, lab_profile, srgb, outputMode="RGB")
    share = CLEAR / 255
    alpha = {"photometric": "rgb", "extrasamples": ["unassalpha"]}
    bilevel = Image.fromarray(GREY > 127)
    turned = np.packbits(
        np.unpackbits(np.frombuffer(packed(GREY[..., None] > 127, 1, "<"), np.uint8)).reshape(-1, 8)[:, ::-1]
    )
    return [
        Case("CMYK, without a profile", lambda: written(cmyk, photometric="separated"), shows(plain_inks(cmyk))),
        Case(
            "CMYK, 16 bits, without a profile",
            lambda: written(cmyk.astype(np.uint16) * 257, photometric="separated"),
            shows(plain_inks(cmyk)),
        ),
        Case(
            "CMYK with a profile",
            lambda: written(cmyk, photometric="separated", iccprofile=ink_profile()),
            shows(by_littlecms(cmyk, "CMYK", ink_profile())),
            "littlecms",
        ),
        Case("CMYK, JPEG", lambda: pillow_tiff(smooth_cmyk, compression="jpeg"), by_pillow, LIBTIFF),
        *(
            Case(
                f"YCbCr, {name}",
                lambda o=options: written(ycbcr, photometric="ycbcr", subsampling=(1, 1), **o),
                shows(np.asarray(Image.fromarray(ycbcr, "YCbCr").convert("RGB"))),
                "Pillow's colours",
                within=1,
            )
            for name, options in (
                ("uncompressed", {}),
                ("LZW, predictor", {"compression": "lzw", "predictor": True}),
            )
        ),
        *(
            Case(
                f"YCbCr, JPEG, {name}",
                lambda s=sub: written(SMOOTH, photometric="ycbcr", subsampling=s, compression="jpeg"),
                by_pillow,
                LIBTIFF,
            )
            for name, sub in (("4:4:4", (1, 1)), ("4:2:2", (2, 1)), ("4:2:0", (2, 2)))
        ),
        Case(
            "RGB, JPEG",
            lambda: written(SMOOTH, photometric="rgb", compression="jpeg", compressionargs={"outcolorspace": "rgb"}),
            by_pillow,
            LIBTIFF,
        ),
        Case("Lab, 8 bits", lambda: pillow_tiff(lab), shows(np.asarray(back)), "littlecms", within=1),
        Case(
            "palette, 8 bits", lambda: written(GREY, photometric="palette", colormap=colours * 257), by_pillow, LIBTIFF
        ),
        Case(
            "palette, 4 bits",
            lambda: raw_tiff(GREY[..., None] >> 4, 4, tags=[(262, 3)], palette=(few * 257).ravel().tolist()),
            shows(few.T[GREY >> 4]),
        ),
        Case("grey, without saying so", lambda: raw_tiff(GREY[..., None], 8, tags=[(262, None)]), shows(GREY)),
        Case("RGB, without saying so", lambda: raw_tiff(RGB, 8, tags=[(262, None)]), shows(RGB)),
        Case("a strip that is said to have no bytes", lambda: raw_tiff(RGB, 8, tags=[(279, 0)]), shows(RGB)),
        Case("a strip that is said to be larger", lambda: raw_tiff(RGB, 8, tags=[(279, 10**6)]), shows(RGB)),
        Case("white is zero, 1 bit", lambda: written(GREY > 127, photometric="miniswhite"), shows((GREY <= 127) * 255)),
        Case("white is zero, 8 bits", lambda: written(GREY, photometric="miniswhite"), shows(255 - GREY)),
        Case(
            "white is zero, 16 bits",
            lambda: written(RGB16[..., 0], photometric="miniswhite"),
            shows(255 - stretched(RGB16[..., 0], *DEEP)),
            window=DEEP,
        ),
        Case(
            "lowest bit first",
            lambda: raw_tiff(GREY[..., None] > 127, 1, tags=[(266, 2)], strip=turned.tobytes()),
            shows((GREY > 127) * 255),
        ),
        *(
            Case(f"1 bit, {name}", lambda c=codec: pillow_tiff(bilevel, compression=c), shows((GREY > 127) * 255))
            for name, codec in (("fax group 3", "group3"), ("fax group 4", "group4"), ("CCITT", "tiff_ccitt"))
        ),
        Case(
            "RGB with an ICC profile (Adobe RGB)",
            lambda: written(RGB, photometric="rgb", iccprofile=WIDE),
            shows(by_littlecms(RGB, "RGB", WIDE)),
            "littlecms",
        ),
        Case(
            "RGB, 16 bits, with an ICC profile (Adobe RGB)",
            lambda: written(RGB.astype(np.uint16) * 257, photometric="rgb", iccprofile=WIDE),
            shows(by_littlecms(RGB, "RGB", WIDE)),
            "its 8-bit twin in littlecms",
            window=DEEP,
            within=1,
        ),
        Case(
            "grey with an ICC profile",
            lambda: written(GREY, photometric="minisblack", iccprofile=GREY_PROFILE),
            shows(by_littlecms(GREY, "L", GREY_PROFILE)),
            "littlecms",
        ),
        Case("RGB with transparency", lambda: written(np.dstack([RGB, CLEAR]), **alpha), shows(on_white(RGB, share))),
        Case(
            "RGB with transparency, 16 bits",
            lambda: written(np.dstack([RGB16, CLEAR.astype(np.uint16) * 257]), **alpha),
            shows(on_white(DEEP_RGB, share)),
            window=DEEP,
            within=1,
        ),
        Case(
            "RGB with transparency, multiplied",
            lambda: written(
                np.dstack([np.rint(RGB * share[..., None]).astype(np.uint8), CLEAR]),
                photometric="rgb",
                extrasamples=["assocalpha"],
            ),
            shows(on_white(RGB, share)),
            within=1,
        ),
        Case(
            "three channels without a meaning, taken as RGB",
            lambda: written(RGB, photometric="minisblack", planarconfig="contig"),
            shows(RGB),
        ),
    ]


def _refused() -> list[Case]:
    grey, channels = RGB[..., :1], {"photometric": "minisblack", "planarconfig": "contig"}
    kinds: dict[str, Callable[[], bytes]] = {
        "a volume in one page": lambda: written(np.zeros((16, 32, 32), np.uint8), volumetric=True, tile=(16, 16, 16)),
        "complex numbers": lambda: written(np.zeros((H, W), np.complex64)),
        "RGB in one channel": lambda: raw_tiff(grey, 8, tags=[(262, 2)]),
        "nine channels": lambda: written(np.zeros((H, W, 9), np.uint8), **channels),
        "a sensor's mosaic (CFA)": lambda: raw_tiff(grey, 8, tags=[(262, 32803)]),
        "a sensor's colours (LinearRaw)": lambda: raw_tiff(RGB, 8, tags=[(262, 34892)]),
        "LogLuv": lambda: raw_tiff(RGB, 8, tags=[(262, 32845)]),
        "colours of an unknown kind": lambda: raw_tiff(RGB, 8, tags=[(262, 777)]),
        "inks that are not CMYK": lambda: raw_tiff(np.zeros((H, W, 4)), 8, tags=[(262, 5), (332, 2)]),
        "a palette that is missing": lambda: raw_tiff(grey, 8, tags=[(262, 3)]),
        "12 bits with a sign": lambda: raw_tiff(grey, 12, tags=[(339, 2)]),
        "24 bits, lowest byte first": lambda: raw_tiff(grey.astype(np.uint32), 24),
        "YCbCr 4:2:0, uncompressed": lambda: raw_tiff(RGB, 8, tags=[(262, 6)]),
        "JBIG": lambda: raw_tiff(RGB, 8, tags=[(259, 34661)]),
        "an unknown compression": lambda: raw_tiff(RGB, 8, tags=[(259, 12345)]),
    }
    return [Case(kind, data) for kind, data in kinds.items()]


def rows() -> dict[str, list[Case]]:
    """The rows of each part."""
    return {
        "TIFF: layouts and compression": _layouts(),
        "TIFF: numbers": _numbers(),
        "TIFF: orientation": _turned(),
        "TIFF: colours and transparency": _colours(),
        "TIFF: refused": _refused(),
    }
