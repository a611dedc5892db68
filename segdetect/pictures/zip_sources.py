"""The picture files in ZIP archives."""

from __future__ import annotations

from functools import partial
from pathlib import Path, PurePosixPath

from segdetect.pictures.archives import ZIP_ERRORS, Archive, OpenZip, not_listed, search
from segdetect.pictures.found import Found, file_key, unreadable_source
from segdetect.pictures.left_out import LeftOut
from segdetect.pictures.places import place_of
from segdetect.pictures.sniffing import HEAD_BYTES, no_picture


def in_zip_file(path: Path, zips: OpenZip, *, name: str) -> list[Found | LeftOut]:
    """The members of a ZIP on the disk, as `in_zip`; others can read them there."""
    return in_zip(Archive(lambda: path), zips, name=name, key=file_key(path), path=path)


def in_zip(archive: Archive, zips: OpenZip, *, name: str, key: str, path: Path | None = None) -> list[Found | LeftOut]:
    """The members of a ZIP; a damaged archive stands for itself and fails when it is read."""
    try:
        members = list(search(archive, zips, name=name))
    except ZIP_ERRORS as error:
        return [unreadable_source(key, not_listed(error), name)]
    prefix = PurePosixPath(Path(name).name).stem
    found: list[Found | LeftOut] = []
    for index, item in enumerate(members):
        if isinstance(item, LeftOut):
            found.append(item)
        elif reason := no_picture(item.name, partial(item.read, HEAD_BYTES)):
            found.append(LeftOut(item.name, reason, maybe_picture=False))
        else:
            names = (item.name, f"{prefix}/{item.name}", f"{name}/{item.name}")
            place = place_of(path, item.numbers) if path is not None and item.numbers else None
            read = partial(item.read, None)
            found.append(Found(names, f"{key}//{index}", read, item.note, item.size, place=place))
    return found
