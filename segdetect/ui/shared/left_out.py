"""What was left out of the visitor's files, said where they were chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from segdetect.pictures.left_out import LeftOut
from segdetect.ui.shared.texts import plain

# A ZIP of source code may hold thousands of files that are no pictures.
_SHOWN: Final = 50
_NAMED: Final = 3


def _names(items: Sequence[LeftOut]) -> str:
    """Which, where they are few: nobody opens a box that may hold nothing of theirs."""
    return ", ".join(item.name for item in items) if len(items) <= _NAMED else ""


def show_left_out(items: Sequence[LeftOut]) -> None:
    """How many files were left out, and on request which and why; nothing where none was."""
    if not items:
        return
    names = f": {plain(_names(items))}" if _names(items) else ""
    with st.expander(f"{len(items)} left out{names}", icon=":material/info:"):
        for item in items[:_SHOWN]:
            st.caption(f"**{plain(item.name)}**: {plain(item.reason)}")
        if len(items) > _SHOWN:
            st.caption(f"and {len(items) - _SHOWN} more")
