"""A second opinion: another engine's verdict, computed beside the page, with where the two agree."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import streamlit as st

from segdetect.engines.turns import coming_last
from segdetect.errors import SegDetectError
from segdetect.inspection import Inspection, Verdict
from segdetect.output.sentences import place
from segdetect.progress import Progress
from segdetect.runs.jobs import Job
from segdetect.settings import EngineName, Rule, RuleName, Settings
from segdetect.ui.inspect.tuning import other_engine
from segdetect.ui.shared.jobs import foreground, spare_jobs, visitor
from segdetect.ui.shared.locale import localized
from segdetect.ui.shared.page import callback, fault, part
from segdetect.ui.shared.polling import poll
from segdetect.ui.shared.session import engines, inspector
from segdetect.ui.shared.sidebar import Request
from segdetect.ui.shared.texts import plain

_POLL_SECONDS: Final = 1.0
_BUSY_POLL_SECONDS: Final = 3.0
_MOST_AHEAD: Final = 6
_SOMETHING_IS_WRONG: Final = {
    Verdict.NORMAL: False,
    Verdict.SUSPICIOUS: True,
    Verdict.ANOMALOUS: True,
    Verdict.CANNOT_TELL: None,
}


@dataclass(frozen=True, slots=True)
class Dispute:
    """What one engine flags in a picture of which the other says that nothing stands out.

    Args:
        engine: the one that flags.
        tiles: what it flags, the strongest first.
        told: where to look and who says so, in a sentence without its beginning.
    """

    engine: EngineName
    tiles: tuple[int, ...]
    told: str


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Another engine that was asked, as it stood when the page was begun: all of the page says the same of it."""

    request: Request
    first: Inspection
    name: EngineName
    job: Job | None = None  # where it is awaited
    answer: Inspection | None = None
    error: Exception | None = None

    @property
    def dispute(self) -> Dispute | None:
        """As `disputed`; None until the other engine has answered."""
        return None if self.answer is None else disputed(self.first, self.answer)

    @property
    def more_telling(self) -> str:
        """As `more_telling`; empty until the other engine has answered."""
        return "" if self.answer is None else more_telling(self.first, self.answer)


@part("The second opinion")
def ask_second_opinion(request: Request, inspection: Inspection) -> Asked | None:
    """Ask the other engine, which answers in the background; None where there is none."""
    name = other_engine(inspection.engine, engines().ready)
    if name is None:
        return None
    asked, settings = Asked(request, inspection, name), _settings(request, name)
    try:
        if _is_at_hand(request, settings):
            return replace(asked, answer=inspector().inspect(request.image, settings))
        job = _ask(request, name)
    except SegDetectError as error:
        return replace(asked, error=error)
    if not job.ended:
        return replace(asked, job=job)
    return replace(asked, error=job.error, answer=job.answer if isinstance(job.answer, Inspection) else None)


def _is_at_hand(request: Request, settings: Settings) -> bool:
    """Whether the answer takes no time to speak of, as in another grid of a picture that a dense engine has described.

    Asked in the background, it would have the whole page drawn twice. Where other pictures have a say, be it by the
    places that a plan allows, these may have to be described first.
    """
    return not request.bank and inspector().is_described(request.image, settings)


def _settings(request: Request, name: EngineName) -> Settings:
    # A number of the visitor's own is in the units of the first engine's scores: the second decides by its own rule.
    own = request.settings.rule.name is RuleName.THRESHOLD
    return replace(request.settings, engine=name, rule=Rule() if own else request.settings.rule)


@part("The second opinion")
def show_second_opinion(asked: Asked | None, inspection: Inspection) -> None:
    """Draw the chip with the other engine's verdict, and how far the two agree behind it; it fills itself in."""
    if asked is None:
        if not _engine_known(inspection):
            poll(lambda: None, until=lambda: _engine_known(inspection), seconds=_POLL_SECONDS)
        return
    with st.container(key="second-opinion"):
        _show_asked(asked)


