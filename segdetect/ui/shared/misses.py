"""A walk through pictures with ground truth on the Inspect page: what Evaluate missed, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import streamlit as st

from segdetect.errors import SegDetectError
from segdetect.evaluation.labelled import LabelledPicture
from segdetect.evaluation.outlines import Outline, outlines
from segdetect.inspection import Inspection
from segdetect.settings import Settings
from segdetect.ui.shared.opening import open_on_inspect, set_inspect
from segdetect.ui.shared.page import callback, part, show_error
from segdetect.ui.shared.remembered import remembered
from segdetect.ui.shared.session import Upload, kept_uploads
from segdetect.ui.shared.texts import plain

EVALUATE_PAGE: Final = "pages/evaluate.py"
_WALK: Final = "evaluate-walk"
_STEP: Final = "evaluate-step"


@dataclass(frozen=True, slots=True)
class Stop:
    """One picture of a walk.

    Args:
        labelled: the picture with its ground truth.
        references: the known-good pictures of its category.
    """

    labelled: LabelledPicture
    references: tuple[LabelledPicture, ...] = ()


@dataclass(frozen=True, slots=True)
class Walk:
    """Pictures to look at in turn.

    Args:
        title: what they are, as `misses of cloth`.
        settings: what they were evaluated with.
        stops: the pictures.
        at: which of them is shown.
        sha256: of its file; the page may show another since.
    """

    title: str
    settings: Settings
    stops: Sequence[Stop] = field(repr=False)
    at: int = 0
    sha256: str = ""


def upload_of(labelled: LabelledPicture) -> Upload:
    """The picture as the Inspect page takes it; raises `DatasetError` where its file is gone."""
    return Upload(labelled.name.rsplit("/", 1)[-1], labelled.data())


def open_walk(walk: Walk) -> None:
    """Go to the Inspect page with the picture that a walk stands at.

    Raises:
        SegDetectError: its file, or that of a known-good picture, cannot be read any more.
    """
    upload = _prepared(walk)
    open_on_inspect(walk.settings, (upload,))


def _prepared(walk: Walk) -> Upload:
    stop = walk.stops[walk.at]
    upload, references = upload_of(stop.labelled), tuple(upload_of(one) for one in stop.references)
    if references:
        st.session_state["references"] = references
    st.session_state[_WALK] = replace(walk, sha256=upload.sha256)
    return upload


@part("The way through the misses")
def follow_walk() -> None:
    """On the Inspect page, before all else: take the picture that the button asked for."""
    step, walk = st.session_state.pop(_STEP, 0), _walk()
    if not step or walk is None:
        return
    at = walk.at
    while 0 <= (at := at + step) < len(walk.stops):
        try:
            upload = _prepared(replace(walk, at=at))
        except SegDetectError as error:
            show_error(error)  # and on to the one after it
        else:
            set_inspect(walk.settings, (upload,))
            return


@part("The way through the misses")
def show_walk() -> None:
    """On the Inspect page: where in a walk its picture is, the way to the next one and back to Evaluate."""
    walk = _walk()
    if walk is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="walk"):
        for label, icon, step, is_end in (
            ("Previous miss", ":material/skip_previous:", -1, walk.at == 0),
            ("Next miss", ":material/skip_next:", 1, walk.at + 1 >= len(walk.stops)),
        ):
            st.button(plain(label), icon=icon, disabled=is_end, on_click=callback(_step), args=(step,))
        st.page_link(EVALUATE_PAGE, label="Back to Evaluate", icon=":material/query_stats:")
        where = f"Picture {walk.at + 1:d} of {len(walk.stops):d}, {plain(walk.title)}."
        st.caption(f"{where} The dashed line is around what is known to be defective.")


def known_defects(inspection: Inspection) -> tuple[Outline, ...]:
    """The outlines of what is known to be defective, in pixels; none where the page shows no picture of a walk."""
    walk = _walk()
    if walk is None or walk.sha256 != inspection.sha256:
        return ()
    labelled, size_wh = walk.stops[walk.at].labelled, inspection.size_wh

    def found() -> tuple[Outline, ...]:
        mask = labelled.mask(size_wh)
        return () if mask is None else outlines(mask)

    return remembered("known defects", (labelled, labelled.stamp(), size_wh), found)


def _step(step: int) -> None:
    st.session_state[_STEP] = step


def _walk() -> Walk | None:
    """The walk, while the page still shows the picture that it stands at."""
    walk: Walk | None = st.session_state.get(_WALK)
    uploads = kept_uploads("uploads")
    is_there = walk is not None and not st.session_state.get("sample") and len(uploads) == 1
    return walk if is_there and walk is not None and uploads[0].sha256 == walk.sha256 else None
