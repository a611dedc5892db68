"""Runs of one data set beside each other, as those with all engines."""

from __future__ import annotations

from dataclasses import asdict

import pandas as pd
import streamlit as st

from segdetect.evaluation.tables import COLUMNS, share_of
from segdetect.ui.evaluate.columns import figure_columns, presented
from segdetect.ui.evaluate.runs import EvaluationRun, all_runs
from segdetect.ui.shared.page import part


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
    table = pd.DataFrame([_row(one) for one in same]).dropna(axis="columns", how="all")
    st.dataframe(
        presented(table),
        hide_index=True,
        placeholder="",
        column_config=figure_columns() | {"title": st.column_config.TextColumn("Run", width=330, pinned=True)},
        alt="Overall figures of the runs of these pictures",
    )


def _row(run: EvaluationRun) -> dict[str, object]:
    assert run.answer is not None
    evaluation = run.answer.evaluation
    figures = asdict(evaluation.overall)
    left_alone = share_of(evaluation.overall.clean_unflagged, evaluation.overall.clean) or None
    title = run.plan.title.partition(" · ")[2]
    return {"title": title} | {name: figures[name] for name in COLUMNS} | {"clean_unflagged": left_alone}
