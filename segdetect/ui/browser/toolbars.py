"""The tools of charts, which are one stop of the Tab key: the arrow keys go through them."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Final

import streamlit as st

_CODE: Final = Path(__file__).with_name("toolbars.js")
_KEY: Final = "toolbars"
# Plotly shows its tools where the pointer is; what has the focus has to be seen, too.
_STYLE: Final = f"""
<style>
.st-key-{_KEY} {{ display: none; }}
.js-plotly-plot .modebar:focus-within {{ opacity: 1; }}
.modebar button:focus-visible {{ outline: 2px solid currentColor; outline-offset: 1px; }}
</style>
"""


def gather_tools() -> None:
    """Make the tools of each chart on the page, whenever it comes, one stop of the Tab key."""
    st.html(_STYLE)
    _component()(key=_KEY)


@functools.cache
def _component() -> Any:
    """Register the component once per process."""
    return st.components.v2.component("segdetect_toolbars", js=_CODE.read_text(encoding="utf-8"))
