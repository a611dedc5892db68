"""The Evaluate page: how right the answers are on pictures with ground truth."""

import streamlit as st

from segdetect.ui.evaluate.earlier import show_records
from segdetect.ui.evaluate.plan import read_plan, show_expected, show_start
from segdetect.ui.evaluate.run_list import show_runs
from segdetect.ui.evaluate.runs import Plan, opened_run
from segdetect.ui.evaluate.side_by_side import show_side_by_side
from segdetect.ui.evaluate.view import show_run
from segdetect.ui.shared.page import page

with page("Evaluate"):
    st.title("Evaluate")
    st.markdown(
        "How often is it right? Give it pictures with ground-truth masks, and see the figures, the misses and the "
        "false alarms. Runs in the background: other pages stay usable meanwhile."
    )
    plan = read_plan()
    if plan is not None:
        show_start(plan)
    show_runs()
    run = opened_run()
    if run is None:
        show_expected()
    elif run.ended:
        show_run(run, None if plan is None else Plan(*plan))
        show_side_by_side(run)
    show_records()
