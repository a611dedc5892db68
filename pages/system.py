"""The System page: what goes on, and whether all that is needed is there and works."""

import streamlit as st

from segdetect.ui.shared.page import page
from segdetect.ui.system.checks import show_checks
from segdetect.ui.system.live import show_live

with page("System"):
    st.title("System")
    show_live()
    st.header("Is all well?")
    show_checks()
