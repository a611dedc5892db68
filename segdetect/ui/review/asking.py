"""One flagged place at a time: large, with what is around it, and what may be said of it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Final

import streamlit as st
from PIL import Image

from segdetect.output.annotation import outlined_copy, surroundings
from segdetect.pictures.loading import LoadedImage
from segdetect.runs.reviewing import Question, make_good
from segdetect.storage.history.entries import Entry
from segdetect.storage.history.reviews import MAX_NOTE, Box, Judgement
from segdetect.ui.review.consequences import learn, show_consequences
from segdetect.ui.review.missed import show_missed
from segdetect.ui.review.pictures import bytes_of, image_of, read_bytes
from segdetect.ui.review.queue import Queue
from segdetect.ui.shared.kept import attempt, show_trouble
from segdetect.ui.shared.locale import number
from segdetect.ui.shared.page import callback, part
from segdetect.ui.shared.plans import plans
from segdetect.ui.shared.reviewing import BUTTONS, KIND, say, show_standing, show_told, tell, told
from segdetect.ui.shared.texts import plain, shown

_AT: Final = "review-at"
_LABEL: Final = "review-label"
_NOTE: Final = "review-note"
_DONE: Final = "review-done"
_FIRST: Final = """
Nothing was inspected yet. Once something is flagged, on Inspect, by a batch or a watched folder, you are asked here
whether it is a defect:

