"""Why a tile was scored as it was: what it was compared with, and how alike that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from segdetect.engines.base import Embeddings
from segdetect.inspection import Inspection, Source
from segdetect.scoring.nearest import tile_similarities
from segdetect.settings import Scope


@dataclass(frozen=True, slots=True, eq=False)
class LookAlike:
    """A tile that resembles the one in question.

    Args:
        source: the picture it lies in.
        tile: its number there.
        box_ltrb: its pixels there.
        similarity: cosine similarity, -1..1.
        own: True when it lies in the same picture.
    """

    source: Source
    tile: int
    box_ltrb: tuple[int, int, int, int]
    similarity: float
    own: bool


def look_alikes(
    inspection: Inspection, tile: int, picture: Embeddings, bank: Sequence[Embeddings], *, count: int = 4
) -> list[LookAlike]:
    """The tiles most like one tile, at most one entry per tile, the most similar first.

    The first is the tile's nearest look-alike as the scores name it. A tile of a dense engine is represented by its
    strongest cell, the one under the highest point of its score map; its own surroundings do not count. In scope batch
    nothing in the picture itself does.

    Args:
        inspection: the answer.
        tile: the tile in question.
        picture: the inspected picture's description.
        bank: descriptions of `inspection.scores.sources[1:]`, in that order.
        count: how many at most.
    """
    scores = inspection.scores
    first = (int(scores.nearest_source[tile]), int(scores.nearest_tile[tile]))
    if first[0] < 0:
        return []
    nearest = _look_alike(scores.sources, *first, float(scores.nearest_similarity[tile]))
    cell = tile if scores.strongest_cell is None else int(scores.strongest_cell[tile])
    found = []
    for number, embeddings in enumerate([picture, *bank]):
        if number == 0 and inspection.scope is Scope.BATCH:
            continue
        layout = scores.sources[number].layout
        own = np.array([tile]) if number == 0 else None
        (similar,) = tile_similarities(
            picture, np.array([cell]), embeddings, layout, own_tiles=own, varied=scores.varied
        )
        for other in np.argsort(-similar, kind="stable")[: count + 1].tolist():
            if np.isfinite(similar[other]) and (number, other) != first:
                # The table's figure was computed in another order: in the last digit it may fall below an equal one.
                similarity = min(float(similar[other]), nearest.similarity)
                found.append(_look_alike(scores.sources, number, other, similarity))
    return [nearest, *sorted(found, key=lambda look_alike: -look_alike.similarity)][:count]


def _look_alike(sources: Sequence[Source], number: int, tile: int, similarity: float) -> LookAlike:
    left, top, right, bottom = sources[number].layout.boxes_ltrb[tile].tolist()
    return LookAlike(sources[number], tile, (left, top, right, bottom), similarity, own=number == 0)


def tile_map(inspection: Inspection, tile: int, side: int = 256) -> npt.NDArray[np.float32] | None:
    """A dense engine's scores inside one tile, smoothly interpolated.

    Args:
        inspection: the answer.
        tile: the tile in question.
        side: pixels of the longer side of the map.

    Returns:
        `(rows, cols)` float32, in the units of scores; cells without a score count as the picture's lowest. None when a
        cell is a tile.
    """
    cells = inspection.scores.cell_map
    if cells is None:
        return None
    width, height = inspection.size_wh
    left, top, right, bottom = inspection.scores.layout.boxes_ltrb[tile]
    scale = side / max(right - left, bottom - top)
    cols, rows = max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
    # OpenCV interpolates between the centres of cells, which lie half a cell from the border.
    x = (left + (np.arange(cols) + 0.5) / scale) / width * cells.shape[1] - 0.5
    y = (top + (np.arange(rows) + 0.5) / scale) / height * cells.shape[0] - 0.5
    across, down = np.meshgrid(x.astype(np.float32), y.astype(np.float32))
    known = np.nan_to_num(cells, nan=float(np.nanmin(cells)))
    fine = cv2.remap(known, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(fine, np.float32)
