"""Folders and archives are searched once and whole, and what is left out is told."""

from __future__ import annotations

import io
import json
import unicodedata
import zipfile
from pathlib import Path

import pytest

from segdetect.errors import DatasetError, ImageTooLargeError, InputError, UnreadableImageError
from segdetect.pictures import limits
from segdetect.pictures.source_file import SourceFile, Sources
from segdetect.pictures.sources import list_sources
from segdetect.pictures.uploads import list_uploads

PNG = b"\x89PNG\r\n\x1a\nrest"
OWN_RECORD = json.dumps({"segdetect": "0.1.0", "engine": "texture"}).encode()


def put(folder: Path, *names: str, data: bytes = PNG) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def names(found: Sources) -> list[str]:
    return [file.name for file in found.files]


def reasons(found: Sources) -> dict[str, str]:
    return {item.name: item.reason for item in found.left_out}


def test_a_linked_folder_is_searched(tmp_path: Path) -> None:
    put(tmp_path, "elsewhere/deep/a.png", "home/b.png")
    (tmp_path / "home/link").symlink_to(tmp_path / "elsewhere")
    found = list_sources([tmp_path / "home"])
    assert names(found) == ["b.png", "link/deep/a.png"]
    assert found.left_out == ()
    assert [file.data() for file in found.files] == [PNG, PNG]


def test_a_folder_is_found_by_its_own_name_and_once(tmp_path: Path) -> None:
    put(tmp_path, "zoo/a.png")
    (tmp_path / "another").symlink_to("zoo")
    (tmp_path / "zoo/more").symlink_to(tmp_path / "zoo")
    found = list_sources([tmp_path])
    assert names(found) == ["zoo/a.png"]
    assert set(reasons(found)) == {"another/", "zoo/more/"}
    assert all("searched already" in reason for reason in reasons(found).values())


@pytest.mark.parametrize("target", ["..", "../..", "/", "."])
def test_links_in_a_circle_end(tmp_path: Path, target: str) -> None:
    put(tmp_path, "home/a.png", "beside/b.png")
    (tmp_path / "home/up").symlink_to(target)
    assert names(list_sources([tmp_path / "home"])) == ["a.png"]


def test_two_links_to_each_other_are_told(tmp_path: Path) -> None:
    put(tmp_path, "a.png")
    (tmp_path / "one.png").symlink_to("two.png")
    (tmp_path / "two.png").symlink_to("one.png")
    found = list_sources([tmp_path])
    assert names(found)[0] == "a.png"
    assert {*names(found), *reasons(found)} == {"a.png", "one.png", "two.png"}


def test_a_link_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    put(tmp_path, "a.png")
    (tmp_path / "b.png").symlink_to("gone.png")
    assert reasons(list_sources([tmp_path])) == {"b.png": "it is a link that leads nowhere"}


def test_files_reached_through_two_paths_come_once_and_that_is_told(tmp_path: Path) -> None:
    put(tmp_path, "real/a.png")
    (tmp_path / "link").symlink_to("real")
    found = list_sources([tmp_path / "real", tmp_path / "link/a.png"])
    assert names(found) == ["a.png"]
    assert reasons(found) == {str(tmp_path / "link/a.png"): "it was found before"}


def test_linked_files_of_equal_content_are_files_of_their_own(tmp_path: Path) -> None:
    put(tmp_path, "store/1")
    for name in ("a.png", "b.png"):
        (tmp_path / "set").mkdir(exist_ok=True)
        (tmp_path / "set" / name).symlink_to(tmp_path / "store/1")
    assert names(list_sources([tmp_path / "set"])) == ["a.png", "b.png"]


