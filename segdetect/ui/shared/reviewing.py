"""What a person says of a flagged segment, wherever they say it, and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from segdetect.errors import SegDetectError, StorageError
from segdetect.inspection import Inspection
from segdetect.output.segments import segments
from segdetect.regions import Regions
from segdetect.runs.reviewing import learn_from, tile_boxes
from segdetect.storage.history.entries import Entry, Search
from segdetect.storage.history.history import is_on
from segdetect.storage.history.reviews import Box, Judgement, Review, Standing, place_of, standings
from segdetect.storage.plans.plan import Plan
from segdetect.ui.shared.applying import PLAN_IN_USE
from segdetect.ui.shared.history import history, trouble
from segdetect.ui.shared.jobs import account
from segdetect.ui.shared.kept import attempt, show_trouble
from segdetect.ui.shared.originals import file_bytes
from segdetect.ui.shared.page import part
from segdetect.ui.shared.plans import plans
from segdetect.ui.shared.sidebar import Request
from segdetect.ui.shared.texts import plain

REVIEW_PAGE: Final = "pages/review.py"
# What the Review page asks about: which it is ("plan" or "run"), and its name or id.
ASKED: Final = "review-of"
_WHO: Final = "review-who"
_NOBODY: Final = "someone"
_LAST: Final = "review-last"
_TOLD: Final = "review-told"
_FOUND: Final = 50
# The key of each, with what it says and shows.
BUTTONS: Final = (
    (Judgement.DEFECT, "Defect", "D", ":material/report:"),
    (Judgement.NO_DEFECT, "Not a defect", "N", ":material/check_circle:"),
    (Judgement.UNSURE, "Unsure", "U", ":material/help:"),
)
KIND: Final = "review"


def who() -> str:
    """Who reviews: the name of the account where the visitor has logged in, else the one that they gave."""
    user = st.user
    if user.get("is_logged_in"):
        return str(user.get("name") or user.get("email") or _NOBODY)
    return str(st.session_state.get(_WHO) or "").strip() or _NOBODY


def read_who() -> None:
    """Draw the field for the visitor's name, unless their account has it."""
    if not st.user.get("is_logged_in"):
        st.text_input("Your name", key=_WHO, max_chars=80, placeholder=_NOBODY, persist_state="session")


def go_to_review(kind: str = "", name: str = "") -> None:
    """Go to the Review page with a plan, by its name, or a run, by its id; with neither, with all of the history."""
    st.session_state[ASKED] = (kind, name)
    st.switch_page(REVIEW_PAGE)


def say(
    entry: Entry,
    boxes_ltrb: Sequence[Box],
    judgement: Judgement,
    picture: bytes | None,
    *,
    label: str = "",
    note: str = "",
    drawn: Regions | None = None,
) -> Plan | None:
    """Keep what this visitor says of a place, and make it count in the plan.

    Args:
        entry: the inspection.
        boxes_ltrb: the place; empty for the whole picture.
        judgement: what they say.
        picture: the picture's bytes, where they are at hand; they are kept with the inspection.
        label: as in `Review`.
        note: as in `Review`.
        drawn: as in `Review`.

    Returns:
        The plan's new version, where there is one; the page works by it from now on, if it did by the one before.

    Raises:
        SegDetectError: it cannot be kept, or the plan cannot be changed.
    """
    review = Review.of(
        entry,
        boxes_ltrb=tuple(boxes_ltrb),
        judgement=judgement,
        label=label,
        note=note.strip(),
        drawn=drawn,
        who=who(),
    )
    history().review(review, account=account())
    if picture is not None and not entry.has_picture:
        history().keep_picture(entry, picture)
    # A place is allowed by what it looks like: without the picture there is nothing to learn.
    if entry.plan is None or (judgement is Judgement.NO_DEFECT and picture is None):
        return None
    plan = learn_from(plans(), review, history().reviews(plan=entry.plan, account=account()), picture)
    if plan is not None:
        _work_by(plan)
    return plan


def _work_by(plan: Plan) -> None:
    used = st.session_state.get(PLAN_IN_USE)
    if used is not None and used.name == plan.name:
        st.session_state[PLAN_IN_USE] = plan.applied.plan


def told(plan: Plan | None, entry: Entry, judgement: Judgement, *, is_here: bool = True) -> str:
    """What a review did, for the visitor; `is_here` tells whether the picture itself was at hand."""
    if plan is None:
        if judgement is Judgement.TAKEN_BACK:
            return "Taken back."
        why = "" if entry.plan else " It was inspected by no plan, so no plan learns from it."
        if entry.plan and judgement is Judgement.NO_DEFECT and not is_here:
            why = " The picture itself is not here, so its plan learns nothing: say it again on Inspect."
        return f"{judgement.value.capitalize()}: kept.{why}"
    count = len(plan.allowed)
    what = "what looks like it is not flagged any more" if judgement is Judgement.NO_DEFECT else "it counts again"
    return f"{plan.name} is at version {plan.version:d}: {what}. It allows {count:d} place{'s'[: count != 1]}."


