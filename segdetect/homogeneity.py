"""Is a picture the same everywhere, so that its parts can be compared with each other?

A texture, a mesh or a lattice looks alike wherever one looks; the parts of a bottle or a scene do not, and no rule on
one picture can then tell a defect from a part.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from segdetect.engines.base import Embeddings, Vectors

REGIONS: Final = 3  # per side, of a dense description: few enough for each to hold several periods of a texture
ODD_SHARE: Final = 0.25  # share of the regions that may be defective without making a texture look like an object

Distances = npt.NDArray[np.float64]


def homogeneity(embeddings: Embeddings) -> float:
    """How far a picture is the same everywhere, from 0 (an object, a scene) to 1 (the same everywhere).

    One minus how far the regions of the picture typically are from each other. Regions are compared by the energy
    distance (Szekely and Rizzo, J. Stat. Plan. Inference 143, 2013) between their cells, with cosine distance: the mean
    distance between the cells of two regions, less the mean distance within them. Each region counts by the median of
    its distances to the others, and the upper quartile of these decides, so that a defect on a fifth of the picture
    changes little. Where a cell is a tile, each is a region of its own. Values of different engines do not compare.

    Args:
        embeddings: one picture, with at least two cells.
    """
    distances = np.mean([_region_distances(layer, embeddings) for layer in embeddings.layers], axis=0)
    others = distances[~np.eye(len(distances), dtype=bool)].reshape(len(distances), -1)
    if others.size == 0:
        return 1.0
    typical = float(np.quantile(np.median(others, axis=1), 1 - ODD_SHARE))
    return float(np.clip(1 - typical, 0, 1))


def _region_distances(layer: Vectors, embeddings: Embeddings) -> Distances:
    """`(regions, regions)` energy distances; of single-cell regions, plain cosine distances."""
    if not embeddings.dense:
        return 1 - np.asarray(layer @ layer.T, np.float64)
    rows, cols = embeddings.lattice
    region = (np.arange(rows) * REGIONS // rows)[:, None] * REGIONS + np.arange(cols) * REGIONS // cols
    members = np.equal.outer(np.unique(region), region.ravel())
    counts = members.sum(axis=1)
    sums = members.astype(np.float32) @ layer
    total = np.asarray(sums @ sums.T, np.float64)
    between = 1 - total / np.outer(counts, counts)
    within = 1 - (np.diag(total) - counts) / np.maximum(counts * (counts - 1), 1)
    distances: Distances = between - (within[:, None] + within) / 2
    return distances
