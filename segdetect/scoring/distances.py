"""Cosine distances between cells, and how far apart the cells of a picture typically are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from segdetect.engines.base import Comparison, Embeddings
from segdetect.inspection import Floats, Ints
from segdetect.scoring.nearest import Similarities, match_self

SCALE_QUERIES: Final = 256  # cells per picture that tell how far apart its own cells are
NO_DISTANCE: Final = 1e-6  # float32 cosine distances below this are rounding

Distances = npt.NDArray[np.float32]


def typical_distance(picture: Embeddings) -> Floats:
    """`(layers,)` mean distance of a cell to its nearest in the same picture, from a regular sample of the cells.

    A picture with one cell, which has no such distance, has 0. The layers of a finer view come last.
    """
    own = _typical_distance(picture)
    return own if picture.finer is None else np.concatenate([own, _typical_distance(picture.finer)])


def typical_of_all(pictures: Sequence[Embeddings], typical: Sequence[Floats] | None) -> Distances:
    """Per layer, the mean of the pictures' typical distances; pictures with one cell have none."""
    each = [_typical_distance(picture) for picture in pictures] if typical is None else typical
    means = [one for one, picture in zip(each, pictures, strict=True) if len(picture.counted) > 1]
    if not means:
        return np.ones(len(pictures[0].layers), np.float32)
    # Sorted, so that the order of the pictures does not change a bit of it.
    return np.asarray(np.sort(means, axis=0).mean(axis=0), np.float32)


def distances_of(similarity: Similarities) -> Distances:
    """Cosine distances, 0 to 2; what rounding makes of none is 0."""
    distance = 1 - similarity
    distance[distance < NO_DISTANCE] = 0
    return distance


def near_distances(near: Similarities, comparison: Comparison) -> Distances:
    """`(layers, n)` distance to the last of the nearest neighbours, or the mean distance to them."""
    return distances_of(near[..., 0] if comparison.kth_only else near.mean(axis=2))


def divided(distances: Distances, typical: Distances) -> Distances:
    """Distances `(layers, n)` divided by each layer's typical one; as they are in a layer where nothing differs."""
    scale = np.where(typical > NO_DISTANCE, typical, 1)
    return np.asarray(distances / scale[:, None], np.float32)


def _typical_distance(picture: Embeddings) -> Floats:
    match = match_self(picture, neighbours=1, queries=_sample(picture.counted))
    if match is None:
        return np.zeros(len(picture.layers))
    return np.asarray(distances_of(match.near[..., -1]).mean(axis=1, dtype=np.float64))


def _sample(cells: Ints) -> Ints:
    """Some of the cells, spread over the picture, the same in every run."""
    return cells[np.unique(np.linspace(0, len(cells) - 1, min(len(cells), SCALE_QUERIES)).astype(np.int64))]
