"""How unlike the others each cell of a picture is, and what that makes of its tiles; knows no engine.

Cells are compared by cosine distance, layer by layer. What they are compared with, the bank, is the scope: the
picture's own other cells, known-good references, or the other pictures of a batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from segdetect.engines.base import Comparison, Embeddings
from segdetect.grid import TileLayout
from segdetect.inspection import Floats, Ints, Source, TileScores
from segdetect.progress import Progress, no_progress, part_of
from segdetect.scoring.homogeneity import homogeneity
from segdetect.scoring.nearest import (
    Match,
    Similarities,
    cell_count,
    match_other,
    match_self,
    nearest_tiles,
    neighbour_lists,
)
from segdetect.scoring.pooling import Scores, pool_map, tiles_of_cells

SCALE_QUERIES: Final = 256  # cells per picture that tell how far apart its own cells are
LOWEST_SHARE: Final = 0.3  # of the other pictures of a batch, as in MuSc (Li et al., ICLR 2024)
UNLIKE: Final = 0.75  # share of the cells; what surrounds a part looks alike in pictures of different ones
COARSE_SHARE: Final = 0.4  # of the time that two views take
NO_DISTANCE: Final = 1e-6  # float32 cosine distances below this are rounding

Distances = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class CellScores:
    """How unlike the bank each cell of one picture is. Arrays are read-only.

    Pictures are numbered alike in every scope: 0 is the picture itself, whether or not its own cells took part, and
    `i + 1` is `references[i]` or `peers[i]` as they were given.

    Args:
        values: `(rows, cols)` float32, at least 0; higher is more anomalous. NaN for cells that are ignored. On the
            finer lattice, if the picture was seen on two.
        nearest_source: `(rows * cols,)` number of the picture with each cell's nearest look-alike; -1 where there is
            none.
        nearest_cell: `(rows * cols,)` the look-alike's cell in that picture, row-major; -1 where there is none.
        nearest_similarity: `(rows * cols,)` cosine similarity to it, mean over the layers; NaN where there is none.
        lattice: rows and columns of cells, which cover the picture evenly.
        source_lattices: the same for every picture, in the order of their numbers.
        dense: False when a cell is a tile.
        varied: as in `TileScores`.
        doubtful: as in `TileScores`.
        unlikeness: as in `TileScores`.
        beside_allowed: `values` as they would be if what is allowed were in the bank, too; None where nothing is.
    """

    values: Scores
    nearest_source: Ints
    nearest_cell: Ints
    nearest_similarity: Floats
    lattice: tuple[int, int]
    source_lattices: tuple[tuple[int, int], ...]
    dense: bool
    varied: bool = False
    doubtful: bool = False
    unlikeness: float = math.nan
    beside_allowed: Scores | None = None


def score_self(picture: Embeddings, *, allowed: Sequence[Embeddings] = ()) -> CellScores:
    """Compare each cell with the picture's other cells, its own surroundings left out.

    Dense pictures: each layer's distances are divided by their mean over the picture and averaged, so 1 is a typical
    cell. Otherwise the plain cosine distance, undivided. A picture with one cell scores 0.

    Args:
        picture: the picture.
        allowed: pictures of which the cells that count show what is allowed; they change no score, see `CellScores`.
    """
    varied = _is_varied(picture)
    scored = _self_scores(picture, varied, allowed)
    if picture.finer is not None:
        scored = _averaged(scored, _self_scores(picture.finer, varied, _finer(allowed)))
    return replace(scored, doubtful=not varied and picture.comparison.certain > homogeneity(picture))


def _finer(pictures: Sequence[Embeddings]) -> list[Embeddings]:
    return [one.finer for one in pictures if one.finer is not None]


def _self_scores(picture: Embeddings, varied: bool, allowed: Sequence[Embeddings]) -> CellScores:
    match = match_self(picture, neighbours=picture.comparison.neighbours, varied=varied)
    if match is None:
        return _cell_scores(picture, _nothing(picture), {}, [], varied)
    distances = _near_distances(match.near, picture.comparison)
    known = distances if picture.ignored is None else distances[:, ~picture.ignored]
    typical = known.mean(axis=1) if picture.dense else None
    scored = _cell_scores(picture, _values(distances, typical), {0: match}, [], varied)
    return _with_allowed(scored, picture, distances, typical, allowed)


def _values(distances: Distances, typical: Distances | None) -> Distances:
    """`(n,)` what distances `(layers, n)` make of each cell, given each layer's typical one."""
    return np.asarray((distances if typical is None else _divided(distances, typical)).mean(axis=0))


