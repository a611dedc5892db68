"""The Method page: how engines, scopes and rules work, with sources."""

import streamlit as st
from segdetect.ui.method_text import method_sections

from segdetect.ui.page import set_up

set_up("Method")
for section in method_sections():
    if section.picture is not None:
        st.image(section.picture, alt=section.alt)
    st.markdown(section.text)
