"""The same questions on other pages, below what they are about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import streamlit as st

from segdetect.storage.history.history import is_on
from segdetect.ui.review.asking import show_question
from segdetect.ui.review.queue import Queue
from segdetect.ui.shared.page import callback, part
from segdetect.ui.shared.reviewing import read_who

_ASKING: Final = "review-asking-here"
_NAME_WIDTH: Final = 280


# An answer draws it anew and nothing else of the page.
@st.fragment
@part("The review")
def offer_review(queue: Callable[[], Queue]) -> None:
    """Draw a button, and once it was pressed the first open question of a queue, with its keys.

    Nothing is drawn where no history is kept. Until it is pressed again the questions are there for further runs and
    inspections, too; until it is pressed the keys that answer are not.
    """
    if not is_on():
        return
    asking = st.session_state.get(_ASKING, False)
    with st.container(horizontal=True, vertical_alignment="bottom", key="review-here-row"):
        # No switch: while that has the focus, the keys that answer do nothing.
        st.button(
            "No more questions" if asking else "Say what each flagged place is",
            icon=":material/rate_review:",
            key="review-here",
            on_click=callback(_turn),
            help="`D` defect, `N` not a defect, `U` unsure. It is kept in the history with your name, and plans learn "
            "from it. The *Review* page asks the same of whole plans.",
        )
        if asking:
            with st.container(width=_NAME_WIDTH):
                read_who()
    if asking:
        show_question(queue())


def _turn() -> None:
    st.session_state[_ASKING] = not st.session_state.get(_ASKING, False)