def tell(text: str) -> None:
    """Have `show_told` say it: the callback of a button in a fragment is not to draw."""
    st.session_state[_TOLD] = text


def show_told() -> None:
    """Draw what a review did, once."""
    if _TOLD in st.session_state:
        st.toast(plain(st.session_state.pop(_TOLD)), icon=":material/rate_review:")


def entry_of(inspection: Inspection) -> Entry | None:
    """The newest entry of this visitor's history with this very answer; None where it was not kept."""
    plan = inspection.settings.plan
    wanted = (
        *(inspection.page, inspection.size_wh, inspection.engine.value, inspection.scores.highest),
        *(int(inspection.decision.flags.sum()), plan and plan.name, plan and plan.version),
    )
    found = history().find(Search(account=account(), sha256=inspection.sha256), count=_FOUND)
    return next((one for one in found if _facts(one) == wanted), None)


def _facts(entry: Entry) -> tuple[object, ...]:
    known = (entry.page, entry.size_wh, entry.engine, entry.highest)
    return (*known, entry.flagged, entry.plan, entry.plan_version)


def standing_of(entry: Entry, boxes_ltrb: Sequence[Box]) -> Standing | None:
    """What is said of a place of an entry; None where nothing is."""
    about = (entry.id, entry.created, place_of(boxes_ltrb))
    said = standings(history().reviews(entries=[entry.id], account=account()))
    return next((one for one in said if one.opinions[0].about == about), None)


@part("The review")
def review_row(request: Request, inspection: Inspection, tile: int) -> None:
    """On the Inspect page: draw the buttons that say what the segment of the selected tile is, and the one that takes
    the last of what was said of this picture back.

    Nothing is drawn where the picture is not here, or no history is kept or can be: why is said where it is kept.
    """
    if request.is_frame or not is_on() or trouble() is not None:
        return
    show_told()
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="review-row"):
        segment = next((one for one in segments(inspection) if tile in one.tiles), None)
        entry = None if segment is None else entry_of(inspection)
        if segment is not None and entry is not None:
            _offer_answers(entry, tile_boxes(inspection, segment.tiles))
        _offer_taking_back(request.image.sha256)
    show_trouble(KIND)


def _offer_answers(entry: Entry, boxes_ltrb: Sequence[Box]) -> None:
    st.caption("This segment is", width="content")
    for judgement, label, key, _ in BUTTONS:  # without icons: there is little room
        st.button(
            plain(label),
            key=f"review-{judgement.name.lower()}",
            shortcut=key,
            on_click=attempt,
            args=(_say_on_inspect, entry, boxes_ltrb, judgement),
            kwargs={"kind": KIND},
            help="It is kept in the history with your name, and so is the picture. *Not a defect* teaches the plan "
            "that found it: what looks like it is not flagged any more.",
        )
    show_standing(standing_of(entry, boxes_ltrb))


def _offer_taking_back(sha256: str) -> None:
    """What is no defect is not flagged any more, and could otherwise not be chosen again."""
    last: tuple[Entry, Sequence[Box]] | None = st.session_state.get(_LAST)
    if last is not None and last[0].sha256 == sha256:
        st.button(
            "Take back",
            key="review-back",
            icon=":material/undo:",
            on_click=attempt,
            args=(_say_on_inspect, *last, Judgement.TAKEN_BACK),
            kwargs={"kind": KIND},
            help="What you said last of this picture. A plan that learnt from it forgets it in a further version.",
        )


def show_standing(standing: Standing | None) -> None:
    """Draw what people say of a place."""
    if standing is not None:
        said = ", ".join(f"{plain(one.who)}: **{plain(one.judgement.value)}**" for one in standing.opinions)
        st.caption(f"{said}{' (they disagree)' if standing.disputed else ''}", width="content")


def _say_on_inspect(entry: Entry, boxes_ltrb: Sequence[Box], judgement: Judgement) -> None:
    plan = say(entry, boxes_ltrb, judgement, file_bytes(entry.sha256))
    st.session_state[_LAST] = None if judgement is Judgement.TAKEN_BACK else (entry, boxes_ltrb)
    tell(told(plan, entry, judgement))
    if plan is not None:
        st.rerun()  # the whole page: what a plan learnt may change the answer


def picture_of(entry: Entry) -> bytes | None:
    """The bytes of an entry's picture, where they are in the history, on the page or in its plan."""
    data = history().picture(entry) or file_bytes(entry.sha256)
    if data is not None or entry.plan is None:
        return data
    try:
        opened = plans().open(entry.plan)
        return opened.bytes_of(entry.sha256) if entry.sha256 in opened.plan.digests else None
    except (SegDetectError, StorageError):
        return None