def _with_allowed(
    scored: CellScores,
    picture: Embeddings,
    distances: Distances,
    typical: Distances | None,
    allowed: Sequence[Embeddings],
) -> CellScores:
    """The scores, and what they would be if what is allowed were in the bank, too."""
    matches = _match_each(picture, allowed, 1, no_progress)
    if not matches:
        return scored
    nearest = _distances(_joined(matches.values(), 1)[..., 0])
    values = np.minimum(_values(distances, typical), _values(nearest, typical))
    return replace(scored, beside_allowed=_read_only(_smoothed(_mapped(values, picture), picture)))


def score_references(
    picture: Embeddings,
    references: Sequence[Embeddings],
    *,
    typical: Sequence[Floats] | None = None,
    allowed: Sequence[Embeddings] = (),
    progress: Progress = no_progress,
) -> CellScores:
    """Compare each cell with the cells of known-good pictures and with the picture's own other cells, in one bank.

    Dense pictures: the distance to the single nearest cell counts, since a part may occur once in a reference. Each
    layer's distances are divided by the mean of that distance within the references, which is the same for every
    picture compared with them, so that one threshold fits all pictures. Otherwise the plain cosine distance, undivided,
    as in `score_self`. The order of the references does not matter. Without any, the picture is compared with itself.

    Args:
        picture: the picture.
        references: the known-good pictures.
        typical: `typical_distance` of each of the references; computed where it is left out.
        allowed: as in `score_self`.
        progress: told before each comparison.
    """
    varied = not references and _is_varied(picture)
    return _in_views(partial(_reference_scores, varied=varied), picture, references, typical, allowed, progress)


def _reference_scores(
    picture: Embeddings,
    references: Sequence[Embeddings],
    typical: Sequence[Floats] | None,
    allowed: Sequence[Embeddings],
    progress: Progress,
    *,
    varied: bool,
) -> CellScores:
    neighbours = 1 if picture.dense else picture.comparison.neighbours
    matches = _match_each(picture, references, neighbours, progress)
    own = match_self(picture, neighbours=neighbours)
    if own is not None:
        matches[0] = own
    if not matches:
        return _cell_scores(picture, _nothing(picture), {}, references, varied)
    distances = _near_distances(_joined(matches.values(), neighbours), picture.comparison)
    scale = _typical_of_all(references or [picture], typical or None) if picture.dense else None
    scored = _cell_scores(picture, _values(distances, scale), matches, references, varied)
    scored = _with_allowed(scored, picture, distances, scale, allowed)
    return replace(scored, unlikeness=_unlikeness(picture, matches))


def score_batch(
    picture: Embeddings,
    peers: Sequence[Embeddings],
    *,
    typical: Sequence[Floats] | None = None,
    allowed: Sequence[Embeddings] = (),
    progress: Progress = no_progress,
) -> CellScores:
    """Compare each cell with the picture's peers, the other pictures of its batch, none of which is known to be good.

    Mutual scoring as in MuSc (Li et al., ICLR 2024): the distance to the nearest cell of each other picture, then the
    mean of the lowest 30 % over the pictures (at least one), so that a minority of defective pictures does no harm.
    Dense pictures: divided as in `score_references`, whose arguments it shares. Without peers the picture is compared
    with itself.
    """
    if not any(len(peer.counted) for peer in peers):
        return score_references(picture, [], allowed=allowed)
    return _in_views(_batch_scores, picture, peers, typical, allowed, progress)


def _batch_scores(
    picture: Embeddings,
    peers: Sequence[Embeddings],
    typical: Sequence[Floats] | None,
    allowed: Sequence[Embeddings],
    progress: Progress,
) -> CellScores:
    matches = _match_each(picture, peers, 1, progress)
    nearest = np.stack([_distances(match.near[..., -1]) for match in matches.values()])
    kept = max(1, round(LOWEST_SHARE * len(matches)))
    distances = np.sort(nearest, axis=0)[:kept].mean(axis=0)
    scale = _typical_of_all(peers, typical) if picture.dense else None
    scored = _cell_scores(picture, _values(distances, scale), matches, peers)
    scored = _with_allowed(scored, picture, distances, scale, allowed)
    return replace(scored, unlikeness=_unlikeness(picture, matches))


