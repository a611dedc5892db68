"""The first screen: what this is, what to do, and a sample one click away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from segdetect.output.thumbnails import encoded_uri
from segdetect.samples.catalogue import SAMPLES, Sample
from segdetect.ui.browser.drop import show_chooser
from segdetect.ui.shared.page import callback
from segdetect.ui.shared.sidebar import choose_sample

_PAIR: Final = 2


def show_welcome() -> None:
    """Draw the empty page."""
    st.title("Where in this picture is something wrong?")
    st.html(
        '<p class="sd-hero">SegDetect cuts a picture in tiles, compares each with all the others, and shows the '
        "ones that do not belong: a broken wire in a mesh, a scratch on metal, a stain on cloth.</p>"
    )
    show_chooser()
    st.markdown("Or **try a sample**:")
    show_samples()
    st.markdown(
        "## What you get\n"
        "1. A **verdict** in words: normal, suspicious, anomalous, or cannot tell.\n"
        "2. **Where**: the picture with its odd tiles boxed, and a heatmap of every tile's score.\n"
        "3. **Why**: each tile beside its nearest look-alike.\n"
        "4. **Files to keep**: a report, the annotated picture, masks, and tables."
    )


def show_samples() -> None:
    """Draw the bundled samples, each a click away: four in a row, two on a phone."""
    # A pair stays side by side on a phone, where the two halves of a row go below each other.
    for start in range(0, len(SAMPLES), 2 * _PAIR):
        halves = st.columns(2)
        for half, first in zip(halves, (start, start + _PAIR), strict=True):
            with half:
                _show_pair(SAMPLES[first : first + _PAIR])


def _show_pair(samples: Sequence[Sample]) -> None:
    for column, sample in zip(st.columns(_PAIR, wrap=False), samples, strict=False):
        with column.container(border=True):
            st.image(encoded_uri(sample.preview()), width="stretch", alt=sample.description)
            st.button(
                sample.title,
                key=f"try-{sample.key}",
                on_click=callback(choose_sample),
                args=(sample.key,),
                width="stretch",
                help=sample.description,
            )
