"""What ZIP archives hold, archives in them included; members are read when needed."""

from __future__ import annotations

import io
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final

from segdetect.errors import ImageTooLargeError, InputError, SegDetectError, UnreadableImageError
from segdetect.pictures import limits
from segdetect.pictures.left_out import (
    OWN_OUTPUT,
    OWN_PICTURES,
    OWN_RECORD,
    OWN_RECORD_BYTES,
    LeftOut,
    is_own_record,
    left_behind,
)
from segdetect.pictures.names import as_text
from segdetect.pictures.zip_names import member_names

ZIP_MAGIC: Final = (b"PK\x03\x04", b"PK\x05\x06")
ZIP_SUFFIX: Final = ".zip"
# What an archive's list has before each member.
_LISTED_MEMBER: Final = b"PK\x01\x02"
TOO_DEEP: Final = "it is an archive inside an archive that is in one itself; unpack it"
# What reading a damaged, encrypted or unusual archive may raise.
ZIP_ERRORS: Final = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError)


@dataclass(frozen=True, slots=True, eq=False)
class Archive:
    """A ZIP archive.

    Args:
        open: gives its path, or its bytes as a file.
        depth: how many archives it lies in.
    """

    open: Callable[[], Path | io.BytesIO]
    depth: int = 0


class OpenZip:
    """Opens archives and keeps the last one open: thousands of members are read from it without listing it again, and
    however many archives there are, one file is held.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._which: Archive | None = None
        self._archive: zipfile.ZipFile | None = None

    @contextmanager
    def opened(self, which: Archive) -> Iterator[zipfile.ZipFile]:
        """An archive, for one thread at a time; raises what `zipfile` raises."""
        with self._lock:
            if self._archive is None or self._which is not which:
                # An archive in another is read from that first, which is opened here, too.
                file = which.open()
                self._close()
                self._archive = zipfile.ZipFile(file)
                self._which = which
            yield self._archive

    def _close(self) -> None:
        if self._archive is not None:
            self._archive.close()
        self._archive = None


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A file in an archive.

    Args:
        name: its path there, after that of the archive that it lies in where this lies in another.
        note: what was assumed about its name; may be empty.
        read: its bytes, or as many of the first as are asked for; raises `SegDetectError` or one of `ZIP_ERRORS`.
        size: how many bytes it has at most, as its archive says.
        numbers: its place in the archive's list, after that of the archive that it lies in where this lies in another;
            empty for what cannot be read.
    """

    name: str
    note: str
    read: Callable[[int | None], bytes]
    size: int = 0
    numbers: tuple[int, ...] = ()


def search(archive: Archive, zips: OpenZip, *, name: str) -> Iterator[Member | LeftOut]:
    """The files in an archive in their order, those of archives in it at their place; and what is left out.

    Args:
        archive: where to search; archives in it are searched where it is in none itself.
        zips: what opens archives.
        name: what the archive is called in errors.

    Raises:
        InputError: it has too many members.
        BadZipFile: or another of `ZIP_ERRORS`: it cannot be listed.
    """
    with zips.opened(archive) as opened:
        members = opened.infolist()
        packed = sum(info.compress_size for info in members)
        # Members that share their bytes, as no program packs them, let a small archive cost what a large one does.
        if packed > opened.start_dir:
            raise zipfile.BadZipFile("its members overlap")
    if len(members) > limits.MAX_ZIP_MEMBERS:
        raise InputError(
            f"the archive has {len(members)} members, more than the limit of {limits.MAX_ZIP_MEMBERS}",
            remedy="Split it in several archives",
            file=name,
        )
    names, page = member_names(members)
    if not all(names) or not all(info.filename for info in members):
        raise zipfile.BadZipFile("it has a member without a name")
    note = f"{as_text(name)} does not say how its names are written; {page} was assumed." if page else ""
    files = [
        _member(archive, zips, info, number, name=member, note=note if not member.isascii() else "")
        for number, (info, member) in enumerate(zip(members, names, strict=True))
        if not member.endswith("/")
    ]
    own = {PurePosixPath(file.name).parent for file in files if _is_own(file)}
    room = _Room(limits.MAX_ZIP_MEMBERS - len(members), limits.upload_limit(packed))
    reported: set[str] = set()
    for file in files:
        left_out = _left_behind(file.name, own)
        if left_out is None:
            yield from _nested(file, archive, zips, room) if file.name.lower().endswith(ZIP_SUFFIX) else (file,)
        elif left_out.name not in reported:
            reported.add(left_out.name)
            yield left_out


def member(archive: Archive, zips: OpenZip, number: int) -> Member:
    """A member by its place in the archive's list; raises one of `ZIP_ERRORS` where there is none."""
    with zips.opened(archive) as opened:
        members = opened.infolist()
    if not 0 <= number < len(members):
        raise zipfile.BadZipFile("it has become shorter")
    return _member(archive, zips, members[number], number, name=members[number].filename)


