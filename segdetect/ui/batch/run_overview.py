"""A run at a glance: verdicts, how scores lie and drift, where on the part something was flagged; its files to keep."""

from __future__ import annotations

import io
from typing import Final

import pandas as pd
import streamlit as st
from PIL import Image

from segdetect.inspection import Floats, Verdict
from segdetect.output.formats import FormatName
from segdetect.output.run_charts import flag_map, flag_sums, score_order, score_strip, thinned
from segdetect.output.thumbnails import encoded_uri
from segdetect.runs.queued.export import export_zip
from segdetect.runs.queued.files import read_files
from segdetect.runs.queued.rows import Query, Row, Rows, Sorting
from segdetect.runs.queued.state import RunState
from segdetect.settings import RuleName, Scope
from segdetect.storage.history.entries import FAILED
from segdetect.ui.shared.background_runs import runs
from segdetect.ui.shared.controls import RULE_LABELS, SCOPE_LABELS
from segdetect.ui.shared.left_out import show_left_out
from segdetect.ui.shared.locale import localized_chart, moment, number, number_column
from segdetect.ui.shared.page import part, show_error
from segdetect.ui.shared.remembered import remembered
from segdetect.ui.shared.reviewing import go_to_review
from segdetect.ui.shared.texts import dotted, escaped, plain, shown
from segdetect.ui.shared.verdict import WORST_FIRST, signed

_FORMATS: Final = {
    FormatName.CSV: "Tables and annotated pictures",
    FormatName.HTML: "Report (HTML)",
    FormatName.JSON: "Inspections (JSON)",
    FormatName.PARQUET: "All tiles (Parquet)",
    FormatName.COCO: "Annotations (COCO)",
    FormatName.MASKS: "Masks and heat maps",
}
_SLOWEST: Final = 5


@part("The run at a glance")
def show_run_overview(run: RunState) -> bool:
    """Draw what is known of the run as a whole; returns whether there are pictures to show and to make charts of."""
    st.query_params["run"] = run.record.id
    folder = runs().folder(run.record.id)
    rows = Rows(folder)
    title, actions = st.columns([2, 1], vertical_alignment="bottom")
    with title:
        st.header(plain(run.record.name))
    st.caption(plain(_facts(run)))
    if run.record.trouble is not None:
        show_error(run.record.trouble)
    if run.unkept is not None:
        st.warning(f"Not all of it is in the history: {plain(str(run.unkept))}", icon=":material/history:")
    show_left_out(remembered("left out of a run", run.record.id, lambda: (read_files(folder).left_out,))[0])
    if not rows.counts():
        st.caption("Answers come many at a time. The first ones are shown here as soon as they are there.")
        return False
    with actions, st.container(horizontal=True, gap="small", key="batch-actions"):
        _show_exports(run)
        if st.button("Review", icon=":material/rate_review:", key="batch-review"):
            go_to_review("run", run.record.id)
    _show_counts(rows.counts())
    _advise(run, rows.counts())
    return True


def _facts(run: RunState) -> str:
    record = run.record
    grid, scope, rule = record.settings.grid, SCOPE_LABELS[record.settings.scope], record.settings.rule.name
    files = f"{number(record.files, 0)} file{'' if record.files == 1 else 's'}"
    how = RULE_LABELS.get(rule, rule.value).lower()
    return dotted(record.engine, f"{grid} tiles", scope.lower(), how, files, f"started {moment(record.created)}")


def _show_counts(counts: dict[str, int]) -> None:
    with st.container(horizontal=True, key="batch-counts"):
        for verdict in WORST_FIRST:
            if verdict in counts:
                st.metric(plain(signed(verdict)), number(counts[verdict], 0), border=True)


def _advise(run: RunState, counts: dict[str, int]) -> None:
    """Where most pictures cannot be judged by themselves, say what to do: it is what a run of parts comes to first."""
    settings, undecided = run.record.settings, counts.get(Verdict.CANNOT_TELL.value, 0)
    if settings.scope is not Scope.SELF or settings.rule.name is not RuleName.AUTO:
        return
    if 2 * undecided > sum(counts.values()):
        st.info(
            "Most of these pictures cannot be judged by themselves, as those of parts and scenes cannot. In the "
            f"sidebar, under *Compare with*, choose **{SCOPE_LABELS[Scope.BATCH]}** or "
            f"**{SCOPE_LABELS[Scope.REFERENCES]}**, and start again.",
            icon=":material/lightbulb:",
        )


@part("The charts of the run")
def show_run_charts(run: RunState) -> None:
    """Draw the charts, below the pictures, which are quicker to make and looked at first."""
    rows = Rows(runs().folder(run.record.id))
    table = remembered("rows", (run.record.id, rows.end), rows.table)
    with st.expander("The run at a glance", icon=":material/monitoring:", expanded=True):
        _show_charts(run, rows, table)
        _show_slowest(rows)


def _show_charts(run: RunState, rows: Rows, table: pd.DataFrame) -> None:
    scores, places = st.columns([3, 2], gap="medium")
    with scores, part("The scores"):
        st.markdown("**Scores**")
        if table.excess.notna().any():
            _show_marks(table)
        else:
            st.caption("There is no threshold to draw them by, as nothing was learnt.")
    with places, part("Where something was flagged"):
        _show_places(run, rows, table)


