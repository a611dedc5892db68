"""The files behind the pictures on the page."""

from __future__ import annotations

import streamlit as st

from segdetect.samples.catalogue import sample_bytes
from segdetect.ui.shared.session import kept_uploads


def file_bytes(sha256: str) -> bytes | None:
    """The bytes of the picture that is shown, by its digest; None where its file is not here."""
    sample = st.session_state.get("sample")
    if sample:
        return sample_bytes(sample)
    return next((upload.data for upload in kept_uploads("uploads") if upload.sha256 == sha256), None)
