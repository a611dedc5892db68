"""Files that were made for a download stay until the browser has come for them.

Streamlit counts them as nobody's, and drops them once two scripts of anybody have ended: with many visitors, or one
whose page looks for an answer, that is sooner than the browser asks, and the download fails.
"""

from __future__ import annotations

import time
from typing import Final

from streamlit.runtime.media_file_manager import MediaFileMetadata

SECONDS: Final = 60.0
_MARKED: Final = "segdetect_marked_at"


def keep_downloads() -> None:
    """From now on a file that nobody refers to any more stays for a minute."""
    MediaFileMetadata.mark_for_delete = _mark  # type: ignore[assignment, method-assign]
    MediaFileMetadata.is_marked_for_delete = property(_is_due)  # type: ignore[assignment, method-assign]


def _mark(file: MediaFileMetadata) -> None:
    file.__dict__.setdefault(_MARKED, time.monotonic())


def _is_due(file: MediaFileMetadata) -> bool:
    marked = file.__dict__.get(_MARKED)
    return marked is not None and time.monotonic() - marked >= SECONDS