LEFT_BEHIND = [
    *(".git/a.png", ".thumbnails/a.png", "._a.png", ".hidden.png", "__MACOSX/a.png", "__macosx/a.png"),
    *("@eaDir/a.png/SYNOPHOTO_THUMB_M.jpg", "@EADIR/a.png", "#recycle/a.png", "@Recycle/a.png", "$RECYCLE.BIN/a.png"),
    *("$Recycle.Bin/S-1-5/a.png", "RECYCLER/a.png", "System Volume Information/a.png", "lost+found/a.png"),
    *("#snapshot/daily/a.png", "@Recently-Snapshot/a.png", ".@__thumb/a.png", "Network Trash Folder/a.png"),
    *("SYNOFILE_THUMB_M.png", "Thumbs.db", "THUMBS.DB", "~$a.png", "desktop.ini", ".Trash-1000/files/a.png"),
]


@pytest.mark.parametrize("kind", ["folder", "zip"])
@pytest.mark.parametrize("name", LEFT_BEHIND)
def test_what_systems_leave_behind_is_left_out_and_told(tmp_path: Path, name: str, kind: str) -> None:
    put(tmp_path / "home", "real.png", f"sub/{name}")
    if kind == "zip":
        (tmp_path / "home.zip").write_bytes(zipped({"real.png": PNG, f"sub/{name}": PNG}))
    found = list_sources([tmp_path / ("home" if kind == "folder" else "home.zip")])
    assert names(found) == ["real.png"]
    (left_out,) = found.left_out
    assert left_out.maybe_picture
    assert left_out.reason
    first = name.split("/")[0]
    assert left_out.name == f"sub/{first}" + "/" * ("/" in name)


def test_names_of_ordinary_files_are_not_taken_for_leftovers(tmp_path: Path) -> None:
    ordinary = ["@2x.png", "#1.png", "$a.png", "thumbs/a.png", "recycled parts/a.png", "annotated/a.png"]
    put(tmp_path, *ordinary)
    found = list_sources([tmp_path])
    assert sorted(names(found)) == sorted(ordinary)


def test_a_hidden_folder_given_by_itself_is_searched(tmp_path: Path) -> None:
    put(tmp_path, ".cache/a.png", "@eaDir/b.png")
    assert names(list_sources([tmp_path / ".cache", tmp_path / "@eaDir"])) == ["a.png", "b.png"]


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_the_programs_own_pictures_are_left_out(tmp_path: Path, kind: str) -> None:
    members = {
        **{"a.png": PNG, "out/run.json": OWN_RECORD, "out/masks/a.png": PNG, "out/mine.png": PNG},
        **{"out/annotated/a.png": PNG, "out/heatmaps/a.tiff": PNG},
        **{"other/run.json": b'{"name": "theirs"}', "other/annotated/b.png": PNG},
        **{"bad/run.json": b"[" * 100_000, "bad/annotated/c.png": PNG},
    }
    for name, data in members.items():
        put(tmp_path / "home", name, data=data)
    (tmp_path / "home.zip").write_bytes(zipped(members))
    found = list_sources([tmp_path / ("home" if kind == "folder" else "home.zip")])
    assert sorted(names(found)) == ["a.png", "bad/annotated/c.png", "other/annotated/b.png", "out/mine.png"]
    for own in ("annotated", "masks", "heatmaps"):
        assert reasons(found)[f"out/{own}/"] == "this program wrote it"


def test_what_is_no_picture_is_told_apart_from_what_may_be_one(tmp_path: Path) -> None:
    put(tmp_path, "a.png", ".b.png")
    put(tmp_path, "notes.txt", data=b"plain text")
    put(tmp_path, "report.pdf", data=b"%PDF-1.7")
    put(tmp_path, "data.bin", data=bytes(100))
    found = list_sources([tmp_path])
    assert {item.name: item.maybe_picture for item in found.left_out} == {
        **{".b.png": True, "data.bin": False, "notes.txt": False, "report.pdf": False}
    }
    assert reasons(found)["report.pdf"] == "it is a PDF document"
    assert reasons(found)["data.bin"] == "it is no picture"


def test_where_all_is_left_out_the_error_says_what(tmp_path: Path) -> None:
    put(tmp_path, ".a.png")
    with pytest.raises(InputError, match=r"no picture was found in it; left out: \.a\.png \(it is hidden"):
        list_sources([tmp_path])