1. **Look** at the place, outlined, with what is around it.
2. **Answer** with a key: `D` defect, `N` not a defect, `U` unsure.
3. **A plan learns**: what you say is no defect is not flagged any more, and you see how often the plan was right.
"""


@part("The question")
def show_question(queue: Queue) -> None:
    """Draw the first open question, or the one that the visitor went to, with all that may be said of it."""
    show_trouble(KIND)
    show_told()
    if not queue.total:
        _show_nothing(queue)
        return
    of = f", of the newest {len(queue.entries):d} inspections; older ones: {queue.older:d}" if queue.older else ""
    st.caption(f"{queue.answered:d} of {queue.total:d} flagged places answered by you{of}")
    st.progress(queue.answered / queue.total)
    if not queue.questions:
        st.success("Nothing is left to be answered here.", icon=":material/check:")
        _show_undo()
        show_consequences(queue)
        return
    at = min(int(st.session_state.get(_AT, 0)), len(queue.questions) - 1)
    question = queue.questions[at]
    image = image_of(question.entry)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _show_place(question, image)
    with right:
        _show_answers(queue, question, at)
    show_consequences(queue)
    show_missed(question.entry, image)


def _show_nothing(queue: Queue) -> None:
    """Where nothing is flagged: what would be, and the way there."""
    if queue.entries:
        st.success("Nothing was flagged in these inspections, so there is nothing to answer.", icon=":material/check:")
        return
    st.markdown(_FIRST)
    st.page_link("streamlit_app.py", label="Inspect a picture", icon=":material/frame_inspect:")


def _show_place(question: Question, image: LoadedImage | None) -> None:
    entry = question.entry
    st.markdown(f"**{plain(entry.image)}**, {number(question.strength, 2)} times what it takes to flag this picture")
    alt = shown(f"The flagged place in {entry.image}, outlined, with what is around it")
    # What may be said of it stays in view beside a high picture.
    with st.container(key="review-place"):
        if image is not None:
            st.image(surroundings(image, question.boxes_ltrb), alt=alt, width="stretch")
        elif entry.thumbnail is not None:
            copy = Image.open(io.BytesIO(entry.thumbnail), formats=["JPEG"])
            st.image(outlined_copy(copy, entry.size_wh, question.boxes_ltrb), alt=alt, width="stretch")
            st.caption(
                "Only a small copy was kept, in which the place in question has the white outline. You can judge it, "
                "but no plan learns from *Not a defect* here: for that, and to see it sharp, inspect the picture again."
            )


def _show_answers(queue: Queue, question: Question, at: int) -> None:
    entry = question.entry
    _show_standing(queue, question)
    _read_words(entry)
    with st.container(horizontal=True, gap="small", key="review-answers"):
        for judgement, title, key, icon in BUTTONS:
            st.button(
                plain(title),
                key=f"review-{judgement.name.lower()}",
                icon=icon,
                shortcut=key,
                on_click=attempt,
                args=(_say, question, judgement),
                kwargs={"kind": KIND},
            )
    with st.container(horizontal=True, gap="small", key="review-steps"):
        _step_button("Previous", "K", ":material/arrow_back:", at - 1, at == 0)
        _step_button("Next", "J", ":material/arrow_forward:", at + 1, at + 1 >= len(queue.questions))
        _show_undo()
    st.caption(f"Place {at + 1:d} of {len(queue.questions):d}")
    _offer_whole(entry)


def _show_standing(queue: Queue, question: Question) -> None:
    standing = queue.standing.get(question.about)
    show_standing(standing)
    plan = question.entry.plan
    version = question.entry.plan_version or 0
    by = f"plan {plain(plan)}, version {version:d}" if plan else "no plan, so that none learns from what you say"
    st.caption(f"Found by {by}.")


def _read_words(entry: Entry) -> None:
    kept = {} if entry.plan is None else {plan.name: plan for plan in plans().kept().whole}
    labels = kept[entry.plan].labels if entry.plan in kept else ()
    if labels:
        st.selectbox("Label", labels, index=None, placeholder="none", format_func=shown, key=_LABEL)
    st.text_input("Note", max_chars=MAX_NOTE, key=_NOTE, placeholder="in your own words")


def _step_button(title: str, key: str, icon: str, to: int, disabled: bool) -> None:
    st.button(
        plain(title),
        key=f"review-step-{title.lower()}",
        icon=icon,
        shortcut=key,
        disabled=disabled,
        on_click=callback(_go),
        args=(to,),
    )


def _go(to: int) -> None:
    st.session_state[_AT] = to


def _show_undo() -> None:
    st.button(
        "Undo",
        key="review-undo",
        icon=":material/undo:",
        shortcut="Z",
        disabled=not st.session_state.get(_DONE),
        on_click=attempt,
        args=(_undo,),
        kwargs={"kind": KIND},
        help="Takes back what you said last. A plan that learnt from it forgets it in a further version.",
    )


def _say(question: Question, judgement: Judgement) -> None:
    # What was typed last may not have been drawn yet.
    label, note = (str(st.session_state.get(key) or "") for key in (_LABEL, _NOTE))
    keep(question.entry, question.boxes_ltrb, judgement, label=label, note=note)
    st.session_state[_NOTE] = ""


def keep(entry: Entry, boxes_ltrb: Sequence[Box], judgement: Judgement, **values: Any) -> None:
    """Callback: keep what was said, say what it did, and remember it for *Undo*."""
    picture = bytes_of(entry)
    plan = say(entry, boxes_ltrb, judgement, picture, **values)
    done = st.session_state.setdefault(_DONE, [])
    done.append((entry, boxes_ltrb, values.get("drawn")))
    learn(plan)
    tell(told(plan, entry, judgement, is_here=picture is not None))


def _undo() -> None:
    entry, boxes_ltrb, drawn = st.session_state[_DONE].pop()
    plan = say(entry, boxes_ltrb, Judgement.TAKEN_BACK, bytes_of(entry), drawn=drawn)
    learn(plan)
    tell(told(plan, entry, Judgement.TAKEN_BACK))


def _offer_whole(entry: Entry) -> None:
    with st.expander("The whole picture", icon=":material/image:"):
        st.button(
            "It has no defect",
            key="review-whole",
            on_click=attempt,
            args=(keep, entry, (), Judgement.NO_DEFECT),
            kwargs={"kind": KIND},
        )
        st.button(
            "It is a known-good picture",
            key="review-good",
            disabled=entry.plan is None,
            on_click=attempt,
            args=(_make_good, entry),
            kwargs={"kind": KIND},
            help="It has no defect, and the plan compares with it from its next version on: the threshold is learnt "
            "anew.",
        )


def _make_good(entry: Entry) -> None:
    keep(entry, (), Judgement.NO_DEFECT)
    plan = make_good(plans(), entry, read_bytes(entry))
    learn(plan)
    count = len(plan.good)
    tell(f"{plan.name} is at version {plan.version:d} and has {count:d} known-good pictures.")
