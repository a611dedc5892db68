"""Nearest neighbours of one picture's cells among the cells of another, or of the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from segdetect.cores import each_at_once
from segdetect.engines.base import Embeddings, Vectors
from segdetect.grid import TileLayout
from segdetect.inspection import Flags, Floats, Ints
from segdetect.scoring.pooling import tiles_of_cells

Similarities = npt.NDArray[np.float32]

MASKED: Final = np.float32(-2.0)  # below every cosine similarity
# Similarities held at once per layer and thread: 4 MB, however large the pictures are. Blocks of 16 MB took twice as
# long.
BLOCK_VALUES: Final = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """One picture's cells, `n` of them, compared with one picture of the bank.

    Args:
        near: `(layers, n, k)` highest cosine similarities, ascending; the last is the nearest neighbour's.
        best_cell: `(n,)` the cell with the highest similarity, mean over the layers.
        best_similarity: `(n,)` that similarity.
    """

    near: Similarities
    best_cell: Ints
    best_similarity: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Bank:
    """What a block of cells is compared with: each layer's vectors, and the cell each of them belongs to."""

    layers: tuple[Vectors, ...]
    cells: Ints
    lattice: tuple[int, int]
    window: int | None
    near: int


def match_other(picture: Embeddings, other: Embeddings, *, neighbours: int) -> Match:
    """Compare a picture's cells with those of another picture, of which one counts, those seen turned included.

    Of many cells only every `comparison.thinned`-th is compared with, down and across, if any of those counts.
    """
    cells, layers = _counted(other, *_thinned(other))
    bank = _Bank(layers, cells, other.lattice, None, min(neighbours, len(cells)))
    return _match(picture, bank, np.arange(cell_count(picture)))


def match_self(
    picture: Embeddings, *, neighbours: int, varied: bool = False, queries: Ints | None = None
) -> Match | None:
    """Compare a picture's cells (all, or the given ones) with its other cells; None when only one or none counts.

    Cells within `comparison.exclude` of each other, or `comparison.exclude_varied` in a varied picture, are not
    compared. On small lattices that distance is made so short that every cell keeps a neighbour.
    """
    every = np.arange(cell_count(picture))
    cells, layers = _counted(picture, every, picture.layers)
    if len(cells) < 2:
        return None
    window = _window(picture, varied)
    bank = _Bank(layers, cells, picture.lattice, window, min(neighbours, _fewest_seen(picture, window)))
    return _match(picture, bank, every if queries is None else queries)


def tile_similarities(
    picture: Embeddings,
    queries: Ints,
    other: Embeddings,
    layout: TileLayout,
    *,
    own_tiles: Ints | None = None,
    varied: bool = False,
) -> Similarities:
    """How alike some cells of a picture and the tiles of another, or of the same picture, are.

    Args:
        picture: the picture.
        queries: `(n,)` its cells in question.
        other: the picture that they are compared with, those of its cells seen turned included.
        layout: the tiles of that picture.
        own_tiles: where it is the same picture, `(n,)` the tile that each cell stands for; this tile and the cell's own
            surroundings do not count.
        varied: as in `TileScores`.

    Returns:
        `(n, tiles)` cosine similarity to the most similar cell of each tile, mean over the layers, -1..1; `-inf` for a
        tile without a cell that counts.
    """
    every = (np.arange(cell_count(other)), other.layers) if own_tiles is not None else _with_turned(other)
    cells, layers = _counted(other, *every)
    pairs = zip(picture.layers, layers, strict=True)
    similarity = np.mean([vectors[queries] @ bank.T for vectors, bank in pairs], axis=0).clip(-1, 1)
    tiles = tiles_of_cells(cells, other.lattice, layout) if other.dense else cells
    if own_tiles is not None:
        similarity[
            _near_cells(queries, other.lattice, _window(picture, varied), cells) | (tiles == own_tiles[:, None])
        ] = -np.inf
    best = np.full((layout.grid.tiles, len(queries)), -np.inf, np.float32)
    np.maximum.at(best, tiles, similarity.T)
    return np.asarray(best.T)


def nearest_tiles(
    pictures: Sequence[Embeddings],
    layouts: Sequence[TileLayout],
    queries: Ints,
    own_tiles: Ints,
    *,
    varied: bool = False,
) -> tuple[Ints, Ints, Floats]:
    """The tile most like each of some cells, in their own picture (but not their own tile) or in others.

    Args:
        pictures: the picture that the cells belong to, then the others.
        layouts: the tiles of each.
        queries: `(n,)` the cells in question.
        own_tiles: `(n,)` the tile that each of them stands for.
        varied: as in `TileScores`.

    Returns:
        `(n,)` number of the picture, tile in it and similarity; -1, -1 and NaN where there is none.
    """
    source, tile = np.full((2, len(queries)), -1, np.int64)
    similarity = np.full(len(queries), np.nan)
    for number, (other, layout) in enumerate(zip(pictures, layouts, strict=True)):
        own = own_tiles if number == 0 else None
        found = tile_similarities(pictures[0], queries, other, layout, own_tiles=own, varied=varied)
        best = found.max(axis=1)
        better = np.isfinite(best) & ~(best <= similarity)
        source[better], tile[better] = number, found.argmax(axis=1)[better]
        similarity[better] = best[better]
    return source, tile, similarity


