"""The Evaluate page's parts: what to run, how far it is, what came of it."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from segdetect.errors import SegDetectError
from segdetect.evaluation.datasets import Dataset, LabelledPicture
from segdetect.evaluation.plots import grid_chart, precision_recall_chart, score_histogram_chart
from segdetect.evaluation.records import read_records, records_folder
from segdetect.evaluation.run import Evaluation, PictureResult, ap_by_grid
from segdetect.evaluation.tables import COLUMNS, figures_table, json_bytes, share_of, shown_table
from segdetect.output.annotation import annotated_thumbnail
from segdetect.output.tables import csv_bytes
from segdetect.output.thumbnails import data_uri
from segdetect.settings import GridSize, Scope
from segdetect.ui.evaluate.runs import EvaluationRun
from segdetect.ui.shared.jobs import account
from segdetect.ui.shared.locale import localized, localized_chart, number, number_column
from segdetect.ui.shared.opening import open_on_inspect
from segdetect.ui.shared.page import fault, part, show_error
from segdetect.ui.shared.progress import Progressing, passing
from segdetect.ui.shared.remembered import remembered
from segdetect.ui.shared.session import Upload, inspector, loaded
from segdetect.ui.shared.texts import plain, shown

# Of columns, in screen pixels: together they fit beside the sidebar at 1280.
_TITLE_WIDTH = 122
_WIDTH = 52
_WIDTHS = {"pictures": 78, "auroc": 62, "recall": 58, "clean_unflagged": 72, "image_auroc": 62}
_MAX_ROWS = 20
# On a touch screen its tools would lie over a chart's legend for good.
_CHART = {"displayModeBar": False}
_GRIDS = (4, 5, 7, 9, 12, 16)


@part("The evaluation")
def show_run(run: EvaluationRun) -> None:
    """Draw what came of a run that has ended."""
    if run.was_stopped:
        st.info("Stopped.", icon=":material/stop_circle:")
    elif run.error is not None:
        show_error(fault(run.error, "The evaluation"))
    elif run.answer is not None:
        if run.answer.unkept is not None:
            st.warning("The figures below are whole, but no record of them could be kept.", icon=":material/save:")
            show_error(run.answer.unkept)
        show_evaluation(run.answer.evaluation, run.plan.dataset)


def show_evaluation(evaluation: Evaluation, dataset: Dataset) -> None:
    """Draw the figures, the charts and the pictures that went wrong."""
    overall = evaluation.overall
    cells = [
        ("Average precision", overall.ap, "How high defective tiles rank, 0 to 1, averaged over categories"),
        ("Strongest tile is defective", overall.top1, "Share of defective pictures"),
        ("F1 of flagged tiles", overall.f1, "Precision and recall of the flags in one number"),
    ]
    columns = st.columns(4)
    for column, (label, value, text) in zip(columns, cells, strict=False):
        column.metric(plain(label), "none" if value is None else number(value, 3), help=plain(text))
    columns[3].metric("Clean pictures left alone", f"{overall.clean_unflagged:d} of {overall.clean:d}")
    for note in evaluation.notes:
        st.caption(f":material/info: {plain(localized(note))}")
    table = _presented(shown_table(evaluation))
    st.dataframe(
        table,
        height="content" if len(table) <= _MAX_ROWS else "auto",
        hide_index=True,
        placeholder="",
        column_config=_columns(),
        alt="Figures of each category and overall",
    )
    _show_exports(evaluation)
    charts = st.columns(2)
    charts[0].plotly_chart(
        localized_chart(precision_recall_chart(evaluation)),
        key="pr",
        config=_CHART,
        alt="Precision against recall of tiles",
    )
    charts[1].plotly_chart(
        localized_chart(score_histogram_chart(evaluation)),
        key="hist",
        config=_CHART,
        alt="Scores of good and of defective tiles with the threshold",
    )
    _show_grids(evaluation, dataset)
    _show_gallery("Worst misses", evaluation.worst_misses(8), evaluation, "miss")
    _show_gallery("False alarms", evaluation.false_alarms(8), evaluation, "alarm")
    for failure in evaluation.failures:
        error = failure.error
        show_error(SegDetectError(error.problem, remedy=error.remedy, file=error.file or failure.image))


def _columns() -> dict[str, ColumnConfig]:
    """Heads, helps and widths of `COLUMNS`."""
    title = st.column_config.TextColumn("Category", width=_TITLE_WIDTH, pinned=True)
    return {"title": title} | {
        name: st.column_config.NumberColumn(
            head, width=_WIDTHS.get(name, _WIDTH), help=plain(text), **number_column(0 if name == "pictures" else 3)
        )
        if name != "clean_unflagged"
        else st.column_config.TextColumn(head, width=_WIDTHS[name], help=plain(text), alignment="right")
        for name, (head, text) in COLUMNS.items()
    }


def _presented(table: pd.DataFrame) -> pd.DataFrame:
    """Numbers to as many decimals as a column shows, names as they can be shown."""
    texts = table.select_dtypes(exclude=["number", "bool", "datetime", "datetimetz"])
    names = {str(column): texts[column].map(shown, na_action="ignore") for column in texts}
    return table.round(dict.fromkeys(table.select_dtypes("float").columns, 3)).assign(**names)


def _show_exports(evaluation: Evaluation) -> None:
    with st.container(horizontal=True):
        st.download_button(
            "Figures (CSV)",
            lambda: csv_bytes(figures_table(evaluation)),
            "evaluation.csv",
            "text/csv",
            on_click="ignore",
            icon=":material/download:",
        )
        st.download_button(
            "Everything (JSON)",
            lambda: json_bytes(evaluation),
            "evaluation.json",
            "application/json",
            on_click="ignore",
            icon=":material/download:",
        )


@part("The comparison of grids")
def _show_grids(evaluation: Evaluation, dataset: Dataset) -> None:
    if not st.toggle("Average precision against grid size", key="by-grid", help="Evaluates again in several grids."):
        return
    grids = [GridSize(side, side) for side in _GRIDS]
    key = (evaluation.dataset, evaluation.started, evaluation.settings, evaluation.engine_version, dataset.name)
    with passing() as slot:
        points = remembered(
            "grids", key, lambda: ap_by_grid(inspector(), dataset, evaluation.settings, grids, Progressing(slot))
        )
    st.plotly_chart(
        localized_chart(grid_chart({str(evaluation.engine): points})),
        key="grids",
        alt="Average precision for each grid size",
    )


def _show_gallery(title: str, pictures: Sequence[PictureResult], evaluation: Evaluation, key: str) -> None:
    st.header(plain(title))
    if not pictures:
        st.caption("None.")
        return
    numbered = list(enumerate(pictures))
    # Four in a row. A pair stays side by side on a phone, where the two halves of a row go below each other.
    for start in range(0, len(numbered), 4):
        for half, first in zip(st.columns(2), (start, start + 2), strict=True):
            for column, (at, picture) in zip(half.columns(2, wrap=False), numbered[first : first + 2], strict=False):
                with column:
                    _show_picture(picture, evaluation, f"{key}-{at}")


# The files may be gone since they were evaluated.
@part("The picture")
def _show_picture(picture: PictureResult, evaluation: Evaluation, key: str) -> None:
    ap = "" if picture.ap is None else f", AP {number(picture.ap, 2)}"
    caption = f"{picture.labelled.name}{ap}, {picture.inspection.decision.verdict.value}"
    layout, flagged = picture.inspection.scores.layout, tuple(picture.inspection.flagged_tiles)
    seen = (picture.labelled.path, picture.labelled.stamp(), layout.key, flagged)
    st.image(remembered("annotated", seen, lambda: _annotated(picture)), width="stretch", alt=shown(caption))
    st.caption(plain(caption))
    if st.button("Inspect", key=key, icon=":material/frame_inspect:"):
        _open(picture, evaluation)


def _annotated(picture: PictureResult) -> str:
    return data_uri(annotated_thumbnail(loaded(_upload(picture.labelled)), picture.inspection, 400))


def _upload(labelled: LabelledPicture) -> Upload:
    return Upload(labelled.name.rsplit("/", 1)[-1], labelled.data())


def _open(picture: PictureResult, evaluation: Evaluation) -> None:
    """Go to the Inspect page with this picture, its references and the same settings."""
    settings = evaluation.settings
    category = next(r.category for r in evaluation.categories if picture.labelled in r.category.pictures)
    if settings.scope is Scope.REFERENCES:
        references = tuple(_upload(labelled) for labelled in category.references[:20])
        st.session_state["references"] = references
    open_on_inspect(settings, (_upload(picture.labelled),))


@part("The list of earlier runs")
def show_records() -> None:
    """Draw the earlier runs on this machine."""
    found = read_records(records_folder(account()))
    records = found.table
    for trouble in found.troubles:
        show_error(trouble)
    if not records.empty:
        with st.expander(f"Earlier runs ({len(records)})"):
            texts = [name for name in records.columns if name not in COLUMNS]
            heads: dict[str, ColumnConfig] = {
                name: st.column_config.TextColumn(name[0].upper() + name[1:]) for name in texts
            }
            heads["started"] = st.column_config.DatetimeColumn(
                "Started", format="localized", timezone=st.context.timezone, pinned=True
            )
            left_alone = [share_of(*counts) for counts in zip(records.clean_unflagged, records.clean, strict=True)]
            st.dataframe(
                _presented(records.assign(clean_unflagged=left_alone).drop(columns="clean")),
                hide_index=True,
                placeholder="",
                column_config=_columns() | heads,
                alt="Earlier evaluations with their overall figures",
            )
