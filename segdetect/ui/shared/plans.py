"""The kept plans, and what is said of each."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from segdetect.errors import SegDetectError
from segdetect.message import counted
from segdetect.settings import PlanVersion
from segdetect.storage.plans.conversion import convert
from segdetect.storage.plans.plan import Plan
from segdetect.storage.plans.plans import Plans


def plans() -> Plans:
    """The kept plans; what former versions kept is among them."""
    kept = Plans()
    st.session_state["plans-not-converted"] = convert(kept)
    return kept


def not_converted() -> Sequence[SegDetectError]:
    """What former versions kept and no plan could be made of, as found by the last call of `plans`."""
    return tuple(st.session_state.get("plans-not-converted", ()))


def kept_plan(key: str) -> Plan | None:
    """The plan that the session has under a key; None where it has none, or once it was deleted for good."""
    chosen: PlanVersion | None = st.session_state.get(key)
    if chosen is None:
        return None
    try:
        return Plans().get(chosen.name, chosen.version)
    except SegDetectError:
        st.session_state[key] = None
        return None


def count_good(plan: Plan) -> str:
    """How many known-good pictures it has, in words."""
    return counted(len(plan.good), "known-good picture") if plan.good else "no known-good pictures"


def count_allowed(plan: Plan) -> str:
    """How many places it allows, in words."""
    return counted(len(plan.allowed), "place") if plan.allowed else "nothing yet"
