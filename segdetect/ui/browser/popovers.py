"""What a button opens, which the Tab key reaches right after it, and tools that are seen when they are reached."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Final

import streamlit as st

_CODE: Final = Path(__file__).with_name("popovers.js")
_KEY: Final = "popovers"
# Streamlit shows the tools of pictures and tables where the pointer is; what has the focus has to be seen, too.
_STYLE: Final = f"""
<style>
.st-key-{_KEY} {{ display: none; }}
[data-testid="stElementToolbar"]:focus-within {{ opacity: 1 !important; }}
[data-testid="stElementToolbar"] button:focus-visible {{ outline: 2px solid currentColor; outline-offset: -2px; }}
</style>
"""


def order_popovers() -> None:
    """Make what a button of the page opens come right after it for the Tab key."""
    st.html(_STYLE)
    _component()(key=_KEY)


@functools.cache
def _component() -> Any:
    """Register the component once per process."""
    return st.components.v2.component("segdetect_popovers", js=_CODE.read_text(encoding="utf-8"))
