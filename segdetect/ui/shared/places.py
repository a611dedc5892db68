"""What a visitor may have of the machine that the dashboard runs on."""

from __future__ import annotations

import streamlit as st

from segdetect.storage.roots import Roots, allowed_roots, is_loopback


def on_loopback() -> bool:
    """Whether only this machine can reach the dashboard."""
    return is_loopback(st.get_option("server.address"))


def visitor_roots() -> Roots:
    """The folders that visitors may read; only on this machine may they be told what these are called."""
    return allowed_roots(loopback=on_loopback())