def _in_views(
    score: Callable[
        [Embeddings, Sequence[Embeddings], Sequence[Floats] | None, Sequence[Embeddings], Progress], CellScores
    ],
    picture: Embeddings,
    bank: Sequence[Embeddings],
    typical: Sequence[Floats] | None,
    allowed: Sequence[Embeddings],
    progress: Progress,
) -> CellScores:
    """Scores of a picture in each view that there is of it and of the bank, averaged."""
    finer = [member.finer for member in bank if member.finer is not None]
    if picture.finer is None or len(finer) < len(bank):
        return score(picture, bank, typical, allowed, progress)
    layers = len(picture.layers)
    coarse_typical, fine_typical = (
        (None, None) if not typical else ([t[:layers] for t in typical], [t[layers:] for t in typical])
    )
    coarse = score(picture, bank, coarse_typical, allowed, part_of(progress, 0, COARSE_SHARE))
    rest = part_of(progress, COARSE_SHARE, 1)
    return _averaged(coarse, score(picture.finer, finer, fine_typical, _finer(allowed), rest))


def _averaged(coarse: CellScores, fine: CellScores) -> CellScores:
    """The mean of two views' scores on the lattice of the finer one, all else as in the first; 1 is typical in both."""
    values = _mean_map(coarse.values, fine.values)
    if coarse.beside_allowed is None or fine.beside_allowed is None:
        return replace(coarse, values=values)
    return replace(coarse, values=values, beside_allowed=_mean_map(coarse.beside_allowed, fine.beside_allowed))


def _mean_map(coarse: Scores, fine: Scores) -> Scores:
    size = fine.shape[1], fine.shape[0]
    known = np.isfinite(coarse).astype(np.float32)
    weight = cv2.resize(known, size, interpolation=cv2.INTER_LINEAR)
    total = cv2.resize(np.nan_to_num(coarse), size, interpolation=cv2.INTER_LINEAR)
    # Where nothing of the coarse view counts, the fine one stands alone.
    enlarged = np.where(weight > 0, total / np.where(weight > 0, weight, 1), fine)
    return _read_only(np.asarray((enlarged + fine) / 2, np.float32))


def _unlikeness(picture: Embeddings, matches: Mapping[int, Match]) -> float:
    """How far a picture is from showing what the others show. The last layer tells things apart best."""
    others = [match.near[-1, :, -1] for number, match in matches.items() if number > 0]
    if not picture.dense or not others or not len(picture.counted):
        return math.nan
    return float(np.quantile(_distances(np.max(others, axis=0))[picture.counted], UNLIKE))


def _is_varied(picture: Embeddings) -> bool:
    return homogeneity(picture) < picture.comparison.uniform


def typical_distance(picture: Embeddings) -> Floats:
    """`(layers,)` mean distance of a cell to its nearest in the same picture, from a regular sample of the cells.

    A picture with one cell, which has no such distance, has 0. The layers of a finer view come last.
    """
    own = _typical_distance(picture)
    return own if picture.finer is None else np.concatenate([own, _typical_distance(picture.finer)])


def _typical_distance(picture: Embeddings) -> Floats:
    match = match_self(picture, neighbours=1, queries=_sample(picture.counted))
    if match is None:
        return np.zeros(len(picture.layers))
    return np.asarray(_distances(match.near[..., -1]).mean(axis=1, dtype=np.float64))


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
        scores=_read_only(scores),
        sources=tuple(sources),
        nearest_source=_read_only(source),
        nearest_tile=_read_only(tile),
        nearest_similarity=_read_only(similarity),
        cell_map=cells.values if cells.dense else None,
        varied=cells.varied,
        doubtful=cells.doubtful,
        unlikeness=cells.unlikeness,
        strongest_cell=_read_only(strongest) if cells.dense else None,
        neighbour_lists=None if cells.dense or len(sources) > 1 else _neighbour_lists(embeddings[0]),
    )


def _neighbour_lists(picture: Embeddings) -> Floats:
    """`neighbour_lists` of the tiles that count, and NaN for the others."""
    count = picture.comparison.neighbours
    if picture.ignored is None:
        return neighbour_lists(picture.layers[0], count)
    lists = neighbour_lists(picture.layers[0][picture.counted], count)
    every = np.full((cell_count(picture), lists.shape[1]), np.nan)
    every[picture.counted] = lists
    return _read_only(every)


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


