"""Nearest neighbours of one picture's cells among the cells of another, or of the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from segdetect.engines.base import Embeddings, Vectors
from segdetect.inspection import Floats, Ints

Similarities = npt.NDArray[np.float32]

MASKED: Final = np.float32(-2.0)  # below every cosine similarity
BLOCK_VALUES: Final = 1 << 22  # similarities held at once per layer: 16 MB, however large the pictures are


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """One picture's cells, `n` of them, compared with one picture of the bank.

    Args:
        near: `(layers, n, k)` highest cosine similarities, ascending; the last is the nearest neighbour's.
        far: `(layers, n)` mean similarity to the nearest share of the cells that was asked for.
        best_cell: `(n,)` the cell with the highest similarity, mean over the layers.
        best_similarity: `(n,)` that similarity.
    """

    near: Similarities
    far: Similarities
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
    far_share: float


def match_other(picture: Embeddings, other: Embeddings, *, neighbours: int) -> Match:
    """Compare a picture's cells with those of another picture, those seen turned included."""
    cells, layers = np.arange(cell_count(other)), other.layers
    if other.turned:
        layers = tuple(np.concatenate(pair) for pair in zip(layers, other.turned, strict=True))
        cells = np.concatenate([cells, other.turned_cells])
    bank = _Bank(layers, cells, other.lattice, None, min(neighbours, len(cells)), 0.0)
    return _match(picture, bank, np.arange(cell_count(picture)))


def match_self(
    picture: Embeddings, *, neighbours: int, far_share: float = 0.0, queries: Ints | None = None
) -> Match | None:
    """Compare a picture's cells (all, or the given ones) with its other cells; None when it has only one.

    Cells within `comparison.exclude` of each other are not compared. On small lattices that distance is made so short
    that every cell keeps a neighbour.
    """
    rows, cols = picture.lattice
    if rows * cols == 1:
        return None
    window = min(picture.comparison.exclude, (max(rows, cols) - 2) // 2)
    seen = rows * cols - min(rows, 2 * window + 1) * min(cols, 2 * window + 1)
    bank = _Bank(picture.layers, np.arange(rows * cols), picture.lattice, window, min(neighbours, seen), far_share)
    return _match(picture, bank, np.arange(rows * cols) if queries is None else queries)


def cell_count(picture: Embeddings) -> int:
    """How many cells a picture has."""
    return picture.lattice[0] * picture.lattice[1]


def _match(picture: Embeddings, bank: _Bank, queries: Ints) -> Match:
    step = max(1, BLOCK_VALUES // len(bank.cells))
    parts = [_match_block(picture, bank, queries[start : start + step]) for start in range(0, len(queries), step)]
    return Match(
        near=np.concatenate([part.near for part in parts], axis=1),
        far=np.concatenate([part.far for part in parts], axis=1),
        best_cell=np.concatenate([part.best_cell for part in parts]),
        best_similarity=np.concatenate([part.best_similarity for part in parts]),
    )


def _match_block(picture: Embeddings, bank: _Bank, queries: Ints) -> Match:
    hidden = None if bank.window is None else _near_cells(queries, bank.lattice, bank.window)
    total = np.zeros((len(queries), len(bank.cells)), np.float32)
    nears, fars = [], []
    for vectors, others in zip(picture.layers, bank.layers, strict=True):
        similarity = vectors[queries] @ others.T
        if hidden is not None:
            similarity[hidden] = MASKED
        total += similarity
        nears.append(np.sort(_highest(similarity, bank.near), axis=1))
        fars.append(_far(similarity, bank.far_share))
    best = total.argmax(axis=1)
    return Match(
        near=np.stack(nears),
        far=np.stack(fars),
        best_cell=bank.cells[best],
        best_similarity=total[np.arange(len(queries)), best].astype(np.float64) / len(picture.layers),
    )


def _far(similarity: Similarities, share: float) -> Similarities:
    """The mean of each row's highest values, the hidden ones left out; a share of 1 takes all and needs no search."""
    if share == 0:
        return np.zeros(len(similarity), np.float32)
    seen = np.count_nonzero(similarity != MASKED, axis=1)
    if share == 1:
        hidden = similarity.shape[1] - seen
        return np.asarray((similarity.sum(axis=1) - hidden * MASKED) / seen, np.float32)
    return np.asarray(_highest(similarity, max(1, int(share * seen.min()))).mean(axis=1), np.float32)


def _highest(values: Similarities, count: int) -> Similarities:
    """The `count` highest of each row, in no order."""
    if count >= values.shape[1]:
        return values
    return values.max(axis=1, keepdims=True) if count == 1 else np.partition(values, -count, axis=1)[:, -count:]


def _near_cells(queries: Ints, lattice: tuple[int, int], window: int) -> npt.NDArray[np.bool_]:
    """`(queries, cells)` True for cells within the window of a query."""
    rows, cols = lattice
    row, col = np.divmod(queries, cols)
    near_row = abs(row[:, None] - np.arange(rows)) <= window
    near_col = abs(col[:, None] - np.arange(cols)) <= window
    return np.asarray((near_row[:, :, None] & near_col[:, None, :]).reshape(len(queries), -1))
