"""The Inspect page: drop in a picture, see where something is wrong, and why."""

import streamlit as st

from segdetect.ui.browser.drop import take_drops
from segdetect.ui.inspect.downloads import show_exports
from segdetect.ui.inspect.expected import show_expected
from segdetect.ui.inspect.keeping import keep_in_history, show_keeping
from segdetect.ui.inspect.overview import show_overview
from segdetect.ui.inspect.picture import show_picture
from segdetect.ui.inspect.result import read_heat_style, show_heatmap, show_steps, show_table
from segdetect.ui.inspect.run import run_inspection
from segdetect.ui.inspect.second_opinion import ask_second_opinion, show_second_opinion
from segdetect.ui.inspect.tuning import show_tuning
from segdetect.ui.inspect.why import look_alikes_of, show_why
from segdetect.ui.shared.address import record_picture, record_threshold, show_wanted_picture
from segdetect.ui.shared.background_runs import follow_steps, show_steps_of_run
from segdetect.ui.shared.file_pages import record_page
from segdetect.ui.shared.misses import follow_walk, show_walk
from segdetect.ui.shared.opening import framed, kept_answer, show_exports_opened, show_kept_answer, take_exports
from segdetect.ui.shared.page import page
from segdetect.ui.shared.reviewing import review_row
from segdetect.ui.shared.session import selected_tile
from segdetect.ui.shared.sidebar import read_request
from segdetect.ui.shared.verdict import show_verdict
from segdetect.ui.shared.welcome import show_welcome

with page("Inspect"):
    take_drops()
    take_exports()
    follow_steps()
    follow_walk()
    request = framed(read_request(st.container()))
    show_keeping()
    if request is None:
        show_wanted_picture()
        show_welcome()
        st.stop()
    if not request.is_frame:
        record_picture(request.image, is_sample=bool(st.session_state.get("sample")))
        record_page(request.image)
        record_threshold(request.settings.rule)
        show_steps_of_run()
        show_walk()
        show_overview(request)
    show_exports_opened()
    kept = kept_answer(request)
    inspection = kept or run_inspection(request)
    if inspection is None:
        st.stop()

    tile = selected_tile(inspection)
    look_alikes = look_alikes_of(request, inspection, tile)

    asked = None if request.is_frame else ask_second_opinion(request, inspection)
    verdict, actions = st.columns([6, 1], vertical_alignment="top")
    with verdict:
        show_verdict(inspection, beside=asked.contradiction if asked else "")
    with actions:
        show_exports(request.image, inspection)
    if kept is None:
        keep_in_history(request, inspection)
    show_kept_answer()
    if not request.is_frame:
        show_expected(request, inspection)
        show_second_opinion(asked, inspection)

    picture, heatmap = st.columns(2, gap="medium")
    with heatmap:
        style = read_heat_style()
        show_heatmap(request.image, inspection, tile, style)
    with picture:
        show_picture(request.image, inspection, tile, look_alikes, style, paintable=not request.is_frame)
    show_steps(inspection, tile)
    review_row(request, inspection, tile)
    table, why = st.columns([5, 3], gap="medium")
    with table:
        show_table(request.image, inspection, tile)
    with why:
        show_why(request, inspection, tile, look_alikes, style)
    if not request.is_frame:
        show_tuning(request, inspection)