def _match_each(
    picture: Embeddings, bank: Sequence[Embeddings], neighbours: int, progress: Progress
) -> dict[int, Match]:
    """The comparison with each picture of the bank of which a cell counts, by its number."""
    matches = {}
    for number, member in enumerate(bank, start=1):
        progress((number - 1) / len(bank), f"comparing with picture {number} of {len(bank)}")
        if len(member.counted):
            matches[number] = match_other(picture, member, neighbours=neighbours)
    return matches


def _joined(matches: Iterable[Match], neighbours: int) -> Similarities:
    """The highest similarities over several pictures, `(layers, n, k)` ascending."""
    return np.asarray(np.sort(np.concatenate([match.near for match in matches], axis=2), axis=2)[..., -neighbours:])


def _distances(similarity: Similarities) -> Distances:
    distance = 1 - similarity
    distance[distance < NO_DISTANCE] = 0
    return distance


def _near_distances(near: Similarities, comparison: Comparison) -> Distances:
    """`(layers, n)` distance to the last of the nearest neighbours, or the mean distance to them."""
    return _distances(near[..., 0] if comparison.kth_only else near.mean(axis=2))


def _divided(distances: Distances, typical: Distances) -> Distances:
    """Distances `(layers, n)` divided by each layer's typical one; as they are in a layer where nothing differs."""
    scale = np.where(typical > NO_DISTANCE, typical, 1)
    return np.asarray(distances / scale[:, None], np.float32)


def _typical_of_all(pictures: Sequence[Embeddings], typical: Sequence[Floats] | None) -> Distances:
    """Per layer, the mean of the pictures' typical distances; pictures with one cell have none."""
    each = [_typical_distance(picture) for picture in pictures] if typical is None else typical
    means = [one for one, picture in zip(each, pictures, strict=True) if len(picture.counted) > 1]
    if not means:
        return np.ones(len(pictures[0].layers), np.float32)
    # Sorted, so that the order of the pictures does not change a bit of it.
    return np.asarray(np.sort(means, axis=0).mean(axis=0), np.float32)


def _sample(cells: Ints) -> Ints:
    """Some of the cells, spread over the picture, the same in every run."""
    return cells[np.unique(np.linspace(0, len(cells) - 1, min(len(cells), SCALE_QUERIES)).astype(np.int64))]


def _nothing(picture: Embeddings) -> Distances:
    """Distances where there is nothing to compare with."""
    return np.zeros(cell_count(picture), np.float32)


def _cell_scores(
    picture: Embeddings,
    values: Distances,
    matches: Mapping[int, Match],
    bank: Sequence[Embeddings],
    varied: bool = False,
) -> CellScores:
    source = np.full(len(values), -1, np.int64)
    cell = np.full(len(values), -1, np.int64)
    similarity = np.full(len(values), np.nan)
    for number, match in sorted(matches.items()):
        better = ~(match.best_similarity <= similarity)
        source[better], cell[better] = number, match.best_cell[better]
        similarity[better] = match.best_similarity[better]
    if picture.ignored is not None:
        source[picture.ignored], cell[picture.ignored], similarity[picture.ignored] = -1, -1, np.nan
    return CellScores(
        values=_read_only(_smoothed(_mapped(values, picture), picture)),
        nearest_source=_read_only(source),
        nearest_cell=_read_only(cell),
        nearest_similarity=_read_only(np.clip(similarity, -1, 1)),
        lattice=picture.lattice,
        source_lattices=(picture.lattice, *(member.lattice for member in bank)),
        dense=picture.dense,
        varied=varied,
    )


def _mapped(values: Distances, picture: Embeddings) -> Scores:
    return values.reshape(picture.lattice).astype(np.float32)


def _smoothed(values: Scores, picture: Embeddings) -> Scores:
    """Smoothed cell scores; those of ignored cells weigh nothing and become NaN."""
    sigma = picture.comparison.smoothing
    if picture.ignored is None:
        return _blurred(values, sigma)
    counted = ~picture.ignored.reshape(picture.lattice)
    blurred, weight = (_blurred(np.float32(1) * part, sigma) for part in (values * counted, counted))
    return np.asarray(np.where(counted, blurred / np.where(counted, weight, 1), np.nan), np.float32)


def _blurred(values: Scores, sigma: float) -> Scores:
    return np.asarray(gaussian_filter(values, sigma, mode="nearest"), np.float32) if sigma > 0 else values


def _read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    array.flags.writeable = False
    return array
