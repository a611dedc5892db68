"""A plan whose engine stops: what that means, and another engine tried beside it while it still runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Final

import streamlit as st

from segdetect.engines.expiry import Expiry
from segdetect.runs.successors import ending, hint, successor, switched
from segdetect.settings import EngineName
from segdetect.storage.plans.plan import Plan
from segdetect.ui.plans.trial import show_trials, tried
from segdetect.ui.shared.kept import attempt
from segdetect.ui.shared.locale import localized
from segdetect.ui.shared.page import part
from segdetect.ui.shared.plan_pictures import good_pages
from segdetect.ui.shared.plans import plans
from segdetect.ui.shared.session import inspector
from segdetect.ui.shared.texts import plain

_TRYING: Final = "plan-switch"
_MOST: Final = 12


@part("What becomes of this plan")
def show_switch(plan: Plan, *, today: date | None = None) -> None:
    """Draw, for a plan whose engine stops soon or has, what changes, and the switch to another one.

    Args:
        plan: in the version that is shown.
        today: the day that is counted from; the computer's by default.
    """
    day, engines = today or date.today(), inspector().engines
    expiry = ending(engines, plan, day)
    if expiry is None:
        return
    st.subheader("When its engine stops")
    st.markdown(plain(localized(hint(plan, expiry, day))))
    to = successor(engines)
    if to is None:
        st.caption("No other engine runs on this machine; the System page says why.")
        return
    _offer(plan, to, expiry, day)


def _offer(plan: Plan, to: EngineName, expiry: Expiry, day: date) -> None:
    other, runs_still = switched(plan, to), expiry.days_left(day) > 0
    with st.container(horizontal=True):
        if runs_still and plan.good:
            st.toggle(f"Show {plain(to)} beside it, on the plan's pictures", key=_TRYING)
        st.button(
            f"Switch to {plain(to)}",
            icon=":material/swap_horiz:",
            key="plan-switch-now",
            on_click=attempt,
            args=(_switch, other),
            kwargs={"kind": "plans"},
            help="Makes a new version of the plan; the present one stays.",
        )
    if not runs_still:
        st.caption("The former engine does not run any more, so that the two cannot be shown side by side.")
    elif plan.good and st.session_state.get(_TRYING):
        _show_both(plan, other)


def _show_both(plan: Plan, other: Plan) -> None:
    """Draw each of the plan's pictures by both engines, each time as if it were new to them."""
    trials = tried(plan, other, good_pages(plan)[:_MOST])
    if trials:
        names = [str(trials[0].now.engine), str(other.settings.engine)]
        show_trials(trials, names, key=f"plan-switch-{plan.version}")


def _switch(other: Plan) -> None:
    last = plans().get(other.name)
    plans().keep(replace(other, version=last.version))
