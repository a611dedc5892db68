"""What depends on the selected tile. It is a fragment, so that a click draws only this again and not the whole page."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from segdetect.inspection import Inspection
from segdetect.output.charts import HeatmapStyle
from segdetect.ui.inspect.heat_map import show_heatmap
from segdetect.ui.inspect.picture import choose_on_picture
from segdetect.ui.inspect.table import show_table
from segdetect.ui.inspect.why import look_alikes_of, nearest_elsewhere, show_resembling
from segdetect.ui.shared.page import part
from segdetect.ui.shared.reviewing import review_row
from segdetect.ui.shared.session import selected_tile
from segdetect.ui.shared.sidebar import Request


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Places:
    """Where it is drawn: containers of the page around it.

    Args:
        why: below the explanation.
        review: for what a person says of its segment.
        scores: for the interactive heat map; None where it is not shown.
        table: for the table of tiles; None where it is not shown.
    """

    why: DeltaGenerator
    review: DeltaGenerator
    scores: DeltaGenerator | None
    table: DeltaGenerator | None


@st.fragment
@part("What is shown of the tile")
def show_selected(request: Request, inspection: Inspection, style: HeatmapStyle, places: Places) -> None:
    """Draw it, the explanation before all else, since that is what a click asks for."""
    tile = selected_tile(inspection)
    with places.why:
        look_alikes = look_alikes_of(request, inspection, tile)
        choose_on_picture(inspection, tile, look_alikes, nearest_elsewhere(request, look_alikes))
        show_resembling(request, inspection, tile, look_alikes, style)
    with places.review:
        review_row(request, inspection, tile)
    if places.scores is not None:
        with places.scores:
            show_heatmap(request.image, inspection, tile, style)
    if places.table is not None:
        with places.table:
            show_table(request.image, inspection, tile)
