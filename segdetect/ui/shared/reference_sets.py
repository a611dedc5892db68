"""Known-good pictures that are kept under a name for later."""

from __future__ import annotations

import streamlit as st

from segdetect.errors import SegDetectError
from segdetect.storage.reference_sets import ReferenceSets
from segdetect.ui.shared.kept import attempt, show_damaged, show_trouble
from segdetect.ui.shared.page import part, show_error
from segdetect.ui.shared.session import Upload, kept_uploads
from segdetect.ui.shared.texts import plain


@part("The list of kept sets")
def kept_references() -> None:
    """Draw the choice of kept sets, and a way to keep the pictures in use as one."""
    sets = ReferenceSets()
    kept = sets.kept()
    with st.popover("Kept sets", icon=":material/collections_bookmark:", width="stretch"):
        for name in kept.whole:
            with st.container(horizontal=True, gap="small"):
                st.button(
                    plain(name),
                    key=f"use-set-{name}",
                    on_click=attempt,
                    args=(_use, sets, name),
                    kwargs={"kind": "reference-set"},
                    width="stretch",
                )
                st.button(
                    "Forget",
                    key=f"forget-set-{name}",
                    icon=":material/delete:",
                    on_click=attempt,
                    args=(sets.delete, name),
                    kwargs={"kind": "reference-set"},
                )
        show_damaged(kept.damaged, sets.discard, kind="reference-set")
        if not kept.whole:
            st.caption("Keep the known-good pictures of a part under its name, and choose them here next time.")
        with st.form("keep-set", clear_on_submit=True, border=False):
            name = st.text_input("Keep the pictures in use as", placeholder="a name", max_chars=80)
            if st.form_submit_button("Keep", width="stretch"):
                _keep(sets, name)
    show_trouble("reference-set")


def _use(sets: ReferenceSets, name: str) -> None:
    st.session_state["references"] = tuple(Upload(file, data) for file, data in sets.load(name))


def _keep(sets: ReferenceSets, name: str) -> None:
    try:
        sets.save(name, [(upload.name, upload.data) for upload in kept_uploads("references")])
    except SegDetectError as error:
        show_error(error)
    else:
        st.rerun()
