"""The picture itself, with its flagged tiles, the selected one and its look-alikes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from segdetect.inspection import Inspection
from segdetect.output.charts import HeatmapStyle
from segdetect.pictures.loading import LoadedImage
from segdetect.regions import MAX_AREA
from segdetect.scoring.look_alikes import LookAlike
from segdetect.ui.inspect.ignoring import show_ignored, show_ignored_files
from segdetect.ui.shared.ignored import ignored, keep_painted
from segdetect.ui.shared.page import callback, part
from segdetect.ui.shared.session import select_tile
from segdetect.ui.viewer.painting import Painting
from segdetect.ui.viewer.panes import inspection_pane
from segdetect.ui.viewer.truth import truth_marks
from segdetect.ui.viewer.viewer import Looks, ViewerEvent, picture_viewer

PICTURE_HEIGHT: Final = 460
_LEAST_HEIGHT: Final = 200


@part("The picture")
def show_picture(
    image: LoadedImage,
    inspection: Inspection,
    tile: int,
    look_alikes: Sequence[LookAlike],
    style: HeatmapStyle,
    *,
    paintable: bool = True,
) -> None:
    """Draw the annotated picture; a click or the arrow keys select a tile, and regions to ignore are painted on it."""

    @callback
    def chosen(event: ViewerEvent) -> None:
        if event.tile is not None:
            select_tile(inspection, event.tile)

    pane = inspection_pane(image, inspection, look_alikes=look_alikes, marks=truth_marks(inspection), style=style)
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="heading-picture"
    ):
        st.markdown("**Picture**", width="content")
        if paintable:
            show_ignored_files(image)
    picture_viewer(
        [pane],
        key="picture",
        selected=tile,
        height=_height(image.size_wh),
        looks=Looks(heat=0.0),
        painting=Painting(ignored().version, MAX_AREA, keep_painted) if paintable else None,
        on_select=chosen,
    )
    if paintable:
        show_ignored(image)


def _height(size_wh: tuple[int, int]) -> int:
    """As much as the picture needs in half of a wide screen, so that a strip does not float in an empty field."""
    return round(min(PICTURE_HEIGHT, max(_LEAST_HEIGHT, 760 * size_wh[1] / size_wh[0])))
