"""Which other flags go, or come back, with what a plan has just learnt."""

from __future__ import annotations

from typing import Final

import streamlit as st

from segdetect.errors import SegDetectError
from segdetect.inspection import Inspection
from segdetect.pictures.source_file import load_source
from segdetect.progress import part_of
from segdetect.runs.reviewing import Question, still_flagged
from segdetect.storage.history.entries import Entry
from segdetect.storage.plans.plan import Plan
from segdetect.ui.review.pictures import image_of
from segdetect.ui.review.queue import Queue
from segdetect.ui.shared.page import part
from segdetect.ui.shared.plans import plans
from segdetect.ui.shared.progress import Progressing, passing
from segdetect.ui.shared.remembered import remembered
from segdetect.ui.shared.session import inspector
from segdetect.ui.shared.texts import plain

_LEARNT: Final = "review-learnt"
# Each has to be inspected again.
_MOST: Final = 24


def learn(plan: Plan | None) -> None:
    """Remember which plan has a new version."""
    if plan is not None:
        st.session_state[_LEARNT] = plan.applied.plan


@part("What goes with it")
def show_consequences(queue: Queue) -> None:
    """Draw which of the open questions the plan's new version would not ask any more."""
    learnt = st.session_state.get(_LEARNT)
    if learnt is None:
        return
    try:
        plan = plans().get(learnt.name, learnt.version)
    except SegDetectError:
        return
    asked = [one for one in queue.questions if one.entry.plan == plan.name]
    entries = {one.entry.id: one.entry for one in asked}
    answers = _answers(plan, [*entries.values()][:_MOST])
    gone = [one for one in asked if (new := answers.get(one.entry.id)) and not still_flagged(one, new)]
    _tell(plan, gone, len(entries))


def _tell(plan: Plan, gone: list[Question], pictures: int) -> None:
    what = f"**{plain(plan.name)}**, version {plan.version:d}"
    some = f" (of the first {_MOST:d} pictures)" if pictures > _MOST else ""
    if not gone:
        st.caption(f"By {what}, all other open places{some} are flagged still.")
        return
    names = ", ".join(dict.fromkeys(one.entry.image for one in gone))
    places = f"{len(gone):d} other open place{'s are' if len(gone) > 1 else ' is'}"
    st.info(f"By {what}, {places} not flagged any more{some}: {plain(names)}.", icon=":material/auto_fix_high:")


def _answers(plan: Plan, entries: list[Entry]) -> dict[int, Inspection]:
    key = (plan.name, plan.version, *((one.sha256, one.page) for one in entries))
    with passing() as slot:
        report = Progressing(slot)

        def compute() -> dict[int, Inspection]:
            bank = [load_source(file) for file in plans().opened(plan).bank_files(plan.settings.scope)]
            found = {}
            for at, entry in enumerate(entries):
                image = image_of(entry)
                if image is not None:
                    share = part_of(report, at / len(entries), (at + 1) / len(entries))
                    found[entry.id] = inspector().inspect(image, plan.applied, bank=bank, progress=share)
            return found

        return remembered("review-again", key, compute)
