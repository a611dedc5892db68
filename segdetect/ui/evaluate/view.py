"""The Evaluate page's parts: what to run, how far it is, what came of it."""

from __future__ import annotations

import streamlit as st

from segdetect.errors import SegDetectError
from segdetect.evaluation.datasets import Dataset
from segdetect.evaluation.figures import Evaluation, Figures
from segdetect.evaluation.plots import grid_chart, precision_recall_chart, score_histogram_chart
from segdetect.evaluation.run import ap_by_grid
from segdetect.evaluation.tables import figures_table, json_bytes, shown_table
from segdetect.output.tables import csv_bytes
from segdetect.settings import GridSize
from segdetect.ui.evaluate.columns import figure_columns, presented
from segdetect.ui.evaluate.gallery import show_galleries
from segdetect.ui.evaluate.operating import show_operating_point
from segdetect.ui.evaluate.runs import EvaluationRun, Outcome, Plan, answers_plan
from segdetect.ui.evaluate.side_by_side import show_engines
from segdetect.ui.shared.locale import localized, localized_chart, number
from segdetect.ui.shared.page import fault, part, show_error
from segdetect.ui.shared.progress import Progressing, passing
from segdetect.ui.shared.remembered import remembered
from segdetect.ui.shared.session import inspector
from segdetect.ui.shared.texts import plain

_MAX_ROWS = 20
# On a touch screen its tools would lie over a chart's legend for good.
_CHART = {"displayModeBar": False}
_GRIDS = (4, 5, 7, 9, 12, 16)


@part("The evaluation")
def show_run(run: EvaluationRun, chosen: Plan | None) -> None:
    """Draw what came of a run that has ended, under what it was a run of.

    Args:
        run: the run.
        chosen: what the controls say now, which may be something else.
    """
    st.header(f"Figures of {plain(run.plan.title)}")
    if chosen is not None and not answers_plan(run.plan, chosen):
        st.warning(
            "The settings or the folder chosen above are others: these figures are of what stands in this heading.",
            icon=":material/sync_problem:",
        )
    if run.was_stopped:
        st.info("Stopped.", icon=":material/stop_circle:")
    elif run.error is not None:
        show_error(fault(run.error, "The evaluation"))
    elif run.answer is not None:
        if run.answer.unkept is not None:
            st.warning("The figures below are whole, but no record of them could be kept.", icon=":material/save:")
            show_error(run.answer.unkept)
        for name, error in run.answer.failed:
            show_error(SegDetectError(error.problem, remedy=error.remedy, file=name.value))
        show_evaluation(_chosen(run.answer, run.name), run.plan.dataset)


def _chosen(answer: Outcome, run: str) -> Evaluation:
    """The evaluation that is shown in full; where there are several, they stand side by side, and one is chosen."""
    evaluations = {evaluation.engine.value: evaluation for evaluation in answer.evaluations}
    first = answer.evaluations[0]
    if len(evaluations) < 2:
        return first
    show_engines(answer.evaluations)
    # Kept by run: another one need not have the same engines.
    chosen = st.selectbox(
        "Charts and pictures of",
        list(evaluations),
        width=240,
        key=f"shown-engine-{run}",
        persist_state="session",
    )
    return evaluations[chosen]


def show_evaluation(evaluation: Evaluation, dataset: Dataset) -> None:
    """Draw the figures, the charts and the pictures that went wrong."""
    _show_metrics(evaluation.overall)
    for note in evaluation.notes:
        st.caption(f":material/info: {plain(localized(note))}")
    table = presented(shown_table(evaluation))
    st.dataframe(
        table,
        height="content" if len(table) <= _MAX_ROWS else "auto",
        hide_index=True,
        placeholder="",
        column_config=figure_columns(),
        alt="Figures of each category and overall",
    )
    _show_exports(evaluation)
    _show_charts(evaluation)
    show_operating_point(evaluation)
    _show_grids(evaluation, dataset)
    show_galleries(evaluation)
    for failure in evaluation.failures:
        error = failure.error
        show_error(SegDetectError(error.problem, remedy=error.remedy, file=error.file or failure.image))


def _show_metrics(overall: Figures) -> None:
    cells = [
        ("Average precision", overall.ap, "How high defective tiles rank, 0 to 1, averaged over categories"),
        ("Strongest tile is defective", overall.top1, "Share of defective pictures"),
        ("F1 of flagged tiles", overall.f1, "Precision and recall of the flags in one number"),
    ]
    with st.container(key="figures-evaluate"):
        columns = st.columns(4)
    for column, (label, value, text) in zip(columns, cells, strict=False):
        column.metric(plain(label), "none" if value is None else number(value, 3), help=plain(text))
    columns[3].metric("Clean pictures left alone", f"{overall.clean_unflagged:d} of {overall.clean:d}")


def _show_charts(evaluation: Evaluation) -> None:
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
