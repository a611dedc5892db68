"""A file that was dropped in has the name that it has on the visitor's disk."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from streamlit.elements.widgets import file_uploader
from streamlit.proto.Common_pb2 import FileUploaderState, FileURLs
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from segdetect.ui.shared.upload_names import keep_names


class Manager:
    """Has the files of a session under the names that a browser sent."""

    def __init__(self, sent: str) -> None:
        self.record = UploadedFileRec("1", sent, "image/png", b"picture")

    def get_files(self, session_id: str, file_ids: list[str]) -> list[UploadedFileRec]:
        return [self.record] if self.record.file_id in file_ids else []


@pytest.mark.parametrize(
    ("chosen", "sent", "shown"),
    [
        ('a "new" 100%22.png', "a %22new%22 100%22.png", 'a "new" 100%22.png'),
        ("a%22.png", "a%22.png", "a%22.png"),
        ("plain.png", "plain.png", "plain.png"),
        # What was told is no name of this file: it is not believed.
        ('b".png', "a%22.png", "a%22.png"),
        ("", "a%22.png", "a%22.png"),
    ],
    ids=["quotation marks", "a percent sign of its own", "nothing to write otherwise", "another name", "none told"],
)
def test_a_name_is_what_the_file_was_chosen_by(
    monkeypatch: pytest.MonkeyPatch, chosen: str, sent: str, shown: str
) -> None:
    session = SimpleNamespace(uploaded_file_mgr=Manager(sent), session_id="session")
    monkeypatch.setattr(file_uploader, "get_script_run_ctx", lambda: session)
    monkeypatch.setattr(file_uploader, "_get_upload_files", file_uploader._get_upload_files)
    keep_names()
    keep_names()
    state = FileUploaderState()
    state.uploaded_file_info.add(file_id="1", name=chosen, size=7, file_urls=FileURLs())
    state.uploaded_file_info.add(file_id="2", name="gone.png")
    serde = file_uploader.FileUploaderSerde(accept_multiple_files=True)
    first, gone = serde.deserialize(state)  # type: ignore[misc]
    assert first.name == shown
    assert not hasattr(gone, "name")
    assert serde.deserialize(None) == []
