"""Pictures to look into and to choose tiles from, as a Streamlit component.

Everything that is only looking (zoom, pan, wipe, overlays) happens in the browser, without a rerun; only a chosen tile
comes back to Python. Streamlit sends an element that has not changed as a hash, but one that has changed as a whole. So
the viewer is put on the page in parts: an element for its code, one for each distinct picture, both invisible, and the
viewer proper, which carries boxes, scores and marks and is all that a rerun sends again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import streamlit as st

from segdetect.ui.shared.page import callback
from segdetect.ui.viewer.component import CODE, PICTURE, mounted, mounted_part, read_asset
from segdetect.ui.viewer.described import described_looks, described_pane, layers_of
from segdetect.ui.viewer.messages import ViewerEvent, chosen
from segdetect.ui.viewer.painting import Painting
from segdetect.ui.viewer.pane import Looks, Pane
from segdetect.ui.viewer.told import last_grid, last_seen, note_grid, note_painted, note_selection, note_wanted


def picture_viewer(
    panes: Sequence[Pane],
    *,
    key: str,
    selected: int | Sequence[int] | None = None,
    selected_pane: int | None = None,
    height: int = 520,
    room: int | None = None,
    multiple: bool = False,
    by_choice: bool = False,
    looks: Looks | None = None,
    painting: Painting | None = None,
    tried: float = 0,
    has_values: bool = False,
    on_grid: Callable[[int], None] | None = None,
    on_select: Callable[[ViewerEvent], None] | None = None,
) -> ViewerEvent | None:
    """Show pictures side by side, with zoom and place linked, and let the person choose tiles.

    The choice itself is the page's: keep it in the session state, set it in `on_select`, and pass it as `selected`.

    Args:
        panes: one or more pictures.
        key: unique on the page; zoom, place and looks are remembered under it.
        selected: the tile or tiles to highlight, from wherever they were chosen.
        selected_pane: the pane that `selected` refers to; None for all that are selectable.
        height: of the pictures in pixels; tools and status line come on top of it (about 80 pixels).
        room: on a wide screen the pictures fill the window but for so many pixels of height, which the rest of what is
            to be seen at once takes; None for `height` everywhere.
        multiple: several tiles may be chosen (Shift-drag, Ctrl-click, Shift-arrow).
        by_choice: which tiles are chosen is said, and heard of, by `tile_choice` alone.
        looks: what is shown at first.
        painting: lets regions to ignore be painted on the first picture; None for no such tools.
        tried: the number of the last threshold that this answer knows of, as `threshold_histogram` gave it.
        has_values: the values of the first picture's file are there to be asked for; `values_wanted` then says so.
        on_grid: called with the tiles per side that the person chose by the handle, before the rerun that it causes.
        on_select: called with the event before the rerun that it causes, as the callbacks of Streamlit's widgets are.

    Returns:
        The event that caused this rerun; None where another widget caused it.

    Raises:
        ValueError: no pane.
    """
    if not panes:
        raise ValueError("a viewer needs at least one pane")
    data = {
        "kind": "viewer",
        "key": key,
        "seen": last_seen(key),
        "panes": [described_pane(pane) for pane in panes],
        "selected": None if by_choice else _as_list(selected),
        "selected_pane": selected_pane,
        "height": height,
        "room": room,
        "tried": tried,
        "values": has_values,
        "tried_grid": last_grid(key),
        "multiple": multiple,
        "looks": described_looks(looks or Looks()),
        "painting": painting and {"version": painting.version, "most": painting.most_pixels},
    }
    with st.container(gap=None):
        result = mounted_part()(
            key=key,
            data=data,
            on_select_change=callback(functools.partial(note_selection, key, on_select)),
            on_values_change=callback(functools.partial(note_wanted, key)),
            on_grid_change=callback(functools.partial(note_grid, key, on_grid)),
            on_ignore_change=callback(functools.partial(note_painted, key, painting)),
        )
        mounted(CODE)(key=f"{key}-code", data={"html": read_asset("viewer.html"), "css": read_asset("viewer.css")})
        _mount_pictures(key, panes)
    event = chosen(result.get("select"))
    return None if event is None else event[0]


def _mount_pictures(key: str, panes: Sequence[Pane]) -> None:
    """An element for each distinct picture, which the viewer finds by its digest."""
    pictures = {picture.digest: picture for pane in panes for picture in layers_of(pane).values()}
    for slot, picture in enumerate(pictures.values()):
        mounted(PICTURE)(key=f"{key}-picture-{slot}", data=picture.digest.encode("ascii") + picture.data)


def _as_list(selected: int | Sequence[int] | None) -> list[int]:
    if selected is None:
        return []
    return [int(tile) for tile in selected] if isinstance(selected, Sequence) else [int(selected)]
