"""Names in archives that do not say how they are encoded."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pytest

from segdetect.pictures.source_file import Sources
from segdetect.pictures.uploads import list_uploads

PNG = b"\x89PNG\r\n\x1a\nrest"


def found_in(*names: bytes, flag: bool = False, extra: bytes = b"") -> Sources:
    """An archive with members of these raw names."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for index, name in enumerate(names):
            info = zipfile.ZipInfo(f"{index:03}".ljust(len(name), "x"))
            info.extra = extra
            archive.writestr(info, PNG)
    data = buffer.getvalue()
    for index, name in enumerate(names):
        data = data.replace(f"{index:03}".ljust(len(name), "x").encode(), name)
    if flag:
        data = _flagged(data)
    return list_uploads([("batch.zip", data)])


def _flagged(data: bytes) -> bytes:
    changed, at = bytearray(data), 0
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(magic)
        while at >= 0:
            changed[at + offset + 1] |= 8
            at = data.find(magic, at + 1)
    return bytes(changed)


def names(found: Sources) -> list[str]:
    return [file.name for file in found.files]


@pytest.mark.parametrize("flag", [True, False], ids=["flag", "no flag"])
def test_utf8_is_read_with_and_without_its_flag(flag: bool) -> None:
    wanted = ["Größe.png", "部品/キズ.png", "деталь.png", "größe.png", "图片.png"]
    found = found_in(*(name.encode() for name in wanted), flag=flag)
    assert names(found) == wanted
    assert found.notes == ()


CODE_PAGES = [
    ("Größe.png", "cp437", "cp437"),
    ("März/Prüfung.png", "cp437", "cp437"),
    ("café.png", "cp437", "cp437"),
    ("5µm.png", "cp437", "cp437"),
    ("são.png", "cp850", "cp850"),
    ("Ørsted.png", "cp850", "cp850"),
    ("Größe.png", "cp1252", "cp1252"),
    ("mañana.png", "cp1252", "cp1252"),
    ("école.png", "cp1252", "cp1252"),
    ("5°.png", "cp1252", "cp1252"),
    ("テスト.png", "shift_jis", "Shift JIS"),
    ("部品/キズ01.png", "shift_jis", "Shift JIS"),
    ("不良品_傷.png", "shift_jis", "Shift JIS"),
    ("测量.png", "gbk", "GBK"),
    ("缺陷/划痕.png", "gbk", "GBK"),
    ("图片.png", "gbk", "GBK"),
    ("деталь.png", "cp866", "cp866"),
]


@pytest.mark.parametrize(("name", "encoding", "told"), CODE_PAGES)
def test_a_code_page_is_told_by_the_names_and_said(name: str, encoding: str, told: str) -> None:
    found = found_in(name.encode(encoding), b"plain.png")
    assert names(found) == [name, "plain.png"]
    assert [bool(file.notes) for file in found.files] == [True, False]
    assert told in found.notes[0]
    assert "assumed" in found.notes[0]


def test_names_of_one_archive_share_their_code_page() -> None:
    # The first alone reads as well in another code page.
    wanted = ["mué.png", "Größenänderung.png", "Prüfstück 3 für Müller.png"]
    assert names(found_in(*(name.encode("cp1252") for name in wanted))) == wanted


def test_the_name_that_an_archive_adds_in_utf8_is_taken() -> None:
    raw = "Gr????e.png".encode("cp437").replace(b"????", b"\x94\xe1xx")
    told = "Größe.png".encode()
    field = b"\1" + struct.pack("<I", zlib.crc32(raw)) + told
    found = found_in(raw, extra=struct.pack("<HH", 0x7075, len(field)) + field)
    assert (names(found), found.notes) == (["Größe.png"], ())


def test_an_added_name_of_another_is_not_taken() -> None:
    field = b"\1" + struct.pack("<I", 1) + b"evil.png"
    found = found_in("café.png".encode("cp437"), extra=struct.pack("<HH", 0x7075, len(field)) + field)
    assert names(found) == ["café.png"]


def test_any_bytes_are_some_name() -> None:
    found = found_in(*(bytes([b]) * 4 + b".png" for b in range(128, 256)))
    assert len({*names(found)}) == 128
    assert all(name.encode() for name in names(found))


def test_the_archive_s_files_are_read_under_their_right_names() -> None:
    (file,) = found_in("画像.png".encode("cp932")).files
    assert (file.name, file.data()) == ("画像.png", PNG)
