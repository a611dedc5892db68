"""Inputs with the shape that a reader expects and with content that nobody writes, for Hypothesis to draw."""

from __future__ import annotations

import copy
import json
import math
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from hypothesis import strategies as st

from segdetect.settings import EngineName, RuleName, Scope
from tests.fuzz.files import small_picture, zip_of
from tests.support.bombs import chunk, grey_tiff, zeros
from tests.support.hostile import HOSTILE
from tests.support.picture_files import tagged_tiff

Files = st.SearchStrategy[bytes]
_SHORT: Final = st.binary(max_size=300)
_EDGES: Final = st.sampled_from((0, 1, 2, 3, 255, 256, 32767, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1))
_SIDE: Final = st.one_of(st.integers(1, 40), _EDGES)


def pictures() -> Files:
    """PNG, GIF, BMP, WebP, JPEG, HEIC, AVIF, JPEG 2000, JPEG XL and Netpbm of well-formed parts."""
    still = st.one_of(_stills(), _jpeg2000(), _jpeg_xl(), _netpbm())
    return st.one_of(_png(), _gif(), _bmp(), _webp(), _jpeg(), still)


@st.composite
def _png(draw: st.DrawFn) -> bytes:
    width, height, depth, colour = (
        draw(_SIDE),
        draw(_SIDE),
        draw(st.sampled_from((1, 2, 4, 8, 16, 3))),
        draw(st.integers(0, 6)),
    )
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, draw(st.sampled_from((0, 1, 2))))
    names = (b"PLTE", b"tRNS", b"iCCP", b"eXIf", b"gAMA", b"tEXt", b"zTXt", b"iTXt", b"acTL", b"fcTL", b"pHYs", b"sBIT")
    extra = b"".join(chunk(draw(st.sampled_from(names)), draw(_chunk_data())) for _ in range(draw(st.integers(0, 4))))
    pixels = draw(st.one_of(_SHORT.map(zlib.compress), st.integers(0, 5000).map(zeros), _SHORT))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def _chunk_data() -> Files:
    numbers = st.lists(_EDGES, max_size=7).map(lambda values: struct.pack(f">{len(values)}I", *values))
    packed = _SHORT.map(lambda data: b"a\0\0" + zlib.compress(data))
    return st.one_of(_SHORT, numbers, packed, st.just(b"MM\0*\0\0\0\x08\xff\xff\x01\x12\0\x03\xff\xff\xff\xff"))


@st.composite
def _gif(draw: st.DrawFn) -> bytes:
    side = st.one_of(st.integers(0, 40), st.sampled_from((255, 65535)))
    short = struct.Struct("<HH").pack
    flags = draw(st.integers(0, 255))
    head = b"GIF89a" + short(draw(side), draw(side)) + bytes((flags, 0, 0)) + draw(st.binary(max_size=24))
    blocks = b""
    for _ in range(draw(st.integers(0, 3))):
        data = draw(st.binary(max_size=60))
        place = short(draw(side), draw(side)) + short(draw(side), draw(side)) + bytes((draw(st.integers(0, 255)),))
        picture = b"\x2c" + place + bytes((draw(st.integers(0, 13)), len(data))) + data + b"\0"
        extension = b"\x21" + draw(st.sampled_from((b"\xf9\x04", b"\xff\x0b", b"\xfe\x05"))) + data + b"\0"
        blocks += draw(st.sampled_from((picture, extension)))
    return head + blocks + b";"


@st.composite
def _bmp(draw: st.DrawFn) -> bytes:
    size = draw(st.sampled_from((12, 16, 40, 52, 56, 64, 108, 124)))
    bits = draw(st.sampled_from((0, 1, 2, 4, 8, 16, 24, 32, 64)))
    wide = struct.pack("<iiHHII", *draw(st.tuples(_SIGNED, _SIGNED)), 1, bits, draw(st.integers(0, 6)), draw(_EDGES))
    rest = wide + struct.pack("<iiII", 0, 0, draw(_EDGES), draw(_EDGES)) + draw(st.binary(max_size=100))
    body = struct.pack("<I", size) + rest[: size - 4] + draw(_SHORT)
    return b"BM" + struct.pack("<IHHI", draw(_EDGES), 0, 0, draw(st.one_of(st.integers(0, 200), _EDGES))) + body


