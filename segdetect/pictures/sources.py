"""Picture files from paths, folders and ZIP archives, named as the outputs name them and read when needed."""

from __future__ import annotations

import errno
import io
import os
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final

from segdetect.errors import ImageTooLargeError, InputError, SegDetectError, UnreadableImageError
from segdetect.pictures import limits
from segdetect.pictures.archives import (
    ZIP_ERRORS,
    ZIP_MAGIC,
    ZIP_SUFFIX,
    Archive,
    OpenZip,
    not_listed,
    search,
)
from segdetect.pictures.formats import SUFFIXES, SUPPORTED, sniff
from segdetect.pictures.left_out import NO_PICTURE, LeftOut
from segdetect.pictures.loading import LoadedImage, load_image
from segdetect.pictures.names import as_text, composed, on_disk
from segdetect.pictures.places import Place, read_file
from segdetect.pictures.refusals import dicom_without_picture, refusal
from segdetect.pictures.walking import walk

# Pictures that are not opened: in a folder they are listed, so that they fail with a reason instead of being left out.
_OTHER_PICTURES: Final = frozenset(
    (
        *(".psd", ".avif", ".jp2", ".jxl", ".exr", ".hdr", ".fits", ".fit", ".qoi", ".ppm", ".pgm", ".pnm", ".tga"),
        *(".cr2", ".cr3", ".nef", ".arw", ".dng", ".raf", ".orf", ".rw2"),
    )
)
# The head of a DICOM file says within these what kind it is.
_HEAD_BYTES: Final = 1024
_DICOM_SUFFIXES: Final = (".dcm", ".dicom")
_TROUBLES: Final = {
    errno.EIO: "the disk or drive that it lies on cannot read it",
    errno.ELOOP: "it is a link that leads to itself",
    errno.ENAMETOOLONG: "its name is longer than any file's",
    errno.EISDIR: "it is a folder, not a file",
    errno.ESTALE: "the network drive that it lies on has lost it",
    errno.ENOTCONN: "the network drive that it lies on is not there",
}
TWICE: Final = "it was found before"


@dataclass(frozen=True, slots=True, eq=False)
class SourceFile:
    """A picture file that can be read.

    Args:
        name: the path as given, or relative to the folder or ZIP given; no two of one call are equal.
        read: returns the file's bytes; may raise what `data` turns into errors of ours.
        notes: what was assumed about it that the user should know.
        page: the page of it that is meant, 0-based.
        named: it was given by itself, not found in a folder or an archive.
        sha256: hex digest of its bytes, where it is known.
        place: where another process reads it, where it lies on a disk and can be read.
        allowed: as in `LoadedImage`.
    """

    name: str
    read: Callable[[], bytes]
    notes: tuple[str, ...] = ()
    page: int = 0
    named: bool = False
    sha256: str = ""
    place: Place | None = None
    allowed: tuple[tuple[int, int, int, int], ...] = ()

    def data(self) -> bytes:
        """The file's bytes, read now.

        Raises:
            UnreadableImageError: it vanished, may not be read, is encrypted or damaged in its archive.
            ImageTooLargeError: more than a gigabyte.
        """
        try:
            return self.read()
        except SegDetectError as error:
            raise type(error)(error.problem, remedy=error.remedy, file=self.name) from error
        except OSError as error:
            raise _unreadable(self.name, error) from error
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
            raise UnreadableImageError(
                "it is damaged inside its archive", remedy="Make the ZIP archive anew", file=self.name
            ) from error
        except (NotImplementedError, RuntimeError) as error:
            raise UnreadableImageError(
                "it is stored in its archive in a way that is not read",
                remedy="Unpack the archive and give the folder instead",
                file=self.name,
            ) from error


