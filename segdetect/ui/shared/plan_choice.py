"""The choice of a plan, and how one is made of what is on the page."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from segdetect.errors import SegDetectError
from segdetect.message import counted
from segdetect.pictures.loading import LoadedImage
from segdetect.settings import Scope, Settings
from segdetect.storage.plans.plan import Plan
from segdetect.storage.plans.plans import Plans
from segdetect.storage.plans.starting_points import STARTING_POINTS
from segdetect.ui.shared.applying import PLAN_IN_USE
from segdetect.ui.shared.good_pictures import good_in_use, reference_pages
from segdetect.ui.shared.kept import attempt, show_damaged, show_trouble
from segdetect.ui.shared.originals import file_bytes
from segdetect.ui.shared.page import PLANS_PAGE, callback, part, show_error
from segdetect.ui.shared.plan_in_use import changes_since, drop_plan, plan_in_use, use_plan
from segdetect.ui.shared.plans import count_good, plans
from segdetect.ui.shared.texts import plain


@part("The list of plans")
def show_plans(settings: Settings, prefix: str = "", *, image: LoadedImage | None = None) -> None:
    """Draw the choice of a plan, what was changed since, and a way to make one of what is on the page.

    Args:
        settings: what the controls say.
        prefix: the page's.
        image: the picture that is shown, by which a plan without good pictures is known. On the Inspect page nothing is
            kept before there is one, or known-good ones are in use.
    """
    kept, plan = plans(), plan_in_use(prefix)
    found = kept.kept()
    label = "Plans" if plan is None else f"Plan: {plain(plan.name)}"
    with st.popover(label, icon=":material/bookmarks:", width="stretch"):
        for one in found.whole:
            _offer(one, f"version {one.version}, {count_good(one)}", prefix)
        show_damaged(found.damaged, kept.discard, kind="plan")
        if not found.whole:
            st.caption("Set up a part or a material once, keep it as a plan, and choose it here next time.")
        st.page_link(PLANS_PAGE, label="All about your plans", icon=":material/arrow_forward:")
        with st.expander("Starting points"):
            for one in STARTING_POINTS:
                _offer(one, one.notes, prefix)
    if plan is not None:
        _show_in_use(plan, settings, prefix)
    # Inspect has nothing to keep before there are pictures; on other pages they are handed in below.
    if prefix or image is not None or _count_good(settings):
        with st.popover("Keep as a plan", icon=":material/bookmark_add:", width="stretch"):
            _offer_keeping(settings, prefix, image)
    show_trouble("plan")


def _offer(plan: Plan, told: str, prefix: str) -> None:
    with st.container(gap="xxsmall"):
        st.button(
            plain(plan.name),
            key=f"use-plan-{plan.name}-{plan.version}",
            on_click=attempt,
            args=(use_plan, plan, prefix),
            kwargs={"kind": "plan"},
            width="stretch",
        )
        st.caption(plain(told))


def _show_in_use(plan: Plan, settings: Settings, prefix: str) -> None:
    changed = changes_since(plan, settings)
    since = f", changed since: {plain(', '.join(changed))}" if changed else ""
    st.caption(f"Working by **{plain(plan.name)}**, version {plan.version:d}{since}")
    with st.container(horizontal=True, gap="small", key="plan-in-use"):
        if changed:
            st.button(
                f"Save as version {_next(plan):d}",
                key="save-plan",
                icon=":material/save:",
                on_click=attempt,
                args=(_save_change, plan, settings, prefix),
                kwargs={"kind": "plan"},
            )
            st.button(
                "Back to it",
                key="back-to-plan",
                icon=":material/undo:",
                on_click=attempt,
                args=(use_plan, plan, prefix),
                kwargs={"kind": "plan"},
            )
        st.button(
            "Work without it", key="drop-plan", icon=":material/close:", on_click=callback(drop_plan), args=(prefix,)
        )


def _next(plan: Plan) -> int:
    return 1 + max((one.version for one in Plans().versions(plan.name)), default=plan.version)


def _save_change(plan: Plan, settings: Settings, prefix: str) -> None:
    good, pictures = good_in_use(settings)
    changed = replace(plan, settings=settings, good=good or plan.good)
    st.session_state[f"{prefix}{PLAN_IN_USE}"] = plans().keep(changed, pictures).applied.plan


def _count_good(settings: Settings) -> int:
    return len(reference_pages()) if settings.scope is Scope.REFERENCES else 0


def _offer_keeping(settings: Settings, prefix: str, image: LoadedImage | None) -> None:
    count = _count_good(settings)
    with_good = f", with {counted(count, 'known-good picture')}" if count else ""
    face = ", and this picture to know it by" if not count and image is not None else ""
    st.caption(f"Grid, engine, comparison and rule as they are now{with_good}{face}.")
    with st.form("keep-plan", clear_on_submit=True, border=False):
        name = st.text_input("Name", placeholder="the part or the material", max_chars=80, key="keep-plan-name")
        if st.form_submit_button("Keep", width="stretch"):
            _keep(name, settings, prefix, image)


def _keep(name: str, settings: Settings, prefix: str, image: LoadedImage | None) -> None:
    try:
        good, pictures = good_in_use(settings)
        face = None if good or image is None else file_bytes(image.sha256)
        plan = Plan(name=name, settings=settings, good=good)
        if image is not None and face is not None:
            plan, pictures = replace(plan, picture=image.sha256), {image.sha256: face}
        kept = plans().keep(plan, pictures)
    except SegDetectError as error:
        show_error(error)
    else:
        st.session_state[f"{prefix}{PLAN_IN_USE}"] = kept.applied.plan
        st.toast(f"{plain(kept.name)} is kept as a plan.", icon=":material/bookmark_added:")
        st.rerun()
