"""The answer, in a fragment of its own: another number of the visitor's draws it again, and not the controls beside it.

To draw the whole page for each threshold costs more, in the server and above all in the browser, which goes over every
element that comes anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from segdetect.inspection import Inspection
from segdetect.output.charts import HeatmapStyle
from segdetect.settings import RuleName
from segdetect.ui.inspect.bar import show_bar
from segdetect.ui.inspect.bench import bench
from segdetect.ui.inspect.keeping import keep_in_history
from segdetect.ui.inspect.run import leave_former, run_inspection
from segdetect.ui.inspect.second_opinion import ask_second_opinion
from segdetect.ui.inspect.selected import Places, show_selected
from segdetect.ui.inspect.stage import View, read_stage, show_film, show_stage
from segdetect.ui.inspect.threshold import show_threshold
from segdetect.ui.inspect.tuning import Tabs, show_tuning, tuning_tabs
from segdetect.ui.inspect.why import explain_choice
from segdetect.ui.shared.address import record_threshold
from segdetect.ui.shared.applying import PLAN_IN_USE
from segdetect.ui.shared.file_pages import pages_of
from segdetect.ui.shared.held import CONTROLS
from segdetect.ui.shared.ignored import ignored
from segdetect.ui.shared.jobs import foreground
from segdetect.ui.shared.opening import show_kept_answer
from segdetect.ui.shared.page import part
from segdetect.ui.shared.session import kept_uploads
from segdetect.ui.shared.sidebar import Request, note_settings

# Of the last time that the whole page was drawn: what stood around the answer, and what was asked for.
_AROUND: Final = "answer-around"
_ASKED: Final = "answer-asked"
# The threshold that the answer was drawn for last.
_THRESHOLD: Final = "answer-threshold"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Frame:
    """What stands still around the parts of the answer.

    Args:
        bar: for the verdict.
        stage: for the picture.
        why: for the explanation of the selected tile.
        histogram: for the scores with the threshold.
        review: for what a person says of the selected segment.
        tabs: below all of these.
        view: which of picture and scores are wanted.
        style: of the scores.
    """

    bar: DeltaGenerator
    stage: DeltaGenerator
    why: DeltaGenerator
    histogram: DeltaGenerator
    review: DeltaGenerator
    tabs: Tabs
    view: View
    style: HeatmapStyle


def show_answer(request: Request, inspection: Inspection, *, is_kept: bool) -> None:
    """Draw the answer with all that explains it.

    Args:
        request: what is asked for.
        inspection: the answer.
        is_kept: it was opened as it was kept, and is not for the history.
    """
    frame = _framed(request)
    # A kept answer is for the threshold that it was kept with.
    st.session_state[_AROUND] = None if is_kept or request.is_frame else _around()
    _show(request, inspection, is_kept, frame)


def _framed(request: Request) -> _Frame:
    bar = st.container()
    show_kept_answer()
    stage, side = bench()
    with stage:
        view, style = read_stage(request)
        picture = st.container(key="stage-place")
    why, histogram, review = side.container(key="why", gap="xsmall"), side.container(), side.container()
    return _Frame(
        bar=bar,
        stage=picture,
        why=why,
        histogram=histogram,
        review=review,
        tabs=tuning_tabs(request),
        view=view,
        style=style,
    )


def _around() -> tuple[object, ...] | None:
    """What stands around the answer; None where the visitor's threshold has a say in it.

    That is where a plan is told what was changed since, and where other pictures are called by the same number.
    """
    several = not st.session_state.get("sample") and len(pages_of(kept_uploads("uploads"))) > 1
    if several or st.session_state.get(PLAN_IN_USE) is not None:
        return None
    return (*(st.session_state.get(name) for name in CONTROLS), ignored().version)


@st.fragment
@part("The answer")
def _show(request: Request, inspection: Inspection, is_kept: bool, frame: _Frame) -> None:
    """Fill the frame; of what can be changed in it only the threshold leaves the rest of the page as it is."""
    is_whole_page = st.session_state.get(_ASKED) is not request
    st.session_state[_ASKED] = request
    if not is_whole_page and not _is_for_threshold():
        st.rerun()
    with foreground().work():
        with frame.bar:
            current = _current(request, inspection)
        if current is None:
            return
        request, inspection = current
        st.session_state[_THRESHOLD] = request.settings.rule.threshold
        _fill(frame, request, inspection, is_kept=is_kept)


def _is_for_threshold() -> bool:
    """Whether nothing but the visitor's own threshold has changed since the answer was drawn."""
    around = st.session_state.get(_AROUND)
    if around is None or around != _around() or st.session_state.get("rule") is not RuleName.THRESHOLD:
        return False
    return bool(st.session_state["threshold"] != st.session_state[_THRESHOLD])


def _current(request: Request, inspection: Inspection) -> tuple[Request, Inspection] | None:
    """What is asked for now, with its answer: the page may have been drawn for another threshold."""
    rule = request.settings.rule
    if rule.name is not RuleName.THRESHOLD or st.session_state[_AROUND] is None:
        return request, inspection
    if rule.threshold == st.session_state["threshold"]:
        return request, inspection
    rule = replace(rule, threshold=st.session_state["threshold"])
    request = replace(request, settings=replace(request.settings, rule=rule))
    leave_former(request)
    note_settings(request.settings)
    record_threshold(rule)
    answer = run_inspection(request)
    return None if answer is None else (request, answer)


def _fill(frame: _Frame, request: Request, inspection: Inspection, *, is_kept: bool) -> None:
    asked = None if request.is_frame else ask_second_opinion(request, inspection)
    with frame.bar:
        show_bar(request, inspection, asked)
        if not is_kept:
            keep_in_history(request, inspection)
    with frame.stage:
        scores = show_stage(request, inspection, asked=asked, view=frame.view, style=frame.style)
        show_film(inspection)
    with frame.histogram:
        show_threshold(inspection)
    with frame.why:
        explain_choice()
        more = st.container(key="why-more", gap="xsmall")
    places = Places(why=more, review=frame.review, scores=scores, table=frame.tabs.table)
    show_selected(request, inspection, frame.style, places)
    show_tuning(request, inspection, frame.tabs)
