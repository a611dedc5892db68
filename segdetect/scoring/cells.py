"""How unlike the others each cell of a picture is; knows no engine.

Cells are compared by cosine distance, layer by layer. What they are compared with, the bank, is the scope: the
picture's own other cells, known-good references, or the other pictures of a batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter

from segdetect.engines.base import Embeddings
from segdetect.inspection import Floats, Ints
from segdetect.progress import Progress, no_progress, part_of
from segdetect.scoring.distances import (
    Distances,
    distances_of,
    divided,
    near_distances,
    typical_of_all,
)
from segdetect.scoring.homogeneity import homogeneity
from segdetect.scoring.nearest import (
    Match,
    Similarities,
    cell_count,
    match_other,
    match_self,
)
from segdetect.scoring.pooling import Scores, read_only

LOWEST_SHARE: Final = 0.3  # of the other pictures of a batch, as in MuSc (Li et al., ICLR 2024)
UNLIKE: Final = 0.75  # share of the cells; what surrounds a part looks alike in pictures of different ones
COARSE_SHARE: Final = 0.4  # of the time that two views take


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
    distances = near_distances(match.near, picture.comparison)
    known = distances if picture.ignored is None else distances[:, ~picture.ignored]
    typical = known.mean(axis=1) if picture.dense else None
    scored = _cell_scores(picture, _values(distances, typical), {0: match}, [], varied)
    return _with_allowed(scored, picture, distances, typical, allowed)


def _values(distances: Distances, typical: Distances | None) -> Distances:
    """`(n,)` what distances `(layers, n)` make of each cell, given each layer's typical one."""
    return np.asarray((distances if typical is None else divided(distances, typical)).mean(axis=0))


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
    nearest = distances_of(_joined(matches.values(), 1)[..., 0])
    values = np.minimum(_values(distances, typical), _values(nearest, typical))
    return replace(scored, beside_allowed=read_only(_smoothed(_mapped(values, picture), picture)))


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
    distances = near_distances(_joined(matches.values(), neighbours), picture.comparison)
    scale = typical_of_all(references or [picture], typical or None) if picture.dense else None
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
    nearest = np.stack([distances_of(match.near[..., -1]) for match in matches.values()])
    kept = max(1, round(LOWEST_SHARE * len(matches)))
    distances = np.sort(nearest, axis=0)[:kept].mean(axis=0)
    scale = typical_of_all(peers, typical) if picture.dense else None
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
    return read_only(np.asarray((enlarged + fine) / 2, np.float32))


def _unlikeness(picture: Embeddings, matches: Mapping[int, Match]) -> float:
    """How far a picture is from showing what the others show. The last layer tells things apart best."""
    others = [match.near[-1, :, -1] for number, match in matches.items() if number > 0]
    if not picture.dense or not others or not len(picture.counted):
        return math.nan
    return float(np.quantile(distances_of(np.max(others, axis=0))[picture.counted], UNLIKE))


def _is_varied(picture: Embeddings) -> bool:
    return homogeneity(picture) < picture.comparison.uniform


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
        values=read_only(_smoothed(_mapped(values, picture), picture)),
        nearest_source=read_only(source),
        nearest_cell=read_only(cell),
        nearest_similarity=read_only(np.clip(similarity, -1, 1)),
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
