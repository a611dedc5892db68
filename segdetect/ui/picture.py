"""The picture itself, with its flagged tiles, the selected one and its look-alikes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from segdetect.explain import LookAlike
from segdetect.images import LoadedImage
from segdetect.inspection import Inspection
from segdetect.ui.locale_format import number
from segdetect.ui.picture_bytes import EncodedPicture, encode_picture
from segdetect.ui.picture_viewer import Looks, Mark, Pane, Role, ViewerEvent, picture_viewer
from segdetect.ui.session import select_tile
from segdetect.ui.verdict import lead

PICTURE_HEIGHT: Final = 460
_LEAST_HEIGHT: Final = 200
_CANDIDATES: Final = 3


@st.cache_resource(show_spinner=False, max_entries=64)
def _encoded(key: tuple[object, ...], _image: LoadedImage) -> EncodedPicture:
    return encode_picture(_image.pixels)


def inspection_pane(
    image: LoadedImage,
    inspection: Inspection,
    *,
    title: str = "",
    look_alikes: Sequence[LookAlike] = (),
    marks: Sequence[Mark] = (),
) -> Pane:
    """An inspected picture for the viewer; look-alikes in the same picture are marked with their similarity.

    Where nothing is flagged the least alike tiles are marked as candidates, so that the eye has somewhere to go.
    """
    scores = inspection.scores
    marks = [*marks, *(Mark(a.box_ltrb, Role.LOOKALIKE, number(a.similarity, 2)) for a in look_alikes if a.own)]
    if not inspection.flagged_tiles:
        for tile in scores.ranks.argsort()[:_CANDIDATES]:
            left, top, right, bottom = scores.layout.boxes_ltrb[tile].tolist()
            marks.append(Mark((left, top, right, bottom), Role.CANDIDATE, str(scores.ranks[tile])))
    return Pane(
        id=f"{image.sha256}-{image.page}",
        title=title,
        picture=_encoded(image.key, image),
        size_wh=image.size_wh,
        alt=f"{image.name}: {inspection.decision.verdict.value}. {lead(inspection)}.",
        boxes_ltrb=scores.layout.boxes_ltrb,
        scores=scores.scores,
        ranks=scores.ranks,
        flags=inspection.decision.flags,
        marks=tuple(marks),
    )


def show_picture(image: LoadedImage, inspection: Inspection, tile: int, look_alikes: Sequence[LookAlike]) -> None:
    """Draw the annotated picture; a click or the arrow keys select a tile."""

    def chosen(event: ViewerEvent) -> None:
        if event.tile is not None:
            select_tile(inspection, event.tile)

    pane = inspection_pane(image, inspection, look_alikes=look_alikes)
    with st.container(horizontal=True, vertical_alignment="center", key="heading-picture"):
        st.markdown("**Picture**")
    picture_viewer(
        [pane], key="picture", selected=tile, height=_height(image.size_wh), looks=Looks(heat=0.0), on_select=chosen
    )


def _height(size_wh: tuple[int, int]) -> int:
    """As much as the picture needs in half of a wide screen, so that a strip does not float in an empty field."""
    return round(min(PICTURE_HEIGHT, max(_LEAST_HEIGHT, 760 * size_wh[1] / size_wh[0])))
