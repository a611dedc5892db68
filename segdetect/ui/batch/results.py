"""The pictures of a run: a table or a gallery, a page at a time, the odd ones first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd
import streamlit as st

from segdetect.output.thumbnails import cell_uri, encoded_uri
from segdetect.runs.queued.rows import Query, Row, Rows, Sorting
from segdetect.runs.queued.state import RunState
from segdetect.storage.history.entries import FAILED
from segdetect.ui.shared.background_runs import open_picture, runs
from segdetect.ui.shared.gallery import in_fours
from segdetect.ui.shared.locale import number, number_column
from segdetect.ui.shared.page import callback, part
from segdetect.ui.shared.phone import is_phone
from segdetect.ui.shared.texts import DOT, plain, shown
from segdetect.ui.shared.verdict import SIGNS, WORST_FIRST, signed

ON_A_PAGE: Final = 50
IN_A_GALLERY: Final = 24
# In screen pixels.
_ROW_HEIGHT: Final = 64
_PICTURE_WIDTH: Final = 72
# Of the room in the cell of a picture, less the distance from its edges.
_PICTURE_ASPECT: Final = (_PICTURE_WIDTH - 8) / (_ROW_HEIGHT - 6)
# Names of a folder's pictures often begin alike, with those of the folders; on a phone the score is to be seen, too.
_NAME_WIDTH: Final = 300
_NAME_WIDTH_ON_PHONE: Final = 190
_HEAD_HEIGHT: Final = 38
_HEIGHT: Final = 680
# What is seen without sliding the table: a long name is cut, and not the verdict.
_ON_PHONE: Final = ("picture", "verdict", "name", "excess", "flagged", "seconds", "why")
_SORTINGS: Final = {
    Sorting.ANOMALY: "Most anomalous first",
    Sorting.FOUND: "In the order of the run",
    Sorting.NAME: "By name",
    Sorting.TIME: "Slowest first",
}
_VIEWS: Final = {"table": ":material/table_rows: Table", "gallery": ":material/grid_view: Gallery"}
_SIGNED: Final = {verdict: signed(verdict) for verdict in SIGNS}
_PAGE: Final = "batch-page"
_ASKED: Final = "batch-asked"
_OPEN: Final = "batch-open"


# A filter draws them anew and nothing else.
@st.fragment
@part("The pictures of the run")
def show_results(run: RunState) -> None:
    """Draw the pictures that are done, with filters; a click opens one on Inspect."""
    rows = Rows(runs().folder(run.record.id))
    if not rows.counts():
        return
    query, view = _read_query()
    _follow_click(run, query)
    lines = rows.lines(query)
    if not lines:
        st.info("No picture of this run is like that.", icon=":material/search_off:")
        return
    size = IN_A_GALLERY if view == "gallery" else ON_A_PAGE
    first = _first_of_page(run, query, view, len(lines), size)
    found = rows.find(query, first=first, count=size)
    if view == "gallery":
        _draw_gallery(found)
    else:
        _draw_table(run, found, first)
    _draw_pager(first, len(found), len(lines), size)


def _read_query() -> tuple[Query, str]:
    chosen = st.pills(
        "Verdict",
        [*WORST_FIRST],
        selection_mode="multi",
        format_func=_SIGNED.__getitem__,
        key="batch-verdicts",
        persist_state="session",
    )
    with st.container(key="batch-found-row"):
        name, order, looks = st.columns([5, 4, 3], vertical_alignment="bottom")
    with name:
        text = st.text_input("Name", placeholder="part of a picture's name", key="batch-name", persist_state="session")
    with order:
        sorting = st.selectbox(
            "Order", [*_SORTINGS], format_func=_SORTINGS.__getitem__, key="batch-order", persist_state="session"
        )
    with looks:
        view = st.segmented_control(
            "View",
            [*_VIEWS],
            default="table",
            required=True,
            format_func=_VIEWS.__getitem__,
            key="batch-view",
            persist_state="session",
        )
    return Query(verdicts=tuple(chosen), name=text.strip(), sorting=sorting or Sorting.ANOMALY), view or "table"


def _first_of_page(run: RunState, query: Query, view: str, count: int, size: int) -> int:
    """Where the page begins: at the first picture once something else is asked for."""
    asked = (run.record.id, query, view)
    if st.session_state.get(_ASKED) != asked:
        st.session_state[_ASKED], st.session_state[_PAGE] = asked, 0
    return min(int(st.session_state[_PAGE]), (count - 1) // size) * size


def _follow_click(run: RunState, query: Query) -> None:
    """Go where a click asked for; a picture whose file is gone is said in its place."""
    line = st.session_state.pop(_OPEN, None)
    if line is not None:
        open_picture(run, line, query)


def _draw_table(run: RunState, found: Sequence[Row], first: int) -> None:
    table = pd.DataFrame([_values(row) for row in found])
    key = f"batch-rows-{run.record.id}-{first}"
    st.dataframe(
        table,
        key=key,
        on_select=lambda: _row_chosen(key, [row.line for row in found]),
        selection_mode="single-row",
        hide_index=True,
        row_height=_ROW_HEIGHT,
        height=min(_HEIGHT, _HEAD_HEIGHT + _ROW_HEIGHT * len(found)),
        placeholder="",
        column_order=_ON_PHONE if is_phone() else None,
        column_config={
            "picture": st.column_config.ImageColumn("", width=_PICTURE_WIDTH),
            "name": st.column_config.TextColumn("Name", width=_NAME_WIDTH_ON_PHONE if is_phone() else _NAME_WIDTH),
            "verdict": st.column_config.TextColumn("Verdict", width=115),
            "flagged": st.column_config.NumberColumn("Flagged", width=68, **number_column(0)),
            "excess": st.column_config.ProgressColumn(
                "Score / needed",
                **number_column(2),
                min_value=0.0,
                max_value=max([2.0, *(row.excess or 0.0 for row in found)]),
                width=140,
                help="The highest score of its tiles over what it takes to flag any: from 1 on, something is flagged",
            ),
            "seconds": st.column_config.NumberColumn("Seconds", width=72, **number_column(2)),
            "why": st.column_config.TextColumn("Why", width=420),
        },
        alt="Pictures of the run with their verdicts",
    )
    st.caption("A click on a row, or Space in it, opens its picture on Inspect, with the settings of the run.")


def _values(row: Row) -> dict[str, Any]:
    failed = row.verdict == FAILED
    return {
        "picture": cell_uri(row.thumbnail, _PICTURE_ASPECT) if row.thumbnail else None,
        "name": shown(row.image),
        "verdict": signed(row.verdict),
        "flagged": None if failed else row.flagged,
        "excess": None if row.excess is None else round(row.excess, 2),
        "seconds": None if failed else round(row.seconds, 2),
        "why": shown(row.reason),
    }


@callback
def _row_chosen(key: str, lines: Sequence[int]) -> None:
    chosen = st.session_state[key]["selection"]["rows"]
    if chosen and chosen[0] < len(lines):
        st.session_state[_OPEN] = lines[chosen[0]]


def _draw_gallery(found: Sequence[Row]) -> None:
    with st.container(key="batch-gallery"):
        for column, row in in_fours(found):
            with column.container(border=True):
                _draw_picture(row)


def _draw_picture(row: Row) -> None:
    if row.thumbnail:
        st.image(encoded_uri(row.thumbnail), width="stretch", alt=shown(f"{row.image}, {row.verdict}"))
    excess = "" if row.excess is None else f"{DOT}{number(row.excess, 2)}"
    st.markdown(f"{plain(signed(row.verdict))}{excess}")
    st.caption(plain(row.reason if row.verdict == FAILED else row.image))
    st.button(
        "Inspect",
        key=f"batch-inspect-{row.line}",
        icon=":material/frame_inspect:",
        on_click=callback(_open),
        args=(row.line,),
        width="stretch",
    )


def _open(line: int) -> None:
    st.session_state[_OPEN] = line


def _draw_pager(first: int, shown_now: int, count: int, size: int) -> None:
    page = first // size
    with st.container(horizontal=True, vertical_alignment="center", key="batch-pager"):
        st.button(
            "Back", icon=":material/chevron_left:", disabled=page == 0, on_click=callback(_turn), args=(page - 1,)
        )
        st.button(
            "Further",
            icon=":material/chevron_right:",
            disabled=first + shown_now >= count,
            on_click=callback(_turn),
            args=(page + 1,),
        )
        st.caption(f"{number(first + 1, 0)} to {number(first + shown_now, 0)} of {number(count, 0)}")


def _turn(page: int) -> None:
    st.session_state[_PAGE] = page
