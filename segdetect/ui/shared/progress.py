"""Progress of work that a page waits for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from segdetect.ui.shared.page import callback
from segdetect.ui.shared.texts import capitalized, plain

# Shorter work shows nothing: a bar that flashes up is worse than none.
_QUIET_SECONDS: Final = 0.4
# Each change of the bar makes the browser draw its page anew, some 50 ms of a core; work reports ten times a second.
_LEAST_SECONDS: Final = 0.3
_STEP: Final = 0.01
# Who waits for long, with many others, sees the seconds counted less often.
_SECONDS_A_SECOND: Final = 0.1


class Progressing:
    """Says what is going on once it takes long enough to be noticed; asking Streamlit for it lets a visitor interrupt.

    Args:
        slot: an empty place on the page.
        identity: what a press on Stop stops; without it there is no such button.
    """

    def __init__(self, slot: DeltaGenerator, identity: tuple[object, ...] | None = None) -> None:
        self._slot, self._identity = slot, identity
        self._started = time.monotonic()
        self._bar: DeltaGenerator | None = None
        self._shown, self._shown_at = (0.0, ""), 0.0

    def __call__(self, share: float, doing: str) -> None:
        """Show how far the work is, once it lasts."""
        seconds = time.monotonic() - self._started
        if seconds < _QUIET_SECONDS:
            return
        if not self._is_due(share, doing, seconds):
            self._let_interrupt()
            return
        self._shown, self._shown_at = (share, doing), seconds
        if self._bar is None:
            with self._slot.container(horizontal=True, vertical_alignment="center"):
                self._bar = st.progress(0.0)
                if self._identity is not None:
                    st.button("Stop", on_click=callback(self._stop), icon=":material/stop_circle:")
        self._bar.progress(min(1.0, max(0.0, share)), text=f"{plain(capitalized(doing))} ({seconds:.0f} s)")

    def _is_due(self, share: float, doing: str, seconds: float) -> bool:
        """Whether there is something to be shown that is worth drawing the page for."""
        if self._bar is None:
            return True
        since = seconds - self._shown_at
        is_news = doing != self._shown[1] or abs(share - self._shown[0]) >= _STEP
        return since >= (_LEAST_SECONDS if is_news else max(1.0, _SECONDS_A_SECOND * seconds))

    @staticmethod
    def _let_interrupt() -> None:
        # Streamlit ends a run that was stopped or overtaken where the run asks it for something, this too.
        st.session_state.get("stopped")

    def _stop(self) -> None:
        st.session_state["stopped"] = self._identity


@contextmanager
def passing() -> Iterator[DeltaGenerator]:
    """An empty place on the page, empty again when what it waits for is done or has failed.

    A run that the visitor interrupts leaves it as it is: the next one draws the page anew.
    """
    slot = st.empty()
    try:
        yield slot
    except Exception:
        slot.empty()
        raise
    slot.empty()
