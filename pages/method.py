"""The Method page: how engines, scopes and rules work, with sources."""

import streamlit as st

from segdetect.ui.method.text import method_sections
from segdetect.ui.shared.page import page

# Longer lines are hard to read.
TEXT_WIDTH = 860

with page("Method"), st.container(width=TEXT_WIDTH):
    for section in method_sections():
        if section.picture is not None:
            st.image(section.picture, width="stretch", alt=section.alt)
        st.markdown(section.text)
