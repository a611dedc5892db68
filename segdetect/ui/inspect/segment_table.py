"""The segments in a table: flagged tiles that touch as one row."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from segdetect.inspection import Inspection
from segdetect.output.segments import Segment, area_mm2
from segdetect.output.sentences import place
from segdetect.output.thumbnails import thumbnail_uri
from segdetect.pictures.loading import LoadedImage
from segdetect.ui.inspect.downloads import mm_per_pixel
from segdetect.ui.shared.locale import number_column
from segdetect.ui.shared.page import callback
from segdetect.ui.shared.phone import is_phone
from segdetect.ui.shared.session import select_tile


def show_segments(image: LoadedImage, inspection: Inspection, found: Sequence[Segment], tile: int, *, key: str) -> None:
    """Draw a row for each segment; a click on one selects its strongest tile.

    Args:
        image: the picture.
        inspection: its answer.
        found: its segments, at least one.
        tile: the selected one.
        key: of the table.
    """
    scale = mm_per_pixel()
    unit = "px" if scale is None else "mm\u00b2"
    st.dataframe(
        _table(image, inspection, found, tile, scale),
        key=key,
        on_select=lambda: _row_selected(inspection, found, key),
        selection_mode="single-row",
        hide_index=True,
        row_height=64,
        height=min(420, 40 + 64 * len(found)),
        column_order=("segment", "place", "score") if is_phone() else None,
        column_config={
            "shown": st.column_config.TextColumn("", width=24),
            "segment": st.column_config.ImageColumn("Segment", width=64),
            "place": st.column_config.TextColumn("Strongest at", width=80),
            "score": st.column_config.ProgressColumn(
                "Score", **number_column(3), min_value=0.0, max_value=inspection.scores.highest or 1.0, width=96
            ),
            "tiles": st.column_config.NumberColumn("Tiles", width=44),
            "size": st.column_config.TextColumn("Size (px)", width=78, help="Width and height of its box"),
            "area": st.column_config.NumberColumn(
                f"Area ({unit})",
                **number_column(0 if scale is None else 3),
                width=74,
                help="Of its tiles. Under Export you say how many millimetres a pixel is wide.",
            ),
        },
        alt="Flagged tiles that touch as one segment, with its strongest tile, score, size and area",
    )


@callback
def _row_selected(inspection: Inspection, found: Sequence[Segment], key: str) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    if rows:
        select_tile(inspection, found[rows[0]].strongest_tile)


def _table(
    image: LoadedImage, inspection: Inspection, found: Sequence[Segment], tile: int, scale: float | None
) -> pd.DataFrame:
    cols = inspection.settings.grid.cols
    boxes = [segment.box_ltrb for segment in found]
    return pd.DataFrame(
        {
            "shown": ["▶" if tile in segment.tiles else "" for segment in found],
            "segment": [thumbnail_uri(image, box) for box in boxes],
            "place": [place(segment.strongest_tile, cols) for segment in found],
            "score": [segment.max_score for segment in found],
            "tiles": [len(segment.tiles) for segment in found],
            "size": [f"{right - left} x {bottom - top}" for left, top, right, bottom in boxes],
            "area": [segment.area_px if scale is None else round(area_mm2(segment, scale), 3) for segment in found],
        }
    )
