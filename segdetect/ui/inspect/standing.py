"""Where the welcome and the answer stand, so that what belongs to another state of the page is gone at once.

Streamlit leaves what a run has not drawn over yet on the page, faded, until that run ends, which is minutes where
others wait, too. What an empty element takes the place of goes at once; what a container takes the place of stays until
each of its parts is drawn anew, and does not flicker.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from segdetect.errors import SegDetectError
from segdetect.inspection import Inspection
from segdetect.ui.shared.session import inspector
from segdetect.ui.shared.sidebar import Request

_ANSWERED: Final = "answer-of"


def welcome_place(request: Request | None) -> DeltaGenerator:
    """Lay out the place of what the page without a picture shows; it is empty from now on where there is a picture."""
    return st.container() if request is None else st.empty()


def answer_place(request: Request, kept: Inspection | None) -> Callable[[], DeltaGenerator]:
    """Lay out the place of the answer, before it is waited for; what comes back gives the container that takes it.

    The answer for another picture goes at once where this one's has to be waited for. Else it stays until it is drawn
    over: after a changed setting nothing moves.

    Args:
        request: what is asked for.
        kept: the answer that is there already, if it is.
    """
    identity = request.image.identity
    is_another = st.session_state.get(_ANSWERED, identity) != identity
    is_empty = is_another and kept is None and not _is_known(request)
    place = st.empty() if is_empty else st.container()

    def take() -> DeltaGenerator:
        # Not before: a run that is overtaken while it waits leaves its successor the same to do.
        st.session_state[_ANSWERED] = identity
        return place.container() if is_empty else place

    return take


def _is_known(request: Request) -> bool:
    try:
        return inspector().is_described(request.image, request.settings)
    except SegDetectError:
        return False  # the inspection says why
