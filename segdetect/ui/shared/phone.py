"""What a visitor holds in their hand."""

from __future__ import annotations

import streamlit as st


def is_phone() -> bool:
    """Whether the browser says that it is a phone's, whose screen has room for few columns of a table.

    Browsers of phones, and of no other device, have `Mobi` in what they say of themselves.
    """
    return "Mobi" in st.context.headers.get("User-Agent", "")
