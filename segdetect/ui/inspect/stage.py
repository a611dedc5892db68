"""The stage: the picture with its layers, the interactive heat map beside it or in its place, and the filmstrip."""

from __future__ import annotations

from collections import Counter
from typing import Final, Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from segdetect.grid import square_grid
from segdetect.inspection import Inspection
from segdetect.output.charts import HeatmapStyle
from segdetect.output.names import picture_file
from segdetect.output.tables import csv_bytes, flagged_table
from segdetect.ui.inspect.heat_map import read_heat_style
from segdetect.ui.inspect.ignoring import show_ignored, show_ignored_files
from segdetect.ui.inspect.picture import VIEWER, show_picture
from segdetect.ui.inspect.second_opinion import Asked
from segdetect.ui.inspect.tuning import use_grid
from segdetect.ui.shared.controls import KEPT
from segdetect.ui.shared.page import part
from segdetect.ui.shared.sidebar import Request
from segdetect.ui.shared.texts import plain, shown
from segdetect.ui.viewer.pane import Good
from segdetect.ui.viewer.parts import filmstrip

View = Literal["Picture", "Scores", "Both"]
_VIEWS: Final[tuple[View, ...]] = ("Picture", "Scores", "Both")


def read_stage(request: Request) -> tuple[View, HeatmapStyle]:
    """Draw what the visitor chooses of the stage, which is kept: picture, scores or both, and the colours of scores."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="stage-head"):
        view: View = st.segmented_control(
            "View", _VIEWS, default="Picture", required=True, key="view", label_visibility="collapsed", **KEPT
        )
        style = read_heat_style()
        if not request.is_frame:
            show_ignored_files(request.image)
            show_ignored(request.image)
        _offer_square_tiles(request)
    return view, style


def _offer_square_tiles(request: Request) -> None:
    """Where a strip is cut in long tiles, draw the button that takes square ones in their place."""
    settings = request.settings
    chosen = settings.plan is not None or settings.grid.rows != settings.grid.cols
    grid = None if chosen else square_grid(request.image.size_wh, settings.grid)
    if grid is not None:
        st.button(
            plain(f"Use square tiles ({grid})"),
            key="use-square-grid",
            icon=":material/grid_on:",
            on_click=use_grid,
            args=(grid,),
            help="The tiles of this long picture are long, too, and a defect fills little of one. Those of this grid "
            "are as square as can be.",
        )


@part("The stage")
def show_stage(
    request: Request,
    inspection: Inspection,
    *,
    asked: Asked | None,
    view: View,
    style: HeatmapStyle,
) -> DeltaGenerator | None:
    """Draw the picture; returns where the interactive heat map goes, where it was chosen."""
    image, paintable = request.image, not request.is_frame
    # The picture stays on the page in every view, since the filmstrip and the histogram follow it.
    with st.container(horizontal=True, gap="small", wrap=False, key=f"view-{view.lower()}"):
        with st.container(key="stage-picture"):
            dispute = None if asked is None else asked.dispute
            good = _nearest_good(request, inspection)
            show_picture(image, inspection, style, dispute=dispute, good=good, paintable=paintable)
        return None if view == "Picture" else st.container(key="stage-scores")
    return None


@part("The filmstrip")
def show_film(inspection: Inspection) -> None:
    """Draw the flagged segments below the stage, with their table to keep."""
    with st.container(key="film", gap=None):
        filmstrip(key="filmstrip", viewer=VIEWER)
        with st.container(key="film-csv"):
            st.download_button(
                "CSV",
                data=lambda: csv_bytes(flagged_table(inspection)),
                file_name=shown(f"{picture_file(inspection.image).stem}-flagged_segments.csv"),
                mime="text/csv",
                on_click="ignore",
                icon=":material/download:",
                help="The flagged tiles as a table",
            )


def _nearest_good(request: Request, inspection: Inspection) -> Good | None:
    """The picture of the bank that most tiles found their look-alike in; None where there is none but the picture."""
    sources = inspection.scores.sources
    told = Counter(sources[number].identity for number in inspection.scores.nearest_source.tolist() if number >= 0)
    good = {image.identity: image for image in request.bank if image.identity != request.image.identity}
    best = next((good[identity] for identity, _ in told.most_common() if identity in good), None)
    return None if best is None else Good(title=shown(best.name), picture=best.pixels)
