"""Picture files from paths, folders and ZIP archives, named as the outputs name them and read when needed."""

from __future__ import annotations

import io
import os
import threading
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final

from segdetect.errors import ImageTooLargeError, InputError, SegDetectError, UnreadableImageError
from segdetect.pictures.formats import SUFFIXES, SUPPORTED, sniff
from segdetect.pictures.limits import MAX_FILE_BYTES, MAX_ZIP_MEMBERS

# Pictures that are not opened: in a folder they are listed, so that they fail with a reason instead of being left out.
_OTHER_PICTURES: Final = frozenset(
    (
        *(".psd", ".avif", ".jp2", ".jxl", ".exr", ".hdr", ".fits", ".fit", ".qoi", ".ppm", ".pgm", ".pnm", ".tga"),
        *(".cr2", ".cr3", ".nef", ".arw", ".dng", ".raf", ".orf", ".rw2"),
    )
)
_HEAD_BYTES: Final = 256
_ZIP_MAGIC: Final = (b"PK\x03\x04", b"PK\x05\x06")


@dataclass(frozen=True, slots=True, eq=False)
class SourceFile:
    """A picture file that can be read.

    Args:
        name: the path as given, or relative to the folder or ZIP given; no two of one call are equal.
        read: returns the file's bytes; may raise what `data` turns into errors of ours.
    """

    name: str
    read: Callable[[], bytes]

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
                f"it is damaged inside its archive ({error})", remedy="Make the ZIP archive anew", file=self.name
            ) from error
        except (NotImplementedError, RuntimeError) as error:
            raise UnreadableImageError(
                f"it cannot be taken out of its archive ({error})",
                remedy="Unpack the archive and give the folder instead",
                file=self.name,
            ) from error


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """A source with the names it may get, the preferred one first."""

    names: tuple[str, ...]
    read: Callable[[], bytes]


def read_sources(paths: Sequence[Path]) -> Iterator[SourceFile]:
    """List the picture files that paths stand for; nothing is decoded, and contents are read by `SourceFile.data`.

    A folder is searched recursively, in sorted order, without hidden files and files that are no pictures. A ZIP
    gives its members in their order. A file given by itself is always tried. A file that two paths lead to comes once.
    Where names would be equal, the name of the folder or ZIP is put in front.

    Args:
        paths: pictures, folders and ZIP archives.

    Raises:
        InputError: a path does not exist, or holds no picture.
    """
    zips = _OpenZip()
    return iter(_named(_once(found for path in paths for found in _under(path, zips))))


def uploaded_sources(files: Sequence[tuple[str, bytes]]) -> Iterator[SourceFile]:
    """The same for files that are in memory: `(name, data)`, where a ZIP stands for its members."""
    zips = _OpenZip()
    found: list[_Found] = []
    for name, data in files:
        if data.startswith(_ZIP_MAGIC):
            found += _in_zip(data, name, zips)
        else:
            found.append(_Found((name,), partial(bytes, data)))
    return iter(_named(found))


def _once(found: Iterable[tuple[str, _Found]]) -> list[_Found]:
    """Drop a file that was found before; a picture compared with itself would look normal everywhere."""
    unique: dict[str, _Found] = {}
    for place, item in found:
        unique.setdefault(place, item)
    return list(unique.values())


def _under(path: Path, zips: _OpenZip) -> Iterator[tuple[str, _Found]]:
    try:
        yield from _inside(path, zips)
    except OSError as error:  # a folder on the way that may not be entered, or a name longer than any file's
        raise _unreadable(str(path), error) from error


def _inside(path: Path, zips: _OpenZip) -> Iterator[tuple[str, _Found]]:
    place = str(path.absolute())
    if path.is_dir():
        inside = _in_folder(path)
    elif _is_zip(path):
        inside = [(f"{place}//{index}", item) for index, item in enumerate(_in_zip(path, str(path), zips))]
    elif path.exists() or path.is_symlink():
        inside = [(place, _Found((str(path),), partial(_read_file, path)))]
    else:
        raise InputError("there is no such file or folder", remedy="Check the path for typing errors", file=str(path))
    if not inside:
        raise InputError("no picture was found in it", remedy=f"Give a place with {SUPPORTED} files", file=str(path))
    yield from inside


def _in_folder(folder: Path) -> list[tuple[str, _Found]]:
    found: list[tuple[tuple[str, ...], str, _Found]] = []
    prefix = folder.resolve().name

    def add(path: Path, read: Callable[[], bytes]) -> None:
        inner = path.relative_to(folder)
        names = (inner.as_posix(), f"{prefix}/{inner.as_posix()}", str(path))
        found.append((inner.parts, str(path.absolute()), _Found(names, read)))

    def closed_folder(error: OSError) -> None:
        add(Path(error.filename), partial(_fail, error))

    for parent, folders, files in os.walk(folder, onerror=closed_folder):
        folders[:] = [name for name in folders if not _hidden(name)]
        for path in (Path(parent, name) for name in files if not _hidden(name)):
            try:
                wanted = path.is_file() and _worth_trying(path.name, partial(_head, path))
            except OSError as error:  # its folder can be listed and not entered
                add(path, partial(_fail, error))
            else:
                if wanted:
                    add(path, partial(_read_file, path))
    return [(place, item) for _, place, item in sorted(found, key=lambda entry: entry[0])]


