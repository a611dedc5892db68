"""Run an inspection for the page: progress while it lasts, a way to stop it, and the error in its place."""

from __future__ import annotations

import time
from typing import Final

import streamlit as st
from PIL import Image
from streamlit.delta_generator import DeltaGenerator

from segdetect.errors import SegDetectError
from segdetect.inspection import Inspection
from segdetect.ui.jobs import jobs, visitor
from segdetect.ui.page import show_error
from segdetect.ui.session import inspector
from segdetect.ui.sidebar import Request
from segdetect.views import fitted

# Shorter work shows nothing: a bar that flashes up is worse than none.
_QUIET_SECONDS: Final = 0.4


def run_inspection(request: Request) -> Inspection | None:
    """Answer the request, or show why there is no answer."""
    identity = (request.image.key, request.settings, tuple(image.key for image in request.bank))
    if st.session_state.get("stopped") == identity:
        st.info("Stopped. Change a setting, or run it again.", icon=":material/pause_circle:")
        st.button("Run again", on_click=lambda: st.session_state.pop("stopped"), type="primary")
        return None
    slot, skeleton = st.empty(), st.empty()
    progress = Progressing(slot, identity)
    try:
        if not inspector().is_described(request.image, request.settings):
            # The picture is there at once, where it will stay; only what is said of it has to be awaited.
            picture = fitted(Image.fromarray(request.image.pixels), 1000)
            skeleton.image(picture, width=460, alt=f"{request.image.name}, waiting for the answer")
        inspection = inspector().inspect(request.image, request.settings, bank=request.bank, progress=progress)
    except SegDetectError as error:
        slot.empty()
        skeleton.empty()
        show_error(error)
        return None
    slot.empty()
    skeleton.empty()
    if st.session_state.get("jobs-for") != identity:
        # What was to be computed ahead for the view before is not wanted any more.
        jobs().drop_waiting(visitor())
        st.session_state["jobs-for"] = identity
    return inspection


class Progressing:
    """Says what is going on once it takes long enough to be noticed; asking Streamlit for it lets a visitor interrupt.

    Args:
        slot: an empty place on the page.
        identity: what a press on Stop stops; without it there is no such button.
    """

    def __init__(self, slot: DeltaGenerator, identity: tuple[object, ...] | None = None) -> None:
        self._slot, self._identity = slot, identity
        self._started = time.monotonic()
        self._bar: DeltaGenerator | None = None

    def __call__(self, share: float, doing: str) -> None:
        """Show how far the work is, once it lasts."""
        seconds = time.monotonic() - self._started
        if seconds < _QUIET_SECONDS:
            return
        if self._bar is None:
            with self._slot.container(horizontal=True, vertical_alignment="center"):
                self._bar = st.progress(0.0)
                if self._identity is not None:
                    st.button("Stop", on_click=self._stop, icon=":material/stop_circle:")
        self._bar.progress(min(1.0, max(0.0, share)), text=f"{doing.capitalize()} ({seconds:.0f} s)")

    def _stop(self) -> None:
        st.session_state["stopped"] = self._identity
