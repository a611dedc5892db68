"""Files, folders and ZIP archives become pictures with the names that the outputs promise."""

from __future__ import annotations

import io
import os
import stat
import sys
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from segdetect.errors import ImageTooLargeError, InputError, UnreadableImageError
from segdetect.pictures import limits
from segdetect.pictures.source_file import SourceFile
from segdetect.pictures.sources import list_sources, read_sources
from segdetect.pictures.uploads import list_uploads

PNG = b"\x89PNG\r\n\x1a\nrest"


def put(folder: Path, *names: str, data: bytes = PNG) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data + name.encode())


def names_of(*paths: Path) -> list[str]:
    return [source.name for source in read_sources(paths)]


def make_zip(path: Path, members: Sequence[tuple[str, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


def test_a_file_keeps_its_path_as_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "in/a b 'ü' $(x).png")
    monkeypatch.chdir(tmp_path)
    (source,) = read_sources([Path("in/a b 'ü' $(x).png")])
    assert source.name == "in/a b 'ü' $(x).png"
    assert source.data().startswith(PNG)


def test_a_file_given_by_itself_is_always_tried(tmp_path: Path) -> None:
    put(tmp_path, "notes.txt", ".hidden.png", data=b"text")
    assert len(names_of(tmp_path / "notes.txt", tmp_path / ".hidden.png")) == 2


def test_a_folder_is_searched_in_order_without_what_is_no_picture(tmp_path: Path) -> None:
    put(tmp_path, "b.png", "a/2.JPG", "a/10.tiff", "c.dcm", ".hidden.png", ".git/x.png", "__MACOSX/._b.png", "old.psd")
    put(tmp_path, "readme.txt", "manifest.csv", "deep/er/clip.mp4", "Thumbs.db", data=b"nothing to see")
    put(tmp_path, "unnamed", "photo.bak")
    (tmp_path / "empty.png").mkdir()
    assert names_of(tmp_path) == ["a/10.tiff", "a/2.JPG", "b.png", "c.dcm", "old.psd", "photo.bak", "unnamed"]


def test_a_pipe_in_a_folder_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    put(tmp_path, "a.png")
    assert names_of(tmp_path) == ["a.png"]


def test_zip_members_come_in_their_order(tmp_path: Path) -> None:
    archive = make_zip(
        tmp_path / "parts.zip",
        [("z.png", PNG + b"z"), ("sub/", b""), ("sub/a.jpg", PNG), ("__MACOSX/._z.png", b"x"), ("readme.md", b"hello")],
    )
    assert names_of(archive) == ["z.png", "sub/a.jpg"]
    assert next(read_sources([archive])).data() == PNG + b"z"


def test_a_zip_is_told_by_its_content(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "parts.bin", [("z.png", PNG)])
    assert names_of(archive) == ["z.png"]


def test_nothing_is_written_when_a_zip_points_outside(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    archive = make_zip(inner / "evil.zip", [("../../evil.png", PNG), ("/abs.png", PNG)])
    assert [source.data() for source in read_sources([archive])] == [PNG, PNG]
    assert [path.name for path in tmp_path.rglob("*")] == ["inner", "evil.zip"]


def test_a_link_in_a_zip_is_not_followed(tmp_path: Path) -> None:
    put(tmp_path, "secret.png")
    link = zipfile.ZipInfo("link.png")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "links.zip", "w") as archive:
        archive.writestr(link, str(tmp_path / "secret.png"))
    (source,) = read_sources([tmp_path / "links.zip"])
    assert source.data() == str(tmp_path / "secret.png").encode()


def test_equal_names_get_their_folder_in_front(tmp_path: Path) -> None:
    put(tmp_path, "one/a.png", "one/only.png", "two/a.png")
    archive = make_zip(tmp_path / "three.zip", [("a.png", PNG)])
    assert names_of(tmp_path / "one", tmp_path / "two", archive) == [
        "one/a.png",
        "only.png",
        "two/a.png",
        "three/a.png",
    ]


def test_equal_names_in_folders_of_equal_names_get_the_whole_path(tmp_path: Path) -> None:
    put(tmp_path, "x/run/a.png", "y/run/a.png")
    assert names_of(tmp_path / "x/run", tmp_path / "y/run") == [str(tmp_path / f"{part}/run/a.png") for part in "xy"]


def test_a_file_given_keeps_its_name_against_one_in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "a.png", "dir/a.png")
    monkeypatch.chdir(tmp_path)
    assert names_of(Path("dir"), Path("a.png")) == ["dir/a.png", "a.png"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_zip_with_the_same_name_twice_numbers_them(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "twice.zip", [("a.png", PNG + b"1"), ("a.png", PNG + b"2")])
    found = list(read_sources([archive]))
    assert len({source.name for source in found}) == 2
    assert [source.data()[-1:] for source in found] == [b"1", b"2"]


def test_a_file_that_two_paths_lead_to_comes_once(tmp_path: Path) -> None:
    put(tmp_path, "d/a.png", "d/b.png")
    assert names_of(tmp_path / "d", tmp_path / "d/a.png", tmp_path / "d") == ["a.png", "b.png"]


def test_a_path_that_is_not_there() -> None:
    with pytest.raises(InputError, match="no such file") as caught:
        read_sources([Path("nowhere/at all.png")])
    assert caught.value.file == "nowhere/at all.png"
    assert caught.value.remedy


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_a_place_without_pictures(tmp_path: Path, kind: str) -> None:
    put(tmp_path / "d", "readme.txt", data=b"text")
    place = tmp_path / "d" if kind == "folder" else make_zip(tmp_path / "e.zip", [("readme.txt", b"text")])
    with pytest.raises(InputError, match="no picture"):
        read_sources([place])


def test_a_file_that_vanished(tmp_path: Path) -> None:
    put(tmp_path, "a.png")
    (source,) = read_sources([tmp_path])
    (tmp_path / "a.png").unlink()
    with pytest.raises(UnreadableImageError, match=r"a\.png: it is no longer there"):
        source.data()


def test_a_dangling_link_fails_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "link.png").symlink_to("gone.png")
    (source,) = read_sources([tmp_path / "link.png"])
    with pytest.raises(UnreadableImageError, match="no longer there"):
        source.data()


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "a.png")
    (source,) = read_sources([tmp_path])

    # chmod would not stop root, as which tests may run.
    def refuse(*args: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UnreadableImageError, match="may not be read"):
        source.data()


