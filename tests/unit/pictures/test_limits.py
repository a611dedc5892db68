"""Small files that would decode to gigabytes are refused, in words, before anything is allocated or inflated."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from segdetect.engines.base import EmbedRequest
from segdetect.engines.texture import CELLS, TextureEngine
from segdetect.errors import ImageTooLargeError, InputError, SegDetectError, UnreadableImageError
from segdetect.grid import TileLayout
from segdetect.pictures import limits
from segdetect.pictures.limits import decoded_limit, inflates_within, jpeg_scans
from segdetect.pictures.loading import image_from_pixels, load_image
from segdetect.pictures.sources import read_sources
from segdetect.pictures.uploads import list_uploads
from segdetect.settings import GridSize
from tests.support.bombs import BOMBS, deflated_dicom, jpeg, png, tiff, zeros

ROOT = Path(__file__).parents[3]
MEMORY_BYTES = 1_500_000_000


@pytest.mark.parametrize("kind", BOMBS)
def test_a_small_file_that_would_decode_to_much_is_refused_unread(kind: str) -> None:
    data = BOMBS[kind]()
    assert len(data) < 2_000_000
    with pytest.raises(ImageTooLargeError, match=r"bomb\.x: it would take .* limit of 240 megabytes.*Scale"):
        load_image(data, name="bomb.x")


def test_what_is_within_the_limit_is_read() -> None:
    assert load_image(deflated_dicom(20_000), name="a.dcm").size_wh == (100, 100)
    assert load_image(tiff(64, samples=1, bits=16, tile_side=64), name="a.tif").size_wh == (64, 64)
    assert load_image(tiff(64, samples=3, bits=16), name="a.tif").size_wh == (64, 64)


def test_a_file_may_decode_to_more_the_larger_it_is() -> None:
    limits = [decoded_limit(size) for size in (0, 10_000_000, 15_000_000, 30_000_000, 1 << 30)]
    assert limits == [240_000_000, 240_000_000, 360_000_000, 720_000_000, 900_000_000]


@pytest.mark.parametrize(("count", "limit", "within"), [(0, 0, True), (5_000_000, 5_000_000, True), (2, 1, False)])
def test_a_stream_is_measured_to_the_byte(count: int, limit: int, within: bool) -> None:
    assert inflates_within(zeros(count)[2:-4], limit) is within


def test_a_stream_that_is_cut_off_ends() -> None:
    assert inflates_within(zeros(3_000_000)[2:1000], 10_000_000)


@pytest.mark.parametrize("size_wh", [(1_500_000, 10), (10, 1_500_000), (40_000, 32), (700, 1)])
def test_a_long_line_is_described_at_no_larger_area_than_a_square(size_wh: tuple[int, int]) -> None:
    image = image_from_pixels(np.zeros((*size_wh[::-1], 3), np.uint8), name="line")
    layout = TileLayout(GridSize(1, 2), size_wh, np.array([[0, 0, *size_wh]] * 2, np.int32))
    (found,) = TextureEngine().embed([EmbedRequest(image, layout)])
    assert len(found.boxes_ltrb) == np.prod(found.lattice) <= CELLS * CELLS
    assert tuple(found.boxes_ltrb[:, 2:].max(axis=0)) == size_wh


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    data = jpeg(4000, repeats=300, progressive=True)
    with pytest.raises(UnreadableImageError, match=r"a\.jpg: it has more scans than any camera"):
        load_image(data, name="a.jpg")


def test_scans_of_the_first_picture_alone_are_counted() -> None:
    plain, progressive = jpeg(64), jpeg(64, progressive=True)
    assert jpeg_scans(plain) == 1
    assert jpeg_scans(progressive) == 10
    assert jpeg_scans(jpeg(64, repeats=5, progressive=True)) == 15
    header = b"\xff\xe1" + struct.pack(">H", 2 + len(progressive)) + progressive
    assert jpeg_scans(plain[:2] + header + plain[2:] + progressive * 3) == 1


def zip_of(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def upload_error(data: bytes) -> str:
    """What is said of an uploaded archive that fails as a whole, or of its only member."""
    (source,) = list_uploads([("z.zip", data)]).files
    with pytest.raises(SegDetectError) as caught:
        source.data()
    return str(caught.value)


def test_a_member_that_says_it_inflates_to_much_is_refused_unread(tmp_path: Path) -> None:
    bomb = zip_of({"a.bmp": b"BM" + bytes(250_000_000)})
    assert len(bomb) < 1_000_000
    (tmp_path / "z.zip").write_bytes(bomb)
    (source,) = read_sources([tmp_path / "z.zip"])
    with pytest.raises(ImageTooLargeError, match=r"a\.bmp: the file has more than 240 megabytes"):
        source.data()


def test_a_member_that_is_larger_than_it_says_is_damaged() -> None:
    lying = zip_of({"a.bmp": b"BM" + bytes(9_000_000)}).replace(struct.pack("<I", 9_000_002), struct.pack("<I", 100))
    assert "a.bmp: it is damaged inside its archive" in upload_error(lying)


def test_an_upload_of_pictures_that_are_too_large_together_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    data = zip_of({f"{number}.bmp": b"BM" + bytes(1_000_000) for number in range(4)})
    assert len(list_uploads([("z.zip", data)]).files) == 4
    monkeypatch.setattr(limits, "SMALL_DECODED_BYTES", 3_000_000)
    assert upload_error(data).startswith("z.zip: the pictures in it have 4 megabytes, more than the 3 ")


def test_an_upload_without_pictures_says_so_and_the_others_are_read() -> None:
    none, one = zip_of({"read.me": b"hello there"}), zip_of({"a.png": b"picture"})
    first, second = list_uploads([("none.zip", none), ("one.zip", one)]).files
    with pytest.raises(InputError, match=r"none\.zip: no picture was found in it\. Give an archive with PNG"):
        first.data()
    assert second.data() == b"picture"


@pytest.mark.parametrize("limit", ["MAX_ZIP_MEMBERS", "MAX_UPLOADED_MEMBERS"])
def test_an_upload_of_too_many_members_says_so(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, limit, 2)
    assert upload_error(zip_of({f"{number}.png": b"" for number in range(3)})).startswith("z.zip: the archive has 3 ")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA], ids=["bzip2", "LZMA"])
def test_members_that_cannot_be_inflated_step_by_step_are_refused(method: int) -> None:
    assert "a.png: it is compressed inside its archive in an unusual way" in upload_error(
        zip_of({"a.png": b"picture"}, method)
    )


def test_members_that_share_their_bytes_are_refused() -> None:
    data = zip_of({"a.png": bytes(range(256)) * 8, "b.png": b""}, zipfile.ZIP_STORED)
    start = data.index(b"PK\x01\x02")
    second = data.index(b"PK\x01\x02", start + 1)
    # The second entry of the list is made to stand for the first member's bytes, too.
    entry = data[start:second].replace(b"a.png", b"b.png")
    assert "z.zip: the archive is damaged, or packed as no usual program does" in upload_error(
        data[:second] + entry + data[second + len(entry) :]
    )


@pytest.mark.parametrize("name", [b"\0.png", b"\0\xe9\xe8."], ids=["ASCII", "in a code page"])
def test_a_member_without_a_name_makes_a_damaged_archive(name: bytes) -> None:
    data = zip_of({"a.png": b"picture", "bbbbb": b"picture"}).replace(b"bbbbb", name.ljust(5, b"x"))
    assert "z.zip: the archive is damaged, or packed as no usual program does" in upload_error(data)


# In a process of its own, whose memory has a limit. Engines that inspect take threads, whose stacks count as well.
_LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_DATA, ({memory}, {memory}))
from segdetect.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def in_little_memory(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _LIMITED.format(memory=MEMORY_BYTES), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.skipif(sys.platform != "linux", reason="only there is the limit on memory kept")
def test_a_line_of_a_million_pixels_is_inspected_in_little_memory(tmp_path: Path, isolated: None) -> None:
    (tmp_path / "long.png").write_bytes(png(1_500_000, 10, colour=0, depth=8))
    grid = ["--engine", "texture", "--rows", "1", "--cols", "32"]
    done = in_little_memory("inspect", "long.png", *grid, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("long.png: ")


@pytest.mark.skipif(sys.platform != "linux", reason="only there is the limit on memory kept")
def test_a_folder_of_bombs_is_refused_in_little_memory(tmp_path: Path, isolated: None) -> None:
    kinds = (
        "PNG, one line",
        "TIFF, 1000 deep samples a pixel",
        "TIFF, a tile larger than its picture",
        "deflated DICOM",
    )
    for kind in kinds:
        (tmp_path / f"{kind}.png").write_bytes(BOMBS[kind]())
    done = in_little_memory("inspect", ".", "--engine", "texture", folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("limit of 240 megabytes") == len(kinds), done.stderr
