"""What the Inspect page keeps in the history."""

from __future__ import annotations

from typing import Final

import streamlit as st

from segdetect.inspection import Inspection
from segdetect.storage.history.history import is_on
from segdetect.ui.shared.history import keep_answer, trouble
from segdetect.ui.shared.locale import localized
from segdetect.ui.shared.originals import file_bytes
from segdetect.ui.shared.page import part
from segdetect.ui.shared.sidebar import Request
from segdetect.ui.shared.texts import plain

_SWITCH: Final = "keep-picture"


@part("The choice of what is kept")
def show_keeping() -> None:
    """Draw, in the sidebar, whether the picture itself is kept, too."""
    if is_on():
        st.sidebar.toggle(
            "Keep pictures in the history",
            key=_SWITCH,
            persist_state="session",
            help="Every answer is kept in the history, with a small copy of the picture. With this, the file itself is "
            "kept on this server as well, so that the answer can be opened here again without it. It is deleted with "
            "the last of its answers.",
        )


@part("The history")
def keep_in_history(request: Request, inspection: Inspection) -> None:
    """Keep the answer, and draw why it is not kept where that fails."""
    picture = file_bytes(request.image.sha256) if st.session_state.get(_SWITCH) else None
    keep_answer(request.image, inspection, bank=request.bank, picture=picture)
    error = trouble()
    if error is not None:
        st.warning(f"This answer is not in the history. {plain(localized(error.message))}", icon=":material/history:")
