"""fastdup's rule for outliers: of all edges from a tile to its two nearest look-alikes, the lowest 5 %.

These are the flags of fastdup's own `outliers()` wherever no two tiles are identical and the cut does not fall between
equal edges. Where tiles are identical, as on a blank background, fastdup's index lists some of them more often, and
the order of equal edges hangs on an unstable sort; here every tile has two edges, and equal ones keep the order of the
tiles, on every machine. (Of 53 pictures compared with fastdup 2.54, 45 agree and 8 differ by one tile.)
"""

from __future__ import annotations

from typing import Final

import numpy as np

from segdetect.inspection import Flags, Floats

SHARE_PERCENT: Final = 5  # fastdup's default `lower_threshold`
NEIGHBOURS: Final = 2  # fastdup's default `nearest_neighbors_k`


def stock_flags(lists: Floats) -> Flags:
    """The tiles that the lowest edges leave, at least one, given every tile's list as `neighbour_lists` returns it."""
    edges = lists.ravel()
    lowest = np.argsort(edges, kind="stable")[: edge_count(len(edges))]
    flags = np.zeros(len(lists), bool)
    flags[lowest // lists.shape[1]] = True
    return flags


def edge_count(edges: int) -> int:
    """How many of so many edges are outliers."""
    return max(1, edges * SHARE_PERCENT // 100)
