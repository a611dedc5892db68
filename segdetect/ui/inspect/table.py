"""The table of tiles, which shares the selected one with the stage."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from segdetect.inspection import Inspection
from segdetect.output.segments import segments
from segdetect.output.sentences import place
from segdetect.output.tables import rank_column
from segdetect.output.thumbnails import thumbnail_uri
from segdetect.pictures.loading import LoadedImage
from segdetect.ui.inspect.segment_table import show_segments
from segdetect.ui.shared.locale import number_column
from segdetect.ui.shared.page import callback, part
from segdetect.ui.shared.phone import is_phone
from segdetect.ui.shared.remembered import remembered
from segdetect.ui.shared.session import picked_tiles, select_tile
from segdetect.ui.shared.texts import shown

_SEGMENTS: Final = "Segments"
_LISTED: Final = {"Flagged": 0, _SEGMENTS: 0, "20 most unlike": 20, "All tiles": 1024}
_PICKED: Final = "Picked"
# Which tile, and how odd it is.
_ON_PHONE: Final = ("segment", "place", "score")


@part("The table")
def show_table(image: LoadedImage, inspection: Inspection, tile: int) -> None:
    """Draw the flagged tiles, their segments, or more; a click on a row selects its tile, picked ones come up."""
    picked = picked_tiles(inspection)
    wanted = _choice(picked)
    key = f"table-{inspection.sha256[:12]}-{inspection.page}-{inspection.settings.grid}-{wanted}"
    if wanted == _SEGMENTS and inspection.flagged_tiles:
        show_segments(image, inspection, segments(inspection), tile, key=key)
        return
    tiles = picked if wanted == _PICKED else _listed(inspection, _LISTED[wanted])
    if not tiles:
        st.info("No tile is flagged. List the most unlike ones to see what came closest.", icon=":material/check:")
        return
    st.dataframe(
        _table(image, inspection, tiles, tile),
        key=key,
        on_select=lambda: _row_selected(inspection, tiles, key),
        selection_mode="single-row",
        hide_index=True,
        row_height=64,
        height=min(420, 40 + 64 * len(tiles)),
        column_order=_ON_PHONE if is_phone() else None,
        column_config=_columns(inspection),
        alt="Tiles with their place, score, rank and nearest look-alike",
    )


def _choice(picked: list[int]) -> str:
    """Which tiles are to be listed: those that were picked come up when they change, and go with the last of them."""
    if picked != st.session_state.setdefault("listed-picks", []):
        st.session_state["listed-picks"] = picked
        if picked:
            st.session_state["listed"] = _PICKED
    if not picked and st.session_state.get("listed") == _PICKED:
        st.session_state["listed"] = "Flagged"
    wanted: str | None = st.segmented_control(
        "List",
        [*_LISTED, *([_PICKED] if picked else [])],
        default="Flagged",
        required=True,
        key="listed",
        persist_state="session",
        help="Flagged tiles that touch, if only in a corner, are one segment.",
    )
    return wanted or "Flagged"


def _columns(inspection: Inspection) -> dict[str, ColumnConfig]:
    return {
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
    }


@callback
def _row_selected(inspection: Inspection, tiles: list[int], key: str) -> None:
    rows = st.session_state[key]["selection"]["rows"]
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
            "segment": [_thumbnail(image, *scores.layout.boxes_ltrb[tile].tolist()) for tile in tiles],
            "place": [place(tile, cols) for tile in tiles],
            "score": scores.scores[tiles],
            "rank": rank_column(scores, tiles),
            "look-alike": [look_alike_place(inspection, tile) for tile in tiles],
            "similarity": scores.nearest_similarity[tiles].round(3),
        }
    )


def _thumbnail(image: LoadedImage, *box_ltrb: int) -> str:
    """A tile as a `data:` address; made once, however often the table is drawn."""
    return remembered("thumbnail", (image.key, box_ltrb), lambda: thumbnail_uri(image, box_ltrb))


def look_alike_place(inspection: Inspection, tile: int) -> str:
    """Where a tile's nearest look-alike lies; with the picture's name when that is another one."""
    scores = inspection.scores
    source = int(scores.nearest_source[tile])
    if source < 0:
        return "none"
    where = place(int(scores.nearest_tile[tile]), scores.sources[source].layout.grid.cols)
    return where if source == 0 else shown(f"{scores.sources[source].name}, {where}")
