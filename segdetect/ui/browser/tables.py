"""Rows of tables, which the Space key chooses as it does every other box."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Final

import streamlit as st

_CODE: Final = Path(__file__).with_name("tables.js")
_KEY: Final = "tables"


def choose_rows_by_space() -> None:
    """Make the Space key choose the row of the cell that has the focus, in each table whose rows are chosen."""
    st.html(f"<style>.st-key-{_KEY} {{ display: none; }}</style>")
    _component()(key=_KEY)


@functools.cache
def _component() -> Any:
    """Register the component once per process."""
    return st.components.v2.component("segdetect_tables", js=_CODE.read_text(encoding="utf-8"))