_SIGNED: Final = st.one_of(st.integers(-40, 40), st.sampled_from((-(2**31), 2**31 - 1, -65536, 65536)))


@st.composite
def _webp(draw: st.DrawFn) -> bytes:
    names = st.sampled_from((b"VP8X", b"VP8L", b"VP8 ", b"ANIM", b"ANMF", b"ALPH", b"ICCP", b"EXIF", b"XMP "))
    body = b""
    for _ in range(draw(st.integers(1, 5))):
        data = draw(_SHORT)
        body += (
            draw(names) + struct.pack("<I", draw(st.one_of(st.just(len(data)), _EDGES))) + data + bytes(len(data) % 2)
        )
    return b"RIFF" + struct.pack("<I", draw(st.one_of(st.just(len(body) + 4), _EDGES))) + b"WEBP" + body


@st.composite
def _jpeg(draw: st.DrawFn) -> bytes:
    codes = st.sampled_from((0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xC9, 0xDA, 0xDB, 0xDD, 0xE0, 0xE1, 0xE2, 0xEE, 0xFE))
    heads = st.sampled_from(
        (b"", b"JFIF\0", b"Exif\0\0MM\0*\0\0\0\x08", b"MPF\0II*\0\x08\0\0\0", b"ICC_PROFILE\0\1\1", b"Adobe\0")
    )
    data = b"\xff\xd8"
    for _ in range(draw(st.integers(1, 6))):
        segment = draw(heads) + draw(_SHORT)
        size = draw(st.one_of(st.just(len(segment) + 2), st.integers(0, 65535)))
        data += bytes((0xFF, draw(codes))) + struct.pack(">H", size) + segment
    return data + b"\xff\xd9"


@st.composite
def _stills(draw: st.DrawFn) -> bytes:
    """HEIC and AVIF."""
    lists = (b"hdlr", b"pitm", b"iloc", b"iinf", b"infe", b"iprp", b"ipco", b"ipma", b"mdat")
    names = st.sampled_from((*lists, b"meta", b"ispe", b"pixi", b"av1C", b"colr", b"irot", b"imir", b"clap"))
    inner = draw(_boxes(names, _SHORT))
    properties = _box(b"iprp", _box(b"ipco", draw(_boxes(names, _SHORT))) + _box(b"ipma", draw(_SHORT)))
    brand = draw(st.sampled_from((b"heic", b"avif", b"avis")))
    meta = bytes(4) + _box(b"pitm", b"\0\0\0\0\0\1") + draw(st.sampled_from((b"", properties))) + inner
    return _box(b"ftyp", brand + bytes(4) + b"mif1" + brand) + _box(b"meta", meta) + _box(b"mdat", draw(_SHORT))


def _box(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data) + 8) + name + data


@st.composite
def _boxes(draw: st.DrawFn, names: st.SearchStrategy[bytes], contents: Files) -> bytes:
    """Boxes of which some are not of the size that they say."""
    made = b""
    for _ in range(draw(st.integers(0, 5))):
        data = draw(contents)
        size = draw(st.one_of(st.just(len(data) + 8), st.just(len(data) + 8), _EDGES))
        made += struct.pack(">I", size) + draw(names) + data
    return made


@st.composite
def _jpeg2000(draw: st.DrawFn) -> bytes:
    sides = struct.pack(">8I", *(draw(st.one_of(_SIDE, _SIDE, st.just(0))) for _ in range(8)))
    count = draw(st.integers(0, 5))
    depths = b"".join(
        bytes((draw(st.sampled_from((7, 7, 15, 0, 23, 135))), 1, draw(st.integers(0, 2)))) for _ in range(count)
    )
    markers = b"".join(
        bytes((0xFF, draw(st.sampled_from((0x52, 0x5C, 0x53, 0x5D, 0x64, 0x90, 0x93)))))
        + struct.pack(">H", 2 + len(data))
        + data
        for data in draw(st.lists(_SHORT, max_size=4))
    )
    tile = (
        b"\xff\x90\0\x0a"
        + struct.pack(">HIBB", draw(st.integers(0, 3)), draw(_EDGES), 0, 1)
        + b"\xff\x93"
        + draw(_SHORT)
    )
    stream = b"\xff\x4f\xff\x51" + struct.pack(">HH", 38 + 3 * count, 0) + sides + struct.pack(">H", count) + depths
    stream += markers + tile + b"\xff\xd9"
    if draw(st.booleans()):
        return stream
    header = draw(
        _boxes(st.sampled_from((b"ihdr", b"colr", b"cdef", b"pclr", b"cmap", b"bpcc")), st.binary(max_size=40))
    )
    return _box(b"jP  ", b"\r\n\x87\n") + _box(b"ftyp", b"jp2 ") + _box(b"jp2h", header) + _box(b"jp2c", stream)


