"""Picture files from paths, folders and ZIP archives, named as the outputs name them and read when needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from segdetect.errors import InputError
from segdetect.pictures.archives import ZIP_SUFFIX, OpenZip
from segdetect.pictures.formats import SUPPORTED
from segdetect.pictures.found import Found, file_key, found_file, listed, nothing, unreadable_source
from segdetect.pictures.left_out import LeftOut
from segdetect.pictures.names import on_disk
from segdetect.pictures.sniffing import head, is_zip, no_picture
from segdetect.pictures.source_file import SourceFile, Sources, unreadable
from segdetect.pictures.walking import walk
from segdetect.pictures.zip_sources import in_zip_file


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
    return listed(found for path in paths for found in _under(path, zips, alone=len(paths) == 1))


def read_sources(paths: Sequence[Path]) -> Iterator[SourceFile]:
    """The files of `list_sources`, for those who do not ask what was left out."""
    return iter(list_sources(paths).files)


def list_stored(files: Sequence[tuple[str, Path]]) -> Sources:
    """As `list_sources`, for files that lie on the disk under other names than their own: `(name, path)`.

    They count as found, not as named, so that all pages of each are taken. An archive without a picture stands for
    itself and fails when it is read.
    """
    zips = OpenZip()
    return listed(item for name, path in files for item in _stored(name, path, zips, alone=len(files) == 1))


def _stored(name: str, path: Path, zips: OpenZip, *, alone: bool) -> list[Found | LeftOut]:
    if is_zip(path):
        inside = in_zip_file(path, zips, name=name)
        if any(isinstance(item, Found) for item in inside):
            return inside
        error = InputError(nothing(inside), remedy=f"Give an archive with {SUPPORTED} files")
        return [unreadable_source(file_key(path), error, name)]
    if not alone and (reason := no_picture(name, partial(head, path))):
        return [LeftOut(name, reason, maybe_picture=False)]
    return [found_file(path, name)]


def _under(path: Path, zips: OpenZip, *, alone: bool) -> Iterator[Found | LeftOut]:
    try:
        yield from _inside(path, zips, alone=alone)
    except OSError as error:  # a folder on the way that may not be entered, or a name longer than any file's
        raise unreadable(str(path), error) from error


def _inside(given: Path, zips: OpenZip, *, alone: bool) -> Iterator[Found | LeftOut]:
    path = on_disk(given)
    if path.is_dir():
        inside = _in_folder(path, zips)
    elif is_zip(path):
        inside = in_zip_file(path, zips, name=str(given))
    elif path.exists() or path.is_symlink():
        inside = [found_file(path, str(given), named=True)]
    else:
        raise InputError("there is no such file or folder", remedy="Check the path for typing errors", file=str(given))
    if not any(isinstance(item, Found) for item in inside):
        error = InputError(nothing(inside), remedy=f"Give a place with {SUPPORTED} files", file=str(given))
        if alone:
            raise error
        yield unreadable_source(file_key(path), error, str(given))
    yield from inside


def _in_folder(folder: Path, zips: OpenZip) -> list[Found | LeftOut]:
    found: list[Found | LeftOut] = []
    prefix = folder.resolve().name
    for item in walk(folder):
        inner = item.path.relative_to(folder).as_posix()
        # The folder itself, where it may not be listed, has no path below itself.
        names = (inner, f"{prefix}/{inner}", str(item.path)) if item.path != folder else (str(folder),)
        if item.error is not None:
            found.append(unreadable_source(file_key(item.path), item.error, *names))
        elif item.reason:
            found.append(LeftOut(f"{inner}/" if item.folder else inner, item.reason))
        elif item.path.suffix.lower() == ZIP_SUFFIX:
            found += _zip_in_folder(item.path, names, zips)
        elif reason := no_picture(item.path.name, partial(head, item.path)):
            found.append(LeftOut(inner, reason, maybe_picture=False))
        else:
            found.append(found_file(item.path, *names))
    return found


def _zip_in_folder(path: Path, names: tuple[str, ...], zips: OpenZip) -> Iterator[Found | LeftOut]:
    """What a ZIP in a folder holds, named below the ZIP."""
    for item in in_zip_file(path, zips, name=names[0]):
        if isinstance(item, LeftOut):
            yield replace(item, name=f"{names[0]}/{item.name}")
        elif item.names[0] == names[0]:  # the archive itself, which cannot be listed
            yield replace(item, names=names)
        else:
            yield replace(item, names=tuple(f"{name}/{item.names[0]}" for name in names))
