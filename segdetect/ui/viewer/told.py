"""What the browser told of a viewer and its parts since the page was last drawn."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from segdetect.ui.viewer.messages import ViewerEvent, chosen, grid_tried, painted
from segdetect.ui.viewer.painting import Painting


def note_selection(key: str, on_select: Callable[[ViewerEvent], None] | None) -> None:
    """Callback of a part that was told of a choice: remember which it was, and hand it on."""
    told = chosen(st.session_state[key].get("select"))
    if told is None:
        return
    event, sequence = told
    # Sent back to the browser, which ignores a `selected` that is older than what the person chose since.
    st.session_state[_seen_key(key)] = sequence
    if on_select is not None:
        on_select(event)


def values_wanted(key: str) -> str:
    """The id of the pane whose file's values the browser has asked for; empty for none."""
    return str(st.session_state.get(_wanted_key(key), ""))


def note_wanted(key: str) -> None:
    """Callback of a viewer that wants the values of a file: remember whose."""
    wanted = st.session_state[key].get("values")
    if isinstance(wanted, str):
        st.session_state[_wanted_key(key)] = wanted


def _wanted_key(key: str) -> str:
    return f"{key}-values-wanted"


def note_grid(key: str, on_grid: Callable[[int], None] | None) -> None:
    """Callback of a viewer whose handle came to rest: remember which message it was, and hand it on."""
    told = grid_tried(st.session_state[key].get("grid"))
    if told is None or on_grid is None:
        return
    parts, sequence = told
    st.session_state[_grid_key(key)] = sequence
    on_grid(parts)


def last_grid(key: str) -> int:
    """The number of the last message of a viewer's handle; 0 for none."""
    return int(st.session_state.get(_grid_key(key), 0))


def _grid_key(key: str) -> str:
    return f"{key}-grid-tried"


def note_painted(key: str, painting: Painting | None) -> None:
    """Callback of a viewer that was painted on: hand it on."""
    found = painted(st.session_state[key].get("ignore"))
    if found is not None and painting is not None:
        painting.on_change(*found)


def last_seen(key: str) -> int:
    """The number of the last choice that a part told of; 0 for none."""
    return int(st.session_state.get(_seen_key(key), 0))


def _seen_key(key: str) -> str:
    return f"{key}-seen"
