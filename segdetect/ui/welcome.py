"""The first screen: what this is, what to do, and a sample one click away."""

from __future__ import annotations

import io
from typing import Final

import streamlit as st
from PIL import Image

from segdetect.samples import SAMPLES, sample_bytes
from segdetect.ui.sidebar import choose_sample
from segdetect.views import data_uri, fitted

_ACROSS: Final = 4


@st.cache_data(show_spinner=False)
def _preview(key: str) -> str:
    return data_uri(fitted(Image.open(io.BytesIO(sample_bytes(key)), formats=["PNG"]).convert("RGB"), 360))


def show_welcome() -> None:
    """Draw the empty page."""
    st.title("Where in this picture is something wrong?")
    st.html(
        '<p class="sd-hero">SegDetect cuts a picture in tiles, compares each with all the others, and shows the '
        "ones that do not belong: a broken thread in a mesh, a scratch on metal, a stain on cloth.</p>"
    )
    st.markdown("**Drop a picture** in the box on the left, or **try a sample**. Pictures never leave this machine.")
    show_samples()
    st.markdown(
        "## What you get\n"
        "1. A **verdict** in words: normal, suspicious, anomalous, or cannot tell.\n"
        "2. **Where**: the picture with its odd tiles boxed, and a heatmap of every tile's score.\n"
        "3. **Why**: each tile beside its nearest look-alike.\n"
        "4. **Files to keep**: flagged segments and all tiles as CSV, the annotated picture as PNG."
    )


def show_samples() -> None:
    """Draw the bundled samples, each a click away."""
    for number, sample in enumerate(SAMPLES):
        if number % _ACROSS == 0:
            columns = st.columns(_ACROSS)
        with columns[number % _ACROSS].container(border=True):
            st.image(_preview(sample.key), width="stretch", alt=sample.description)
            st.button(
                sample.title,
                key=f"try-{sample.key}",
                on_click=choose_sample,
                args=(sample.key,),
                width="stretch",
                help=sample.description,
            )