@pytest.mark.parametrize("suffix", [".zip", ".ZIP"])
def test_a_zip_in_a_folder_and_one_in_a_zip_are_searched(tmp_path: Path, suffix: str) -> None:
    inner = zipped({"c.PNG": PNG + b"c", "notes.txt": b"text", "__MACOSX/._c.png": PNG})
    put(tmp_path, "d.png")
    put(tmp_path, f"sub/outer{suffix}", data=zipped({"b.png": PNG + b"b", f"inner{suffix}": inner}))
    found = list_sources([tmp_path])
    outer = f"sub/outer{suffix}"
    assert names(found) == ["d.png", f"{outer}/b.png", f"{outer}/inner{suffix}/c.PNG"]
    assert [file.data()[-1:] for file in found.files[1:]] == [b"b", b"c"]
    assert set(reasons(found)) == {f"{outer}/inner{suffix}/notes.txt", f"{outer}/inner{suffix}/__MACOSX/"}


def test_an_archive_two_levels_down_is_left_out_and_told(tmp_path: Path) -> None:
    deepest = zipped({"c.png": PNG})
    data = zipped({"a.png": PNG, "in.zip": zipped({"b.png": PNG, "deep.zip": deepest})})
    found = list_uploads([("all.zip", data)])
    assert names(found) == ["a.png", "in.zip/b.png"]
    assert "unpack it" in reasons(found)["in.zip/deep.zip"]


def test_members_of_archives_in_archives_are_read_in_any_order(tmp_path: Path) -> None:
    inner = {f"{n}.zip": zipped({f"{n}{m}.png": PNG + f"{n}{m}".encode() for m in range(3)}) for n in range(3)}
    (tmp_path / "all.zip").write_bytes(zipped({**inner, "own.png": PNG + b"own"}))
    files = list_sources([tmp_path / "all.zip"]).files
    for file in (*files, *files[::2], *reversed(files)):
        assert file.data() == PNG + Path(file.name).stem.encode()


def test_a_damaged_archive_in_an_archive_fails_alone(tmp_path: Path) -> None:
    found = list_uploads([("all.zip", zipped({"a.png": PNG, "bad.zip": b"PK\x03\x04 no archive"}))])
    assert names(found) == ["a.png", "bad.zip"]
    with pytest.raises(UnreadableImageError, match=r"bad\.zip: the archive is damaged"):
        found.files[1].data()


def test_a_large_archive_in_an_archive_is_refused_unlisted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_INNER_ZIP_BYTES", 100)
    found = list_uploads([("all.zip", zipped({"a.png": PNG, "large.zip": zipped({"b.png": PNG + bytes(200)})}))])
    assert names(found) == ["a.png", "large.zip"]
    with pytest.raises(Exception, match=r"large\.zip: the archive and others in the same archive have more than"):
        found.files[1].data()


def test_archives_in_an_archive_are_listed_up_to_so_many_members(monkeypatch: pytest.MonkeyPatch) -> None:
    inner = zipped({f"{name}.png": PNG for name in range(4)})
    monkeypatch.setattr(limits, "MAX_ZIP_MEMBERS", 11)
    found = list_uploads([("all.zip", zipped({f"{number}.zip": inner for number in range(3)}))])
    assert names(found)[3:] == ["0.zip/3.png", "1.zip/0.png", "1.zip/1.png", "1.zip/2.png", "1.zip/3.png", "2.zip"]
    with pytest.raises(ImageTooLargeError, match=r"2\.zip: the archive and others .* more than 11 members"):
        found.files[-1].data()


def test_archives_in_an_archive_are_inflated_up_to_so_much(monkeypatch: pytest.MonkeyPatch) -> None:
    inner = zipped({"a.png": PNG, "zeros.txt": bytes(90_000)})
    monkeypatch.setattr(limits, "SMALL_DECODED_BYTES", 2 * len(inner) + 100)
    data = zipped({f"{number}.zip": inner for number in range(3)}, zipfile.ZIP_DEFLATED)
    assert 2 * len(data) < 2 * len(inner)
    found = list_uploads([("all.zip", data)])
    assert names(found) == ["0.zip/a.png", "1.zip/a.png", "2.zip"]