def neighbour_lists(vectors: Vectors, count: int) -> Floats:
    """The similarities of each tile to its nearest other tiles.

    Args:
        vectors: `(tiles, d)` of unit length, one for each tile.
        count: how many.

    Returns:
        `(tiles, count)` float64 cosine similarities, the highest first; fewer where there are fewer other tiles.
    """
    exact = vectors.astype(np.float64)
    similarity = exact @ exact.T
    # Both directions of a pair must be equal to the last bit, or equal edges would not be in the order of the tiles.
    similarity = (similarity + similarity.T) / 2
    np.fill_diagonal(similarity, -2)
    lists = -np.sort(-similarity, axis=1)[:, : min(count, len(vectors) - 1)]
    lists.flags.writeable = False
    return lists


def cell_count(picture: Embeddings) -> int:
    """How many cells a picture has."""
    return picture.lattice[0] * picture.lattice[1]


def _window(picture: Embeddings, varied: bool) -> int:
    """How near a cell's surroundings reach."""
    wanted = picture.comparison.exclude_varied if varied else picture.comparison.exclude
    window = max(0, min(wanted, (max(picture.lattice) - 2) // 2))
    while window and _fewest_seen(picture, window) < 1:
        window -= 1
    return window


def _fewest_seen(picture: Embeddings, window: int) -> int:
    """How many cells that count lie outside of the surroundings of each cell that counts, at least."""
    side = 2 * window + 1
    if picture.ignored is None:
        return cell_count(picture) - min(picture.lattice[0], side) * min(picture.lattice[1], side)
    counted = ~picture.ignored.reshape(picture.lattice)
    near = cv2.boxFilter(counted.astype(np.float32), -1, (side, side), normalize=False, borderType=cv2.BORDER_CONSTANT)
    return int(counted.sum()) - round(float(near[counted].max()))


def _counted(picture: Embeddings, cells: Ints, layers: tuple[Vectors, ...]) -> tuple[Ints, tuple[Vectors, ...]]:
    """Vectors and the cells that they show, without those of cells that are ignored."""
    if picture.ignored is None:
        return cells, layers
    kept = ~picture.ignored[cells]
    return cells[kept], tuple(layer[kept] for layer in layers)


def _with_turned(picture: Embeddings) -> tuple[Ints, tuple[Vectors, ...]]:
    """A picture's vectors, those seen turned included, and the cell that each of them shows."""
    cells = np.arange(cell_count(picture))
    if not picture.turned:
        return cells, picture.layers
    layers = tuple(np.concatenate(pair) for pair in zip(picture.layers, picture.turned, strict=True))
    return np.concatenate([cells, picture.turned_cells]), layers


def _thinned(picture: Embeddings) -> tuple[Ints, tuple[Vectors, ...]]:
    cells, layers = _with_turned(picture)
    step = picture.comparison.thinned
    row, col = np.divmod(cells, picture.lattice[1])
    kept = (row % step == 0) & (col % step == 0)
    if step == 1 or not np.isin(cells[kept], picture.counted).any():
        return cells, layers
    return cells[kept], tuple(layer[kept] for layer in layers)


def _match(picture: Embeddings, bank: _Bank, queries: Ints) -> Match:
    step = max(1, BLOCK_VALUES // len(bank.cells))
    blocks = [queries[start : start + step] for start in range(0, len(queries), step)]
    parts = each_at_once(lambda block: _match_block(picture, bank, block), blocks)
    return Match(
        near=np.concatenate([part.near for part in parts], axis=1),
        best_cell=np.concatenate([part.best_cell for part in parts]),
        best_similarity=np.concatenate([part.best_similarity for part in parts]),
    )


def _match_block(picture: Embeddings, bank: _Bank, queries: Ints) -> Match:
    hidden = None if bank.window is None else _near_cells(queries, bank.lattice, bank.window, bank.cells)
    similarities = []
    for vectors, bank_vectors in zip(picture.layers, bank.layers, strict=True):
        similarity = vectors[queries] @ bank_vectors.T
        if hidden is not None:
            similarity[hidden] = MASKED
        similarities.append(similarity)
    total = reduce(np.add, similarities)
    best = total.argmax(axis=1)
    best_similarity = total[np.arange(len(queries)), best].astype(np.float64) / len(picture.layers)
    near = np.stack([_take_highest(similarity, bank.near) for similarity in similarities])
    return Match(near, bank.cells[best], best_similarity)


def _take_highest(values: Similarities, count: int) -> Similarities:
    """The `count` highest of each row, ascending, which are overwritten.

    So few are found in a tenth of the time that a partition of the rows takes.
    """
    rows = np.arange(len(values))
    highest = np.empty((len(values), count), values.dtype)
    for place in reversed(range(count)):
        at = values.argmax(axis=1)
        highest[:, place] = values[rows, at]
        values[rows, at] = -np.inf
    return highest


def _near_cells(queries: Ints, lattice: tuple[int, int], window: int, cells: Ints) -> Flags:
    """`(queries, cells)` True for those of the given cells that lie within the window of a query."""
    rows, cols = lattice
    row, col = np.divmod(queries, cols)
    near_row = abs(row[:, None] - np.arange(rows)) <= window
    near_col = abs(col[:, None] - np.arange(cols)) <= window
    near = (near_row[:, :, None] & near_col[:, None, :]).reshape(len(queries), -1)
    return np.asarray(near if len(cells) == rows * cols else near[:, cells])