class _OpenZip:
    """Opens archives and keeps the last one open: thousands of members are read from it without listing it again, and
    however many archives there are, one file is held.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._file: Path | bytes = b""
        self._archive: zipfile.ZipFile | None = None

    @contextmanager
    def opened(self, file: Path | bytes) -> Iterator[zipfile.ZipFile]:
        """An archive, by its path or its bytes, for one thread at a time; raises what `zipfile` raises."""
        with self._lock:
            if self._archive is None or self._file is not file:
                self._close()
                self._archive = zipfile.ZipFile(io.BytesIO(file) if isinstance(file, bytes) else file)
                self._file = file
            yield self._archive

    def _close(self) -> None:
        if self._archive is not None:
            self._archive.close()
        self._archive = None


def _in_zip(file: Path | bytes, name: str, zips: _OpenZip) -> list[_Found]:
    """The members of a ZIP; a damaged archive stands for itself and fails when it is read."""
    try:
        with zips.opened(file) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        return [_Found((name,), partial(_fail, error))]
    if len(members) > MAX_ZIP_MEMBERS:
        raise InputError(
            f"the archive has {len(members)} members, more than the limit of {MAX_ZIP_MEMBERS}",
            remedy="Split it in several archives",
            file=name,
        )
    prefix = PurePosixPath(Path(name).name).stem
    found = []
    for info in members:
        if any(_hidden(part) for part in PurePosixPath(info.filename).parts):
            continue
        if _worth_trying(info.filename, partial(_member, zips, file, info, _HEAD_BYTES)):
            names = (info.filename, f"{prefix}/{info.filename}", f"{name}/{info.filename}")
            found.append(_Found(names, partial(_read_member, zips, file, info)))
    return found


def as_text(name: str) -> str:
    """A name on disk as text that any table or page takes; bytes in it that are no UTF-8 become question marks."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _named(found: Sequence[_Found]) -> list[SourceFile]:
    """Give every source its first name that no other has, alike for all that share one; number those that still do."""
    # A name on disk may hold bytes that are no text; no table could be written with them.
    found = [_Found(tuple(map(as_text, item.names)), item.read) for item in found]
    level = [0] * len(found)
    names = [item.names[0] for item in found]
    for step in (1, 2):
        counts = Counter(names)
        level = [
            min(step, len(item.names) - 1) if counts[name] > 1 else at
            for item, name, at in zip(found, names, level, strict=True)
        ]
        names = [item.names[at] for item, at in zip(found, level, strict=True)]
    taken: set[str] = set()
    for index, name in enumerate(names):
        number = 2
        while names[index] in taken:
            names[index] = f"{name} ({number})"
            number += 1
        taken.add(names[index])
    return [SourceFile(name, item.read) for name, item in zip(names, found, strict=True)]


def _hidden(name: str) -> bool:
    # "." and ".." are no hidden files: names in archives may hold them.
    return (name.startswith(".") and name.strip(".") != "") or name == "__MACOSX"


def _worth_trying(name: str, head: Callable[[], bytes]) -> bool:
    """Whether a file in a folder or archive is a picture, by its suffix, or else by its first bytes."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in SUFFIXES or suffix in _OTHER_PICTURES:
        return True
    try:
        return sniff(head(), name) is not None
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError):
        # Nothing says that it is a picture, and what it is cannot be seen.
        return False


def _is_zip(path: Path) -> bool:
    try:
        return path.is_file() and (_head(path).startswith(_ZIP_MAGIC) or path.suffix.lower() == ".zip")
    except OSError:
        return path.suffix.lower() == ".zip"


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD_BYTES)


def _read_file(path: Path) -> bytes:
    with path.open("rb") as file:
        # The size is checked first, since devices and pipes have none, and again by what was read.
        if os.fstat(file.fileno()).st_size > MAX_FILE_BYTES:
            raise _too_large()
        return _limited(file.read(MAX_FILE_BYTES + 1))


def _member(zips: _OpenZip, file: Path | bytes, info: zipfile.ZipInfo, limit: int) -> bytes:
    with zips.opened(file) as archive, archive.open(info) as member:
        return member.read(limit)


def _read_member(zips: _OpenZip, file: Path | bytes, info: zipfile.ZipInfo) -> bytes:
    if info.flag_bits & 1:
        raise UnreadableImageError(
            "it is encrypted inside its archive", remedy="Unpack the archive with its password and give the folder"
        )
    if info.file_size > MAX_FILE_BYTES:
        raise _too_large()
    return _limited(_member(zips, file, info, MAX_FILE_BYTES + 1))


def _limited(data: bytes) -> bytes:
    if len(data) > MAX_FILE_BYTES:
        raise _too_large()
    return data


def _too_large() -> ImageTooLargeError:
    return ImageTooLargeError(
        f"the file has more than {MAX_FILE_BYTES >> 20} megabytes", remedy="Scale the picture down or cut it in parts"
    )


def _unreadable(name: str, error: OSError) -> UnreadableImageError:
    if isinstance(error, PermissionError):
        return UnreadableImageError("it may not be read", remedy="Give yourself the right to read it", file=name)
    if isinstance(error, FileNotFoundError):
        return UnreadableImageError("it is no longer there", remedy="Put it back, or leave it out", file=name)
    reason = error.strerror or str(error)
    return UnreadableImageError(
        f"it cannot be read ({reason})", remedy="Check the disk or the network drive", file=name
    )


def _fail(error: Exception) -> bytes:
    raise error
