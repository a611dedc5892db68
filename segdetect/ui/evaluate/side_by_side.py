"""Figures beside each other: of the engines of one run, and of several runs of one data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import pandas as pd
import streamlit as st

from segdetect.evaluation.figures import Evaluation
from segdetect.evaluation.tables import COLUMNS, share_of
from segdetect.ui.evaluate.columns import figure_columns, presented
from segdetect.ui.evaluate.runs import EvaluationRun, all_runs
from segdetect.ui.shared.page import part
from segdetect.ui.shared.texts import shown


@part("The runs side by side")
def show_side_by_side(run: EvaluationRun) -> None:
    """Draw the overall figures of all ended runs of the same data set; nothing where this is the only one."""
    pictures = [picture.path for picture in run.plan.dataset.pictures]
    same = [
        one
        for one in all_runs()
        if one.answer is not None and [picture.path for picture in one.plan.dataset.pictures] == pictures
    ]
    if len(same) < 2:
        return
    st.header("Beside other runs of these pictures")
    lines = [
        (one.plan.how(evaluation.engine), evaluation)
        for one in same
        if one.answer is not None
        for evaluation in one.answer.evaluations
    ]
    _show(lines, "Run", 330, "Overall figures of the runs of these pictures")


def show_engines(evaluations: Sequence[Evaluation]) -> None:
    """Draw the overall figures of the engines of one run, a row each."""
    lines = [(evaluation.engine.value, evaluation) for evaluation in evaluations]
    _show(lines, "Engine", 122, "Overall figures of each engine")


def _show(lines: Sequence[tuple[str, Evaluation]], head: str, width: int, alt: str) -> None:
    table = pd.DataFrame([_row(*line) for line in lines]).dropna(axis="columns", how="all")
    st.dataframe(
        presented(table),
        hide_index=True,
        placeholder="",
        column_config=figure_columns() | {"title": st.column_config.TextColumn(head, width=width, pinned=True)},
        alt=shown(alt),
    )


def _row(title: str, evaluation: Evaluation) -> dict[str, object]:
    figures = asdict(evaluation.overall)
    left_alone = share_of(evaluation.overall.clean_unflagged, evaluation.overall.clean) or None
    return {"title": title} | {name: figures[name] for name in COLUMNS} | {"clean_unflagged": left_alone}
