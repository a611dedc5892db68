"""Run an inspection for the page: progress while it lasts, a way to stop it, and the error in its place."""

from __future__ import annotations

from typing import Final

import streamlit as st
from PIL import Image

from segdetect.errors import GridTooFineError
from segdetect.grid import fitting_grid, square_grid
from segdetect.inspection import Inspection
from segdetect.output.thumbnails import fitted
from segdetect.ui.inspect.tuning import use_grid
from segdetect.ui.shared.jobs import leave
from segdetect.ui.shared.page import callback, part, show_error
from segdetect.ui.shared.progress import Progressing, passing
from segdetect.ui.shared.session import inspector
from segdetect.ui.shared.sidebar import Request
from segdetect.ui.shared.texts import plain, shown

# A picture of few pixels is enlarged, so that it can be seen.
_LEAST_WIDTH: Final = 320


def leave_former(request: Request | None) -> None:
    """What was asked for beside the view before this one is not wanted any more."""
    identity = None if request is None else _identity(request)
    if st.session_state.get("jobs-for") != identity:
        leave()
        st.session_state["jobs-for"] = identity


def _identity(request: Request) -> tuple[object, ...]:
    return (request.image.key, request.settings, tuple(image.key for image in request.bank))


@part("The inspection")
def run_inspection(request: Request) -> Inspection | None:
    """Answer the request, or show why there is no answer."""
    identity = _identity(request)
    if st.session_state.get("stopped") == identity:
        st.info("Stopped. Change a setting, or run it again.", icon=":material/pause_circle:")
        st.button("Run again", on_click=_run_again, type="primary")
        return None
    try:
        return _inspected(request, identity)
    except GridTooFineError as error:
        _offer_grid(request, error)
        return None


def _inspected(request: Request, identity: tuple[object, ...]) -> Inspection:
    with passing() as slot, passing() as skeleton:
        if not inspector().is_described(request.image, request.settings):
            # The picture is there at once, where it will stay; only what is said of it has to be awaited.
            picture = fitted(Image.fromarray(request.image.pixels), 1000)
            skeleton.image(picture, width=460, alt=shown(f"{request.image.name}, waiting for the answer"))
        progress = Progressing(slot, identity)
        return inspector().inspect(request.image, request.settings, bank=request.bank, progress=progress)


def _offer_grid(request: Request, error: GridTooFineError) -> None:
    """Draw a picture that is too small for the grid, with the grid that it is large enough for a click away."""
    show_error(error)
    size_wh = request.image.size_wh
    grid = fitting_grid(size_wh)
    if grid is not None:
        # As many rows as columns would cut a strip in tiles that are hardly higher than they have to be.
        grid = square_grid(size_wh, grid) or grid
        st.button(
            plain(f"Use {grid}"),
            key="use-fitting-grid",
            type="primary",
            icon=":material/grid_on:",
            on_click=use_grid,
            args=(grid,),
        )
    picture = Image.fromarray(request.image.pixels)
    st.image(picture, width=max(_LEAST_WIDTH, picture.width), alt=shown(f"{request.image.name}, not inspected"))


@callback
def _run_again() -> None:
    del st.session_state["stopped"]