@st.composite
def _jpeg_xl(draw: st.DrawFn) -> bytes:
    stream = b"\xff\x0a" + draw(st.binary(min_size=1, max_size=200))
    if draw(st.booleans()):
        return stream
    parts = st.one_of(st.just(stream), _SHORT)
    names = st.sampled_from((b"jxlc", b"jxlp", b"jxll", b"Exif", b"brob", b"jbrd"))
    return _box(b"JXL ", b"\r\n\x87\n") + _box(b"ftyp", b"jxl \0\0\0\0jxl ") + draw(_boxes(names, parts))


@st.composite
def _netpbm(draw: st.DrawFn) -> bytes:
    gap = st.sampled_from((b" ", b"\n", b"\r\n", b" # a note\n", b"#\r", b"", b"-"))
    kind = draw(st.sampled_from((b"P1", b"P2", b"P3", b"P4", b"P5", b"P6", b"PF", b"Pf", b"P7")))
    if kind == b"P7":
        names = st.sampled_from((b"WIDTH", b"HEIGHT", b"DEPTH", b"MAXVAL", b"TUPLTYPE", b"#"))
        values = st.one_of(_SIDE.map(lambda side: b"%d" % side), st.sampled_from((b"RGB", b"GRAYSCALE", b"", b"\xff")))
        lines = draw(st.lists(st.tuples(names, values), max_size=8))
        usual = [(b"WIDTH", b"3"), (b"HEIGHT", b"3"), (b"DEPTH", b"3"), (b"MAXVAL", b"255")]
        told = b"".join(b"%b %b\n" % line for line in [*draw(st.sampled_from(([], usual))), *lines])
        return b"P7\n" + told + b"ENDHDR\n" + draw(_SHORT)
    numbers = b"".join(draw(gap) + b"%d" % draw(_SIDE) for _ in range(draw(st.integers(1, 4))))
    text = st.lists(st.integers(0, 300), max_size=60).map(lambda values: b" ".join(b"%d" % value for value in values))
    return kind + b" " + numbers + draw(gap) + draw(st.one_of(_SHORT, text))


_TIFF_TAGS: Final = (
    *(254, 256, 257, 258, 259, 262, 266, 270, 273, 274, 277, 278, 279, 280, 281, 284, 292, 296, 305, 306, 317, 320),
    *(322, 323, 324, 325, 330, 332, 338, 339, 340, 341, 347, 512, 513, 514, 530, 531, 532, 34675, 42113, 50838, 50839),
)
_TIFF_USUAL: Final = {256: 8, 257: 8, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 8, 279: 64}
_TIFF_NUMBER: Final = st.one_of(
    st.integers(0, 40), _EDGES, st.sampled_from((5, 7, 8, 32773, 32946, 34712, 34887, 34925, 50000, 50001, 50002))
)


@st.composite
def tiffs(draw: st.DrawFn) -> bytes:
    """TIFF directories with tags that contradict each other, and strips of noise in each compression."""
    if draw(st.integers(0, 3)) == 0:
        compression = draw(st.sampled_from((1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946, 34712, 34887, 34925, 50000, 50001)))
        return grey_tiff(draw(st.integers(1, 64)), draw(_SHORT), compression=compression)
    value = st.one_of(
        _TIFF_NUMBER, _TIFF_NUMBER, st.lists(_TIFF_NUMBER, min_size=1, max_size=5), st.binary(min_size=1, max_size=20)
    )
    directories = []
    for _ in range(draw(st.integers(1, 3))):
        tags: dict[int, Any] = {**_TIFF_USUAL, **draw(st.dictionaries(st.sampled_from(_TIFF_TAGS), value, max_size=6))}
        tags.pop(330, None)
        directories.append(tags)
    return tagged_tiff(*directories, order=draw(st.sampled_from("<>")), big=draw(st.booleans())) + draw(_SHORT)


