"""The answer as files to keep."""

from __future__ import annotations

import streamlit as st

from segdetect.inspection import Inspection
from segdetect.output.annotation import png_bytes
from segdetect.output.names import picture_file
from segdetect.output.tables import csv_bytes, flagged_table, tiles_table
from segdetect.pictures.loading import LoadedImage
from segdetect.ui.shared.page import part
from segdetect.ui.shared.texts import plain, shown


@part("The export")
def show_exports(image: LoadedImage, inspection: Inspection) -> None:
    """Draw the download buttons; a file is made when its button is pressed, and nothing reruns."""
    stem = picture_file(image.name).stem
    with st.popover("Export", icon=":material/download:"):
        st.download_button(
            "Flagged segments (CSV)",
            data=lambda: csv_bytes(flagged_table(inspection)),
            file_name=shown(f"{stem}-flagged_segments.csv"),
            mime="text/csv",
            on_click="ignore",
            width="stretch",
            key="download-flagged",
        )
        st.download_button(
            "All tiles (CSV)",
            data=lambda: csv_bytes(tiles_table(inspection)),
            file_name=shown(f"{stem}-tiles.csv"),
            mime="text/csv",
            on_click="ignore",
            width="stretch",
            key="download-tiles",
        )
        st.download_button(
            "Annotated picture (PNG)",
            data=lambda: png_bytes(image, inspection),
            file_name=shown(f"{stem}-annotated.png"),
            mime="image/png",
            on_click="ignore",
            width="stretch",
            key="download-picture",
        )
        st.caption("In files, rows, columns and tiles count from 0; right and bottom edges are exclusive.")
        st.caption(f"Made by {plain(inspection.engine_version)}")
