"""The Review page: what people say of what was flagged, and what that teaches."""

import streamlit as st

from segdetect.ui.review.asking import show_question
from segdetect.ui.review.export import show_export
from segdetect.ui.review.queue import choose_what, open_questions
from segdetect.ui.shared.page import page

with page("Review"):
    st.title("Review")
    with st.container(key="review-lead"):
        st.markdown(
            "Say of each flagged place whether it is a defect, the least certain ones first. Plans learn from it."
        )
    search = choose_what()
    if search is not None:
        found = open_questions(search)
        show_question(found)
        show_export(found)
