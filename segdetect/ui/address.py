"""The picture's part of the address: a link restores every setting, and asks for the picture it was made for."""

from __future__ import annotations

from typing import Final

import streamlit as st

from segdetect.images import LoadedImage

# Enough of the digest to tell pictures apart, short enough for a link.
_DIGITS: Final = 16
_PARAMETER: Final = "picture"


def record_picture(image: LoadedImage, *, is_sample: bool) -> None:
    """Put the picture's SHA-256 in the address; a sample is named there already.

    A link that was made for another picture is not overwritten before the visitor has seen what it asks for.
    """
    wanted = st.query_params.get(_PARAMETER)
    if is_sample:
        if wanted:
            del st.query_params[_PARAMETER]
        return
    digest = image.sha256[:_DIGITS]
    if wanted and wanted != digest and not st.session_state.get("asked-for-picture"):
        st.session_state["asked-for-picture"] = True
        st.warning(
            f"The link you opened was made for another picture (SHA-256 {wanted}...). These are its settings on "
            f"{image.name}.",
            icon=":material/link:",
        )
        return
    st.query_params[_PARAMETER] = digest


def show_wanted_picture() -> None:
    """On the empty page: say which picture the link was made for."""
    wanted = st.query_params.get(_PARAMETER)
    if wanted:
        st.info(
            f"This link was made for a picture that stays on its owner's machine. Drop in the file whose SHA-256 "
            f"begins with **{wanted[:_DIGITS]}** to see the same view; the settings are restored already.",
            icon=":material/link:",
        )
