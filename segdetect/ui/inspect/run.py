"""Run an inspection for the page: progress while it lasts, a way to stop it, and the error in its place."""

from __future__ import annotations

import streamlit as st
from PIL import Image

from segdetect.errors import SegDetectError
from segdetect.inspection import Inspection
from segdetect.output.thumbnails import fitted
from segdetect.ui.shared.jobs import jobs, visitor
from segdetect.ui.shared.page import show_error
from segdetect.ui.shared.progress import Progressing
from segdetect.ui.shared.session import inspector
from segdetect.ui.shared.sidebar import Request
from segdetect.ui.shared.texts import shown


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
            skeleton.image(picture, width=460, alt=shown(f"{request.image.name}, waiting for the answer"))
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
