"""The Plans page: what was set up once for a part or a material, what it learnt, and how it fares."""

import streamlit as st

from segdetect.ui.plans.details import show_plan
from segdetect.ui.plans.drift import show_drift_of
from segdetect.ui.plans.learnt import show_learnt
from segdetect.ui.plans.listing import show_list
from segdetect.ui.plans.mending import show_mending
from segdetect.ui.plans.switch import show_switch
from segdetect.ui.plans.trial import show_trial
from segdetect.ui.plans.worth import show_worth
from segdetect.ui.shared.page import page

with page("Plans"):
    st.title("Plans")
    st.markdown("Set a part or a material up once, and inspect every picture of it alike.")
    opened = show_list()
    if opened is not None:
        plan = show_plan(opened)
        is_whole = show_mending(plan)
        show_switch(plan)
        if is_whole:  # else it would be said once more, by an error
            show_learnt(plan)
        show_drift_of(plan)
        show_worth(plan)
        show_trial(plan)
