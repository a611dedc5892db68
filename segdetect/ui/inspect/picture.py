"""The picture itself, with its flagged tiles, the selected one and its look-alikes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from segdetect.inspection import Inspection
from segdetect.output.charts import HeatmapStyle
from segdetect.pictures.loading import LoadedImage
from segdetect.scoring.look_alikes import LookAlike
from segdetect.ui.shared.page import callback, part
from segdetect.ui.shared.session import select_tile
from segdetect.ui.viewer.panes import inspection_pane
from segdetect.ui.viewer.viewer import Looks, ViewerEvent, picture_viewer

PICTURE_HEIGHT: Final = 460
_LEAST_HEIGHT: Final = 200


@part("The picture")
def show_picture(
    image: LoadedImage, inspection: Inspection, tile: int, look_alikes: Sequence[LookAlike], style: HeatmapStyle
) -> None:
    """Draw the annotated picture; a click or the arrow keys select a tile."""

    @callback
    def chosen(event: ViewerEvent) -> None:
        if event.tile is not None:
            select_tile(inspection, event.tile)

    pane = inspection_pane(image, inspection, look_alikes=look_alikes, style=style)
    with st.container(horizontal=True, vertical_alignment="center", key="heading-picture"):
        st.markdown("**Picture**")
    picture_viewer(
        [pane], key="picture", selected=tile, height=_height(image.size_wh), looks=Looks(heat=0.0), on_select=chosen
    )


def _height(size_wh: tuple[int, int]) -> int:
    """As much as the picture needs in half of a wide screen, so that a strip does not float in an empty field."""
    return round(min(PICTURE_HEIGHT, max(_LEAST_HEIGHT, 760 * size_wh[1] / size_wh[0])))
