"""The list of evaluations under way and of those that ended lately."""

from __future__ import annotations

from typing import Final

import streamlit as st

from segdetect.message import counted
from segdetect.runs.long_runs import KEPT
from segdetect.ui.evaluate.runs import (
    EvaluationRun,
    all_runs,
    dismiss_run,
    open_run,
    opened_run,
    runs_ahead,
    stop_run,
)
from segdetect.ui.shared.page import callback, part
from segdetect.ui.shared.polling import poll
from segdetect.ui.shared.texts import plain

_POLL_SECONDS: Final = 1.0


@part("The list of runs")
def show_runs() -> None:
    """Draw the list, which keeps itself up to date while a run is under way."""
    drawn = _state()
    if any(not run.ended for run in all_runs()):
        poll(_draw, until=lambda: _state() != drawn, seconds=_POLL_SECONDS)
    elif drawn:
        _draw()


def _state() -> list[tuple[str, bool, bool]]:
    """What the whole page depends on: which runs there are, which have ended, which this tab shows."""
    opened = opened_run()
    return [(run.name, run.ended, run is opened) for run in all_runs()]


def _draw() -> None:
    runs, opened = all_runs(), opened_run()
    st.caption(
        "Runs queue, one at a time, and go on while this page is left, reloaded or closed. "
        f"The last {KEPT} can be shown again; of older ones the figures are kept, under Earlier runs."
    )
    for run in runs:
        with st.container(horizontal=True, vertical_alignment="center", key=f"run-{run.name}"):
            _draw_run(run, is_opened=run is opened)


def _draw_run(run: EvaluationRun, *, is_opened: bool) -> None:
    title = plain(run.plan.title)
    if run.ended:
        st.markdown(f"{_ICONS[_ending(run)]} {title}: {plain(_ending(run))}")
    else:
        st.progress(run.share, text=f"{title}: {plain(_doing(run))}")
    if not is_opened:
        st.button(
            "Show", key=f"open-{run.name}", on_click=callback(open_run), args=(run.name,), icon=":material/visibility:"
        )
    if run.ended:
        st.button(
            "Dismiss",
            key=f"dismiss-{run.name}",
            on_click=callback(dismiss_run),
            args=(run.name,),
            icon=":material/close:",
        )
    else:
        st.button(
            "Stop",
            key=f"stop-{run.name}",
            on_click=callback(stop_run),
            args=(run.name,),
            disabled=run.is_stopping,
            icon=":material/stop_circle:",
        )


_ICONS: Final = {
    "finished": ":material/check_circle:",
    "stopped": ":material/stop_circle:",
    "failed": ":material/error:",
}


def _ending(run: EvaluationRun) -> str:
    if run.was_stopped:
        return "stopped"
    return "finished" if run.error is None else "failed"


def _doing(run: EvaluationRun) -> str:
    if run.is_stopping:
        return "stopping"
    if run.is_waiting:
        return f"waiting, {counted(runs_ahead(run), 'run')} ahead"
    return run.doing
