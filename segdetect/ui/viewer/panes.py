"""An inspected picture as the viewer shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from segdetect.inspection import Inspection
from segdetect.output.charts import PLAIN_HEATMAP, HeatmapStyle
from segdetect.output.heat import THRESHOLD_PLACE, heat_colours, heat_scale
from segdetect.output.sentences import headline
from segdetect.pictures.loading import LoadedImage
from segdetect.scoring.look_alikes import LookAlike
from segdetect.ui.shared.locale import number
from segdetect.ui.shared.texts import shown
from segdetect.ui.viewer.pane import ByOther, Good, Heat, Line, Mark, Pane, Pool, Role
from segdetect.ui.viewer.picture_bytes import EncodedPicture

_CANDIDATES: Final = 3


def pane_id(image: LoadedImage) -> str:
    """What names a picture in the viewer, in whatever brightness window it was inspected."""
    return f"{image.sha256}-{image.page}"


def inspection_pane(
    image: LoadedImage,
    inspection: Inspection,
    *,
    title: str = "",
    look_alikes: Sequence[LookAlike] = (),
    marks: Sequence[Mark] = (),
    style: HeatmapStyle = PLAIN_HEATMAP,
    good: Good | None = None,
    mm_per_pixel: float | None = None,
    truth: Sequence[Line] = (),
    values: EncodedPicture | None = None,
    pool: Pool | None = None,
    by_other: ByOther | None = None,
) -> Pane:
    """An inspected picture for the viewer; look-alikes in the same picture are marked with their similarity.

    Tiles without a score and regions that were ignored are hatched. Where nothing is flagged the least alike tiles are
    marked as candidates, so that the eye has somewhere to go, unless another engine flags tiles. The heat layer has the
    colours of the heatmap in the same style.
    """
    scores = inspection.scores
    own = (scores.nearest_source == 0) & any(one.identity == inspection.identity for one in scores.sources[:1])
    return Pane(
        id=pane_id(image),
        title=title,
        picture=image.pixels,
        size_wh=image.size_wh,
        alt=shown(f"{image.name}: {inspection.decision.verdict.value}. {headline(inspection)}."),
        boxes_ltrb=scores.layout.boxes_ltrb,
        scores=scores.scores,
        ranks=scores.ranks,
        flags=inspection.decision.flags,
        marks=(
            *marks,
            *look_alike_marks(look_alikes),
            *([] if by_other else _candidates(inspection)),
            *_unscored(inspection),
        ),
        threshold=inspection.threshold,
        nearest=np.where(own, scores.nearest_tile, -1),
        similar=scores.nearest_similarity,
        heat=_heat(inspection, style),
        good=good,
        mm_per_pixel=mm_per_pixel,
        truth=tuple(truth),
        window=image.window,
        values=values,
        pool=pool,
        by_other=by_other,
        ignored=None if inspection.settings.ignore is None else inspection.settings.ignore.pixels,
    )


def look_alike_marks(look_alikes: Sequence[LookAlike]) -> list[Mark]:
    """Marks of the look-alikes that lie in the picture itself."""
    return [Mark(one.box_ltrb, Role.LOOKALIKE, number(one.similarity, 2)) for one in look_alikes if one.own]


def _candidates(inspection: Inspection) -> list[Mark]:
    """Marks of the least alike tiles where nothing is flagged."""
    scores = inspection.scores
    if inspection.flagged_tiles:
        return []
    least_alike = scores.ranks.argsort()[: min(_CANDIDATES, int(scores.scored.sum()))].tolist()
    return [Mark(_box(inspection, tile), Role.CANDIDATE, str(scores.ranks[tile])) for tile in least_alike]


def _unscored(inspection: Inspection) -> list[Mark]:
    tiles = np.flatnonzero(~inspection.scores.scored).tolist()
    return [Mark(_box(inspection, tile), Role.UNSCORED) for tile in tiles]


def _box(inspection: Inspection, tile: int) -> tuple[float, float, float, float]:
    left, top, right, bottom = inspection.scores.layout.boxes_ltrb[tile].tolist()
    return left, top, right, bottom


def _heat(inspection: Inspection, style: HeatmapStyle) -> Heat:
    scale = heat_scale(inspection, stretch=style.stretch, smooth=style.smooth)
    return Heat(
        cells=inspection.scores.cell_map if style.smooth else None,
        scale=scale,
        colours=heat_colours(style.colour_scale),
        smooth=style.smooth,
        tied=None if scale.stretched else inspection.threshold,
        notch=None if scale.stretched else THRESHOLD_PLACE,
        words="Lowest to highest score" if scale.stretched else "Threshold at the mark",
    )
