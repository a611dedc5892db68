"""Earlier runs: opened again from their records, and compared with each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from segdetect.evaluation.records import read_record, read_records, records_folder
from segdetect.evaluation.tables import COLUMNS, OVERALL, share_of
from segdetect.ui.evaluate.columns import figure_columns, presented
from segdetect.ui.shared.jobs import account
from segdetect.ui.shared.locale import localized
from segdetect.ui.shared.page import part, show_error
from segdetect.ui.shared.texts import dotted, plain, shown

_KEY: Final = "earlier-runs"


@part("The list of earlier runs")
def show_records() -> None:
    """Draw the earlier runs on this machine; one that is chosen is opened, several are compared."""
    folder = records_folder(account())
    found = read_records(folder)
    for trouble in found.troubles:
        show_error(trouble)
    records = found.table
    if records.empty:
        return
    with st.expander(f"Earlier runs ({len(records)})", key="earlier", expanded=bool(_chosen(len(records)))):
        st.caption("Choose one to open its figures again, or several to compare them.")
        _show_list(records)
        chosen = [read_record(folder, found.files[row]) for row in _chosen(len(records))]
        if len(chosen) == 1:
            _show_one(chosen[0])
        elif chosen:
            _show_compared(chosen)


def _chosen(count: int) -> list[int]:
    rows = st.session_state.get(_KEY, {}).get("selection", {}).get("rows", [])
    return [row for row in rows if row < count]


def _show_list(records: pd.DataFrame) -> None:
    texts = [name for name in records.columns if name not in COLUMNS]
    heads: dict[str, ColumnConfig] = {name: st.column_config.TextColumn(name[0].upper() + name[1:]) for name in texts}
    heads["started"] = st.column_config.DatetimeColumn(
        "Started", format="localized", timezone=st.context.timezone, pinned=True
    )
    left_alone = [share_of(*counts) for counts in zip(records.clean_unflagged, records.clean, strict=True)]
    st.dataframe(
        presented(records.assign(clean_unflagged=left_alone).drop(columns="clean")),
        key=_KEY,
        on_select="rerun",
        selection_mode="multi-row",
        hide_index=True,
        placeholder="",
        column_config=figure_columns() | heads,
        alt="Earlier evaluations with their overall figures",
    )


def _show_one(record: Mapping[str, Any]) -> None:
    st.subheader(plain(title_of(record)))
    lines = [(one["category"], one["figures"]) for one in record["categories"]]
    _show_figures([*lines, (OVERALL, record["overall"])], "Figures of each category and overall")
    pictures = [picture for one in record["categories"] for picture in one["pictures"]]
    missed = [one["image"] for one in pictures if one["defective_tiles"] and not _found(one)]
    alarms = [one["image"] for one in pictures if one["defect_share"] == 0 and one["flagged_tiles"]]
    for words, names in (("Missed", missed), ("Flagged without a defect", alarms)):
        st.markdown(f"**{plain(words)}**: {plain(', '.join(names) or 'none')}")
    for note in record["notes"]:
        st.caption(plain(localized(str(note))))


def _found(picture: Mapping[str, Any]) -> bool:
    return bool({*picture["defective_tiles"]} & {*picture["flagged_tiles"]})


def _show_compared(records: Sequence[Mapping[str, Any]]) -> None:
    sets = {record["dataset"] for record in records}
    if len(sets) > 1:
        st.warning("These are different data sets: their figures do not compare.", icon=":material/warning:")
    _show_figures([(title_of(one), one["overall"]) for one in records], "Overall figures of the chosen runs")


def _show_figures(lines: Sequence[tuple[str, Mapping[str, Any]]], alt: str) -> None:
    rows = [
        {"title": title}
        | {name: figures.get(name) for name in COLUMNS}
        | {"clean_unflagged": share_of(figures["clean_unflagged"], figures["clean"]) or None}
        for title, figures in lines
    ]
    table = pd.DataFrame(rows).dropna(axis="columns", how="all")
    st.dataframe(presented(table), hide_index=True, placeholder="", column_config=figure_columns(), alt=shown(alt))


def title_of(record: Mapping[str, Any]) -> str:
    """Data set, engine, grid, comparison and rule of a record, in a line."""
    settings = record["settings"]
    grid, rule = settings["grid"], settings["rule"]
    tiles = f"{grid['rows']} x {grid['cols']} tiles"
    return dotted(str(record["dataset"]), str(record["engine"]), tiles, str(settings["scope"]), str(rule["name"]))
