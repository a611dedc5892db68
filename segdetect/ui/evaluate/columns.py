"""How figures stand in the tables of the Evaluate page."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from segdetect.evaluation.tables import COLUMNS
from segdetect.ui.shared.locale import number_column
from segdetect.ui.shared.texts import plain, shown

# Of columns, in screen pixels: together they fit beside the sidebar at 1440.
_TITLE_WIDTH: Final = 122
_WIDTH: Final = 74
_WIDTHS: Final = {"pictures": 78, "clean_unflagged": 112, "image_auroc": 100, "pixel_auroc": 86, "precision": 82}


def figure_columns() -> dict[str, ColumnConfig]:
    """Heads, helps and widths of `COLUMNS`."""
    title = st.column_config.TextColumn("Category", width=_TITLE_WIDTH, pinned=True)
    return {"title": title} | {
        name: st.column_config.NumberColumn(
            head, width=_WIDTHS.get(name, _WIDTH), help=plain(text), **number_column(0 if name == "pictures" else 3)
        )
        if name != "clean_unflagged"
        else st.column_config.TextColumn(head, width=_WIDTHS[name], help=plain(text), alignment="right")
        for name, (head, text) in COLUMNS.items()
    }


def presented(table: pd.DataFrame) -> pd.DataFrame:
    """Numbers to as many decimals as a column shows, names as they can be shown."""
    texts = table.select_dtypes(exclude=["number", "bool", "datetime", "datetimetz"])
    names = {str(column): texts[column].map(shown, na_action="ignore") for column in texts}
    return table.round(dict.fromkeys(table.select_dtypes("float").columns, 3)).assign(**names)
