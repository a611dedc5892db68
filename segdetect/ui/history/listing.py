"""What is in the history, a page at a time, with a search."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final

import pandas as pd
import streamlit as st

from segdetect.output.thumbnails import cell_uri
from segdetect.storage.history.entries import FAILED, Entry, Place, Search
from segdetect.ui.history.keeping import show_first
from segdetect.ui.shared.controls import KEPT
from segdetect.ui.shared.history import hide_entries, history
from segdetect.ui.shared.jobs import account
from segdetect.ui.shared.kept import attempt, show_trouble
from segdetect.ui.shared.locale import number, number_column, reader_zone
from segdetect.ui.shared.page import callback, part
from segdetect.ui.shared.phone import is_phone
from segdetect.ui.shared.texts import plain, shown
from segdetect.ui.shared.verdict import SIGNS, signed

ON_A_PAGE: Final = 25
# In screen pixels.
_ROW_HEIGHT: Final = 56
_PICTURE_WIDTH: Final = 70
# Of the room in the cell of a picture, less the distance from its edges.
_PICTURE_ASPECT: Final = (_PICTURE_WIDTH - 8) / (_ROW_HEIGHT - 6)
# On a phone the verdict beside it is to be seen.
_NAME_WIDTH: Final = 260
_NAME_WIDTH_ON_PHONE: Final = 175
_HEAD_HEIGHT: Final = 38
_HEIGHT: Final = 520
# Where each page that was turned begins; of the last one, the one that is shown.
_PAGES: Final = "history-pages"
_CHANGES: Final = "history-changes"
_DELETED: Final = "history-deleted"


@part("The search")
def read_search() -> Search:
    """Draw the search, and return what it asks for; there is none where nothing is kept."""
    if not history().count(Search(account=account())):
        return Search(account=account())
    with st.container(key="history-search-row"):
        name, verdict, days, more = st.columns([8, 5, 8, 4], vertical_alignment="bottom")
    with name:
        text = st.text_input("Name", placeholder="part of a picture's name", key="history-name", **KEPT)
    with verdict:
        word = st.selectbox(
            "Verdict", [*SIGNS], index=None, placeholder="any", format_func=signed, key="history-verdict", **KEPT
        )
    with days:
        span = st.date_input("Inspected", value=[], key="history-days", persist_state="session", format="YYYY-MM-DD")
    with more, st.popover("More", icon=":material/search:"):
        digest = st.text_input("SHA-256", placeholder="how it begins", key="history-digest", **KEPT)
        plan = st.text_input("Plan", placeholder="its name", key="history-plan", **KEPT)
    since, until = _span(span)
    search = Search(
        account=account(),
        name=text.strip(),
        verdict=word or "",
        since=since,
        until=until,
        sha256=digest.strip(),
        plan=plan.strip(),
    )
    if st.session_state.get("history-search") != search:
        st.session_state["history-search"] = search
        _turn_back_to_first()
    return search


def _span(chosen: Any) -> tuple[datetime | None, datetime | None]:
    """From the beginning of the first day to the end of the last, where the visitor is; a lone day is a beginning."""
    days: Sequence[date] = [day for day in chosen if day is not None]
    if not days:
        return None, None
    zone = reader_zone()
    begin = datetime.combine(days[0], time.min, zone)
    return begin, datetime.combine(days[-1] + timedelta(days=1), time.min, zone) if len(days) > 1 else None


@part("The list")
def show_list(search: Search | None) -> Sequence[Entry] | None:
    """Draw a page of what is asked for, and return the entries that are chosen in it."""
    if search is None:
        return ()
    if told := history().start():
        st.caption(plain(told))
    show_trouble("history")
    _offer_undo()
    total = history().count(search)
    begins = _begins()
    entries = history().find(search, after=begins[-1], count=ON_A_PAGE)
    if not entries and len(begins) > 1:
        # What was on this page was deleted.
        _turn_back_to_first()
        st.rerun()
    if not entries:
        _show_nothing(search)
        return ()
    chosen = [entries[row] for row in _draw_table(entries)]
    first = ON_A_PAGE * (len(begins) - 1) + 1
    with st.container(horizontal=True, vertical_alignment="center", key="history-turn"):
        st.button("Newer", icon=":material/chevron_left:", disabled=len(begins) == 1, on_click=_turn, args=(None,))
        last = first + len(entries) - 1
        st.button(
            "Older", icon=":material/chevron_right:", disabled=last >= total, on_click=_turn, args=(entries[-1].place,)
        )
        st.caption(f"{number(first, 0)} to {number(last, 0)} of {number(total, 0)}")
        if chosen:
            _draw_delete(chosen)
    if not chosen:
        st.caption(
            "Choose one to see it again, two to see what changed between them, any to delete them; by keyboard "
            "with the arrows and Space."
        )
    return chosen


def _begins() -> list[Place | None]:
    return list(st.session_state.setdefault(_PAGES, [None]))


@callback
def _turn(after: Place | None) -> None:
    """Callback: the next page begins after this place; None turns back."""
    begins = _begins()
    st.session_state[_PAGES] = begins[:-1] if after is None else [*begins, after]


def _turn_back_to_first() -> None:
    st.session_state[_PAGES] = [None]


def _show_nothing(search: Search) -> None:
    if search == Search(account=search.account):
        show_first()
    else:
        st.info("Nothing in the history is like that. Search for less.", icon=":material/search_off:")


def _draw_table(entries: Sequence[Entry]) -> list[int]:
    """The rows that are chosen."""
    planned = any(entry.plan for entry in entries)
    table = pd.DataFrame([_row(entry) for entry in entries])
    # Chosen rows are those of this page alone: another page, or one that has changed, begins without.
    key = f"history-{entries[0].id}-{entries[-1].id}-{len(entries)}-{st.session_state.get(_CHANGES, 0)}"
    event = st.dataframe(
        table if planned else table.drop(columns="plan"),
        key=key,
        on_select="rerun",
        selection_mode="multi-row",
        hide_index=True,
        row_height=_ROW_HEIGHT,
        # What is chosen is shown below, and should be seen without a long way down.
        height=min(_HEIGHT, _HEAD_HEIGHT + _ROW_HEIGHT * len(entries)),
        placeholder="",
        column_config={
            "picture": st.column_config.ImageColumn("", width=_PICTURE_WIDTH),
            "name": st.column_config.TextColumn("Name", width=_NAME_WIDTH_ON_PHONE if is_phone() else _NAME_WIDTH),
            "verdict": st.column_config.TextColumn("Verdict", width=120),
            "flagged": st.column_config.NumberColumn("Flagged", width=72, **number_column(0)),
            "score": st.column_config.NumberColumn(
                "Strongest", width=85, help="The highest score of its tiles", **number_column(3)
            ),
            "inspected": st.column_config.DatetimeColumn(
                "Inspected", format="localized", timezone=st.context.timezone, width=165
            ),
            "engine": st.column_config.TextColumn("Engine", width=72),
            "plan": st.column_config.TextColumn("Plan", width=110),
        },
        alt="Inspections that were kept, the newest first",
    )
    return [row for row in event["selection"]["rows"] if row < len(entries)]


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "picture": cell_uri(entry.thumbnail, _PICTURE_ASPECT) if entry.thumbnail else None,
        "name": shown(entry.image),
        "verdict": signed(entry.verdict),
        "flagged": None if entry.verdict == FAILED else entry.flagged,
        "score": None if entry.highest is None else round(entry.highest, 3),
        "inspected": entry.created,
        "engine": shown(entry.engine),
        "plan": shown(entry.plan or ""),
    }


def _draw_delete(chosen: Sequence[Entry]) -> None:
    st.button(
        "Delete" if len(chosen) == 1 else f"Delete these {len(chosen):d}",
        icon=":material/delete:",
        key="history-delete",
        on_click=attempt,
        args=(_delete, [entry.id for entry in chosen]),
        kwargs={"kind": "history"},
        help="For five minutes it can be undone. Pictures that were kept go with the last of their entries.",
    )


def _delete(numbers: Sequence[int]) -> None:
    # What was deleted before it can be undone no longer.
    history().delete(st.session_state.pop(_DELETED, ()), account=account())
    hide_entries(numbers)
    st.session_state[_DELETED] = [*numbers]
    _change()


def _offer_undo() -> None:
    """Draw what was deleted last, and the way back while there is one."""
    history().purge()
    numbers = st.session_state.get(_DELETED, ())
    count = history().hidden(numbers, account=account()) if numbers else 0
    if not count:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="history-undone"):
        st.caption(f":material/delete: {number(count, 0)} deleted")
        st.button(
            "Undo",
            icon=":material/undo:",
            key="history-undo",
            on_click=attempt,
            args=(_undo,),
            kwargs={"kind": "history"},
            width="content",
        )


def _undo() -> None:
    history().show(st.session_state.pop(_DELETED, ()), account=account())
    _change()


def _change() -> None:
    st.session_state[_CHANGES] = st.session_state.get(_CHANGES, 0) + 1
