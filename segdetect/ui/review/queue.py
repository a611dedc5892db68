"""Which flagged places are asked about, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import streamlit as st

from segdetect.errors import SegDetectError
from segdetect.inspection import Inspection
from segdetect.runs.reviewing import Question, least_certain_first, questions
from segdetect.storage.history.entries import Entry, Search
from segdetect.storage.history.history import is_on
from segdetect.storage.history.reviews import Review, Standing, standings
from segdetect.ui.shared.history import history
from segdetect.ui.shared.jobs import account
from segdetect.ui.shared.locale import moment
from segdetect.ui.shared.page import part, show_error
from segdetect.ui.shared.plans import plans
from segdetect.ui.shared.remembered import remembered
from segdetect.ui.shared.reviewing import ASKED, read_who, who
from segdetect.ui.shared.texts import shown

# The newest; each is read from the database once.
_MOST: Final = 300
_EVERYTHING: Final = ("", "")
_CHOICE: Final = "review-choice"
_ALL: Final = "review-all"


@dataclass(frozen=True, slots=True, eq=False)
class Queue:
    """What is asked about.

    Args:
        entries: the inspections that it is of, the newest first.
        questions: their flagged segments, the least certain first: those that this visitor has not answered, or all.
        reviews: what was ever said of these inspections.
        standing: what is said of each place at present.
        total: how many questions there are, answered ones among them.
        answered: how many of them this visitor has answered.
        older: how many inspections there are that it is not of.
    """

    entries: Sequence[Entry]
    questions: Sequence[Question]
    reviews: Sequence[Review]
    standing: dict[tuple[object, ...], Standing]
    total: int
    answered: int
    older: int


@part("The choice of what to review")
def choose_what() -> Search | None:
    """Draw the choice of a plan, a run or all, and the visitor's name; what it asks the history for."""
    if not is_on():
        st.info("Nothing is reviewed where no history is kept (`SEGDETECT_HISTORY=0`).", icon=":material/history:")
        return None
    choices = _choices()
    wanted = st.session_state.pop(ASKED, None)
    if wanted is not None:
        choices.setdefault(wanted, "this run")
        st.session_state[_CHOICE] = wanted
    if st.session_state.get(_CHOICE) not in choices:
        st.session_state[_CHOICE] = _EVERYTHING
    with st.container(key="review-what-row"):
        what, name, every = st.columns([8, 5, 5], vertical_alignment="bottom")
    with what:
        kind, value = st.selectbox(
            "What is reviewed",
            [*choices],
            format_func=lambda one: choices.get(one, ""),
            key=_CHOICE,
            persist_state="session",
        )
    with name:
        read_who()
    with every:
        st.toggle("Also what I have answered", key=_ALL, persist_state="session")
    return Search(account=account(), plan=value if kind == "plan" else "", run=value if kind == "run" else "")


def _choices() -> dict[tuple[str, str], str]:
    recent = history().find(Search(account=account()), count=_MOST)
    named = {("plan", plan.name): f"Plan: {shown(plan.name)}" for plan in plans().kept().whole}
    # Runs of one folder have the same name; the last entry of each that is listed is its first picture.
    runs = {("run", one.run): f"Run: {shown(one.run_name)}, {moment(one.created)}" for one in recent}
    return {_EVERYTHING: f"The last {_MOST} inspections", **named, **runs}


def open_questions(search: Search) -> Queue:
    """What there is to be asked of the newest inspections; one that cannot be read is said, and left out."""
    entries = history().find(search, count=_MOST)
    return questions_about(entries, older=history().count(search) - len(entries) if len(entries) == _MOST else 0)


def questions_about(entries: Sequence[Entry], *, older: int = 0) -> Queue:
    """What there is to be asked of these inspections, where there are that many older ones."""
    reviews = history().reviews(entries=[one.id for one in entries], account=account())
    standing: dict[tuple[object, ...], Standing] = {one.opinions[0].about: one for one in standings(reviews)}
    found = least_certain_first(one for entry in entries for one in asked_of(entry))
    mine = [one for one in found if (said := standing.get(one.about)) is not None and said.by(who()) is not None]
    left = found if st.session_state.get(_ALL) else [one for one in found if one not in mine]
    return Queue(entries, left, reviews, standing, len(found), len(mine), older)


def asked_of(entry: Entry) -> Sequence[Question]:
    """The flagged segments of an inspection."""
    if not entry.flagged:
        return ()
    try:
        return remembered("questions", (entry.id, entry.created, entry.has_picture), lambda: _read(entry))
    except SegDetectError as error:
        show_error(error)
        return ()


def _read(entry: Entry) -> tuple[Question, ...]:
    result = history().result(entry.id, account=account())
    return tuple(questions(entry, result)) if isinstance(result, Inspection) else ()
