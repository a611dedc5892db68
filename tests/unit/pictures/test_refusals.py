"""What is not opened is told by its content and refused in words of its own: raws, other pictures, no pictures."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pytest

from segdetect.errors import ImageTooLargeError, InputError, SegDetectError, UnreadableImageError
from segdetect.pictures.loading import load_image
from segdetect.pictures.sources import list_sources
from segdetect.pictures.uploads import list_uploads
from tests.support.picture_files import dicom, encoded, heic, tagged_tiff
from tests.support.pictures import tiff, weave
from tests.support.still_files import avif, j2k, jp2, netpbm, pam, pfm

NEW, COMPRESSION, COLOURS, MAKE, WITHIN, DNG = 254, 259, 262, 271, 330, 50706
THUMBNAIL = {NEW: 1, 256: 160, 257: 120, COMPRESSION: 1, COLOURS: 2}
SENSOR = {NEW: 0, COLOURS: 32803}

RAWS: dict[str, tuple[bytes, str]] = {
    "DNG": (tagged_tiff(THUMBNAIL | {WITHIN: 1, DNG: [1, 4, 0, 0]}, SENSOR | {COMPRESSION: 7}), "DNG"),
    "DNG, linear": (tagged_tiff({NEW: 0, COLOURS: 34892, DNG: b"\1\4\0\0"}), "DNG"),
    "NEF": (tagged_tiff(THUMBNAIL | {MAKE: b"NIKON CORPORATION\0", WITHIN: 2}, {NEW: 1}, SENSOR, order=">"), "NEF"),
    "NEF, compressed": (tagged_tiff(THUMBNAIL | {MAKE: b"NIKON\0", WITHIN: 1}, {NEW: 0, COMPRESSION: 34713}), "NEF"),
    "ARW": (tagged_tiff({NEW: 1, MAKE: b"SONY \0", WITHIN: 1}, SENSOR | {COMPRESSION: 32767}), "ARW"),
    "PEF": (tagged_tiff({MAKE: b"PENTAX \0", COLOURS: 32803, COMPRESSION: 65535}, THUMBNAIL, order=">"), "PEF"),
    "SRW": (tagged_tiff(THUMBNAIL | {MAKE: b"SAMSUNG\0", WITHIN: 1}, SENSOR | {COMPRESSION: 32770}), "SRW"),
    "3FR": (tagged_tiff(THUMBNAIL | {MAKE: b"Hasselblad\0", WITHIN: 1}, SENSOR), "3FR"),
    "of an unknown camera": (tagged_tiff(THUMBNAIL, SENSOR), ""),
    "CR2": (b"II*\0\x10\0\0\0CR\2\0" + bytes(40), "CR2"),
    "CR3": (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(40), "CR3"),
    "CRW": (b"II\x1a\0\0\0HEAPCCDR" + bytes(40), "CRW"),
    "RAF": (b"FUJIFILMCCD-RAW 0201FF383501" + bytes(40), "RAF"),
    "ORF": (b"IIRO\x08\0\0\0" + bytes(40), "ORF"),
    "ORF, older": (b"IIRS\x08\0\0\0" + bytes(40), "ORF"),
    "ORF, big-endian": (b"MMOR\0\0\0\x08" + bytes(40), "ORF"),
    "RW2": (b"IIU\0\x18\0\0\0" + bytes(40), "RW2"),
    "X3F": (b"FOVb\0\0\2\0" + bytes(40), "X3F"),
    "MRW": (b"\0MRM\0\0\2\0" + bytes(40), "MRW"),
    "IIQ": (b"II*\0\x10\0\0\0IIII" + bytes(40), "IIQ"),
}
STORAGE = "1.2.840.10008.5.1.4.1.1"
WITHOUT_PIXELS = {
    "1.2.840.10008.1.3.10": "a DICOM directory (DICOMDIR)",
    f"{STORAGE}.88.11": "a DICOM report (SR)",
    f"{STORAGE}.88.59": "a DICOM report (SR)",
    f"{STORAGE}.11.1": "a DICOM presentation state (PR)",
    f"{STORAGE}.104.1": "a document within DICOM",
    f"{STORAGE}.481.3": "a DICOM radiotherapy plan",
    f"{STORAGE}.9.1.1": "a DICOM waveform",
    f"{STORAGE}.66": "DICOM raw data",
}


def refused(data: bytes, name: str = "part.img") -> str:
    with pytest.raises(UnreadableImageError) as caught:
        load_image(data, name=name)
    assert caught.value.remedy
    return str(caught.value)


@pytest.mark.parametrize("kind", RAWS)
@pytest.mark.parametrize("name", ["part.tif", "part.jpg", "part"])
def test_a_camera_raw_is_refused_as_one_whatever_its_name(kind: str, name: str) -> None:
    data, called = RAWS[kind]
    words = refused(data, name)
    assert f"it is a camera raw picture ({called}): what the sensor" in words or (not called and "camera raw" in words)
    assert "export it as TIFF or PNG" in words


@pytest.mark.parametrize("kind", RAWS)
def test_a_camera_raw_in_a_folder_fails_rather_than_being_left_out(kind: str, tmp_path: Path) -> None:
    (tmp_path / "shot.bin").write_bytes(RAWS[kind][0])
    (file,) = list_sources([tmp_path]).files
    assert file.name == "shot.bin"


def test_a_tiff_of_a_camera_or_scanner_is_no_raw() -> None:
    from segdetect.pictures.camera_raws import camera_raw

    assert camera_raw(tiff(weave())) is None
    assert camera_raw(tagged_tiff({MAKE: b"NIKON CORPORATION\0", COLOURS: 2, COMPRESSION: 1}, THUMBNAIL)) is None


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\0\0\1\0\2\0" + bytes(60), "an icon (ICO)"),
        (b"\0\0\2\0\2\0" + bytes(60), "a mouse pointer (CUR)"),
        (b"icns\0\0\0\x50" + bytes(60), "an icon (ICNS)"),
    ],
)
def test_icons_are_refused_since_they_hold_one_drawing_in_many_sizes(data: bytes, what: str, tmp_path: Path) -> None:
    assert f"it is {what}, which holds the same drawing in several sizes and is not read. Save the size" in refused(
        data
    )
    (tmp_path / "drawing").write_bytes(data)
    (tmp_path / "part.png").write_bytes(encoded([weave()], "PNG"))
    assert [item.reason for item in list_sources([tmp_path]).left_out] == [f"it is {what}"]


@pytest.mark.parametrize("kind", WITHOUT_PIXELS)
def test_dicom_without_pixels_is_refused_when_it_is_given_and_left_out_where_it_is_found(
    kind: str, tmp_path: Path
) -> None:
    data, what = dicom(np.zeros((0, 4, 4), np.uint8), kind=kind), WITHOUT_PIXELS[kind]
    picture = dicom(np.zeros((1, 4, 4), np.uint8))
    assert f"it is {what}, which holds no picture. Load a DICOM file with an image" in refused(data)
    for name in ("DICOMDIR", "report.dcm"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).write_bytes(data)
        with pytest.raises(InputError, match="no picture was found in it"):
            list_sources([folder])
        (folder / "IM1").write_bytes(picture)
        found = list_sources([folder])
        assert [file.name for file in found.files] == ["IM1"]
        assert [(item.name, item.reason) for item in found.left_out] == [(name, f"it is {what}")]
        uploaded = list_uploads([("all.zip", zipped({name: data, "IM1": picture}))])
        assert [item.reason for item in uploaded.left_out] == [f"it is {what}"]


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def test_a_dicom_with_a_radiotherapy_image_or_a_segmentation_is_a_picture() -> None:
    for kind in (f"{STORAGE}.481.1", f"{STORAGE}.481.2", f"{STORAGE}.66.4", f"{STORAGE}.2"):
        assert load_image(dicom(np.eye(16, dtype=np.uint8)[None], kind=kind), name="IM").size_wh == (16, 16)


def wide_png() -> bytes:
    data = encoded([weave()], "PNG")
    header = b"IHDR" + struct.pack(">II", 60_000, 60_000) + data[24:29]
    return data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:]


# One kind of trouble is told from another by the sentence.
KINDS: dict[str, tuple[Callable[[], bytes], str]] = {
    "too large": (wide_png, "60000 x 60000 pixels (3600.0 megapixels) are more than the limit of 150 megapixels"),
    "damaged": (lambda: encoded([weave()], "PNG")[:-2000], "it is damaged or cut off: no whole PNG picture"),
    "no picture": (lambda: b"%PDF-1.7\n" + bytes(30), "it is a PDF document, not a picture"),
    "unknown": (lambda: bytes(range(1, 200)), "it is not a known kind of picture"),
    "not read": (lambda: b"8BPS\0\1" + bytes(40), "it is a Photoshop file (PSD), a kind of picture that is not read"),
    "raw": (lambda: RAWS["NEF"][0], "it is a camera raw picture (NEF): what the sensor measured"),
    "empty": (lambda: b"", "the file is empty (0 bytes)"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_trouble_has_a_sentence_of_its_own(kind: str) -> None:
    make, words = KINDS[kind]
    with pytest.raises((UnreadableImageError, ImageTooLargeError)) as caught:
        load_image(make(), name="part")
    assert caught.value.problem.startswith(words)
    assert not any(caught.value.problem.startswith(other) for name, (_, other) in KINDS.items() if name != kind)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"SIMPLE  =                    T", "a FITS picture"),
        (b"\x76\x2f\x31\x01" + bytes(9), "an OpenEXR picture"),
        (b"#?RADIANCE\n", "a Radiance HDR picture"),
        (b"gimp xcf v011\0", "a GIMP file (XCF)"),
    ],
)
def test_pictures_of_other_kinds_are_named_and_fail_in_a_folder(data: bytes, what: str, tmp_path: Path) -> None:
    assert f"it is {what}, a kind of picture that is not read. Save it as PNG" in refused(data)
    (tmp_path / "part").write_bytes(data)
    assert [file.name for file in list_sources([tmp_path]).files] == ["part"]


def _scene() -> np.ndarray:
    return weave((64, 48))


GREY16 = _scene()[..., 0].astype(np.uint16) * 200
WHOLE: dict[str, Callable[[], bytes]] = {
    "png": lambda: encoded([_scene()], "PNG"),
    "apng": lambda: encoded([_scene(), weave((64, 48), seed=1)], "PNG"),
    "png-16": lambda: encoded([GREY16], "PNG"),
    "jpeg": lambda: encoded([_scene()], "JPEG"),
    "jpeg-progressive": lambda: encoded([_scene()], "JPEG", progressive=True),
    "mpo": lambda: encoded([_scene(), weave((64, 48), seed=1)], "MPO"),
    "gif": lambda: encoded([_scene(), weave((64, 48), seed=1)], "GIF"),
    "bmp": lambda: encoded([_scene()], "BMP"),
    "webp": lambda: encoded([_scene()], "WEBP"),
    "webp-lossless": lambda: encoded([_scene(), weave((64, 48), seed=1)], "WEBP", lossless=True),
    "tiff": lambda: tiff(_scene(), weave((64, 48), seed=1)),
    "tiff-lzw": lambda: encoded([_scene()], "TIFF", compression="tiff_lzw"),
    "tiff-jpeg": lambda: encoded([_scene()], "TIFF", compression="jpeg"),
    "tiff-deflate": lambda: encoded([_scene()], "TIFF", compression="tiff_adobe_deflate"),
    "tiff-fax": lambda: encoded([_scene()[..., 0] > 110], "TIFF", compression="group4"),
    "tiff-16": lambda: tiff(GREY16),
    "heic": lambda: heic([_scene()]),
    "avif": lambda: avif(_scene()),
    "jpeg-2000": lambda: jp2(j2k(_scene())),
    "jpeg-xl": lambda: imagecodecs.jpegxl_encode(_scene()),
    "ppm": lambda: netpbm(_scene(), "P6"),
    "pgm-plain": lambda: netpbm(GREY16, "P2", top=65535),
    "pam-and-pfm": lambda: pam(_scene(), "RGB") + pfm(_scene().astype(np.float32)),
    "dicom": lambda: dicom(GREY16[None]),
    "zip": lambda: zipped({"a.png": encoded([_scene()], "PNG"), "b.png": encoded([_scene()], "PNG")}),
}
# What means something to programmers only.
FORBIDDEN = re.compile(
    r"Error|Exception|Traceback|Warning|decod(er|ing)|codec|numpy|ndarray|dtype|PIL\b|Pillow|tifffile|imagecodecs|cv2|OpenCV|"
    r"pydicom|libheif|libtiff|struct|unpack|NoneType|object|module|<class|\b0x[0-9a-f]|errno|\(-\d|-\d+\)|None|"
    r"\w+\.\w+\.\w+\(|index|buffer|bytes-like|unexpected|tuple|\bint\b|broken data stream|segdetect",
)


def trouble(data: bytes, name: str) -> SegDetectError | None:
    try:
        for source in list_uploads([(name, data)]).files:
            load_image(source.data(), name=source.name, max_pixels=1_000_000)
    except SegDetectError as error:
        return error
    return None


def _damaged(kind: str) -> list[bytes]:
    whole, dice = WHOLE[kind](), np.random.default_rng(sum(kind.encode()))
    cut = [whole[: int(len(whole) * share)] for share in np.linspace(0.01, 0.99, 25)]
    flipped = []
    for _ in range(60):
        data = bytearray(whole)
        reach = min(len(data), int(dice.choice((40, 200, 1000, len(data)))))
        for place in dice.integers(2, reach, dice.choice((1, 3, 20))):
            data[place] ^= int(dice.integers(1, 256))
        flipped.append(bytes(data))
    return cut + flipped


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.filterwarnings("ignore")
def test_damaged_files_are_told_in_plain_words(kind: str) -> None:
    troubles = [error for data in _damaged(kind) if (error := trouble(data, "part")) is not None]
    assert len(troubles) >= (5 if kind in ("bmp", "dicom", "tiff", "tiff-16") else 15)
    for error in troubles:
        assert not FORBIDDEN.search(error.problem), str(error)
        assert error.problem
        assert error.remedy
        assert len(str(error)) < 400