_DICOM_TAGS: Final = (
    *((0x0028, 0x0002, b"US"), (0x0028, 0x0004, b"CS"), (0x0028, 0x0006, b"US"), (0x0028, 0x0008, b"IS")),
    *((0x0028, 0x0010, b"US"), (0x0028, 0x0011, b"US"), (0x0028, 0x0100, b"US"), (0x0028, 0x0101, b"US")),
    *((0x0028, 0x0102, b"US"), (0x0028, 0x0103, b"US"), (0x0028, 0x0120, b"US"), (0x0028, 0x0121, b"SS")),
    *((0x0028, 0x1050, b"DS"), (0x0028, 0x1051, b"DS"), (0x0028, 0x1052, b"DS"), (0x0028, 0x1053, b"DS")),
    *((0x0028, 0x1056, b"CS"), (0x0028, 0x1101, b"US"), (0x0028, 0x1102, b"US"), (0x0028, 0x1103, b"US")),
    *((0x0028, 0x1201, b"OW"), (0x0028, 0x3010, b"SQ"), (0x5200, 0x9229, b"SQ"), (0x5200, 0x9230, b"SQ")),
    *((0x6000, 0x0010, b"US"), (0x6000, 0x0100, b"US"), (0x6000, 0x3000, b"OW"), (0x0008, 0x0005, b"CS")),
)
_PHOTOMETRIC: Final = (
    b"MONOCHROME1 ",
    b"MONOCHROME2 ",
    b"RGB ",
    b"PALETTE COLOR ",
    b"YBR_FULL",
    b"YBR_FULL_422",
    b"XXX ",
)
_LONG_VRS: Final = (b"OB", b"OW", b"SQ", b"UN")
_SYNTAXES: Final = (
    *("1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"),
    *("1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"),
    *("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.100", "9.9"),
)


@st.composite
def dicoms(draw: st.DrawFn) -> bytes:
    """DICOM elements that contradict each other."""
    numbers = st.sampled_from((0, 1, 2, 3, 8, 12, 16, 32, 64, 65535)).map(lambda value: struct.pack("<H", value))
    decimals = st.sampled_from(
        (b"0 ", b"1 ", b"-1", b"1e308 ", b"1e999 ", b"nan ", b"1\\2 ", b"a ", b"", b"\\", b"-1e-320 ")
    )
    value = st.one_of(numbers, decimals, st.sampled_from(_PHOTOMETRIC), st.binary(max_size=16))
    usual = {
        **{tag: (b"US", struct.pack("<H", 1)) for tag in ((0x0028, 0x0002), (0x0028, 0x0103))},
        **{tag: (b"US", struct.pack("<H", 4)) for tag in ((0x0028, 0x0010), (0x0028, 0x0011))},
        **{(0x0028, 0x0100): (b"US", struct.pack("<H", 8)), (0x0028, 0x0101): (b"US", struct.pack("<H", 8))},
        **{(0x0028, 0x0102): (b"US", struct.pack("<H", 7)), (0x0028, 0x0004): (b"CS", b"MONOCHROME2 ")},
    }
    for _ in range(draw(st.integers(0, 8))):
        group, element, kind = draw(st.sampled_from(_DICOM_TAGS))
        usual[group, element] = (kind, draw(value))
    usual[0x7FE0, 0x0010] = (b"OW", draw(st.one_of(st.just(bytes(16)), st.binary(max_size=64))))
    body = b"".join(_element(*tag, *usual[tag]) for tag in sorted(usual))
    syntax = draw(st.sampled_from(_SYNTAXES)).encode()
    meta = _element(2, 0x10, b"UI", syntax + bytes(len(syntax) % 2))
    return bytes(128) + b"DICM" + _element(2, 0, b"UL", struct.pack("<I", len(meta))) + meta + body


