"""How unlike the others each cell of a picture is, and what that makes of its tiles; knows no engine.

Cells are compared by cosine distance, layer by layer. What they are compared with, the bank, is the scope: the picture's
own other cells, known-good references, or the other pictures of a batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from segdetect.engines.base import Comparison, Embeddings, Vectors
from segdetect.grid import TileLayout
from segdetect.inspection import Floats, Ints, Source, TileScores

Scores = npt.NDArray[np.float32]

MASKED: Final = np.float32(-2.0)  # below every cosine similarity
BLOCK_VALUES: Final = 1 << 22  # similarities held at once per layer: 16 MB, which stays near the cache
SCALE_QUERIES: Final = 512  # cells per reference that tell how far apart its own cells are
LOWEST_SHARE: Final = 0.3  # of the other pictures of a batch, as in MuSc (Li et al., ICLR 2024)
NO_DISTANCE: Final = 1e-6  # float32 cosine distances below this are rounding


@dataclass(frozen=True, slots=True, eq=False)
class CellScores:
    """How unlike the bank each cell of one picture is. Arrays are read-only.

    Pictures are numbered alike in every scope: 0 is the picture itself, whether or not its own cells took part, and
    `i + 1` is `references[i]` or `others[i]` as they were given.

    Args:
        values: `(rows, cols)` float32, finite, at least 0; higher is more anomalous.
        nearest_source: `(rows * cols,)` number of the picture with each cell's nearest look-alike; -1 where there is none.
        nearest_cell: `(rows * cols,)` the look-alike's cell in that picture, row-major; -1 where there is none.
        nearest_similarity: `(rows * cols,)` cosine similarity to it, mean over the layers; NaN where there is none.
        lattice: rows and columns of cells, which cover the picture evenly.
        source_lattices: the same for every picture, in the order of their numbers.
        dense: False when a cell is a tile.
        homogeneity: how far the picture is the same everywhere, 0..1; None when not known.
    """

    values: Scores
    nearest_source: Ints
    nearest_cell: Ints
    nearest_similarity: Floats
    lattice: tuple[int, int]
    source_lattices: tuple[tuple[int, int], ...]
    dense: bool
    homogeneity: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Match:
    """One picture's cells `(n)` compared with one picture of the bank.

    Args:
        near: `(layers, n, k)` highest similarities, ascending; the last is the nearest neighbour's.
        far: `(layers, n)` mean similarity to the nearest `far_share` of the cells.
        best_cell: `(n,)` the cell with the highest similarity, mean over the layers.
        best_similarity: `(n,)` that similarity.
    """

    near: Scores
    far: Scores
    best_cell: Ints
    best_similarity: Floats


def score_self(picture: Embeddings) -> CellScores:
    """Compare each cell with the picture's other cells, its own surroundings left out.

    Dense pictures: each layer's distances, near and far, are divided by their mean over the picture and averaged, so 1
    is a typical cell. Otherwise the plain cosine distance, undivided. A picture with one cell scores 0.
    """
    match = _match_self(picture)
    if match is None:
        return _cell_scores(picture, np.zeros(_cells(picture), np.float32), {}, [])
    terms = [_near_distances(match.near, picture.comparison)]
    if picture.comparison.far_share > 0:
        terms.append(_distances(match.far))
    if picture.dense:
        terms = [_divided(term, term.mean(axis=1)) for term in terms]
    return _cell_scores(picture, np.mean([term.mean(axis=0) for term in terms], axis=0), {0: match}, [])


def score_references(picture: Embeddings, references: Sequence[Embeddings]) -> CellScores:
    """Compare each cell with the cells of known-good pictures, and with the picture's own other cells.

    The smaller of the two distances counts. Dense pictures: each layer's distances are divided by the mean distance
    between the references' own cells, which is the same for every picture compared with them, so that scores of different
    pictures can be compared with one threshold. The order of the references does not matter. Without references it
    compares the picture with itself in the same way.
    """
    comparison = picture.comparison
    matches = {i + 1: _match(picture, reference) for i, reference in enumerate(references)}
    own = _match_self(picture)
    if own is not None:
        matches[0] = own
    if not matches:
        return _cell_scores(picture, np.zeros(_cells(picture), np.float32), {}, references)
    distances = _near_distances(_joined(matches.values(), comparison), comparison)
    if picture.dense:
        distances = _divided(distances, _typical_distances(references or [picture]))
    return _cell_scores(picture, distances.mean(axis=0), matches, references)


def score_batch(picture: Embeddings, others: Sequence[Embeddings]) -> CellScores:
    """Compare each cell with the other pictures of its batch, none of which is known to be good.

    Mutual scoring as in MuSc (Li et al., ICLR 2024): the distance to the nearest cell of each other picture, then the mean
    of the lowest 30 % over the pictures (at least one), so that a minority of defective pictures does no harm. Dense
    pictures: divided as in `score_references`. Without others the picture is compared with itself.
    """
    if not others:
        return score_references(picture, [])
    matches = {i + 1: _match(picture, other) for i, other in enumerate(others)}
    nearest = np.stack([_distances(match.near[..., -1]) for match in matches.values()])
    kept = max(1, round(LOWEST_SHARE * len(others)))
    distances = np.sort(nearest, axis=0)[:kept].mean(axis=0)
    if picture.dense:
        distances = _divided(distances, _typical_distances(others))
    return _cell_scores(picture, distances.mean(axis=0), matches, others)


def leave_one_out(references: Sequence[Embeddings]) -> list[CellScores]:
    """Score each known-good picture against the others, as `score_references` does, to calibrate thresholds.

    A single reference is compared with itself alone. Picture numbers count the others in their order, without the one
    scored.
    """
    return [score_references(picture, [*references[:i], *references[i + 1 :]]) for i, picture in enumerate(references)]


def pool(cells: CellScores, layout: TileLayout, sources: Sequence[Source], comparison: Comparison) -> TileScores:
    """Make tile scores of cell scores.

    Where a cell is a tile the scores stay as they are. Dense pictures: a tile scores the mean of the highest
    `comparison.top_share` of the bilinearly interpolated cell scores in its pixel box; its look-alike is that of the cell
    under the highest of them, shown as the tile of that picture that holds the neighbour cell's centre.

    Args:
        cells: the picture's cell scores.
        layout: its tiles; when not dense, `cells.lattice` is its grid.
        sources: the pictures in the order of their numbers, the picture itself first.
        comparison: as in the picture's embeddings.

    Raises:
        ValueError: `sources` does not match the pictures compared with.
    """
    if len(sources) != len(cells.source_lattices):
        raise ValueError(f"{len(sources)} sources for {len(cells.source_lattices)} pictures compared with")
    if cells.dense:
        scores, strongest = _pooled(cells, layout, comparison.top_share)
    else:
        scores, strongest = cells.values.ravel().astype(np.float64), np.arange(cells.values.size)
    source, cell = cells.nearest_source[strongest], cells.nearest_cell[strongest]
    tile = np.full(len(source), -1, np.int64)
    for number in np.unique(source[source >= 0]):
        at = source == number
        lattice = cells.source_lattices[number]
        tile[at] = _tiles_of_cells(cell[at], lattice, sources[number].layout) if cells.dense else cell[at]
    return TileScores(
        layout=layout,
        scores=_read_only(scores),
        sources=tuple(sources),
        nearest_source=_read_only(source),
        nearest_tile=_read_only(tile),
        nearest_similarity=_read_only(cells.nearest_similarity[strongest]),
        cell_map=cells.values if cells.dense else None,
        homogeneity=cells.homogeneity,
    )


def _cells(picture: Embeddings) -> int:
    return picture.lattice[0] * picture.lattice[1]


def _match_self(picture: Embeddings) -> _Match | None:
    """Compare a picture with itself outside the excluded window; None when it has a single cell."""
    return None if _cells(picture) == 1 else _match(picture, picture, window=_window(picture))


def _window(picture: Embeddings) -> int:
    """The excluded window's reach, made so small that every cell keeps a neighbour."""
    return min(picture.comparison.exclude, (max(picture.lattice) - 2) // 2)


def _match(
    picture: Embeddings, other: Embeddings, *, window: int | None = None, queries: npt.NDArray[np.int64] | None = None
) -> _Match:
    """Compare cells (all, or the given `queries`) with those of a picture; `window` is set when that is the same one."""
    comparison = picture.comparison
    rows, cols = other.lattice
    hidden = 0 if window is None else min(rows, 2 * window + 1) * min(cols, 2 * window + 1)
    seen = rows * cols - hidden
    near, far = min(comparison.neighbours, seen), max(1, int(comparison.far_share * seen))
    wanted = np.arange(_cells(picture)) if queries is None else queries
    step = max(1, BLOCK_VALUES // (rows * cols))
    parts = [
        _match_block(picture, other, wanted[start : start + step], window, near, far)
        for start in range(0, len(wanted), step)
    ]
    return _Match(
        near=np.concatenate([part.near for part in parts], axis=1),
        far=np.concatenate([part.far for part in parts], axis=1),
        best_cell=np.concatenate([part.best_cell for part in parts]),
        best_similarity=np.concatenate([part.best_similarity for part in parts]),
    )


def _match_block(
    picture: Embeddings, other: Embeddings, queries: npt.NDArray[np.int64], window: int | None, near: int, far: int
) -> _Match:
    hidden = None if window is None else _near_cells(queries, other.lattice, window)
    total = np.zeros((len(queries), _cells(other)), np.float32)
    nears, fars = [], []
    for vectors, bank in zip(picture.layers, other.layers, strict=True):
        similarity = vectors[queries] @ bank.T
        if hidden is not None:
            similarity[hidden] = MASKED
        total += similarity
        highest = _highest(similarity, max(near, far if picture.comparison.far_share > 0 else 0))
        fars.append(highest[:, -far:].mean(axis=1) if picture.comparison.far_share > 0 else highest[:, -1])
        nears.append(np.sort(_highest(highest, near), axis=1))
    best = total.argmax(axis=1)
    return _Match(
        near=np.stack(nears),
        far=np.stack(fars),
        best_cell=best.astype(np.int64),
        best_similarity=total[np.arange(len(queries)), best].astype(np.float64) / len(picture.layers),
    )


def _highest(values: Vectors, count: int) -> Vectors:
    """The `count` highest of each row, in no order."""
    return values if count >= values.shape[1] else np.partition(values, -count, axis=1)[:, -count:]


def _near_cells(queries: npt.NDArray[np.int64], lattice: tuple[int, int], window: int) -> npt.NDArray[np.bool_]:
    """`(queries, cells)` True for cells within the window of a query."""
    rows, cols = lattice
    row, col = np.divmod(queries, cols)
    near_row = abs(row[:, None] - np.arange(rows)) <= window
    near_col = abs(col[:, None] - np.arange(cols)) <= window
    return np.asarray((near_row[:, :, None] & near_col[:, None, :]).reshape(len(queries), -1))


def _joined(matches: Iterable[_Match], comparison: Comparison) -> Scores:
    """The highest similarities over several pictures, `(layers, n, k)` ascending."""
    return np.sort(np.concatenate([match.near for match in matches], axis=2), axis=2)[..., -comparison.neighbours :]


def _distances(similarity: Scores) -> Scores:
    distance = 1 - similarity
    distance[distance < NO_DISTANCE] = 0
    return distance


def _near_distances(near: Scores, comparison: Comparison) -> Scores:
    """`(layers, n)` distance to the last of the nearest neighbours, or the mean distance to them."""
    return _distances(near[..., 0] if comparison.kth_only else near.mean(axis=2))


def _divided(distances: Scores, typical: npt.ArrayLike) -> Scores:
    """Distances `(layers, n)` divided by each layer's typical one; 0 where nothing differs."""
    scale = np.asarray(typical, np.float32)[:, None]
    return np.divide(distances, np.maximum(scale, NO_DISTANCE)) if scale.any() else distances


def _typical_distances(pictures: Sequence[Embeddings]) -> npt.NDArray[np.float64]:
    """Per layer, the mean distance of a cell to its nearest in the same picture; from a regular sample of the cells."""
    means = [
        _near_distances(
            _match(picture, picture, window=_window(picture), queries=_sample(_cells(picture))).near, picture.comparison
        ).mean(axis=1)
        for picture in pictures
        if _cells(picture) > 1
    ]
    return np.mean(np.sort(means, axis=0), axis=0, dtype=np.float64) if means else np.ones(len(pictures[0].layers))


def _sample(cells: int) -> npt.NDArray[np.int64]:
    """Cells spread over the picture, the same in every run."""
    return np.unique(np.linspace(0, cells - 1, min(cells, SCALE_QUERIES)).astype(np.int64))


def _cell_scores(
    picture: Embeddings, values: npt.NDArray[Any], matches: dict[int, _Match], others: Sequence[Embeddings]
) -> CellScores:
    source = np.full(len(values), -1, np.int64)
    cell = np.full(len(values), -1, np.int64)
    similarity = np.full(len(values), np.nan)
    for number, match in sorted(matches.items()):
        better = ~(match.best_similarity <= similarity)
        source[better], cell[better] = number, match.best_cell[better]
        similarity[better] = match.best_similarity[better]
    return CellScores(
        values=_read_only(values.reshape(picture.lattice).astype(np.float32)),
        nearest_source=_read_only(source),
        nearest_cell=_read_only(cell),
        nearest_similarity=_read_only(np.clip(similarity, -1, 1)),
        lattice=picture.lattice,
        source_lattices=(picture.lattice, *(other.lattice for other in others)),
        dense=picture.dense,
    )


def _read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    array.flags.writeable = False
    return array


def _pooled(cells: CellScores, layout: TileLayout, top_share: float) -> tuple[Floats, Ints]:
    """Tile scores, and the cell under each tile's highest score; both `(tiles,)`."""
    rows, cols = layout.grid.rows, layout.grid.cols
    width, height = layout.size_wh
    boxes = layout.boxes_ltrb.reshape(rows, cols, 4)
    ys = _samples(boxes[:, 0, 1], boxes[:, 0, 3], cells.lattice[0] / height)
    xs = _samples(boxes[0, :, 0], boxes[0, :, 2], cells.lattice[1] / width)
    fine = _weights(ys, cells.lattice[0]) @ cells.values @ _weights(xs, cells.lattice[1]).T
    down, across = ys.shape[1], xs.shape[1]
    tiles = fine.reshape(rows, down, cols, across).transpose(0, 2, 1, 3).reshape(rows * cols, down * across)
    peak = tiles.argmax(axis=1)
    row, col = np.divmod(np.arange(rows * cols), cols)
    cell_row = ys[row, peak // across].astype(np.int64)
    cell_col = xs[col, peak % across].astype(np.int64)
    top = _highest(tiles, max(1, round(top_share * tiles.shape[1])))
    return top.mean(axis=1, dtype=np.float64), cell_row * cells.lattice[1] + cell_col


def _samples(start: npt.NDArray[np.int32], stop: npt.NDArray[np.int32], cells_per_pixel: float) -> Floats:
    """`(tiles, samples)` points spread evenly over each tile along one axis, in cells from the picture's edge.

    Four per cell, so that the top share of a tile is finer than a cell, and at least eight per tile.
    """
    count = max(8, round(4 * float((stop - start).max()) * cells_per_pixel))
    part = (np.arange(count) + 0.5) / count
    return np.asarray((start[:, None] + part * (stop - start)[:, None]) * cells_per_pixel)


def _weights(points: Floats, cells: int) -> Scores:
    """`(points, cells)` linear interpolation between cell centres, flat beyond the outermost."""
    at = np.clip(points.ravel() - 0.5, 0, cells - 1)
    return np.asarray(np.maximum(0, 1 - abs(at[:, None] - np.arange(cells))), np.float32)


def _tiles_of_cells(cell: Ints, lattice: tuple[int, int], layout: TileLayout) -> Ints:
    """The tile that holds each cell's centre; the outermost one for pixels that the blog's cut drops."""
    rows, cols = layout.grid.rows, layout.grid.cols
    boxes = layout.boxes_ltrb.reshape(rows, cols, 4)
    row, col = np.divmod(cell, lattice[1])
    y = (row + 0.5) / lattice[0] * layout.size_wh[1]
    x = (col + 0.5) / lattice[1] * layout.size_wh[0]
    tile_row = np.minimum(np.searchsorted(boxes[:, 0, 3], y, side="right"), rows - 1)
    tile_col = np.minimum(np.searchsorted(boxes[0, :, 2], x, side="right"), cols - 1)
    return np.asarray(tile_row * cols + tile_col, np.int64)