def test_a_folder_that_may_not_be_read_is_not_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "a.png", "locked/b.png")
    real = os.scandir

    def scandir(path: str | Path) -> object:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = list(read_sources([tmp_path]))
    assert [source.name for source in found] == ["a.png", "locked"]
    with pytest.raises(UnreadableImageError, match="may not be read"):
        found[1].data()
    (alone,) = read_sources([tmp_path / "locked"])
    assert alone.name == str(tmp_path / "locked")


def test_a_place_without_a_picture_fails_by_itself_and_the_others_are_listed(tmp_path: Path) -> None:
    empty, folder, good = tmp_path / "empty.zip", tmp_path / "nothing", tmp_path / "good.png"
    zipfile.ZipFile(empty, "w").close()
    folder.mkdir()
    good.write_bytes(b"pixels")
    for place in (empty, folder):
        with pytest.raises(InputError, match="no picture was found in it"):
            list_sources([place])
    files = list_sources([empty, good, folder]).files
    assert [file.name for file in files] == [str(empty), str(good), str(folder)]
    assert files[1].data() == b"pixels"
    for file in (files[0], files[2]):
        with pytest.raises(InputError, match="no picture was found in it"):
            file.data()
    with pytest.raises(InputError, match="no such file or folder"):
        list_sources([good, tmp_path / "misspelt.png"])


