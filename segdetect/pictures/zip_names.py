"""What the names in a ZIP archive are, where the archive does not say how they are encoded."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from typing import Final

_WINDOWS: Final = (0, 10, 14)  # FAT, NTFS and VFAT, as "version made by" names them
_UTF8_FLAG: Final = 0x800
_UNICODE_PATH: Final = 0x7075
# The first of equals is taken: the standard's own code page, then that of Western Europe's DOS, then Windows'.
_SINGLE_BYTE: Final = {"cp437": "DOS (cp437)", "cp850": "DOS (cp850)", "cp1252": "Windows (cp1252)"}
_TITLES: Final = {**_SINGLE_BYTE, "cp932": "Japanese (Shift JIS)", "gbk": "Chinese (GBK)", "cp866": "Cyrillic (cp866)"}
_COMMON: Final = frozenset("äöüßéèêëàâáíóúñçîïôûùæøåÄÖÜÉÅØÆÑÇÁÀÈ")
_RARE: Final = frozenset("ãõòìýÿœšžÃÕÊÔÂÍÓÚÎËÏÌÒÙÛÝŠŽŒ°²³µ±½\u00d7\u2013\u2014")


def member_names(members: Sequence[zipfile.ZipInfo]) -> tuple[list[str], str]:
    """The members' names, and the code page that was assumed for some; empty where none had to be.

    A name is UTF-8 where the archive says so or all its bytes are; the others are taken to share one code page. Where
    Windows' own separators stand in names that were written there, they are separators.
    """
    names, page = _decoded(members)
    return [_separated(name, info) for name, info in zip(names, members, strict=True)], page


def _separated(name: str, info: zipfile.ZipInfo) -> str:
    """A name with forward slashes, as the standard wants them; elsewhere than on Windows a backslash is a letter."""
    return name.replace("\\", "/") if info.create_system in _WINDOWS and "/" not in name else name


def _decoded(members: Sequence[zipfile.ZipInfo]) -> tuple[list[str], str]:
    names = [_stated(info) for info in members]
    raw = [info.orig_filename.encode("cp437") for info, name in zip(members, names, strict=True) if name is None]
    if not raw:
        return [name or "" for name in names], ""
    page = _code_page(raw)
    guessed = iter(_cleaned(name.decode(page, "replace")) for name in raw)
    return [next(guessed) if name is None else name for name in names], _TITLES[page]


def _stated(info: zipfile.ZipInfo) -> str | None:
    """A name that needs no guess."""
    if info.flag_bits & _UTF8_FLAG or info.orig_filename.isascii():
        return info.filename
    raw = info.orig_filename.encode("cp437")
    told = _unicode_path(info.extra, raw)
    if told is not None:
        return _cleaned(told)
    # A few short names in other code pages are UTF-8, too, but of letters that nobody writes.
    return _cleaned(raw.decode("utf-8")) if _likeness(raw, "utf-8", _unicode) > 0.5 else None


def _unicode_path(extra: bytes, raw: bytes) -> str | None:
    """The UTF-8 name that some programs add, where it belongs to this name."""
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        field, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == _UNICODE_PATH and field[:1] == b"\1" and field[1:5] == struct.pack("<I", zlib.crc32(raw)):
            return field[5:].decode("utf-8", "replace")
    return None


def _cleaned(name: str) -> str:
    return name.split("\0", 1)[0]


def _code_page(raw: Sequence[bytes]) -> str:
    joined = b"\n".join(raw)
    scores = {page: _likeness(joined, page, weight) for page, weight in _WEIGHTS.items()}
    return max(scores, key=lambda page: scores[page])


def _likeness(raw: bytes, page: str, weight: Callable[[str, int, int], float]) -> float:
    """0 to 1: how much like names of its languages the bytes read; each character counts by its bytes."""
    try:
        text = raw.decode(page)
    except UnicodeDecodeError:
        return -1.0
    total = value = 0.0
    for index, character in enumerate(text):
        if not character.isascii():
            size = len(character.encode(page))
            total += size
            value += size * weight(text, index, int.from_bytes(character.encode(page), "big"))
    return value / total if total else -1.0


def _unicode(text: str, index: int, _: int) -> float:
    character = text[index]
    rare = "\u0180" <= character <= "\u02ff" or "\u0370" <= character <= "\u0385"
    return 1.0 if not rare or character in "șțȘȚơưƠƯ" else 0.2


def _western(text: str, index: int, _: int) -> float:
    character, before, after = text[index], text[index - 1 : index], text[index + 1 : index + 2]
    value = 0.75 if character in _COMMON else 0.4 if character in _RARE else 0.0
    if not before.isascii() and not after.isascii():  # a run of accents is no Western word
        return value * 0.3
    inside_word = before.isalpha() and before.islower()
    unlikely = (character.isupper() and inside_word) or (character.isalpha() and before.isdigit() and value > 0.4)
    return value * (0.3 if unlikely else 1.0)


def _japanese(text: str, index: int, code: int) -> float:
    character = text[index]
    if "\u3041" <= character <= "\u30fe":  # kana
        return 1.0
    if "\uff61" <= character <= "\uff9f":  # kana of half width, which any upper byte may pass for
        return 0.1
    if "\u4e00" <= character <= "\u9fff":  # the standard's first level holds those in daily use
        return 0.85 * _apart(text, index) if 0x889F <= code <= 0x9872 else 0.2
    return 0.5 if "\u3000" <= character <= "\u303f" or "\uff01" <= character <= "\uff5e" else 0.0


def _chinese(text: str, index: int, code: int) -> float:
    if not "\u4e00" <= text[index] <= "\u9fff":
        return 0.5 if "\u3000" <= text[index] <= "\u303f" or "\uff01" <= text[index] <= "\uff5e" else 0.0
    if code & 0xFF < 0xA1 or code >> 8 < 0xB0:
        return 0.05  # in GBK, and not in GB 2312
    return 0.9 * _apart(text, index) if code >> 8 <= 0xD7 else 0.3


def _apart(text: str, index: int) -> float:
    """A lone ideograph in the middle of a Latin word is none."""
    around = text[index - 1 : index], text[index + 1 : index + 2]
    return 0.3 if all(character.isascii() and character.isalpha() for character in around) else 1.0


def _cyrillic(text: str, index: int, _: int) -> float:
    around = text[max(index - 1, 0) : index] + text[index + 1 : index + 2]
    if any(character.isascii() and character.isalpha() for character in around):
        return 0.05
    return (
        0.8
        if all("\u0400" <= character <= "\u045f" or character.isascii() for character in text[index] + around)
        else 0.0
    )


_WEIGHTS: Final = {
    **dict.fromkeys(_SINGLE_BYTE, _western),
    "cp932": _japanese,
    "gbk": _chinese,
    "cp866": _cyrillic,
}
