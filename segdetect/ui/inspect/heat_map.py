"""The interactive heat map: the scores over the picture, to be pointed at, zoomed and chosen from."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import streamlit as st

from segdetect.inspection import Inspection
from segdetect.output.charts import FLAG_COLOUR, HALO_COLOUR, HeatmapStyle, score_heatmap
from segdetect.output.heat import COLOUR_SCALES, heat_scale
from segdetect.output.sentences import place
from segdetect.pictures.loading import LoadedImage
from segdetect.ui.browser.zoom import keep_zoom
from segdetect.ui.inspect.picture import VIEWER
from segdetect.ui.shared.locale import localized_chart
from segdetect.ui.shared.page import callback, part
from segdetect.ui.shared.session import background, choose_tiles, picked_tiles
from segdetect.ui.shared.texts import shown

_STRETCH_HELP: Final = """Off, a colour means the same in every picture: dark is a score of nothing, and the
brightest third begins at the threshold, so that nothing is bright where nothing stands out.

On, the colours run from this picture's lowest score to its highest: faint differences show, and something is bright in
every picture."""


@part("The heatmap")
def show_heatmap(image: LoadedImage, inspection: Inspection, tile: int, style: HeatmapStyle) -> None:
    """Draw the scores over the picture; a click selects a tile."""
    figure = score_heatmap(
        inspection,
        background=background(image),
        style=style,
        selected=[tile],
        picked=[other for other in picked_tiles(inspection) if other != tile],
    )
    # As high as the stage on a wide screen, elsewhere as the picture needs, so that little stays empty around it.
    width, height = image.size_wh
    st.html(f"<style>.st-key-heatmap {{ --ratio: {height / width:.4f}; }}</style>")
    flagged = ", ".join(place(t, inspection.settings.grid.cols) for t in inspection.flagged_tiles[:5])
    st.plotly_chart(
        localized_chart(figure),
        key="heatmap",
        height="stretch",
        on_select=lambda: _chart_selected(inspection, tile),
        selection_mode=("points", "box"),
        config={"scrollZoom": True, "displaylogo": False},
        alt=shown(f"Score of each tile over the picture. Flagged: {flagged or 'none'}."),
    )
    keep_zoom(
        "heatmap",
        f"{inspection.sha256}-{inspection.page}",
        viewer=VIEWER,
        colours=(HALO_COLOUR, FLAG_COLOUR) if style.outlines else None,
    )
    if heat_scale(inspection).stretched:
        st.caption("No threshold was learnt here: the colours run from this picture's lowest to its highest score.")


@callback
def _chart_selected(inspection: Inspection, current: int) -> None:
    """A click on the tile that the chart already holds empties its selection, although the person chose that tile."""
    points = st.session_state["heatmap"]["selection"]["points"]
    last = st.session_state.get("heatmap-last", current)
    chosen = [int(point["point_index"]) for point in points] or [int(last)]
    st.session_state["heatmap-last"] = chosen[-1]
    choose_tiles(inspection, chosen)


def read_heat_style() -> HeatmapStyle:
    """Draw the choices of how scores look in colours; they are kept while the visitor is elsewhere."""
    with st.popover("Colours", icon=":material/palette:", type="tertiary"):
        stretch = st.toggle("Stretch to this picture", key="stretch", help=_STRETCH_HELP, persist_state="session")
        return replace(_read_view(), stretch=stretch)


def _read_view() -> HeatmapStyle:
    smooth = st.toggle("Smooth", key="smooth", help="The engine's fine map where it has one.", persist_state="session")
    scale = st.segmented_control(
        "Colours", COLOUR_SCALES, default="Cividis", required=True, key="scale", persist_state="session"
    )
    st.caption("In the view of scores:")
    opacity = st.slider("Opacity", 0.0, 1.0, 0.55, 0.05, format="percent", key="opacity", persist_state="session")
    outlines = st.toggle("Outline flagged tiles", True, key="outlines", persist_state="session")
    return HeatmapStyle(opacity=opacity, colour_scale=scale or "Cividis", smooth=smooth, outlines=outlines)
