"""From scored cells to scored tiles with their look-alikes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from segdetect.engines.base import Comparison, Embeddings
from segdetect.grid import TileLayout
from segdetect.inspection import Floats, Ints, Source, TileScores
from segdetect.scoring.cells import CellScores
from segdetect.scoring.nearest import cell_count, nearest_tiles, neighbour_lists
from segdetect.scoring.pooling import pool_map, read_only, tiles_of_cells


def pool(
    cells: CellScores, layout: TileLayout, sources: Sequence[Source], embeddings: Sequence[Embeddings]
) -> TileScores:
    """Tile scores, as `pool_scores` makes them, with the tiles' look-alikes.

    A tile's look-alike is the tile that holds the cell nearest to the one under its highest point; never itself. A tile
    without a score has none.

    Args:
        cells: the picture's cell scores.
        layout: its tiles; when not dense, `cells.lattice` is its grid.
        sources: the pictures in the order of their numbers, the picture itself first.
        embeddings: their descriptions.

    Raises:
        ValueError: `sources` or `embeddings` do not match the pictures compared with.
    """
    if not len(sources) == len(embeddings) == len(cells.source_lattices):
        raise ValueError(f"{len(sources)} sources for {len(cells.source_lattices)} pictures compared with")
    scores, strongest = pool_scores(cells, layout, embeddings[0].comparison)
    source, tile, similarity = _nearest_tiles(cells, strongest, sources, embeddings)
    unscored = np.isnan(scores)
    source[unscored], tile[unscored], similarity[unscored] = -1, -1, np.nan
    return TileScores(
        layout=layout,
        scores=read_only(scores),
        sources=tuple(sources),
        nearest_source=read_only(source),
        nearest_tile=read_only(tile),
        nearest_similarity=read_only(similarity),
        cell_map=cells.values if cells.dense else None,
        varied=cells.varied,
        doubtful=cells.doubtful,
        unlikeness=cells.unlikeness,
        strongest_cell=read_only(strongest) if cells.dense else None,
        neighbour_lists=None if cells.dense or len(sources) > 1 else _neighbour_lists(embeddings[0]),
    )


def pool_scores(cells: CellScores, layout: TileLayout, comparison: Comparison) -> tuple[Floats, Ints]:
    """Tiles' scores, and the cell under each tile's highest point; both `(tiles,)`.

    Where a cell is a tile the scores stay as they are. Dense pictures: a tile scores the mean of the highest
    `comparison.top_share` of the bilinearly interpolated cell scores in its pixel box. See `pool_map` for tiles with
    cells that are ignored.

    Args:
        cells: the picture's cell scores.
        layout: its tiles; when not dense, `cells.lattice` is its grid.
        comparison: as in the picture's embeddings.
    """
    if cells.dense:
        scores, strongest = pool_map(cells.values, layout, comparison.top_share)
        return scores, _cells_below(strongest, cells.values.shape, cells.lattice)
    return cells.values.ravel().astype(np.float64), np.arange(cells.values.size)


def _cells_below(points: Ints, fine: tuple[int, ...], lattice: tuple[int, int]) -> Ints:
    """The cells of a lattice that hold those of a finer one."""
    if fine == lattice:
        return points
    row, col = np.divmod(points, fine[1])
    return np.asarray(
        (2 * row + 1) * lattice[0] // (2 * fine[0]) * lattice[1] + (2 * col + 1) * lattice[1] // (2 * fine[1])
    )


def _neighbour_lists(picture: Embeddings) -> Floats:
    """`neighbour_lists` of the tiles that count, and NaN for the others."""
    count = picture.comparison.neighbours
    if picture.ignored is None:
        return neighbour_lists(picture.layers[0], count)
    lists = neighbour_lists(picture.layers[0][picture.counted], count)
    every = np.full((cell_count(picture), lists.shape[1]), np.nan)
    every[picture.counted] = lists
    return read_only(every)


def _nearest_tiles(
    cells: CellScores, strongest: Ints, sources: Sequence[Source], embeddings: Sequence[Embeddings]
) -> tuple[Ints, Ints, Floats]:
    """Picture, tile and similarity of each tile's nearest look-alike."""
    source, cell = cells.nearest_source[strongest], cells.nearest_cell[strongest]
    similarity = cells.nearest_similarity[strongest]
    if not cells.dense:
        return source, cell, similarity
    tile = np.full(len(source), -1, np.int64)
    for number in np.unique(source[source >= 0]):
        at = source == number
        tile[at] = tiles_of_cells(cell[at], cells.source_lattices[number], sources[number].layout)
    # The surroundings that were left out may be smaller than a tile: then the nearest cell can lie in the tile itself.
    inside = np.flatnonzero((source == 0) & (tile == np.arange(len(tile))))
    if len(inside):
        layouts = [one.layout for one in sources]
        source[inside], tile[inside], similarity[inside] = nearest_tiles(
            embeddings, layouts, strongest[inside], inside, varied=cells.varied
        )
    return source, tile, similarity
