"""Two inspections, and what changed between them."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from segdetect.inspection import Inspection
from segdetect.message import Message
from segdetect.output.changes import are_tile_by_tile, changes, tile_changes
from segdetect.output.sentences import place
from segdetect.storage.history.entries import Entry
from segdetect.ui.history.entry import picture_of, show_scores
from segdetect.ui.shared.history import history
from segdetect.ui.shared.jobs import account
from segdetect.ui.shared.locale import localized, number, number_column
from segdetect.ui.shared.page import part
from segdetect.ui.shared.session import loaded
from segdetect.ui.shared.texts import capitalized, plain, shown
from segdetect.ui.shared.verdict import show_verdict

_STATES: Final = {
    (False, True): "flagged now",
    (True, False): "no longer flagged",
    (True, True): "flagged both times",
    (False, False): "never flagged",
}


@part("The comparison")
def show_changes(one: Entry, other: Entry) -> None:
    """Draw two entries side by side, the earlier one first, and what differs."""
    before, after = sorted((one, other), key=lambda entry: entry.place)
    old, new = (history().result(entry.id, account=account()) for entry in (before, after))
    st.header("What changed")
    if not (isinstance(old, Inspection) and isinstance(new, Inspection)):
        st.info("One of them failed, so there is nothing to compare. Choose it alone to see why.")
        return
    _show_sides((before, after), (old, new))
    _show_facts(old, new)
    _show_tiles(old, new)


def _show_sides(entries: tuple[Entry, Entry], inspections: tuple[Inspection, Inspection]) -> None:
    """A line for what is said and one for the charts, which so begin at one height however long the sentences are."""
    sides = tuple(zip(("before", "after"), entries, inspections, strict=True))
    for column, (side, entry, inspection) in zip(st.columns(2), sides, strict=True):
        with column:
            day = localized(Message("{day}", day=entry.created.astimezone().date()))
            st.markdown(f"**{plain(side.capitalize())}**: {plain(entry.image)}, {plain(day)}")
            show_verdict(inspection, level=3)
    for column, (side, entry, inspection) in zip(st.columns(2), sides, strict=True):
        with column:
            # On a phone they stand below each other, far from what is said of them.
            with st.container(key=f"history-which-{side}"):
                st.caption(plain(f"{side.capitalize()}: {entry.image}"))
            upload = picture_of(entry)
            image = None if upload is None else loaded(upload, page=entry.page)
            show_scores(entry, inspection, image, key=f"history-{side}")


@part("What differs")
def _show_facts(old: Inspection, new: Inspection) -> None:
    found = changes(old, new)
    if not found:
        st.info("Settings, verdict and figures are the same.", icon=":material/check:")
        return
    rows = [{"what": capitalized(c.what), "before": _written(c.before), "after": _written(c.after)} for c in found]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={"what": "What", "before": "Before", "after": "After"},
        alt="Settings and figures that changed",
    )


def _written(value: str | float | None) -> str:
    if value is None:
        return "none"
    return number(value, 3) if isinstance(value, float) else shown(value)


@part("What differs of tiles")
def _show_tiles(old: Inspection, new: Inspection) -> None:
    if not are_tile_by_tile(old, new):
        st.caption("They have not the same tiles of the same picture, so tiles are not compared one by one.")
        return
    table = tile_changes(old, new)
    if table.empty:
        st.caption("Every tile has the score and the flag that it had.")
        return
    cols = new.settings.grid.cols
    shown_table = pd.DataFrame(
        {
            "place": [place(tile, cols) for tile in table.tile],
            "flag": [_STATES[state] for state in zip(table.was_flagged, table.is_flagged, strict=True)],
            "before": table.before.round(3),
            "after": table.after.round(3),
            "change": (table.after - table.before).round(3),
        }
    )
    digits = number_column(3)
    st.dataframe(
        shown_table,
        hide_index=True,
        column_config={
            "place": "Tile",
            "flag": "Flag",
            "before": st.column_config.NumberColumn("Score before", **digits),
            "after": st.column_config.NumberColumn("Score after", **digits),
            "change": st.column_config.NumberColumn("Change", **digits),
        },
        alt="Tiles whose flag or score changed, changed flags first",
    )
