"""What the Evaluate page is to run: a data set, the settings, and the button that starts it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import streamlit as st

from segdetect.engines.registry import AUTO_ORDER
from segdetect.errors import SegDetectError
from segdetect.evaluation.datasets import Dataset, Polarity, read_dataset
from segdetect.evaluation.folder_state import folder_state
from segdetect.files import home
from segdetect.samples.dataset import write_sample_dataset
from segdetect.settings import Settings
from segdetect.storage.roots import ROOTS_VARIABLE, Roots
from segdetect.ui.evaluate.runs import start_run
from segdetect.ui.shared.controls import read_engine, read_grid, read_rule, read_scope
from segdetect.ui.shared.left_out import show_left_out
from segdetect.ui.shared.page import callback, part, show_error
from segdetect.ui.shared.places import visitor_roots
from segdetect.ui.shared.remembered import remembered
from segdetect.ui.shared.session import engines
from segdetect.ui.shared.texts import plain

_SAMPLES: Final = "evaluate-samples"
_POLARITY: Final = "evaluate-masks"
_POLARITY_LABELS: Final = {
    Polarity.ASK: "What they mark, unless that is nearly everything",
    Polarity.MARKED: "What they mark",
    Polarity.BACKGROUND: "Their background",
}
_EXPECTED = """
## What it reads
- A category in the layout of **MVTec AD**, or a folder of them: `test/good`, `test/DEFECT`, `ground_truth/DEFECT`, and
  `train/good` for known-good pictures.
- Or a folder with **images/** and **masks/** of the same names.
- Or the data sets **MVTec LOCO AD**, **MVTec AD 2**, **BTAD**, **VisA** and **KolektorSDD** as they are published, and
  **COCO** annotations (JSON) beside their pictures.

A mask is above 0, not black, or not transparent where its picture is defective, whatever the value; one that marks
nothing means a clean picture. JPEG masks are cut half-way. A mask that marks nearly everything is asked about.

## What you get
1. **Figures**: how high defective tiles rank, how right the flags are, how many clean pictures are left alone.
2. **Charts**: misses against false alarms with a slider, precision against recall, scores of good and defective tiles.
3. **Pictures**: the misses and the false alarms with what is known to be defective, each a click away from Inspect.
4. **Files to keep**: the figures as CSV, everything as JSON.
"""


@part("Reading the settings")
def read_plan() -> tuple[Dataset, Settings] | None:
    """Draw the controls; None, with the reason shown, while there is no data set that can be read."""
    with st.sidebar:
        grid, engine = read_grid("evaluate-"), read_engine("evaluate-")
        scope = read_scope("evaluate-")
        rule = read_rule("evaluate-", engine=engine, scope=scope)
    settings = Settings(grid=grid, engine=engine, scope=scope, rule=rule)
    dataset = _read_dataset(settings)
    if dataset is None:
        return None
    names = ", ".join(category.name for category in dataset.categories)
    kinds = "category" if len(dataset.categories) == 1 else "categories"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            plain(f"{len(dataset.pictures)} pictures in {len(dataset.categories)} {kinds}: {names}"), width="content"
        )
        if st.session_state.get(_SAMPLES):
            st.button("Leave the samples", type="tertiary", icon=":material/close:", on_click=_leave_samples)
    show_left_out(dataset.left_out)
    for note in dataset.notes:
        st.caption(f":material/info: {plain(note)}")
    return dataset, settings


def show_expected() -> None:
    """Say what a folder is to hold and what comes of it, while none is named."""
    if not st.session_state.get("dataset", "").strip() and not st.session_state.get(_SAMPLES):
        st.markdown(_EXPECTED)


def _read_dataset(settings: Settings) -> Dataset | None:
    """The data set that the visitor chose; None, with the reason shown, while there is none that can be read.

    Args:
        settings: for the samples, where these are tried.
    """
    roots = visitor_roots()
    folder = _read_folder(roots)
    if not folder and not st.session_state.get(_SAMPLES):
        _offer_samples(settings)
        return None
    polarity = _read_polarity() if folder else Polarity.ASK
    try:
        # The samples lie in the app's own folder, which visitors need not be allowed to read.
        place, allowed = (roots.checked(folder), roots) if folder else (_samples_folder(), None)
        return _remembered(place, allowed, polarity)
    except SegDetectError as error:
        show_error(error)
        return None


def _remembered(path: Path, allowed: Roots | None, polarity: Polarity) -> Dataset:
    """The data set in a folder, read again when a file of it has changed."""
    key = (path, allowed, polarity, folder_state(path, allowed=allowed))
    return remembered("data set", key, lambda: read_dataset(path, allowed=allowed, polarity=polarity))


def _read_polarity() -> Polarity:
    return st.selectbox(
        "Defects in masks",
        list(_POLARITY_LABELS),
        format_func=_POLARITY_LABELS.__getitem__,
        key=_POLARITY,
        persist_state="session",
        help="Inverted masks mark what is good. One that marks more than nine tenths of its picture is an error until "
        "you say what is defective.",
    )


def _read_folder(roots: Roots) -> str:
    """What the visitor typed; empty where there is no folder that could be named."""
    if not roots.folders:
        st.caption(f"Whoever starts this server can allow folders of it to be evaluated: `{ROOTS_VARIABLE}=/data`")
        return ""
    where = f" It must lie in {plain(roots.names)}." if roots.shown else ""
    return st.text_input(
        "Folder with pictures and masks",
        key="dataset",
        placeholder="…/mvtec/carpet",
        persist_state="session",
        on_change=_begin_folder,
        help="A folder on the machine that SegDetect runs on: an MVTec AD category or a folder of them, a folder with "
        "images/ and masks/ (and a manifest.csv), or MVTec LOCO AD, MVTec AD 2, BTAD, VisA, KolektorSDD or COCO."
        f"{where}",
    ).strip()


def _offer_samples(settings: Settings) -> None:
    """An evaluation one click away, for who has no data set at hand."""
    st.button(
        "Try it on the bundled samples",
        icon=":material/science:",
        on_click=callback(_start_samples),
        args=(settings,),
        help="Eight pictures with known defects, written to the folder where SegDetect keeps its things.",
    )


def _samples_folder() -> Path:
    return home() / "samples"


def _start_samples(settings: Settings) -> None:
    folder = write_sample_dataset(_samples_folder())
    st.session_state[_SAMPLES] = True
    start_run(_remembered(folder, None, Polarity.ASK), settings)


@callback
def _leave_samples() -> None:
    st.session_state[_SAMPLES] = False


@callback
def _begin_folder() -> None:
    """What was answered about the masks of one data set is not known of another."""
    st.session_state[_SAMPLES] = False
    st.session_state[_POLARITY] = Polarity.ASK


@part("The start")
def show_start(plan: tuple[Dataset, Settings]) -> None:
    """Draw the buttons that start a run: with the chosen engine, or with all that can run."""
    ready = [name for name in AUTO_ORDER if name in engines().ready]
    with st.container(horizontal=True):
        st.button("Evaluate", type="primary", icon=":material/play_arrow:", on_click=callback(start_run), args=plan)
        if len(ready) > 1:
            st.button(
                f"Evaluate with {'both' if len(ready) == 2 else f'all {len(ready):d}'} engines",
                icon=":material/playlist_play:",
                key="evaluate-all",
                on_click=callback(start_run),
                args=(*plan, ready),
                help="One run that goes through them in turn, with these settings; their figures stand side by side.",
            )