def _show_marks(table: pd.DataFrame) -> None:
    """A mark for each picture, by its score and in the order of the run."""
    marks = thinned(table)
    marks = marks.assign(image=marks.image.map(escaped))
    st.plotly_chart(
        localized_chart(score_strip(marks)),
        key="batch-strip",
        alt="A mark for each picture at its highest score over what it takes; from 1 on, something is flagged",
    )
    st.plotly_chart(
        localized_chart(score_order(marks)),
        key="batch-drift",
        alt="The same in the order of the run: a drift of the line shows as a slope",
    )
    if len(marks) < len(table):
        st.caption(f"Of {number(len(table), 0)} pictures, all that are not normal have a mark, and some of the others.")
    without = int((table.excess.isna() & (table.verdict != FAILED)).sum())
    if without:
        have = "picture has" if without == 1 else "pictures have"
        st.caption(plain(f"{number(without, 0)} {have} no threshold, as nothing was learnt, and no mark here."))


def _show_places(run: RunState, rows: Rows, table: pd.DataFrame) -> None:
    st.markdown("**Where on the part**")
    sums = flag_sums(table.tiles, run.record.settings.grid)
    typical = _typical(rows)
    if typical is None or not sums.any():
        st.caption("Nothing is flagged." if not sums.any() else "There is no picture to show it on.")
        return
    background = encoded_uri(typical.thumbnail or b"")
    size = Image.open(io.BytesIO(typical.thumbnail or b""), formats=["JPEG"]).size
    most = most_often(sums)
    st.plotly_chart(
        localized_chart(flag_map(sums, size, background=background)),
        key="batch-places",
        alt=shown(f"In how many pictures each tile was flagged, over {typical.image}. {most}."),
    )
    st.caption(f"{plain(most)}. Drawn over {plain(typical.image)}.")


def most_often(sums: Floats) -> str:
    """In which tile most pictures were flagged, in words.

    >>> import numpy as np
    >>> most_often(np.array([[0.0, 1.0]])), most_often(np.array([[2.0], [3.0]]))
    ('Most often row 1, col 2: in 1 picture', 'Most often row 2, col 1: in 3 pictures')
    """
    row, col = divmod(int(sums.argmax()), sums.shape[1])
    count = int(sums.max())
    return f"Most often row {row + 1:d}, col {col + 1:d}: in {number(count, 0)} picture{'' if count == 1 else 's'}"


def _typical(rows: Rows) -> Row | None:
    """A picture to draw on: of those that are normal the one in the middle, else of all."""
    for query in (Query(verdicts=(Verdict.NORMAL.value,)), Query()):
        count = len(rows.lines(query))
        found = rows.find(query, first=count // 2, count=1)
        if found and found[0].thumbnail:
            return found[0]
    return next((row for row in rows.find(Query(), count=5) if row.thumbnail), None)


def _show_slowest(rows: Rows) -> None:
    slowest = rows.find(Query(sorting=Sorting.TIME), count=_SLOWEST)
    failed = rows.find(Query(verdicts=(FAILED,)), count=1000)
    left, right = st.columns([2, 3], gap="medium")
    with left:
        st.markdown("**Slowest**")
        st.dataframe(
            pd.DataFrame({"name": [shown(row.image) for row in slowest], "seconds": [row.seconds for row in slowest]}),
            hide_index=True,
            column_config={
                "name": st.column_config.TextColumn("Name"),
                "seconds": st.column_config.NumberColumn("Seconds", **number_column(2)),
            },
            alt="The slowest pictures",
        )
    with right:
        st.markdown("**Failed**")
        if not failed:
            st.caption("None.")
            return
        st.dataframe(
            pd.DataFrame({"name": [shown(row.image) for row in failed], "why": [shown(row.reason) for row in failed]}),
            hide_index=True,
            height=min(220, 38 + 35 * len(failed)),
            column_config={"name": st.column_config.TextColumn("Name"), "why": st.column_config.TextColumn("Why")},
            alt="Pictures that could not be inspected, and why",
        )


def _show_exports(run: RunState) -> None:
    with st.popover("Export", icon=":material/download:"):
        chosen = st.multiselect(
            "What the ZIP holds",
            [*_FORMATS],
            default=[FormatName.CSV, FormatName.HTML],
            format_func=_FORMATS.__getitem__,
            key="batch-formats",
            persist_state="session",
        )
        folder = runs().folder(run.record.id)
        stem = run.record.id
        st.download_button(
            "Everything chosen (ZIP)",
            data=lambda: export_zip(folder, run.record, chosen).read_bytes(),
            file_name=shown(f"{stem}.zip"),
            mime="application/zip",
            on_click="ignore",
            width="stretch",
            key="batch-zip",
        )
        st.download_button(
            "Verdicts (CSV)",
            data=(folder / "images.csv").read_bytes,
            file_name=shown(f"{stem}-images.csv"),
            mime="text/csv",
            on_click="ignore",
            width="stretch",
            key="batch-csv",
        )
        st.caption("Made when you choose it; annotated pictures, reports and masks of many pictures take a while.")
