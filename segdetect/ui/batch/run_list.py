"""The list of runs: where each stands, how fast it is, and the buttons that pause, stop and delete it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

import streamlit as st

from segdetect.runs.queued.record import State
from segdetect.runs.queued.state import RunState
from segdetect.runs.rooms import NO_WORKERS
from segdetect.ui.shared.background_runs import close_run, open_run, opened_run, runs
from segdetect.ui.shared.jobs import account
from segdetect.ui.shared.kept import attempt, show_trouble
from segdetect.ui.shared.locale import moment, number
from segdetect.ui.shared.page import callback, part, show_error
from segdetect.ui.shared.polling import poll
from segdetect.ui.shared.texts import plain
from segdetect.ui.shared.verdict import SIGNS, WORST_FIRST

_POLL_SECONDS: Final = 1.0
# What comes in is shown that often: a table that is drawn anew forgets where it was scrolled to.
_RESULTS_SECONDS: Final = 5.0
# Others are one click further.
_LISTED: Final = 6
_ICONS: Final = {
    State.WAITING: ":material/hourglass_empty:",
    State.RUNNING: ":material/play_circle:",
    State.PAUSED: ":material/pause_circle:",
    State.DONE: ":material/check_circle:",
    State.CANCELLED: ":material/stop_circle:",
    State.FAILED: ":material/error:",
}


@part("The list of runs")
def show_runs() -> None:
    """Draw the list, which keeps itself, and now and then the results below it, up to date while a run goes on."""
    show_trouble("batch")
    for damaged in runs().damaged:
        show_error(damaged.error)
    drawn, at = _standing(), time.monotonic()
    done = _pictures()

    def until() -> bool:
        return _standing() != drawn or (_pictures() != done and time.monotonic() - at > _RESULTS_SECONDS)

    if any(run.goes_on for run in runs().of(account())):
        poll(_draw, until=until, seconds=_POLL_SECONDS)
    elif drawn:
        _draw()


def _standing() -> list[tuple[object, ...]]:
    """What the whole page depends on: which runs there are, where each stands, which this tab shows."""
    opened = _opened_id()
    return [(run.record.id, run.goes_on, run.state, run.record.id == opened) for run in runs().of(account())]


def _opened_id() -> str:
    run = opened_run()
    return "" if run is None else run.record.id


def _pictures() -> int:
    run = opened_run()
    return 0 if run is None else run.pictures


def _draw() -> None:
    found, opened = runs().of(account()), _opened_id()
    going = [run for run in found if run.goes_on]
    ended = [run for run in found if not run.goes_on]
    _draw_all([*going, *ended[:_LISTED]], opened)
    if older := ended[_LISTED:]:
        with st.expander(f"Older runs ({len(older):d})"):
            _draw_all(older, opened)


def _draw_all(found: Sequence[RunState], opened: str) -> None:
    for run in found:
        with st.container(horizontal=True, vertical_alignment="center", key=f"batch-run-{run.record.id}"):
            _draw_run(run, is_opened=run.record.id == opened)


def _draw_run(run: RunState, *, is_opened: bool) -> None:
    name, told = run.record.name, _told(run)
    if run.state is State.RUNNING:
        st.progress(min(1.0, run.share), text=f"**{plain(name)}**: {plain(told)}")
    else:
        st.markdown(f"{_ICONS[run.state]} **{plain(name)}**, {plain(_begun(run))}: {plain(told)}")
    # Beside a long line or below it, but together.
    with st.container(horizontal=True, width="content"):
        _draw_buttons(run, is_opened=is_opened)


def _draw_buttons(run: RunState, *, is_opened: bool) -> None:
    id = run.record.id
    if is_opened:
        _button("Hide", "visibility_off", close_run, f"hide-{id}")
    else:
        _button("Show", "visibility", open_run, f"show-{id}", id)
    if run.is_elsewhere:
        return
    if run.goes_on:
        _button("Pause", "pause", runs().pause, f"pause-{id}", account(), id, disabled=run.is_stopping)
        _button("Cancel", "stop_circle", runs().cancel, f"cancel-{id}", account(), id)
        return
    if run.state is not State.DONE:
        _button("Go on", "play_arrow", runs().resume, f"resume-{id}", account(), id)
    with st.popover("Delete", icon=":material/delete:"):
        st.markdown(
            "Delete this run for good, with the files that were handed in for it? What is in the history stays."
        )
        st.button(
            "Delete for good",
            type="primary",
            key=f"delete-{id}",
            on_click=attempt,
            args=(runs().delete, account(), id),
            kwargs={"kind": "batch"},
        )


def _button(label: str, icon: str, work: object, key: str, *args: object, disabled: bool = False) -> None:
    assert callable(work)
    st.button(
        plain(label),
        key=key,
        icon=f":material/{icon}:",
        on_click=callback(work),
        args=args,
        disabled=disabled,
        width="content",
    )


def _begun(run: RunState) -> str:
    """By which engine and when, as runs of one folder have the same name."""
    return f"{run.record.engine}, {moment(run.record.created)}"


def _told(run: RunState) -> str:
    """Where a run stands, in words."""
    files = f"{number(run.record.files, 0)} file{'' if run.record.files == 1 else 's'}"
    pictures = f"{number(run.pictures, 0)} picture{'' if run.pictures == 1 else 's'}"
    of = f"{pictures} of {files}"
    if run.is_elsewhere:
        return f"another program has it, {of}"
    if run.state is State.WAITING:
        return f"waiting, {run.ahead} run{'' if run.ahead == 1 else 's'} ahead" if run.ahead else "about to begin"
    if run.is_stopping:
        return f"stopping, {of}"
    if run.state is State.RUNNING:
        if run.doing == NO_WORKERS:
            return f"{of}, {run.doing}"
        if not run.pictures:
            # Answers come many at a time: "0 pictures" beside a bar that is nearly full would look stuck.
            return f"{files}, {run.doing}, no answer yet"
        return ", ".join([of, *_pace(run)])
    if run.state is State.DONE:
        return ", ".join(
            f"{SIGNS[verdict]} {number(run.counts[verdict], 0)} {verdict}".replace(" ", "\u00a0")  # each on one line
            for verdict in WORST_FIRST
            if run.counts.get(verdict)
        )
    return f"{run.state.value}, {of}"


def _pace(run: RunState) -> list[str]:
    if run.per_second is None:
        return []
    pace = f"{number(run.per_second, 1)} a second" if run.per_second >= 1 else f"{number(1 / run.per_second, 1)} s each"
    return [pace, *([] if run.seconds_left is None else [f"{_span(run.seconds_left)} left"])]


def _span(seconds: float) -> str:
    """A time to wait, as exact as one needs it.

    >>> _span(8.2), _span(200), _span(9000)
    ('8 s', '4 min', '3 h')
    """
    if seconds < 90:
        return f"{max(1, round(seconds)):d} s"
    return f"{-(-seconds // 60):.0f} min" if seconds < 5400 else f"{-(-seconds // 3600):.0f} h"
