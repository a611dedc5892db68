"""The Method page: how engines, scopes and rules work, with sources."""

import streamlit as st

from segdetect.ui.method.text import Section, method_contents, method_sections
from segdetect.ui.shared.page import page

# Longer lines are hard to read.
TEXT_WIDTH = 860


def show(section: Section) -> None:
    """Draw a part of the text."""
    if section.picture is not None:
        st.image(section.picture, width="stretch", alt=section.alt)
    st.markdown(section.text)


with page("Method"):
    first, *others = method_sections()
    with st.container(width=TEXT_WIDTH):
        show(first)
    # The list of contents stands beside the text where there is room, and before it elsewhere.
    with st.container(key="method-body"):
        with st.container(key="method-contents", gap="xsmall"):
            st.markdown("**On this page**")
            show(method_contents())
        with st.container(key="method-text", width=TEXT_WIDTH):
            for section in others:
                show(section)
