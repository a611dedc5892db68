"""The browser's Back and Forward: one step for each view."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Final

import streamlit as st

_CODE: Final = Path(__file__).with_name("history.js")
_KEY: Final = "history"


def keep_history() -> None:
    """Load, once for each tab, what merges the history entries that Streamlit makes on its own account."""
    st.html(f"<style>.st-key-{_KEY} {{ display: none; }}</style>")
    _component()(key=_KEY)


@functools.cache
def _component() -> Any:
    """Register the component once per process."""
    return st.components.v2.component("segdetect_history", js=_CODE.read_text(encoding="utf-8"))
