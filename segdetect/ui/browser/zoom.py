"""The heatmap's zoom and place, which stay when the chart changes."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Final

import streamlit as st

_CODE: Final = Path(__file__).with_name("zoom.js")
_STYLE: Final = "<style>[class*='st-key-zoom-'] { display: none; }</style>"


def keep_zoom(chart: str, picture: str) -> None:
    """Keep the zoom of the Plotly chart with this key for as long as it shows the same picture.

    Args:
        chart: the chart's key.
        picture: names the picture, such as its SHA-256 and page.
    """
    st.html(_STYLE)
    _component()(key=f"zoom-{chart}", data={"chart": chart, "picture": picture})


@functools.cache
def _component() -> Any:
    """Register the component once per process."""
    return st.components.v2.component("segdetect_zoom", js=_CODE.read_text(encoding="utf-8"))
