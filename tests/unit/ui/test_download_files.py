"""A file that was made for a download outlives the scripts of others, and goes when its minute is over."""

from __future__ import annotations

import pytest
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from segdetect.ui.shared import download_files
from segdetect.ui.shared.download_files import SECONDS, keep_downloads


def test_a_download_stays_for_a_minute_whoever_else_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(download_files.time, "monotonic", lambda: now[0])
    keep_downloads()
    manager = MediaFileManager(MemoryMediaFileStorage("/media"))
    manager._deferred_callables["asked"] = {  # type: ignore[typeddict-item]
        **{
            "callable": lambda: b"tiles",
            "mimetype": "text/csv",
            "filename": "tiles.csv",
            "coordinates": "0",
            "session_id": "anna",
        },
    }
    address = manager.execute_deferred("asked")
    (made,) = manager._file_metadata
    assert made in address
    for _ in range(10):
        manager.remove_orphaned_files()
        now[0] += SECONDS / 11
    assert made in manager._file_metadata, "ten scripts of others have ended, and it is still there"
    now[0] += SECONDS
    manager.remove_orphaned_files()
    assert made not in manager._file_metadata
