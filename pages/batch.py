"""The Batch page: many pictures at once, inspected in the background."""

from functools import partial

import streamlit as st

from segdetect.storage.history.entries import Search
from segdetect.ui.batch.new_run import show_new_run
from segdetect.ui.batch.results import show_results
from segdetect.ui.batch.run_list import show_runs
from segdetect.ui.batch.run_overview import show_run_charts, show_run_overview
from segdetect.ui.review.offered import offer_review
from segdetect.ui.review.queue import open_questions
from segdetect.ui.shared.background_runs import opened_run
from segdetect.ui.shared.jobs import account
from segdetect.ui.shared.page import page

with page("Batch"):
    st.title("Batch")
    st.markdown(
        "Fifty pictures or ten thousand: give them together, and see the odd ones first. Runs go on in the background, "
        "while you look at other pages, reload or close the tab."
    )
    show_new_run()
    show_runs()
    run = opened_run()
    if run is not None:
        has_pictures = show_run_overview(run)
        show_results(run)
        if has_pictures:
            offer_review(partial(open_questions, Search(account=account(), run=run.record.id)))
            show_run_charts(run)