def _element(group: int, element: int, kind: bytes, value: bytes) -> bytes:
    size = struct.pack("<HI", 0, len(value)) if kind in _LONG_VRS else struct.pack("<H", len(value))
    return struct.pack("<HH", group, element) + kind + size + value


def archives() -> Files:
    """ZIP archives with names that try to be more than names, archives in archives, and numbers in lists that lie."""
    names = st.one_of(
        st.text(max_size=30),
        st.sampled_from(
            ("../../a.png", "/etc/a.png", "C:\\a.png", "a\0b.png", "a.zip", "a/../b.png", "CON.png", "a" * 300)
        ),
        st.builds("{}.{}".format, st.text(max_size=8), st.sampled_from(("png", "dcm", "tif", "zip", "ZIP", "json"))),
    ).filter(lambda name: name.isprintable() or "\0" not in name)
    contents = st.one_of(_SHORT, st.just(small_picture()), st.integers(0, 10**6).map(bytes))
    plain = st.dictionaries(names.filter(_is_writable), contents, max_size=6).map(zip_of)
    nested = st.dictionaries(st.sampled_from(("a.zip", "b.zip", "c/d.ZIP")), plain, min_size=1).map(zip_of)
    return st.one_of(plain, nested, st.builds(_lying, st.one_of(plain, nested), st.integers(0, 99), _EDGES))


def _is_writable(name: str) -> bool:
    return bool(name) and not any(0xD800 <= ord(letter) < 0xE000 for letter in name)


def _lying(data: bytes, place: int, value: int) -> bytes:
    """The archive with another number in the list of its members, or at its end."""
    start = data.find(b"PK\x01\x02")
    start = start if start >= 0 else len(data) - 22
    at = start + place % (len(data) - start)
    return data[:at] + struct.pack("<I", value) + data[at + 4 :]


JSON_VALUES: Final = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.sampled_from(
            (0, 1, -1, 2**31, 2**63, 10**30, 10**400, 1e308, float("nan"), float("inf"), "", "=1+1", HOSTILE)
        ),
        st.floats(),
        st.text(max_size=10),
        st.sampled_from(("{0.__class__}", "{x:>999999999}", "../../etc/passwd", "1" * 5000, "\ud800", "2026-13-45")),
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("template", "values", "date", "a")), inner)
    ),
    max_leaves=5,
)


@st.composite
def altered(draw: st.DrawFn, wholes: Sequence[Mapping[str, Any]]) -> Any:
    """One of these documents with up to three of its values replaced, doubled or left out."""
    document = copy.deepcopy(draw(st.sampled_from(list(wholes))))
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(document))
        if not places:
            break
        where, key = places[draw(st.integers(0, len(places) - 1))]
        deed = draw(st.sampled_from(("replace", "nudge", "nudge", "drop", "double")))
        if deed == "drop":
            del where[key]
        elif deed == "double" and isinstance(where, list):
            where.append(copy.deepcopy(where[key]))
        elif deed == "nudge":
            where[key] = draw(_like(where[key]))
        else:
            where[key] = draw(JSON_VALUES)
    return document


def _like(value: Any) -> st.SearchStrategy[Any]:
    """Values of the same kind, not far away."""
    if isinstance(value, bool) or value is None:
        return st.booleans()
    if isinstance(value, int):
        return st.sampled_from((value - 1, value + 1, 2 * value, -value, float(value)))
    if isinstance(value, float):
        return st.sampled_from((value / 3, -value, value * 1e300, 0.0, math.nan, math.inf))
    if isinstance(value, str):
        return st.sampled_from((value[::-1], value + " ", value + "\0", value.upper(), value + HOSTILE, f"={value}"))
    return st.sampled_from(([], {}, ""))


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Where values stand, each as what holds it and its key there; the rows of a table are seen less deeply."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield node, key
        yield from _places(value)


def as_json(strategy: st.SearchStrategy[Any]) -> Files:
    """Drawn values as files."""
    return strategy.map(lambda value: json.dumps(value).encode())


def exports(wholes: Callable[[], Sequence[Mapping[str, Any]]]) -> Files:
    """JSON files that are nearly what is expected, and some that are JSON only, or hardly."""
    deep = st.integers(1, 200_000).map(lambda depth: b"[" * depth)
    nested = st.integers(1, 2000).map(lambda depth: b'{"document":' * depth + b"1" + b"}" * depth)
    return st.one_of(st.deferred(lambda: as_json(altered(wholes()))), as_json(JSON_VALUES), deep, nested, _SHORT)


