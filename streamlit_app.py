"""The Inspect page: drop in a picture, see where something is wrong, and why."""

import streamlit as st

from segdetect.ui.exports import show_exports
from segdetect.ui.page import set_up
from segdetect.ui.result import identity, show_heatmap, show_steps, show_table
from segdetect.ui.run import run_inspection
from segdetect.ui.session import selected_tile
from segdetect.ui.sidebar import read_request
from segdetect.ui.verdict import show_verdict
from segdetect.ui.welcome import show_welcome
from segdetect.ui.why import show_why

set_up("Inspect")
request = read_request()
if request is None:
    show_welcome()
    st.stop()

inspection = run_inspection(request)
if inspection is None:
    st.stop()

tile = selected_tile(identity(inspection), inspection.strongest_tile)
verdict, actions = st.columns([5, 1], vertical_alignment="center")
with verdict:
    show_verdict(inspection)
with actions:
    show_exports(request.image, inspection)

picture, heatmap = st.columns(2)
with heatmap:
    show_heatmap(request.image, inspection, tile)
show_steps(inspection, tile)
table, why = st.columns([3, 2], gap="large")
with table:
    show_table(request.image, inspection, tile)
with why:
    show_why(request, inspection, tile)