def test_names_that_look_alike_are_equal(tmp_path: Path) -> None:
    composed, apart = (unicodedata.normalize(form, "café.png") for form in ("NFC", "NFD"))
    put(tmp_path, f"one/{composed}", f"two/{apart}")
    assert names(list_sources([tmp_path / "one", tmp_path / "two"])) == [f"one/{composed}", f"two/{apart}"]
    numbered = names(list_uploads([(composed, PNG), (apart, PNG)]))
    assert numbered == [composed, unicodedata.normalize("NFD", "café (2).png")]


def test_a_longer_name_is_taken_only_where_it_tells_files_apart(tmp_path: Path) -> None:
    composed, apart = (unicodedata.normalize(form, "café.png") for form in ("NFC", "NFD"))
    put(tmp_path, f"all/{composed}", f"all/{apart}", "all/noted.tar.png")
    (tmp_path / "all/parts.zip").write_bytes(zipped({"a.png": PNG, "b/a.png": PNG}).replace(b"b/a.png", b"./a.png"))
    twice = zipped({"a.png": PNG, "b.png": PNG}).replace(b"b.png", b"a.png")
    (tmp_path / "all/twice.zip").write_bytes(twice)
    assert names(list_sources([tmp_path / "all"])) == [
        apart,
        unicodedata.normalize("NFC", "café (2).png"),
        "noted.tar.png",
        "parts.zip/a.png",
        "parts.zip/./a.png",
        "twice.zip/a.png",
        "twice.zip/a (2).png",
    ]


def _made_by(system: int, *members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in members:
            info = zipfile.ZipInfo(name)
            info.create_system = system
            archive.writestr(info, b"" if name.endswith("\\") else PNG)
    return buffer.getvalue()


def test_windows_separators_in_an_archive_made_there_are_separators() -> None:
    members = ("scans\\", "scans\\a.png", "scans\\Thumbs.db", "b/c\\d.png")
    found = list_uploads([("parts.zip", _made_by(0, *members))])
    assert names(found) == ["scans/a.png", "b/c\\d.png"]
    assert found.files[0].data() == PNG
    assert list(reasons(found)) == ["scans/Thumbs.db"]
    assert "scans\\a.png" in names(list_uploads([("parts.zip", _made_by(3, *members))]))


def test_members_of_one_name_are_told_from_those_of_another_archive(tmp_path: Path) -> None:
    (tmp_path / "one.zip").write_bytes(zipped({"a.png": PNG, "b.png": PNG}).replace(b"b.png", b"a.png"))
    (tmp_path / "two.zip").write_bytes(zipped({"a.png": PNG}))
    found = names(list_sources([tmp_path / "one.zip", tmp_path / "two.zip"]))
    assert found == ["one/a.png", "one/a (2).png", "two/a.png"]


def test_an_error_that_names_another_file_keeps_it() -> None:
    def missing() -> bytes:
        raise DatasetError("the table names it, but it is missing", file="images/gone.png")

    with pytest.raises(DatasetError, match=r"^images/gone\.png: the table") as raised:
        SourceFile("gone.png", missing).data()
    assert raised.value.file == "images/gone.png"


@pytest.mark.parametrize(("kept", "typed"), [("NFD", "NFC"), ("NFC", "NFD")])
def test_a_path_is_found_however_its_accents_are_spelt(tmp_path: Path, kept: str, typed: str) -> None:
    put(tmp_path, unicodedata.normalize(kept, "Prüfung/größe.png"))
    path = tmp_path / unicodedata.normalize(typed, "Prüfung/größe.png")
    (file,) = list_sources([path]).files
    assert (file.name, file.data()) == (str(path), PNG)
    assert len(list_sources([path.parent]).files) == 1
