"""What a plan's good pictures taught it, and which of them to look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import streamlit as st

from segdetect.output.annotation import annotated_thumbnail
from segdetect.output.plan_charts import strip_of_strengths
from segdetect.output.thumbnails import data_uri
from segdetect.pictures.loading import LoadedImage
from segdetect.runs.lessons import LEAST, Lesson, Lessons, confidence_interval, learn
from segdetect.storage.plans.plan import Plan
from segdetect.ui.plans.pictures import good_images
from segdetect.ui.shared.kept import attempt
from segdetect.ui.shared.locale import localized_chart, number, percent
from segdetect.ui.shared.page import callback, part
from segdetect.ui.shared.plans import plans
from segdetect.ui.shared.progress import Progressing, passing
from segdetect.ui.shared.remembered import remembered
from segdetect.ui.shared.session import engines, inspector
from segdetect.ui.shared.texts import escaped, plain, shown

# More of them take a while: the visitor says when.
_AT_ONCE: Final = 12
_SHOWN_SIDE: Final = 320
_IN_A_ROW: Final = 4
# Why a picture is pointed out, and which are.
_GROUPS: Final[dict[str, tuple[str, Callable[[Lesson], bool]]]] = {
    "Is this one really good?": (
        "Its strongest tile stands out from those of the others. If it shows a defect, take it out: such defects are "
        "missed in new pictures while it is here.",
        lambda lesson: lesson.outlier,
    ),
    "Nearly the same picture twice": (
        "It repeats another one almost tile for tile, and counts for a picture more than there is.",
        lambda lesson: lesson.twin is not None,
    ),
    "Covers nothing new": (
        "All that it shows is in the others, too. It does no harm; without it every inspection is a little faster.",
        lambda lesson: lesson.nothing_new,
    ),
}


@part("What its good pictures taught it")
def show_learnt(plan: Plan) -> None:
    """Draw how each good picture fares as if it were new, what that is worth, and which ones to look at."""
    st.subheader("What its good pictures taught it")
    if len(plan.good) < LEAST:
        st.caption(
            "With two or more known-good pictures it says here how many of them would be false alarms, and whether one "
            "is not really good. Three to ten make a verdict reliable."
        )
        return
    if len(plan.good) > _AT_ONCE and not st.session_state.get(_asked(plan)):
        st.button(
            f"Look at its {len(plan.good):d} good pictures",
            key=_asked(plan) + "-button",
            on_click=callback(_ask),
            args=(plan,),
        )
        return
    lessons = _lessons(plan)
    _show_strip(lessons)
    _show_worth(lessons)
    _show_pointed_out(plan, lessons)


def _asked(plan: Plan) -> str:
    return f"learnt-{plan.name}-{plan.version}"


def _ask(plan: Plan) -> None:
    st.session_state[_asked(plan)] = True


def _lessons(plan: Plan) -> Lessons:
    engines()
    engine, _ = inspector().choose(plan.settings.engine)
    key = (plan.settings, engine.name, engine.version, tuple(one.identity for one in plan.good))
    with passing() as slot:
        return remembered(
            "lessons",
            key,
            lambda: learn(inspector(), good_images(plan), plan.settings, progress=Progressing(slot)),
        )


def _show_strip(lessons: Lessons) -> None:
    each = lessons.each
    st.caption("The score of each one's strongest tile, and from where on a picture is called.")
    figure = strip_of_strengths(
        [escaped(lesson.inspection.image) for lesson in each],
        [lesson.inspection.scores.highest for lesson in each],
        [lesson.outlier for lesson in each],
        lessons.threshold,
    )
    st.plotly_chart(
        localized_chart(figure),
        key="plan-strip",
        config={"displayModeBar": False},
        alt="The strongest tile of each good picture, and the threshold",
    )


def _show_worth(lessons: Lessons) -> None:
    count, total = lessons.alarms, len(lessons.each)
    low, high = lessons.interval
    better = confidence_interval(count, total + 1)[1]
    st.markdown(
        f"**{total - count:d} of {total:d}** good pictures pass when each is taken for new. Expect "
        f"**{percent(count / total)}** false alarms; with so few pictures it may be anything from {percent(low)} to "
        f"{percent(high)} (19 times in 20). One more good picture that passes makes that {percent(better)} at most."
    )
    if lessons.threshold is not None:
        st.caption(
            f"A picture is called when its strongest tile reaches about {number(lessons.threshold, 3)}, the dotted "
            "line; it takes less where the next tile is nearly as strong, and differs a little from picture to picture."
        )


def _show_pointed_out(plan: Plan, lessons: Lessons) -> None:
    found = {
        title: [at for at, lesson in enumerate(lessons.each) if belongs(lesson)]
        for title, (_, belongs) in _GROUPS.items()
    }
    if not any(found.values()):
        st.caption("None of them stands out, none repeats another, and each shows something that the others do not.")
        return
    images = {image.identity: image for image in good_images(plan)}
    for title, numbers in found.items():
        if numbers:
            st.markdown(f"**{plain(title)}**")
            st.caption(plain(_GROUPS[title][0]))
        for start in range(0, len(numbers), _IN_A_ROW):
            for column, at in zip(st.columns(_IN_A_ROW), numbers[start : start + _IN_A_ROW], strict=False):
                with column:
                    _show_one(plan, lessons, at, images[lessons.each[at].inspection.identity], key=f"{at}-{title}")


def _show_one(plan: Plan, lessons: Lessons, at: int, image: LoadedImage, *, key: str) -> None:
    lesson, good = lessons.each[at], plan.good[at]
    picture = annotated_thumbnail(image, lesson.inspection, _SHOWN_SIDE)
    st.image(data_uri(picture), alt=shown(f"{good.name} with the tiles that would be flagged"))
    twin = "" if lesson.twin is None else f", as {plan.good[lesson.twin].name}"
    st.caption(f"{plain(good.name + twin)}: strongest tile {number(lesson.inspection.scores.highest, 3)}")
    newest = plans().get(plan.name).version == plan.version
    if newest and len(plan.good) > 1:
        st.button(
            "Take it out",
            key=f"without-{key}",
            icon=":material/remove_circle:",
            on_click=attempt,
            args=(_take_out, plan, at),
            kwargs={"kind": "plans"},
            help="Makes a new version without this picture; the present one stays.",
        )


def _take_out(plan: Plan, at: int) -> None:
    good = tuple(one for number, one in enumerate(plan.good) if number != at)
    plans().keep(replace(plan, good=good))
