"""The Inspect page: drop in a picture, see where something is wrong, and why."""

import streamlit as st

from segdetect.ui.browser.drop import take_drops
from segdetect.ui.inspect.bar import show_bar
from segdetect.ui.inspect.bench import bench, take_window
from segdetect.ui.inspect.keeping import keep_in_history, show_keeping
from segdetect.ui.inspect.overview import show_others, show_overview
from segdetect.ui.inspect.run import leave_former, run_inspection
from segdetect.ui.inspect.second_opinion import ask_second_opinion
from segdetect.ui.inspect.selected import Places, show_selected
from segdetect.ui.inspect.stage import read_stage, show_film, show_stage
from segdetect.ui.inspect.standing import answer_place, welcome_place
from segdetect.ui.inspect.threshold import show_threshold
from segdetect.ui.inspect.tuning import show_tuning, tuning_tabs
from segdetect.ui.shared.address import record_picture, record_threshold, show_wanted_picture
from segdetect.ui.shared.background_runs import follow_steps, show_steps_of_run
from segdetect.ui.shared.file_pages import record_page
from segdetect.ui.shared.misses import follow_walk, show_walk
from segdetect.ui.shared.opening import framed, kept_answer, show_exports_opened, show_kept_answer, take_exports
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
        asked = None if request.is_frame else ask_second_opinion(request, inspection)
        show_bar(request, inspection, asked)
        if kept is None:
            keep_in_history(request, inspection)
        show_kept_answer()

        stage, side = bench()
        with stage:
            view, style = read_stage(request)
            scores = show_stage(request, inspection, asked=asked, view=view, style=style)
            show_film(inspection)
        with side:
            why = st.container()
            show_threshold(inspection)
            review = st.container()
        tabs = tuning_tabs(request)
        show_selected(request, inspection, style, Places(why=why, review=review, scores=scores, table=tabs.table))
        show_tuning(request, inspection, tabs)