def load_source(file: SourceFile) -> LoadedImage:
    """Read and decode a picture, with what was assumed about its name; raises `SegDetectError` where that fails."""
    image = load_image(file.data(), name=file.name, page=file.page, sha256=file.sha256)
    return replace(image, notes=(*file.notes, *image.notes), allowed=file.allowed)


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """The picture files that paths stand for.

    Args:
        files: those that can be read, in order.
        left_out: what else was come across, and why it is none of them.
    """

    files: tuple[SourceFile, ...]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed about names, each said once."""
        return tuple(dict.fromkeys(note for file in self.files for note in file.notes))


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """A source with the names it may get, the preferred one first, and the place that it is read from."""

    names: tuple[str, ...]
    place: str
    read: Callable[[], bytes]
    note: str = ""
    size: int = 0
    named: bool = False
    at: Place | None = None


def list_sources(paths: Sequence[Path]) -> Sources:
    """List the picture files that paths stand for; nothing is decoded, and contents are read by `SourceFile.data`.

    A folder is searched recursively, in sorted order, linked folders once, without files that are no pictures and what
    systems, tools and this program leave behind. ZIP archives in it are searched, too, and those in a ZIP. A ZIP gives
    its members in their order. A file given by itself is always tried. A file that two paths lead to comes once. Where
    names would be equal, the name of the folder or ZIP is put in front. Of several paths, one without a picture stands
    for itself and fails when it is read.

    Args:
        paths: pictures, folders and ZIP archives.

    Raises:
        InputError: a path does not exist, or the only one holds no picture.
    """
    zips = OpenZip()
    return _listed(found for path in paths for found in _under(path, zips, alone=len(paths) == 1))


def read_sources(paths: Sequence[Path]) -> Iterator[SourceFile]:
    """The files of `list_sources`, for those who do not ask what was left out."""
    return iter(list_sources(paths).files)


def list_stored(files: Sequence[tuple[str, Path]]) -> Sources:
    """As `list_sources`, for files that lie on the disk under other names than their own: `(name, path)`.

    They count as found, not as named, so that all pages of each are taken. An archive without a picture stands for
    itself and fails when it is read.
    """
    zips = OpenZip()
    return _listed(item for name, path in files for item in _stored(name, path, zips, alone=len(files) == 1))


def _stored(name: str, path: Path, zips: OpenZip, *, alone: bool) -> list[_Found | LeftOut]:
    if _is_zip(path):
        inside = _in_zip(Archive(lambda: path), zips, name=name, place=_place(path), path=path)
        if any(isinstance(item, _Found) for item in inside):
            return inside
        error = InputError(_nothing(inside), remedy=f"Give an archive with {SUPPORTED} files")
        return [_Found((name,), _place(path), partial(_fail, error))]
    if not alone and (no_picture := _no_picture(name, partial(_head, path))):
        return [LeftOut(name, no_picture, maybe_picture=False)]
    return [_Found((name,), _place(path), partial(read_file, path), at=_at(path))]


def list_uploads(files: Sequence[tuple[str, bytes]]) -> Sources:
    """As `list_sources`, for files that are in memory: `(name, data)`, where a ZIP stands for its members.

    A file alone is always tried; several together are looked through as a folder is.
    """
    zips = OpenZip()
    found: list[_Found | LeftOut] = []
    for index, (name, data) in enumerate(files):
        if data.startswith(ZIP_MAGIC):
            found += _uploaded_zip(data, zips, name=name, place=f"{index}")
        elif len(files) > 1 and (no_picture := _no_picture(name, partial(bytes, data[:_HEAD_BYTES]))):
            found.append(LeftOut(name, no_picture, maybe_picture=False))
        else:
            found.append(_Found((name,), f"{index}", partial(bytes, data), named=True))
    return _listed(found)


def _uploaded_zip(data: bytes, zips: OpenZip, *, name: str, place: str) -> list[_Found | LeftOut]:
    """The members of a ZIP that are all to be kept in memory; without any, or with too many, it fails by itself."""
    try:
        inside = _in_zip(Archive(partial(io.BytesIO, data)), zips, name=name, place=place)
        _check_upload(inside, limits.upload_limit(len(data)))
    except InputError as error:
        return [_Found((name,), place, partial(_fail, error))]
    return inside


def _check_upload(inside: Sequence[_Found | LeftOut], limit: int) -> None:
    sizes = [item.size for item in inside if isinstance(item, _Found)]
    if not sizes:
        raise InputError(_nothing(inside), remedy=f"Give an archive with {SUPPORTED} files")
    if len(sizes) > limits.MAX_UPLOADED_MEMBERS:
        raise InputError(
            f"the archive has {len(sizes)} pictures, more than the {limits.MAX_UPLOADED_MEMBERS} that a page takes",
            remedy="Split it in several archives, or use the command line: segdetect inspect",
        )
    if sum(sizes) > limit:
        raise ImageTooLargeError(
            f"the pictures in it have {sum(sizes) // 1_000_000} megabytes, more than the {limit // 1_000_000} that an "
            "archive of its size may hold on a page",
            remedy="Split it in several archives, or use the command line: segdetect inspect",
        )


def uploaded_sources(files: Sequence[tuple[str, bytes]]) -> Iterator[SourceFile]:
    """The files of `list_uploads`."""
    return iter(list_uploads(files).files)


def _listed(found: Iterable[_Found | LeftOut]) -> Sources:
    """Drop a file that was found before; a picture compared with itself would look normal everywhere."""
    unique: dict[str, _Found] = {}
    left_out: dict[tuple[str, str], LeftOut] = {}
    for item in found:
        if isinstance(item, LeftOut):
            left_out[item.name, item.reason] = replace(item, name=as_text(item.name))
        elif unique.setdefault(item.place, item) is not item:
            name = as_text(item.names[0])
            left_out[name, TWICE] = LeftOut(name, TWICE)
    return Sources(tuple(_named(list(unique.values()))), tuple(left_out.values()))


def _under(path: Path, zips: OpenZip, *, alone: bool) -> Iterator[_Found | LeftOut]:
    try:
        yield from _inside(path, zips, alone=alone)
    except OSError as error:  # a folder on the way that may not be entered, or a name longer than any file's
        raise _unreadable(str(path), error) from error


def _inside(given: Path, zips: OpenZip, *, alone: bool) -> Iterator[_Found | LeftOut]:
    path = on_disk(given)
    if path.is_dir():
        inside = _in_folder(path, zips)
    elif _is_zip(path):
        inside = _in_zip(Archive(lambda: path), zips, name=str(given), place=_place(path), path=path)
    elif path.exists() or path.is_symlink():
        inside = [_Found((str(given),), _place(path), partial(read_file, path), named=True, at=_at(path))]
    else:
        raise InputError("there is no such file or folder", remedy="Check the path for typing errors", file=str(given))
    if not any(isinstance(item, _Found) for item in inside):
        error = InputError(_nothing(inside), remedy=f"Give a place with {SUPPORTED} files", file=str(given))
        if alone:
            raise error
        yield _Found((str(given),), _place(path), partial(_fail, error))
    yield from inside


def _nothing(inside: Sequence[_Found | LeftOut]) -> str:
    left_out = [item for item in inside if isinstance(item, LeftOut) and item.maybe_picture]
    if not left_out:
        return "no picture was found in it"
    listed = ", ".join(f"{as_text(item.name)} ({item.reason})" for item in left_out[:3])
    return f"no picture was found in it; left out: {listed}" + (", ..." if len(left_out) > 3 else "")


def _in_folder(folder: Path, zips: OpenZip) -> list[_Found | LeftOut]:
    found: list[_Found | LeftOut] = []
    prefix = folder.resolve().name
    for item in walk(folder):
        inner = item.path.relative_to(folder).as_posix()
        names = (inner, f"{prefix}/{inner}", str(item.path))
        if item.error is not None:
            found.append(_Found(names, _place(item.path), partial(_fail, item.error)))
        elif item.reason:
            found.append(LeftOut(f"{inner}/" if item.folder else inner, item.reason))
        elif item.path.suffix.lower() == ZIP_SUFFIX:
            found += _zip_in_folder(item.path, names, zips)
        elif no_picture := _no_picture(item.path.name, partial(_head, item.path)):
            found.append(LeftOut(inner, no_picture, maybe_picture=False))
        else:
            found.append(_Found(names, _place(item.path), partial(read_file, item.path), at=_at(item.path)))
    return found


def _zip_in_folder(path: Path, names: tuple[str, ...], zips: OpenZip) -> Iterator[_Found | LeftOut]:
    """What a ZIP in a folder holds, named below the ZIP."""
    for item in _in_zip(Archive(lambda: path), zips, name=names[0], place=_place(path), path=path):
        if isinstance(item, LeftOut):
            yield replace(item, name=f"{names[0]}/{item.name}")
        elif item.names[0] == names[0]:  # the archive itself, which cannot be listed
            yield replace(item, names=names)
        else:
            yield replace(item, names=tuple(f"{name}/{item.names[0]}" for name in names))


def _in_zip(
    archive: Archive, zips: OpenZip, *, name: str, place: str, path: Path | None = None
) -> list[_Found | LeftOut]:
    """The members of a ZIP; a damaged archive stands for itself and fails when it is read."""
    try:
        members = list(search(archive, zips, name=name))
    except ZIP_ERRORS as error:
        return [_Found((name,), place, partial(_fail, not_listed(error)))]
    prefix = PurePosixPath(Path(name).name).stem
    found: list[_Found | LeftOut] = []
    for index, item in enumerate(members):
        if isinstance(item, LeftOut):
            found.append(item)
        elif no_picture := _no_picture(item.name, partial(item.read, _HEAD_BYTES)):
            found.append(LeftOut(item.name, no_picture, maybe_picture=False))
        else:
            names = (item.name, f"{prefix}/{item.name}", f"{name}/{item.name}")
            at = _at(path, item.numbers) if path is not None and item.numbers else None
            found.append(_Found(names, f"{place}//{index}", partial(item.read, None), item.note, item.size, at=at))
    return found


def _place(path: Path) -> str:
    """Where a file is read from: linked folders on the way followed, a link to the file itself not."""
    return os.path.join(os.path.realpath(path.parent), path.name)  # noqa: PTH118


def _at(path: Path, members: tuple[int, ...] = ()) -> Place:
    """The same as others see it, whose links may lead elsewhere."""
    return Place(os.path.abspath(path), members)  # noqa: PTH100


def _named(found: Sequence[_Found]) -> list[SourceFile]:
    """Give every source its first name that no other has, alike for all that share one; number those that still do."""
    # A name on disk may hold bytes that are no text; no table could be written with them.
    found = [replace(item, names=tuple(map(as_text, item.names))) for item in found]
    level = [0] * len(found)
    names = [item.names[0] for item in found]
    for step in (1, 2):
        counts = Counter(map(composed, names))
        level = [
            min(step, len(item.names) - 1) if counts[composed(name)] > 1 else at
            for item, name, at in zip(found, names, level, strict=True)
        ]
        names = [item.names[at] for item, at in zip(found, level, strict=True)]
    taken: set[str] = set()
    for index, name in enumerate(names):
        number = 2
        while composed(names[index]) in taken:
            names[index] = f"{name} ({number})"
            number += 1
        taken.add(composed(names[index]))
    return [
        SourceFile(name, item.read, (item.note,) if item.note else (), named=item.named, place=item.at)
        for name, item in zip(names, found, strict=True)
    ]


def is_no_picture(path: Path) -> bool:
    """Whether a file that lies in a folder is none of its pictures, by its suffix and its first bytes."""
    return bool(_no_picture(path.name, partial(_head, path)))


def _no_picture(name: str, head: Callable[[], bytes]) -> str:
    """Why a file in a folder or archive is no picture by its suffix and its first bytes; empty where it is one."""
    suffix = PurePosixPath(name).suffix.lower()
    # An archive that comes so far could not be searched, which it fails with.
    named = suffix in SUFFIXES or suffix in _OTHER_PICTURES or suffix == ZIP_SUFFIX
    if named and suffix not in _DICOM_SUFFIXES:
        return ""
    try:
        first = head()
    except (*ZIP_ERRORS, SegDetectError):
        return "" if named else "nothing says that it is a picture, and it cannot be read"
    what = dicom_without_picture(first)
    return f"it is {what}" if what else "" if named else _not_told(name, first)


def _not_told(name: str, first: bytes) -> str:
    """As `_no_picture`, where the suffix says nothing."""
    if sniff(first, name) is not None:
        return ""
    refused = refusal(first)
    if refused is None:
        return NO_PICTURE
    return "" if refused.is_picture else f"it is {refused.what}"


def _is_zip(path: Path) -> bool:
    try:
        return path.is_file() and (_head(path).startswith(ZIP_MAGIC) or path.suffix.lower() == ZIP_SUFFIX)
    except OSError:
        return path.suffix.lower() == ZIP_SUFFIX


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD_BYTES)


def _unreadable(name: str, error: OSError) -> UnreadableImageError:
    if isinstance(error, PermissionError):
        return UnreadableImageError("it may not be read", remedy="Give yourself the right to read it", file=name)
    if isinstance(error, FileNotFoundError):
        return UnreadableImageError("it is no longer there", remedy="Put it back, or leave it out", file=name)
    problem = _TROUBLES.get(error.errno or 0, "the system does not let it be read")
    return UnreadableImageError(problem, remedy="Check the disk or the network drive", file=name)


def _fail(error: Exception) -> bytes:
    raise error
