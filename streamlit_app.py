"""The Inspect page: drop in a picture, see where something is wrong, and why."""

import streamlit as st

from segdetect.ui.browser.drop import take_drops
from segdetect.ui.inspect.answer import show_answer
from segdetect.ui.inspect.bench import take_window
from segdetect.ui.inspect.keeping import show_keeping
from segdetect.ui.inspect.overview import show_others, show_overview
from segdetect.ui.inspect.run import leave_former, run_inspection
from segdetect.ui.inspect.standing import answer_place, welcome_place
from segdetect.ui.shared.address import record_picture, record_threshold, show_wanted_picture
from segdetect.ui.shared.background_runs import follow_steps, show_steps_of_run
from segdetect.ui.shared.file_pages import record_page
from segdetect.ui.shared.misses import follow_walk, show_walk
from segdetect.ui.shared.opening import framed, kept_answer, show_exports_opened, take_exports
from segdetect.ui.shared.page import page
from segdetect.ui.shared.sidebar import read_request
from segdetect.ui.shared.welcome import show_welcome

with page("Inspect"):
    take_drops()
    take_exports()
    follow_steps()
    follow_walk()
    request = framed(read_request(st.container()))
    leave_former(request)
    show_keeping()
    welcome = welcome_place(request)
    if request is None:
        with welcome:
            show_wanted_picture()
            if not show_others():
                show_welcome()
        st.stop()
    take_window()
    # However much stands above it, the answer has its place.
    with st.container():
        if not request.is_frame:
            record_picture(request.image, is_sample=bool(st.session_state.get("sample")))
            record_page(request.image)
            record_threshold(request.settings.rule)
            show_steps_of_run()
            show_walk()
            show_overview(request)
        show_exports_opened()
    kept = kept_answer(request)
    waiting, answer = st.container(key="waiting"), answer_place(request, kept)
    with waiting:
        inspection = kept or run_inspection(request)
    if inspection is None:
        st.stop()

    with answer():
        show_answer(request, inspection, is_kept=kept is not None)
