"""The answer as a place to look: picture, heatmap and table share one selected tile."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pandas as pd
import streamlit as st

from segdetect.inspection import Inspection
from segdetect.output.charts import HeatmapStyle, score_heatmap
from segdetect.output.heat import COLOUR_SCALES, heat_scale
from segdetect.output.segments import segments
from segdetect.output.sentences import place
from segdetect.output.tables import rank_column
from segdetect.output.thumbnails import thumbnail_uri
from segdetect.pictures.loading import LoadedImage
from segdetect.ui.browser.zoom import keep_zoom
from segdetect.ui.inspect.segment_table import show_segments
from segdetect.ui.shared.locale import localized_chart, number_column
from segdetect.ui.shared.page import callback, part
from segdetect.ui.shared.session import background, pick_tiles, picked_tiles, select_tile, step_through
from segdetect.ui.shared.texts import shown

HEATMAP_HEIGHT: Final = 560
_SEGMENTS: Final = "Segments"
_LISTED: Final = {"Flagged": 0, _SEGMENTS: 0, "20 most unlike": 20, "All tiles": 1024}
_PICKED: Final = "Picked"
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
        selected=[tile, *picked_tiles(inspection)],
        height=_heatmap_height(image.size_wh),
    )
    flagged = ", ".join(place(t, inspection.settings.grid.cols) for t in inspection.flagged_tiles[:5])
    st.plotly_chart(
        localized_chart(figure),
        key="heatmap",
        on_select=lambda: _chart_selected(inspection, tile),
        selection_mode=("points", "box"),
        config={"scrollZoom": True, "displaylogo": False},
        alt=shown(f"Score of each tile over the picture. Flagged: {flagged or 'none'}."),
    )
    keep_zoom("heatmap", f"{inspection.sha256}-{inspection.page}")
    if heat_scale(inspection).stretched:
        st.caption("No threshold was learnt here: the colours run from this picture's lowest to its highest score.")


def _heatmap_height(size_wh: tuple[int, int]) -> int:
    """As much as the picture needs in half a page's width, so that little stays empty around it."""
    return round(min(HEATMAP_HEIGHT, max(240, 500 * size_wh[1] / size_wh[0] + 90)))


@callback
def _chart_selected(inspection: Inspection, current: int) -> None:
    """A click on the tile that the chart already holds empties its selection, although the person chose that tile."""
    points = st.session_state["heatmap"]["selection"]["points"]
    if len(points) > 1:
        pick_tiles(inspection, [int(point["point_index"]) for point in points])
        st.session_state["listed"] = _PICKED
        return
    last = st.session_state.get("heatmap-last", current)
    chosen = points[0]["point_index"] if points else last
    st.session_state["heatmap-last"] = chosen
    select_tile(inspection, int(chosen))


def read_heat_style() -> HeatmapStyle:
    """Draw the heatmap's heading with the choices of how it looks; they are kept while the visitor is elsewhere."""
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="heading-heatmap"
    ):
        st.markdown("**Scores**", width="content")
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            stretch = st.toggle("Stretch to this picture", key="stretch", help=_STRETCH_HELP, persist_state="session")
            style = _read_view()
    return replace(style, stretch=stretch)


def _read_view() -> HeatmapStyle:
    with st.popover("View", icon=":material/tune:", type="tertiary"):
        opacity = st.slider("Opacity", 0.0, 1.0, 0.55, 0.05, format="percent", key="opacity", persist_state="session")
        scale = st.segmented_control(
            "Colours", COLOUR_SCALES, default="Cividis", required=True, key="scale", persist_state="session"
        )
        smooth = st.toggle(
            "Smooth", key="smooth", help="The engine's fine map where it has one.", persist_state="session"
        )
        outlines = st.toggle("Outline flagged tiles", True, key="outlines", persist_state="session")
    return HeatmapStyle(opacity=opacity, colour_scale=scale or "Cividis", smooth=smooth, outlines=outlines)


