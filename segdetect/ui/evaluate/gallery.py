"""The pictures that went wrong, with what is known to be defective, each a click away from the Inspect page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from segdetect.evaluation.labelled import LabelledPicture
from segdetect.evaluation.outlines import outlined
from segdetect.evaluation.run import Evaluation, PictureResult
from segdetect.output.annotation import annotated_thumbnail
from segdetect.output.thumbnails import data_uri
from segdetect.settings import Scope
from segdetect.ui.shared.gallery import in_fours
from segdetect.ui.shared.locale import number
from segdetect.ui.shared.misses import Stop, Walk, open_walk, upload_of
from segdetect.ui.shared.page import part
from segdetect.ui.shared.remembered import remembered
from segdetect.ui.shared.session import loaded
from segdetect.ui.shared.texts import plain, shown

_SHOWN: Final = 8
_MOST: Final = 1000
_SIDE: Final = 400
_MOST_REFERENCES: Final = 20


def show_galleries(evaluation: Evaluation) -> None:
    """Draw what was missed, what was found but ranks low, and the false alarms."""
    st.caption("Orange boxes are flags; the bright line is what is known to be defective.")
    _show_gallery("Missed", evaluation.worst_misses(_MOST), evaluation, "miss")
    late = evaluation.ranked_late(_MOST)
    if late:
        _show_gallery("Found, but other tiles rank higher", late, evaluation, "late")
    _show_gallery("False alarms", evaluation.false_alarms(_MOST), evaluation, "alarm")


def _show_gallery(title: str, pictures: Sequence[PictureResult], evaluation: Evaluation, key: str) -> None:
    count = f" ({len(pictures):d})" if pictures else ""
    st.header(f"{plain(title)}{count}")
    if not pictures:
        st.caption("None.")
        return
    walk = _walk(f"{evaluation.dataset}: {title.lower()}", pictures, evaluation)
    with st.container(key=f"gallery-{key}"):
        for column, (at, picture) in in_fours([*enumerate(pictures[:_SHOWN])]):
            with column:
                _show_picture(picture, walk, at, f"{key}-{at}")


def _walk(title: str, pictures: Sequence[PictureResult], evaluation: Evaluation) -> Walk:
    references: dict[str, Sequence[LabelledPicture]] = {}
    if evaluation.settings.scope is Scope.REFERENCES:
        for result in evaluation.categories:
            known = result.category.references[:_MOST_REFERENCES]
            references |= {picture.labelled.name: known for picture in result.pictures}
    stops = [Stop(one.labelled, tuple(references.get(one.labelled.name, ()))) for one in pictures]
    return Walk(title, evaluation.settings, tuple(stops))


# The files may be gone since they were evaluated.
@part("The picture")
def _show_picture(picture: PictureResult, walk: Walk, at: int, key: str) -> None:
    ap = "" if picture.ap is None else f", order {number(picture.ap, 2)}"
    caption = f"{picture.labelled.name}: {picture.inspection.decision.verdict.value}{ap}"
    layout, flagged = picture.inspection.scores.layout, tuple(picture.inspection.flagged_tiles)
    seen = (picture.labelled.path, picture.labelled.stamp(), layout.key, flagged)
    st.image(remembered("with truth", seen, lambda: _drawn(picture)), width="stretch", alt=shown(caption))
    st.caption(plain(caption))
    if st.button("Inspect", key=key, icon=":material/frame_inspect:"):
        open_walk(Walk(walk.title, walk.settings, walk.stops, at))


def _drawn(picture: PictureResult) -> str:
    image = loaded(upload_of(picture.labelled))
    drawn = annotated_thumbnail(image, picture.inspection, _SIDE)
    mask = picture.labelled.mask(image.size_wh)
    return data_uri(drawn if mask is None else outlined(drawn, mask))
