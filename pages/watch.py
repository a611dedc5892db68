"""The Watch page: each new picture of a folder, inspected as it comes and called out across a room."""

import streamlit as st

from segdetect.ui.shared.page import page
from segdetect.ui.watch.controls import show_watchers
from segdetect.ui.watch.line import show_line, show_line_drift

with page("Watch"):
    st.title("Watch")
    watcher = show_watchers()
    if watcher is not None:
        show_line(watcher)
        show_line_drift(watcher)