@part("The way through the flagged tiles")
def show_steps(inspection: Inspection, tile: int) -> None:
    """Draw the buttons that go from one flagged tile to the next."""
    tiles = inspection.flagged_tiles or [inspection.strongest_tile]
    count = f"{len(tiles)} flagged tile{'' if len(tiles) == 1 else 's'}"
    where = f"flagged tile {tiles.index(tile) + 1:d} of {len(tiles)}" if tile in tiles else count
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Previous",
            icon=":material/arrow_back:",
            shortcut="Left",
            on_click=callback(step_through),
            args=(inspection, -1),
        )
        st.button(
            "Next",
            icon=":material/arrow_forward:",
            shortcut="Right",
            on_click=callback(step_through),
            args=(inspection, 1),
        )
        st.caption(
            where if inspection.flagged_tiles else "no tile is flagged; the one most unlike the rest is shown first"
        )


@part("The table")
def show_table(image: LoadedImage, inspection: Inspection, tile: int) -> None:
    """Draw the flagged tiles, their segments, or more tiles where asked; a click on a row selects its tile."""
    picked = picked_tiles(inspection)
    if not picked and st.session_state.get("listed") == _PICKED:
        st.session_state["listed"] = "Flagged"
    wanted = st.segmented_control(
        "List",
        [*_LISTED, *([_PICKED] if picked else [])],
        default="Flagged",
        required=True,
        key="listed",
        persist_state="session",
        help="Flagged tiles that touch, if only in a corner, are one segment.",
    )
    shown = f"table-{inspection.sha256[:12]}-{inspection.page}-{inspection.settings.grid}-{wanted}"
    if wanted == _SEGMENTS and inspection.flagged_tiles:
        show_segments(image, inspection, segments(inspection), tile, key=shown)
        return
    tiles = picked if wanted == _PICKED else _listed(inspection, _LISTED[wanted or "Flagged"])
    if not tiles:
        st.info("No tile is flagged. List the most unlike ones to see what came closest.", icon=":material/check:")
        return
    st.dataframe(
        _table(image, inspection, tiles, tile),
        key=shown,
        on_select=lambda: _row_selected(inspection, tiles, shown),
        selection_mode="single-row",
        hide_index=True,
        row_height=64,
        height=min(420, 40 + 64 * len(tiles)),
        column_config={
            "shown": st.column_config.TextColumn("", width=24),
            "segment": st.column_config.ImageColumn("Tile", width=64),
            "place": st.column_config.TextColumn("Place", width=84),
            "score": st.column_config.ProgressColumn(
                "Score",
                **number_column(3),
                min_value=0.0,
                max_value=inspection.scores.highest or 1.0,
                width=100,
            ),
            "rank": st.column_config.NumberColumn("Rank", width=46),
            "look-alike": st.column_config.TextColumn("Look-alike", width=84, help="The tile most like it"),
            "similarity": st.column_config.NumberColumn("Similar", **number_column(3), width=60, help="1 is equal"),
        },
        alt="Tiles with their place, score, rank and nearest look-alike",
    )


@callback
def _row_selected(inspection: Inspection, tiles: list[int], shown: str) -> None:
    rows = st.session_state[shown]["selection"]["rows"]
    if rows:
        select_tile(inspection, tiles[rows[0]])


def _listed(inspection: Inspection, count: int) -> list[int]:
    return [int(tile) for tile in inspection.scores.ranks.argsort()[:count]] if count else inspection.flagged_tiles


def _table(image: LoadedImage, inspection: Inspection, tiles: list[int], selected: int) -> pd.DataFrame:
    scores = inspection.scores
    cols = inspection.settings.grid.cols
    return pd.DataFrame(
        {
            "shown": ["▶" if tile == selected else "" for tile in tiles],
            "segment": [thumbnail_uri(image, scores.layout.boxes_ltrb[tile]) for tile in tiles],
            "place": [place(tile, cols) for tile in tiles],
            "score": scores.scores[tiles],
            "rank": rank_column(scores, tiles),
            "look-alike": [look_alike_place(inspection, tile) for tile in tiles],
            "similarity": scores.nearest_similarity[tiles].round(3),
        }
    )


def look_alike_place(inspection: Inspection, tile: int) -> str:
    """Where a tile's nearest look-alike lies; with the picture's name when that is another one."""
    scores = inspection.scores
    source = int(scores.nearest_source[tile])
    if source < 0:
        return "none"
    where = place(int(scores.nearest_tile[tile]), scores.sources[source].layout.grid.cols)
    return where if source == 0 else shown(f"{scores.sources[source].name}, {where}")
