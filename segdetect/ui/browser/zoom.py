"""The heatmap's zoom and place, which stay when the chart changes, and what of it follows the viewer."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Final

import streamlit as st

_CODE: Final = Path(__file__).with_name("zoom.js")
# The tried colours are a picture with a pixel for each tile, over the one that is inspected.
_STYLE: Final = """
<style>
[class*='st-key-zoom-'] { display: none; }
.js-plotly-plot.sd-tried .heatmaplayer { display: none; }
.js-plotly-plot.sd-tiles .cartesianlayer .imagelayer image:last-of-type { image-rendering: pixelated; }
</style>
"""


def keep_zoom(chart: str, picture: str, *, viewer: str, colours: tuple[str, str] | None) -> None:
    """Keep the zoom of the Plotly chart with this key for as long as it shows the same picture.

    While another threshold is tried, the outlines of the traces named "flagged" give way to those of what it flags, and
    the heat map and its legend to the colours and numbers that go with it.

    Args:
        chart: the chart's key.
        picture: names the picture, such as its SHA-256 and page.
        viewer: key of the viewer in which thresholds are tried.
        colours: of an outline's halo and line; None for no outlines.
    """
    st.html(_STYLE)
    _component()(key=f"zoom-{chart}", data={"chart": chart, "picture": picture, "viewer": viewer, "colours": colours})


@functools.cache
def _component() -> Any:
    """Register the component once per process."""
    return st.components.v2.component("segdetect_zoom", js=_CODE.read_text(encoding="utf-8"))
