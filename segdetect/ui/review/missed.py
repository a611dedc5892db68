"""Defects that nothing flagged, drawn on the picture."""

from __future__ import annotations

from typing import Final

import numpy as np
import streamlit as st

from segdetect.pictures.loading import LoadedImage
from segdetect.pictures.masks import Polarity
from segdetect.pictures.region_masks import read_regions
from segdetect.regions import MAX_AREA, Regions
from segdetect.storage.history.entries import Entry
from segdetect.storage.history.reviews import Box, Judgement
from segdetect.ui.review.pictures import bytes_of
from segdetect.ui.shared.kept import attempt
from segdetect.ui.shared.page import part
from segdetect.ui.shared.reviewing import KIND, say, tell, told
from segdetect.ui.shared.texts import shown
from segdetect.ui.viewer.painting import Painting
from segdetect.ui.viewer.pane import Looks, Pane
from segdetect.ui.viewer.viewer import picture_viewer

_DRAWN: Final = "review-drawn"
_HEIGHT: Final = 460


@part("Drawing what was missed")
def show_missed(entry: Entry, image: LoadedImage | None) -> None:
    """Draw the picture to paint on, and the button that keeps what was painted as a missed defect."""
    if image is None or not st.toggle("Draw a defect that was missed", key="review-draw"):
        return
    st.caption("Paint over it with the hatched square above the picture (key I): rectangle, polygon or brush.")
    owner, version, regions = st.session_state.get(_DRAWN, (0, "", None))
    drawn: Regions | None = regions if owner == entry.id else None

    def painted(png: bytes, number: str) -> None:
        found, _ = read_regions(png, name="what was drawn", polarity=Polarity.MARKED)
        st.session_state[_DRAWN] = (entry.id, number, found)

    pane = Pane(
        id=f"{image.sha256}-{image.page}",
        title="",
        picture=image.pixels,
        size_wh=image.size_wh,
        alt=shown(f"{image.name}, to draw on"),
        ignored=None if drawn is None else drawn.pixels,
        selectable=False,
    )
    picture_viewer(
        [pane],
        key="review-draw-on",
        height=_HEIGHT,
        looks=Looks(heat=0.0),
        painting=Painting(version if owner == entry.id else "", MAX_AREA, painted),
    )
    st.button(
        "Keep it as a missed defect",
        key="review-missed",
        icon=":material/add_location:",
        disabled=drawn is None,
        on_click=attempt,
        args=(_keep, entry, drawn),
        kwargs={"kind": KIND},
    )


def _keep(entry: Entry, drawn: Regions) -> None:
    plan = say(entry, (_around(drawn, entry.size_wh),), Judgement.DEFECT, bytes_of(entry), drawn=drawn)
    st.session_state.pop(_DRAWN, None)
    tell(told(plan, entry, Judgement.DEFECT))


def _around(drawn: Regions, size_wh: tuple[int, int]) -> Box:
    """The box around it in the picture's pixels."""
    rows, cols = np.nonzero(drawn.fitted(size_wh))
    return int(cols.min()), int(rows.min()), int(cols.max()) + 1, int(rows.max()) + 1
