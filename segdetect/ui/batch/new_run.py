"""A new run of the Batch page: which pictures, what is done with them, and the button that starts it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import streamlit as st

from segdetect.pictures.formats import SUPPORTED
from segdetect.samples.catalogue import SAMPLES, sample_bytes
from segdetect.settings import Scope, Settings
from segdetect.storage.roots import ROOTS_VARIABLE
from segdetect.ui.shared.background_runs import opened_run, run_name, runs, start_folder, start_uploaded
from segdetect.ui.shared.controls import read_engine, read_grid, read_rule, read_scope
from segdetect.ui.shared.file_pages import FilePage
from segdetect.ui.shared.good_pictures import reference_pages
from segdetect.ui.shared.jobs import account
from segdetect.ui.shared.page import callback, part
from segdetect.ui.shared.places import visitor_roots
from segdetect.ui.shared.plan_choice import show_plans
from segdetect.ui.shared.plan_in_use import planned
from segdetect.ui.shared.sidebar import read_references
from segdetect.ui.shared.texts import plain

# A new uploader for each run, so that the files of the last one do not stay in it, and in memory.
_COUNT: Final = "batch-count"
_EXPECTED: Final = """
## What you get
1. **The odd ones first**: a table or a gallery of all pictures, with a verdict for each and its flagged tiles boxed.
2. **The run at a glance**: how many of each verdict, whether scores drift from the first picture to the last, and where
   on the part defects occur.
3. **Every picture on Inspect**, one click away, with keys for the next and the previous one.
4. **Files to keep**: a report, tables, annotations and masks of all pictures, in one ZIP.

A file that cannot be read is a row with its reason; the others are inspected all the same.
"""


@part("The new run")
def show_new_run() -> None:
    """Draw the controls and the ways to hand in pictures."""
    settings, references = _read_settings()
    if settings.scope is Scope.REFERENCES and not references:
        st.info("Add known-good pictures in the sidebar: the run is compared with them.", icon=":material/info:")
        return
    first = not runs().of(account())
    # With a run open, its pictures are what one came for.
    has_room = opened_run() is None
    title = "Inspect many pictures" if has_room else "Another run"
    with st.expander(title, icon=":material/add:", expanded=has_room), st.container(key="new-run"):
        upload, folder = st.columns(2, gap="medium")
        with upload:
            _offer_upload(settings, references)
        with folder:
            _offer_folder(settings, references)
    if first:
        st.button(
            "Try it on the bundled samples",
            icon=":material/science:",
            on_click=callback(_start_samples),
            args=(settings, references),
        )
        st.markdown(_EXPECTED)


def _read_settings() -> tuple[Settings, Sequence[FilePage]]:
    with st.sidebar:
        place = st.container()
        grid = read_grid("batch-")
        scope = read_scope("batch-", long_run=True)
        references: Sequence[FilePage] = ()
        if scope is Scope.REFERENCES:
            read_references()
            references = reference_pages()
        engine = read_engine("batch-")
        rule = read_rule("batch-", scope=scope, engine=engine)
        settings = planned(Settings(grid=grid, engine=engine, scope=scope, rule=rule), "batch-")
        # What is kept as a plan is known once all controls were read.
        with place:
            show_plans(settings, "batch-")
    return settings, references


def _offer_upload(settings: Settings, references: Sequence[FilePage]) -> None:
    key = f"batch-files-{st.session_state.get(_COUNT, 0)}"
    files = st.file_uploader(
        "Pictures, or a ZIP of them",
        accept_multiple_files=True,
        key=key,
        help=f"{SUPPORTED}. They stay on this machine, in the run, until it is deleted.",
    )
    st.button(
        "Inspect these",
        type="primary",
        icon=":material/play_arrow:",
        disabled=not files,
        on_click=callback(_start_upload),
        args=(key, settings, references),
    )


def _offer_folder(settings: Settings, references: Sequence[FilePage]) -> None:
    roots = visitor_roots()
    if not roots.folders:
        st.caption(f"Whoever starts this server can allow folders of it to be inspected: `{ROOTS_VARIABLE}=/data`")
        return
    where = f" It must lie in {plain(roots.names)}." if roots.shown else ""
    st.text_input(
        "Or a folder or a ZIP of this server",
        key="batch-folder",
        placeholder="…/line-3/2026-11-26",
        persist_state="session",
        help=f"On the machine that SegDetect runs on, searched with the folders in it. Its files stay there.{where}",
    )
    st.button(
        "Inspect this folder",
        icon=":material/folder_open:",
        disabled=not st.session_state.get("batch-folder", "").strip(),
        on_click=callback(_start_folder),
        args=(settings, references),
    )


def _start_upload(key: str, settings: Settings, references: Sequence[FilePage]) -> None:
    files: list[Any] = st.session_state.get(key) or []
    uploads = [(file.name, file.getvalue()) for file in files]
    start_uploaded(uploads, settings, name=run_name([name for name, _ in uploads]), references=references)
    st.session_state[_COUNT] = st.session_state.get(_COUNT, 0) + 1


def _start_folder(settings: Settings, references: Sequence[FilePage]) -> None:
    roots = visitor_roots()
    start_folder(roots.checked(st.session_state["batch-folder"].strip()), roots, settings, references=references)


def _start_samples(settings: Settings, references: Sequence[FilePage]) -> None:
    uploads = [(f"{sample.key}.png", sample_bytes(sample.key)) for sample in SAMPLES]
    start_uploaded(uploads, settings, name="Bundled samples", references=references)