def inner_archive(file: Member, outer: Archive) -> Archive:
    """A member that is an archive itself, within the limits for the only one in its archive."""
    return _inner_archive(file, outer, _Room(limits.MAX_ZIP_MEMBERS, limits.MAX_INNER_ZIP_BYTES))


def _member(
    archive: Archive, zips: OpenZip, info: zipfile.ZipInfo, number: int, *, name: str, note: str = ""
) -> Member:
    return Member(name, note, partial(_read, zips, archive, info), info.file_size, (number,))


@dataclass(slots=True)
class _Room:
    """How many members the archives in an archive may still have together, and how many bytes."""

    members: int
    size: int


def _nested(file: Member, outer: Archive, zips: OpenZip, room: _Room) -> Iterator[Member | LeftOut]:
    """The files of an archive in another; one that cannot be listed stands for itself."""
    if outer.depth:
        yield LeftOut(file.name, TOO_DEEP)
        return
    inner = _inner_archive(file, outer, room)
    try:
        found = list(search(inner, zips, name=file.name))
        with zips.opened(inner) as opened:
            room.members -= len(opened.infolist())
    except (*ZIP_ERRORS, InputError) as error:
        yield Member(file.name, file.note, partial(_fail, not_listed(error)))
        return
    finally:
        room.size -= file.size
    for item in found:
        name = f"{file.name}/{item.name}"
        if isinstance(item, Member):
            numbers = (*file.numbers, *item.numbers) if item.numbers else ()
            yield Member(name, item.note or file.note, item.read, item.size, numbers)
        else:
            yield LeftOut(name, item.reason, item.maybe_picture)


def _inner_archive(file: Member, outer: Archive, room: _Room) -> Archive:
    return Archive(partial(_inner, file, replace(room)), outer.depth + 1)


def _inner(file: Member, room: _Room) -> io.BytesIO:
    limit = min(limits.MAX_INNER_ZIP_BYTES, room.size)
    data = b"" if file.size > limit else file.read(None)
    # `zipfile` would take some 20 microseconds and 500 bytes for each of millions of members.
    if file.size > limit or data.count(_LISTED_MEMBER) > room.members:
        raise ImageTooLargeError(
            f"the archive and others in the same archive have more than {limits.MAX_ZIP_MEMBERS} members or "
            f"{limit // 1_000_000} megabytes together",
            remedy="Take it out and give it by itself",
        )
    return io.BytesIO(data)


def _left_behind(name: str, own: set[PurePosixPath]) -> LeftOut | None:
    """The file, or the outermost folder that it lies in, where it is left out because of its name."""
    # Some programs on Windows write their own separators.
    parts = PurePosixPath(name.replace("\\", "/")).parts
    for depth, part in enumerate(parts, 1):
        folder = depth < len(parts)
        reason = left_behind(part, folder=folder)
        if folder and part in OWN_PICTURES and PurePosixPath(*parts[: depth - 1]) in own:
            reason = OWN_OUTPUT
        if reason:
            return LeftOut("/".join(parts[:depth]) + "/" * folder, reason)
    return None


def _is_own(file: Member) -> bool:
    if PurePosixPath(file.name).name != OWN_RECORD:
        return False
    try:
        return is_own_record(file.read(OWN_RECORD_BYTES))
    except (*ZIP_ERRORS, UnreadableImageError, ImageTooLargeError):
        return False


def _read(zips: OpenZip, archive: Archive, info: zipfile.ZipInfo, first: int | None) -> bytes:
    if info.flag_bits & 1:
        raise UnreadableImageError(
            "it is encrypted inside its archive", remedy="Unpack the archive with its password and give the folder"
        )
    # Only these inflate step by step, so that what is too much is not even held.
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise UnreadableImageError(
            "it is compressed inside its archive in an unusual way",
            remedy="Make the ZIP archive anew with the usual compression (Deflate)",
        )
    limit = min(limits.MAX_FILE_BYTES, limits.decoded_limit(info.compress_size))
    if first is None and info.file_size > limit:
        raise too_large(limit)
    with zips.opened(archive) as opened, opened.open(info) as member:
        # No more than the archive says is inflated.
        return member.read(first if first is not None else limit)


def not_listed(error: Exception) -> Exception:
    """The error of an archive that cannot be listed, in our words; those of ours and of the disk stay as they are."""
    if isinstance(error, SegDetectError | OSError):
        return error
    return UnreadableImageError(
        "the archive is damaged, or packed as no usual program does", remedy="Make the ZIP archive anew"
    )


def limited(data: bytes) -> bytes:
    """The bytes of a file, if they are not too many.

    Raises:
        ImageTooLargeError: they are.
    """
    if len(data) > limits.MAX_FILE_BYTES:
        raise too_large(limits.MAX_FILE_BYTES)
    return data


def too_large(limit: int) -> ImageTooLargeError:
    """The error for a file that is not read since it has more bytes than the limit."""
    return ImageTooLargeError(
        f"the file has more than {limit // 1_000_000} megabytes", remedy="Scale the picture down or cut it in parts"
    )


def _fail(error: Exception, _: int | None) -> bytes:
    raise error
