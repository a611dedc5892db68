"""The viewer's code for the browser, as components of Streamlit."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Final

import streamlit as st

_HERE: Final = Path(__file__).parent
CODE: Final = "segdetect_viewer_code"
PICTURE: Final = "segdetect_viewer_picture"
_PART: Final = "segdetect_viewer"
# The files of one component are joined, in this order, and share one module scope in the browser.
_SCRIPTS: Final = {
    CODE: (
        *("desk.js", "geometry.js", "pooling.js", "heat.js", "drawing.js", "layers.js", "shapes.js", "painting.js"),
        *("keys.js", "panels.js", "controls.js", "deep.js", "pointer.js", "probe.js", "ruler.js", "minimap.js"),
        *("pane.js", "gridding.js", "viewer.js", "verdict.js"),
        *("part.js", "film.js", "histogram.js", "choice.js", "explanation.js", "shows.js"),
    ),
    PICTURE: ("pictures.js",),
    _PART: ("desk.js", "mount.js"),
}


def mounted_part() -> Any:
    """The component that hands its data over to the viewer's code, which shows what its `kind` names."""
    return mounted(_PART)


@functools.cache
def mounted(name: str) -> Any:
    """Register a component once per process; a second registration under its name would only log a warning."""
    return st.components.v2.component(name, js="\n".join(read_asset(part) for part in _SCRIPTS[name]))


@functools.cache
def read_asset(name: str) -> str:
    """A file beside this module."""
    return (_HERE / name).read_text(encoding="utf-8")
