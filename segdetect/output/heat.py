"""What the colours of every heat map mean: a score's place on a scale that is tied to the threshold.

Pages, exports and the picture viewer all ask here, so that a colour says the same wherever it is seen: dark is a score
of nothing, and the brightest third begins at the threshold. A picture in which nothing stands out is calm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from segdetect.inspection import Floats, Inspection
from segdetect.message import Message

# All are perceptually uniform and told apart by colour-blind readers; the highest scores are the brightest.
COLOUR_SCALES: Final = ("Cividis", "Viridis", "Greys")
THRESHOLD_PLACE: Final = 2 / 3
# Of shares of the threshold. Ordinary tiles score half of it to four fifths: what lies below is told apart least.
_PLACES: Final = {0.0: 0.0, 0.5: 0.2, 1.0: THRESHOLD_PLACE, 1.5: 1.0}
_MAPS: Final = {"Cividis": cv2.COLORMAP_CIVIDIS, "Viridis": cv2.COLORMAP_VIRIDIS}


@dataclass(frozen=True, slots=True)
class HeatScale:
    """Which place of a colour scale each score has: straight between the marks, the ends' beyond them.

    Args:
        scores: at the marks, ascending.
        places: of the marks, from 0 to 1.
        labels: what a legend says at the marks.
        stretched: it runs from the picture's lowest to its highest score and knows no threshold.
    """

    scores: tuple[float, ...]
    places: tuple[float, ...]
    labels: tuple[str, ...]
    stretched: bool = False

    def places_of(self, scores: npt.NDArray[np.floating[Any]]) -> Floats:
        """The scores' places, 0..1, in the shape of the scores; NaN where there is none."""
        return np.asarray(np.interp(scores, self.scores, self.places), np.float64)


def heat_scale(inspection: Inspection, *, stretch: bool = False, smooth: bool = False) -> HeatScale:
    """The scale of one answer: tied to its threshold; stretched where that is asked for or nothing was learnt.

    Args:
        inspection: the answer.
        stretch: show the picture's lowest score darkest and its highest brightest.
        smooth: the fine map is shown, where there is one, in place of the tiles.
    """
    threshold = inspection.threshold
    if threshold is not None and threshold > 0 and not stretch:
        scores = [share * threshold for share in _PLACES]
        none, half, full, most = scores
        labels = (
            Message("{score:.3g}", score=none),
            Message("{score:.3g}", score=half),
            Message("threshold {score:.3g}", score=full),
            Message("{score:.3g}+", score=most),
        )
        return HeatScale(tuple(scores), tuple(_PLACES.values()), labels)
    values = heat_values(inspection, smooth=smooth)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    ends = (Message("lowest {score:.3g}", score=low), Message("highest {score:.3g}", score=high))
    return HeatScale((low, max(high, np.nextafter(low, np.inf))), (0.0, 1.0), ends, stretched=True)


def heat_values(inspection: Inspection, *, smooth: bool) -> Floats:
    """`(rows, cols)` scores: of the tiles, or of the cells where the fine map is wanted and there is one."""
    scores = inspection.scores
    if smooth and scores.cell_map is not None:
        return scores.cell_map.astype(np.float64)
    return scores.scores.reshape(scores.layout.grid.rows, scores.layout.grid.cols)


def heat_colours(colour_scale: str) -> npt.NDArray[np.uint8]:
    """`(256, 3)` RGB from the lowest place to the highest, of one of `COLOUR_SCALES`."""
    levels = np.arange(256, dtype=np.uint8).reshape(-1, 1)
    if colour_scale not in _MAPS:
        return np.repeat(levels, 3, axis=1)
    return np.asarray(cv2.applyColorMap(levels, _MAPS[colour_scale])[:, 0, ::-1])


def heat_rgba(places: npt.NDArray[np.floating[Any]], colour_scale: str) -> npt.NDArray[np.uint8]:
    """The colours of places: `(rows, cols)`, 0..1, to `(rows, cols, 4)`; a place that is NaN is transparent."""
    known = ~np.isnan(places)
    levels = np.rint(np.where(known, places, 0) * 255).astype(np.uint8)
    return np.dstack([heat_colours(colour_scale)[levels], np.where(known, 255, 0).astype(np.uint8)])


def heat_over(
    picture: Image.Image,
    places: npt.NDArray[np.floating[Any]],
    colour_scale: str = COLOUR_SCALES[0],
    *,
    opacity: float = 0.6,
) -> Image.Image:
    """A picture with the colours of places laid over it; it shows plainly where a place is NaN.

    Args:
        picture: RGB.
        places: `(rows, cols)`, 0..1; the result has its size.
        colour_scale: one of `COLOUR_SCALES`.
        opacity: of the colours, 0..1.
    """
    below = picture.resize((places.shape[1], places.shape[0]), Image.Resampling.BILINEAR)
    heat = heat_rgba(places, colour_scale)
    share = Image.fromarray(np.rint(heat[..., 3] * opacity).astype(np.uint8))
    return Image.composite(Image.fromarray(heat[..., :3]), below, share)
