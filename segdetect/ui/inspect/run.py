"""Run an inspection for the page: progress while it lasts, a way to stop it, and the error in its place."""

from __future__ import annotations

import streamlit as st
from PIL import Image

from segdetect.inspection import Inspection
from segdetect.output.thumbnails import fitted
from segdetect.ui.shared.jobs import jobs, visitor
from segdetect.ui.shared.page import callback, part
from segdetect.ui.shared.progress import Progressing, passing
from segdetect.ui.shared.session import inspector
from segdetect.ui.shared.sidebar import Request
from segdetect.ui.shared.texts import shown


@part("The inspection")
def run_inspection(request: Request) -> Inspection | None:
    """Answer the request, or show why there is no answer."""
    identity = (request.image.key, request.settings, tuple(image.key for image in request.bank))
    if st.session_state.get("stopped") == identity:
        st.info("Stopped. Change a setting, or run it again.", icon=":material/pause_circle:")
        st.button("Run again", on_click=_run_again, type="primary")
        return None
    with passing() as slot, passing() as skeleton:
        if not inspector().is_described(request.image, request.settings):
            # The picture is there at once, where it will stay; only what is said of it has to be awaited.
            picture = fitted(Image.fromarray(request.image.pixels), 1000)
            skeleton.image(picture, width=460, alt=shown(f"{request.image.name}, waiting for the answer"))
        progress = Progressing(slot, identity)
        inspection = inspector().inspect(request.image, request.settings, bank=request.bank, progress=progress)
    if st.session_state.get("jobs-for") != identity:
        # What was to be computed ahead for the view before is not wanted any more.
        jobs().leave(visitor())
        st.session_state["jobs-for"] = identity
    return inspection


@callback
def _run_again() -> None:
    del st.session_state["stopped"]
