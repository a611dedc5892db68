"""A second opinion: another engine's verdict, computed beside the page, with where the two agree."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from typing import Final

import streamlit as st

from segdetect.errors import SegDetectError
from segdetect.inspection import Inspection, Verdict
from segdetect.settings import EngineName, Rule, RuleName
from segdetect.ui.inspect.tuning import other_engine
from segdetect.ui.shared.jobs import failed, jobs, visitor
from segdetect.ui.shared.locale import localized
from segdetect.ui.shared.page import callback, fault, part
from segdetect.ui.shared.session import engines, inspector
from segdetect.ui.shared.sidebar import Request
from segdetect.ui.shared.texts import plain

_POLL_SECONDS: Final = 0.7


@part("The second opinion")
def show_second_opinion(request: Request, inspection: Inspection) -> None:
    """Draw the line with the other engine's verdict; it fills itself in when the answer is there."""
    name = other_engine(inspection.engine, engines().ready)
    if name is None:
        if not engines().tested:
            st.fragment(run_every=_POLL_SECONDS)(_look_again)(inspection)
        return
    # A number of the visitor's own is in the units of the first engine's scores: the second decides by its own rule.
    own = request.settings.rule.name is RuleName.THRESHOLD
    settings = replace(request.settings, engine=name, rule=Rule() if own else request.settings.rule)
    key = ("second", request.image.key, settings, tuple(image.key for image in request.bank))
    future = jobs().start(key, visitor(), lambda: inspector().inspect(request.image, settings, bank=request.bank))
    poll = None if future.done() else _POLL_SECONDS
    with st.container(key="second-opinion"):
        st.fragment(run_every=poll)(_show)(future, inspection, name)


@part("The second opinion")
def _look_again(inspection: Inspection) -> None:
    """On the first page after a start, the other engines may still be on test."""
    if engines().tested or other_engine(inspection.engine, engines().ready) is not None:
        st.rerun()


@part("The second opinion")
def _show(future: Future[object], inspection: Inspection, name: EngineName) -> None:
    if not future.done():
        st.caption(f":material/hourglass_top: Second opinion: asking {plain(name)} ...")
        return
    error = failed(future)
    if error is not None:
        trouble = (error if isinstance(error, SegDetectError) else fault(error, "it")).message
        st.caption(f":material/error: Second opinion: {plain(localized(trouble))}")
        return
    if future.cancelled():
        return
    second = future.result()
    assert isinstance(second, Inspection)
    text = f"Second opinion by **{plain(name)}**: {plain(agreement(inspection, second))}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if disagree(inspection, second):
            st.warning(f"{text}. Look at both.", icon=":material/group:")
        else:
            st.caption(f":material/group: {text}", width="content")
        # A press on a button within a fragment runs only the fragment; the whole page is to change.
        if st.button(f"Switch to {plain(name)}", key="switch", type="tertiary", on_click=_switch, args=(name,)):
            st.rerun()


@callback
def _switch(name: EngineName) -> None:
    st.session_state["engine"] = name


def disagree(first: Inspection, second: Inspection) -> bool:
    """Whether one says that something is wrong and the other that nothing is."""
    wrong = {Verdict.ANOMALOUS, Verdict.SUSPICIOUS}
    verdicts = {first.decision.verdict, second.decision.verdict}
    return Verdict.NORMAL in verdicts and bool(verdicts & wrong)


def agreement(first: Inspection, second: Inspection) -> str:
    """The second verdict and how far the flags agree, in words."""
    verdict = second.decision.verdict.value
    mine, theirs = set(first.flagged_tiles), set(second.flagged_tiles)
    both = len(mine & theirs)
    if second.decision.verdict is Verdict.CANNOT_TELL:
        if second.decision.reason == first.decision.reason:
            return f"{verdict}, for the same reason"
        return f"{verdict}. {localized(second.decision.reason)}"
    if not mine and not theirs:
        same = "the same tile" if first.strongest_tile == second.strongest_tile else "another tile"
        return f"{verdict}; neither flags a tile, and it ranks {same} first"
    if mine == theirs:
        return f"{verdict}; both flag the same {both} tile{'' if both == 1 else 's'}"
    only_first, only_second = len(mine - theirs), len(theirs - mine)
    counts = {"by both": both, f"only by {first.engine}": only_first, f"only by {second.engine}": only_second}
    return f"{verdict}; tiles flagged: {', '.join(f'{count} {who}' for who, count in counts.items() if count)}"
