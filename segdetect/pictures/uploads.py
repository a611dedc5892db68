"""Picture files that are in memory, as a page gets them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import partial

from segdetect.errors import ImageTooLargeError, InputError
from segdetect.pictures import limits
from segdetect.pictures.archives import ZIP_MAGIC, Archive, OpenZip
from segdetect.pictures.formats import SUPPORTED
from segdetect.pictures.found import Found, listed, nothing, unreadable_source
from segdetect.pictures.left_out import LeftOut
from segdetect.pictures.sniffing import HEAD_BYTES, no_picture
from segdetect.pictures.source_file import Sources
from segdetect.pictures.zip_sources import in_zip


def list_uploads(files: Sequence[tuple[str, bytes]]) -> Sources:
    """As `list_sources`, for files that are in memory: `(name, data)`, where a ZIP stands for its members.

    A file alone is always tried; several together are looked through as a folder is.
    """
    zips = OpenZip()
    found: list[Found | LeftOut] = []
    for index, (name, data) in enumerate(files):
        if data.startswith(ZIP_MAGIC):
            found += _uploaded_zip(data, zips, name=name, key=f"{index}")
        elif len(files) > 1 and (reason := no_picture(name, partial(bytes, data[:HEAD_BYTES]))):
            found.append(LeftOut(name, reason, maybe_picture=False))
        else:
            found.append(Found((name,), f"{index}", partial(bytes, data), named=True))
    return listed(found)


def _uploaded_zip(data: bytes, zips: OpenZip, *, name: str, key: str) -> list[Found | LeftOut]:
    """The members of a ZIP that are all to be kept in memory; without any, or with too many, it fails by itself."""
    try:
        inside = in_zip(Archive(partial(io.BytesIO, data)), zips, name=name, key=key)
        _check_upload(inside, limits.upload_limit(len(data)))
    except InputError as error:
        return [unreadable_source(key, error, name)]
    return inside


def _check_upload(inside: Sequence[Found | LeftOut], limit: int) -> None:
    sizes = [item.size for item in inside if isinstance(item, Found)]
    if not sizes:
        raise InputError(nothing(inside), remedy=f"Give an archive with {SUPPORTED} files")
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
