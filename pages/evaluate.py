"""The Evaluate page: how right the answers are on pictures with ground truth."""

import streamlit as st

from segdetect.ui.evaluate.plan import read_plan, show_start
from segdetect.ui.evaluate.runs import current_run
from segdetect.ui.evaluate.view import show_records, show_run
from segdetect.ui.shared.page import page

with page("Evaluate"):
    st.title("Evaluate")
    st.markdown(
        "How often is it right? Give it pictures with ground-truth masks, and see the figures, the misses and the "
        "false alarms. Runs in the background: other pages stay usable meanwhile."
    )
    plan, run = read_plan(), current_run()
    if plan is not None:
        show_start(plan, run)
    if run is not None:
        show_run(run)
    show_records()
