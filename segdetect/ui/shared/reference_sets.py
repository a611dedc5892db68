"""Known-good pictures that are kept under a name for later."""

from __future__ import annotations

import streamlit as st

from segdetect.errors import SegDetectError
from segdetect.storage.reference_sets import ReferenceSets
from segdetect.ui.shared.page import show_error
from segdetect.ui.shared.session import Upload, kept_uploads


def kept_references() -> None:
    """Draw the choice of kept sets, and a way to keep the pictures in use as one."""
    sets = ReferenceSets()
    names = sets.names()
    with st.popover("Kept sets", icon=":material/collections_bookmark:", width="stretch"):
        for name in names:
            with st.container(horizontal=True, gap="small"):
                st.button(name, key=f"use-set-{name}", on_click=_use, args=(sets, name), width="stretch")
                st.button(
                    "Forget",
                    key=f"forget-set-{name}",
                    icon=":material/delete:",
                    on_click=sets.delete,
                    args=(name,),
                )
        if not names:
            st.caption("Keep the known-good pictures of a part under its name, and choose them here next time.")
        with st.form("keep-set", clear_on_submit=True, border=False):
            name = st.text_input("Keep the pictures in use as", placeholder="a name", max_chars=80)
            if st.form_submit_button("Keep", width="stretch"):
                _keep(sets, name)
    error = st.session_state.pop("reference-set-error", None)
    if isinstance(error, SegDetectError):
        show_error(error)


def _use(sets: ReferenceSets, name: str) -> None:
    try:
        st.session_state["references"] = tuple(Upload(file, data) for file, data in sets.load(name))
    except SegDetectError as error:
        st.session_state["reference-set-error"] = error


def _keep(sets: ReferenceSets, name: str) -> None:
    try:
        sets.save(name, [(upload.name, upload.data) for upload in kept_uploads("references")])
    except SegDetectError as error:
        show_error(error)
    else:
        st.rerun()
