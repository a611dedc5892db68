"""What was reviewed, as a data set."""

from __future__ import annotations

import streamlit as st

from segdetect.runs.reviewed import dataset_zip, reviewed
from segdetect.ui.review.pictures import bytes_of, read_bytes
from segdetect.ui.review.queue import Queue, asked_of
from segdetect.ui.shared.page import part


@part("The export")
def show_export(queue: Queue) -> None:
    """Draw the button that saves reviewed pictures as a data set, and how many there are."""
    found = reviewed(queue.entries, asked_of, queue.reviews)
    if not found:
        return
    here = [one for one in found if bytes_of(one.entry) is not None]
    gone = len(found) - len(here)
    with st.expander("Save as a data set", icon=":material/dataset:"):
        st.caption(
            f"{len(here):d} pictures of which everything that was flagged is judged and nobody disagrees, with masks "
            "of their defects: a folder that *Evaluate* and `segdetect evaluate` read."
            + (f" {gone:d} others are not kept anywhere any more." if gone else "")
        )
        if here:
            category = here[0].entry.plan or "reviewed"
            st.download_button(
                "Save",
                data=lambda: dataset_zip(here, read_bytes, category=category),
                file_name="reviewed.zip",
                mime="application/zip",
                on_click="ignore",
                icon=":material/download:",
                key="review-export",
            )
