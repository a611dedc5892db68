"""Waiting for what is done in the background, without asking for ever."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from segdetect.ui.shared.held import controls, hold
from segdetect.ui.shared.page import part


def poll(draw: Callable[[], object], *, until: Callable[[], bool], seconds: float) -> None:
    """Draw a part of the page again and again, and the whole page once something has happened.

    The browser asks until a run of the whole page does not call this: a fragment cannot end its own timer. So a page
    calls it only while it has to wait, and goes by the same `until`.

    Args:
        draw: draws the part while it waits.
        until: whether it has happened.
        seconds: between two looks.
    """
    drawn = controls()

    @st.fragment(run_every=seconds)
    @part("Waiting")
    def look() -> None:
        # Nobody chooses anything by a look: where a control is otherwise now, the browser did not know it yet.
        hold(drawn)
        if until():
            st.rerun()
        draw()

    look()
