"""The pictures that are reviewed, wherever they still are."""

from __future__ import annotations

import hashlib

from segdetect.errors import InputError, SegDetectError
from segdetect.pictures.loading import LoadedImage
from segdetect.runs.queued.files import read_files
from segdetect.storage.history.entries import Entry
from segdetect.ui.shared.background_runs import runs
from segdetect.ui.shared.jobs import account
from segdetect.ui.shared.reviewing import picture_of
from segdetect.ui.shared.session import Upload, loaded


def bytes_of(entry: Entry) -> bytes | None:
    """The bytes of an entry's picture; None where it is kept nowhere."""
    return picture_of(entry) or _in_run(entry)


def _in_run(entry: Entry) -> bytes | None:
    """From the files of a run in the background, where it is one of those; others have no files here."""
    if runs().get(account(), entry.run) is None:
        return None
    try:
        files = read_files(runs().folder(entry.run)).files
        named = (file for file in files if entry.image in (file.name, f"{file.name}#{entry.page + 1}"))
        found = (file.data() for file in named)
        return next((data for data in found if hashlib.sha256(data).hexdigest() == entry.sha256), None)
    except (SegDetectError, OSError):
        return None


def image_of(entry: Entry) -> LoadedImage | None:
    """The picture itself; None where it is kept nowhere or cannot be opened any more."""
    data = bytes_of(entry)
    try:
        return None if data is None else loaded(Upload(entry.image, data), page=entry.page)
    except InputError:
        return None


def read_bytes(entry: Entry) -> bytes:
    """Its bytes; raises `InputError` where they are kept nowhere."""
    data = bytes_of(entry)
    if data is None:
        raise InputError("this picture is not here any more", remedy="Inspect it again", file=entry.image)
    return data
