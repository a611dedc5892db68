"""Whether the pictures that were inspected by a plan change over time."""

from __future__ import annotations

import streamlit as st

from segdetect.storage.plans.plan import Plan
from segdetect.ui.shared.drift import show_drift
from segdetect.ui.shared.page import part


@part("Its pictures over time")
def show_drift_of(plan: Plan) -> None:
    """Draw the control chart of a version."""
    st.subheader("Its pictures over time")
    if plan.applied.plan is not None:
        show_drift(plan.applied.plan, key="plan-drift")