@st.composite
def plans(
    draw: st.DrawFn, document: Callable[[], Mapping[str, Any]], pictures: Callable[[], Mapping[str, bytes]]
) -> bytes:
    """Files of plans whose record was altered, and whose members are others."""
    record = json.dumps(draw(st.one_of(altered([document()]), JSON_VALUES))).encode()
    members = {"plan.json": record, **pictures()}
    for name in draw(
        st.lists(st.sampled_from([*members, "pictures/x", "../plan.json", "plan.json/", *[""] * 9]), max_size=2)
    ):
        members[name] = draw(_SHORT)
    return zip_of({name: data for name, data in members.items() if name and draw(st.integers(0, 19))})


def names() -> Files:
    """Names that a spreadsheet, a shell, a path or a page would make something of."""
    letters = st.one_of(
        st.sampled_from("=+-@\t\r\n;,'\"|\uff1d\uff0b\uff0d\uff20 \x00\x1b/\\.:%!"), st.characters(codec="utf-8")
    )
    formulas = st.sampled_from(
        (
            "=cmd|'/c calc'!A0",
            "@SUM(1)",
            "+1+1",
            "-2+3",
            "\t=1",
            "a;=1",
            'a",=1',
            "\uff1d1",
            "../../etc/passwd",
            "C:\\x",
            HOSTILE,
        )
    )
    return st.one_of(
        st.text(letters, max_size=30), formulas, st.builds("{}{}".format, st.text(letters, max_size=4), formulas)
    ).map(lambda name: name.encode("utf-8", "surrogatepass"))


_CONTROLS: Final[Mapping[str, Sequence[str]]] = {
    "grid": ("7", "99", "-3", "2.5", "5"),
    "rows": ("3", "0"),
    "cols": ("9", "1"),
    "apart": ("true", "false", "yes"),
    "engine": tuple(EngineName),
    "rule": (*RuleName, "My own threshold", "Automatic"),
    "scope": tuple(Scope),
    "alarms": ("0.1", "10 %", "-1"),
    "defective": ("0.01", "few"),
    "threshold": ("1.25", "nan", "inf", "1e400", "-1"),
    "sample": ("Clean wire mesh", "no such sample"),
    "shown": ("0", "-1"),
    "good": ("true", "x"),
}
_PARAMETERS: Final[Mapping[str, Sequence[str]]] = {
    # Pages whose controls are the same tell them by these.
    **{
        f"{prefix}{name}": values
        for prefix in ("", "left-", "right-", "compare-", "evaluate-", "batch-")
        for name, values in _CONTROLS.items()
    },
    "picture": ("0123456789abcdef", ""),
    "page": ("1", "0", "999999999999"),
    "plan": ("Cloth~1", "Cloth~99999999999999999999", "~", "../../x~1", "Cloth~\u0663"),
    "run": ("0" * 16, "../.."),
    "watcher": ("0" * 16, "../.."),
    "view": ("Both", "Scores"),
    "look": ("Table", "Stability", "x"),
    "history-name": ("%_\\", "part"),
    "history-verdict": ("normal", "failed", "x"),
    "history-digest": ("0123", "%", "G"),
    "history-plan": ("Cloth", "%"),
    "embed": ("true",),
}


def addresses(pages: Sequence[str]) -> Files:
    """Query strings with known and unknown names, sensible and senseless values; `at` is the page."""
    name = st.sampled_from([*_PARAMETERS])
    odd = st.one_of(
        st.text(max_size=20), st.sampled_from((HOSTILE, "1" * 5000, "\0", "%00", "\ud800", "\u0661", "1e309"))
    )

    @st.composite
    def query(draw: st.DrawFn) -> bytes:
        values = {"at": draw(st.sampled_from(list(pages)))}
        for one in draw(st.lists(name, max_size=8)):
            values[one] = draw(st.one_of(st.sampled_from(_PARAMETERS[one]), odd))
        return urlencode(values, errors="surrogatepass").encode()

    return query()
