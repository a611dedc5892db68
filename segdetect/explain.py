"""Why a tile was scored as it was: what it was compared with, and how alike that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from segdetect.engines.base import Embeddings
from segdetect.inspection import Flags, Inspection, Ints, Source


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


@dataclass(frozen=True, slots=True)
class TileFacts:
    """What can be said of one tile. Rows and columns count from 1, as people count.

    Args:
        row, col: its place.
        score, rank, tiles: its score, its rank (1 is the highest score) and the number of tiles.
        threshold: the lowest score that is flagged.
        flagged: whether it is.
        more_odd_than: share of the other tiles with a lower score, 0..1.
        similarity: to its nearest look-alike; NaN where there is none.
        typical_similarity: the median of that over all tiles; NaN where there is none.
    """

    row: int
    col: int
    score: float
    rank: int
    tiles: int
    threshold: float
    flagged: bool
    more_odd_than: float
    similarity: float
    typical_similarity: float


def tile_facts(inspection: Inspection, tile: int, found: Sequence[LookAlike] = ()) -> TileFacts:
    """The figures of one tile, whose look-alikes are `found`."""
    scores = inspection.scores
    values, similar = scores.scores, scores.nearest_similarity
    row, col = divmod(tile, scores.layout.grid.cols)
    return TileFacts(
        row=row + 1,
        col=col + 1,
        score=float(values[tile]),
        rank=int(scores.ranks[tile]),
        tiles=len(values),
        threshold=inspection.decision.threshold,
        flagged=bool(inspection.decision.flags[tile]),
        more_odd_than=float((values < values[tile]).sum() / max(1, len(values) - 1)),
        similarity=found[0].similarity if found else float(similar[tile]),
        typical_similarity=float(np.nanmedian(similar)) if np.isfinite(similar).any() else float("nan"),
    )


def look_alikes(
    inspection: Inspection, tile: int, picture: Embeddings, others: Sequence[Embeddings], *, count: int = 4
) -> list[LookAlike]:
    """The tiles most like one tile, at most one entry per tile, the most similar first.

    A tile of a dense engine is represented by its strongest cell, the one that its score comes from; its own
    surroundings do not count.

    Args:
        inspection: the answer.
        tile: the tile in question.
        picture: the inspected picture's description.
        others: descriptions of `inspection.scores.sources[1:]`, in that order.
        count: how many at most.
    """
    cell = strongest_cell(inspection, tile) if picture.dense else tile
    found: list[LookAlike] = []
    for number, embeddings in enumerate([picture, *others]):
        source = inspection.scores.sources[number]
        similarity = _similarity(picture, cell, embeddings)
        tiles = _tiles_of_cells(embeddings, source)
        if number == 0:
            similarity = np.where(_surroundings(picture, cell) | (tiles == tile), -np.inf, similarity)
        best = np.full(source.layout.grid.tiles, -np.inf)
        np.maximum.at(best, tiles, similarity)
        for other in np.argsort(-best, kind="stable")[:count]:
            if np.isfinite(best[other]):
                left, top, right, bottom = source.layout.boxes_ltrb[other].tolist()
                box = (left, top, right, bottom)
                found.append(LookAlike(source, int(other), box, float(best[other]), own=number == 0))
    return sorted(found, key=lambda look_alike: -look_alike.similarity)[:count]


def strongest_cell(inspection: Inspection, tile: int) -> int:
    """The cell with the highest score among those whose centre lies in a tile, or the cell under the tile's centre."""
    cell_map = inspection.scores.cell_map
    if cell_map is None:
        return tile
    rows, cols = cell_map.shape
    width, height = inspection.size_wh
    left, top, right, bottom = inspection.scores.layout.boxes_ltrb[tile]
    y, x = (np.arange(rows) + 0.5) / rows * height, (np.arange(cols) + 0.5) / cols * width
    inside = ((y >= top) & (y < bottom))[:, None] & ((x >= left) & (x < right))[None, :]
    if not inside.any():
        inside[int((top + bottom) / 2 / height * rows), int((left + right) / 2 / width * cols)] = True
    return int(np.argmax(np.where(inside, cell_map, -np.inf)))


def tile_map(inspection: Inspection, tile: int, side: int = 256) -> npt.NDArray[np.float32] | None:
    """A dense engine's scores inside one tile, smoothly interpolated.

    Args:
        inspection: the answer.
        tile: the tile in question.
        side: pixels of the longer side of the map.

    Returns:
        `(rows, cols)` float32, 0 for the picture's lowest cell and 1 for its highest; None when a cell is a tile.
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
    fine = cv2.remap(np.array(cells), across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    low, high = float(cells.min()), float(cells.max())
    return np.asarray((fine - low) / max(high - low, 1e-9), np.float32)


def _similarity(picture: Embeddings, cell: int, other: Embeddings) -> npt.NDArray[np.float32]:
    """`(cells of other,)` cosine similarity to one cell, mean over the layers."""
    per_layer = [bank @ layer[cell] for layer, bank in zip(picture.layers, other.layers, strict=True)]
    return np.asarray(np.mean(per_layer, axis=0), np.float32)


def _tiles_of_cells(embeddings: Embeddings, source: Source) -> Ints:
    if not embeddings.dense:
        return np.arange(len(embeddings.boxes_ltrb))
    left, top, right, bottom = embeddings.boxes_ltrb.T
    return source.layout.tiles_at((left + right) / 2, (top + bottom) / 2)


def _surroundings(picture: Embeddings, cell: int) -> Flags:
    rows, cols = np.divmod(np.arange(len(picture.boxes_ltrb)), picture.lattice[1])
    row, col = divmod(cell, picture.lattice[1])
    reach = picture.comparison.exclude
    return np.asarray((abs(rows - row) <= reach) & (abs(cols - col) <= reach))