def test_an_encrypted_member_says_what_to_do(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "secret.zip", [("a.png", PNG)])
    data = bytearray(archive.read_bytes())
    data[6] |= 1
    data[data.find(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(data)
    (source,) = read_sources([archive])
    with pytest.raises(UnreadableImageError, match=r"encrypted.*password"):
        source.data()


@pytest.mark.parametrize("data", [b"PK\x03\x04 no archive", b""], ids=["damaged", "empty"])
def test_a_damaged_archive_fails_when_it_is_read(tmp_path: Path, data: bytes) -> None:
    archive = tmp_path / "bad.zip"
    archive.write_bytes(data)
    (source,) = read_sources([archive])
    with pytest.raises(UnreadableImageError, match="archive"):
        source.data()


def test_a_damaged_member_does_not_spoil_the_others(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "part.zip", [("a.png", PNG + bytes(range(256)) * 4), ("b.png", PNG)])
    data = bytearray(archive.read_bytes())
    data[60] ^= 0xFF
    archive.write_bytes(data)
    first, second = read_sources([archive])
    with pytest.raises(UnreadableImageError, match=r"a\.png: it is damaged inside its archive"):
        first.data()
    assert second.data() == PNG


@pytest.mark.parametrize("kind", ["file", "zip"])
def test_too_large_a_file_is_refused_unread(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_FILE_BYTES", 1000)
    put(tmp_path, "a.png", data=PNG + bytes(2000))
    place = tmp_path / "a.png" if kind == "file" else make_zip(tmp_path / "z.zip", [("a.png", PNG + bytes(2000))])
    (source,) = read_sources([place])
    with pytest.raises(ImageTooLargeError, match=r"a\.png"):
        source.data()


def test_an_endless_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_FILE_BYTES", 1000)
    (source,) = read_sources([Path("/dev/zero")])
    with pytest.raises(ImageTooLargeError):
        source.data()


def test_too_many_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_ZIP_MEMBERS", 2)
    archive = make_zip(tmp_path / "many.zip", [(f"{i}.png", PNG) for i in range(3)])
    with pytest.raises(InputError, match="3 members"):
        read_sources([archive])


def test_uploads_may_be_pictures_and_archives() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.png", PNG + b"zip")
    found = list_uploads([("a.png", PNG), ("b.png", PNG), ("parts.zip", buffer.getvalue())]).files
    assert [source.name for source in found] == ["a.png", "b.png", "parts/a.png"]
    assert found[2].data() == PNG + b"zip"


@pytest.mark.skipif(sys.platform != "linux", reason="only there may a name hold any byte")
def test_a_name_that_is_no_text_is_spelt_with_replacement_characters(tmp_path: Path) -> None:
    for name in (b"/\xff.png", b"/\xfe.png"):
        Path(os.fsdecode(bytes(tmp_path) + name)).write_bytes(b"picture")
    names = [source.name for source in read_sources([tmp_path])]
    assert len(set(names)) == 2
    assert all(name.encode() and "\ufffd" in name and name.endswith(".png") for name in names)


def _zips(folder: Path, count: int) -> list[Path]:
    paths = [folder / f"{number:03}.zip" for number in range(count)]
    for number, path in enumerate(paths):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"{number}-a.png", b"a%d" % number)
            archive.writestr(f"{number}-b.png", b"b%d" % number)
    return paths


def _open_files() -> set[tuple[str, str]]:
    """Number and target of each open file, without pipes and sockets, which other threads open and close at any moment.

    Others' files may close as well, so only new ones are counted.
    """
    links = Path("/proc/self/fd").iterdir()
    return {(link.name, str(link.readlink())) for link in links if link.is_symlink() and link.is_file()}


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files in /proc")
@pytest.mark.parametrize("uploaded", [False, True], ids=["on disk", "uploaded"])
def test_however_many_zips_hold_one_file_open_and_none_afterwards(tmp_path: Path, uploaded: bool) -> None:
    paths = _zips(tmp_path, 200)
    before = _open_files()
    uploads = [(p.name, p.read_bytes()) for p in paths]
    files = (list_uploads(uploads) if uploaded else list_sources(paths)).files
    assert len(files) == 400
    assert len(_open_files() - before) <= 1
    # In whatever order they are read.
    for file in (*files[::2], *reversed(files)):
        number = file.name.split("-")[0]
        assert file.data()[1:] == number.encode()
        assert len(_open_files() - before) <= 1
    del files, file
    assert not _open_files() - before


def test_threads_read_from_several_zips_at_once(tmp_path: Path) -> None:
    files = list(read_sources(_zips(tmp_path, 5)))
    with ThreadPoolExecutor(8) as pool:
        for file, data in zip(files * 40, pool.map(SourceFile.data, files * 40), strict=True):
            assert data == file.name[-5:-4].encode() + file.name.split("-")[0].encode()


def test_a_zip_that_was_replaced_since_it_was_listed_is_no_crash(tmp_path: Path) -> None:
    first, second = _zips(tmp_path, 2)
    files = list(read_sources([first, second]))
    assert files[2].data() == b"a1"
    first.write_bytes(b"PK no archive any more")
    with pytest.raises(UnreadableImageError, match="damaged inside its archive"):
        files[0].data()
    first.unlink()
    with pytest.raises(UnreadableImageError, match="no longer there"):
        files[0].data()
    assert files[3].data() == b"b1"
