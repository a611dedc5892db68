"""An inspected picture as the viewer shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from segdetect.inspection import Inspection
from segdetect.pictures.loading import LoadedImage
from segdetect.scoring.look_alikes import LookAlike
from segdetect.ui.shared.locale import number
from segdetect.ui.shared.texts import shown
from segdetect.ui.shared.verdict import lead
from segdetect.ui.viewer.viewer import Mark, Pane, Role

_CANDIDATES: Final = 3


def inspection_pane(
    image: LoadedImage,
    inspection: Inspection,
    *,
    title: str = "",
    look_alikes: Sequence[LookAlike] = (),
    marks: Sequence[Mark] = (),
) -> Pane:
    """An inspected picture for the viewer; look-alikes in the same picture are marked with their similarity.

    Tiles without a score are hatched. Where nothing is flagged the least alike tiles are marked as candidates, so that
    the eye has somewhere to go.
    """
    scores = inspection.scores
    marks = [*marks, *(Mark(a.box_ltrb, Role.LOOKALIKE, number(a.similarity, 2)) for a in look_alikes if a.own)]
    if not inspection.flagged_tiles:
        for tile in scores.ranks.argsort()[: min(_CANDIDATES, int(scores.scored.sum()))]:
            left, top, right, bottom = scores.layout.boxes_ltrb[tile].tolist()
            marks.append(Mark((left, top, right, bottom), Role.CANDIDATE, str(scores.ranks[tile])))
    for left, top, right, bottom in scores.layout.boxes_ltrb[~scores.scored].tolist():
        marks.append(Mark((left, top, right, bottom), Role.UNSCORED))
    return Pane(
        id=f"{image.sha256}-{image.page}",
        title=title,
        picture=image.pixels,
        size_wh=image.size_wh,
        alt=shown(f"{image.name}: {inspection.decision.verdict.value}. {lead(inspection)}."),
        boxes_ltrb=scores.layout.boxes_ltrb,
        scores=scores.scores,
        ranks=scores.ranks,
        flags=inspection.decision.flags,
        marks=tuple(marks),
    )
