"""The History page: inspections that were kept, found again, reopened, compared and deleted."""

import streamlit as st

from segdetect.ui.history.changes import show_changes
from segdetect.ui.history.entry import show_entry
from segdetect.ui.history.keeping import show_keeping, show_whose
from segdetect.ui.history.listing import read_search, show_list
from segdetect.ui.shared.page import page

with page("History"):
    st.title("History")
    show_whose()
    search = read_search()
    chosen = show_list(search) or ()
    if len(chosen) == 1:
        show_entry(chosen[0])
    elif len(chosen) == 2:
        show_changes(*chosen)
    show_keeping()
