"""Uploaded files keep the names that they have on the visitor's disk.

A browser sends a file under a name in which it has written %22 for a quotation mark (and %0A, %0D for the ends of
lines), as HTML asks of forms, and leaves a % as it is: whether %22 was in the file's own name cannot be told from that.
The uploader itself tells the name untouched, beside the file's number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from streamlit.elements.widgets import file_uploader
from streamlit.runtime.uploaded_file_manager import UploadedFile

_ESCAPES: Final = {'"': "%22", "\n": "%0A", "\r": "%0D"}


def keep_names() -> None:
    """From now on files come out of uploaders under the names that they were chosen by."""
    taken = getattr(file_uploader, "_get_upload_files", None)
    # Another Streamlit may have no such function: then names stay as browsers send them.
    if taken is not None and not isinstance(taken, _Named):
        file_uploader._get_upload_files = _Named(taken)


def sent_name(name: str) -> str:
    """The name under which a browser sends a file (HTML, multipart/form-data encoding algorithm).

    >>> sent_name('the "new" 5%.png')
    'the %22new%22 5%.png'
    """
    for character, escape in _ESCAPES.items():
        name = name.replace(character, escape)
    return name


class _Named:
    """Takes an uploader's files as Streamlit does, and gives each its own name where the one that was sent is that."""

    def __init__(self, taken: Callable[[Any], list[Any]]) -> None:
        self._taken = taken

    def __call__(self, widget_value: Any) -> list[Any]:
        files = self._taken(widget_value)
        told = {} if widget_value is None else {one.file_id: one.name for one in widget_value.uploaded_file_info}
        for file in files:
            name = told.get(file.file_id, "")
            if isinstance(file, UploadedFile) and name != file.name == sent_name(name):
                file.name = name
        return files