def _show_asked(asked: Asked) -> None:
    job, name = asked.job, asked.name
    if asked.error is not None:
        _show_error(asked.error, asked.request, name)
    elif job is not None:
        poll(lambda: _show_asking(job, name), until=lambda: job.ended, seconds=_seconds_between_looks(job))
    elif asked.answer is not None:
        _show(asked.answer, asked.first, name)


def _seconds_between_looks(job: Job) -> float:
    """Each look has the browser go over its whole page: who will wait long looks less often.

    That is who is further back, and everybody where others' pages come first.
    """
    seconds = _BUSY_POLL_SECONDS if foreground().has_others else _POLL_SECONDS
    return seconds * (1 + min(spare_jobs().ahead(job), _MOST_AHEAD))


def _show_asking(job: Job, name: EngineName) -> None:
    ahead = spare_jobs().ahead(job)
    told = f"asking {name}{f', {ahead:d} before it' if ahead else ''} ..."
    if job.is_waiting and not ahead and spare_jobs().gives_way:
        told = f"{name} waits: the server is busy ..."
    st.caption(f":material/hourglass_top: {plain(told)}", width="content")


def _engine_known(inspection: Inspection) -> bool:
    """Whether there is another engine, or will be none; on the first page after a start, some are still on test."""
    return engines().tested or other_engine(inspection.engine, engines().ready) is not None


def _ask(request: Request, name: EngineName, *, again: bool = False) -> Job:
    settings, everyone = _settings(request, name), inspector()
    key = ("second", request.image.key, settings, everyone.engines[name].version, tuple(i.key for i in request.bank))

    def inspect(progress: Progress) -> Inspection:
        with coming_last():
            return everyone.inspect(request.image, settings, bank=request.bank, progress=progress)

    return spare_jobs().ask(key, visitor(), inspect, again=again)


@callback
def _ask_again(request: Request, name: EngineName) -> None:
    _ask(request, name, again=True)


def _show_error(error: Exception, request: Request, name: EngineName) -> None:
    with st.popover("No second opinion", icon=":material/error:", type="tertiary"):
        st.caption(f"Second opinion: {plain(localized(fault(error, 'it').message))}")
        st.button("Try again", key="ask-again", on_click=_ask_again, args=(request, name))


def _show(second: Inspection, inspection: Inspection, name: EngineName) -> None:
    text = f"Second opinion by **{plain(name)}**: {plain(agreement(inspection, second))}"
    verdict = second.decision.verdict
    reason = "" if verdict is Verdict.CANNOT_TELL else plain(localized(second.decision.reason))
    with st.popover(f"{plain(name)}: {plain(verdict.value)}", icon=":material/group:", type="tertiary"):
        st.caption(text)
        if reason:
            st.caption(reason)
        st.button(f"Switch to {plain(name)}", key="switch", on_click=_switch, args=(name,))


@callback
def _switch(name: EngineName) -> None:
    st.session_state["engine"] = name


def disputed(first: Inspection, second: Inspection) -> Dispute | None:
    """What one of two flags where the other says that nothing stands out; None where neither contradicts the other."""
    if {_SOMETHING_IS_WRONG[one.decision.verdict] for one in (first, second)} != {False, True}:
        return None
    flagging = first if _SOMETHING_IS_WRONG[first.decision.verdict] else second
    tiles = tuple(flagging.flagged_tiles)
    where = place(tiles[0], flagging.scores.layout.grid.cols, column="column")
    more = f" and {len(tiles) - 1} more" if len(tiles) > 1 else ""
    return Dispute(flagging.engine, tiles, f"look at {where}{more}: flagged by {flagging.engine} alone")


def more_telling(first: Inspection, second: Inspection) -> str:
    """The second verdict, where the first engine cannot tell and the second can; empty elsewhere."""
    mine, theirs = first.decision.verdict, second.decision.verdict
    if mine is not Verdict.CANNOT_TELL or theirs is Verdict.CANNOT_TELL:
        return ""
    return f"{second.engine} can tell: {theirs.value}"


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
