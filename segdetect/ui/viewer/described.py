"""A pane as the browser takes it: encoded layers, and values for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from segdetect.ui.viewer.painting import veil
from segdetect.ui.viewer.pane import Heat, Looks, Mark, Pane
from segdetect.ui.viewer.picture_bytes import LONGEST_SIDE, EncodedPicture, encode_cells, encode_picture


def layers_of(pane: Pane) -> dict[str, EncodedPicture]:
    """The pictures that make up a pane, by what each is."""
    layers = {"picture": encode_picture(pane.picture)}
    if pane.heat is not None and pane.heat.cells is not None:
        layers["cells"] = encode_cells(pane.heat.cells)
    if pane.pool is not None:
        layers["fine"] = encode_cells(pane.pool.cells)
    if pane.ignored is not None:
        layers["ignored"] = encode_picture(veil(pane.ignored))
    if pane.good is not None:
        layers["good"] = encode_picture(pane.good.picture)
    if pane.values is not None:
        layers["values"] = pane.values
    return layers


def described_pane(pane: Pane) -> dict[str, Any]:
    """A pane, whose layers are named by their digests."""
    layers = layers_of(pane)
    digests = {layer: picture.digest for layer, picture in layers.items()}
    return {
        "id": pane.id,
        "title": pane.title,
        "alt": pane.alt,
        "size": [int(side) for side in pane.size_wh],
        **dict.fromkeys(("picture", "cells", "fine", "ignored", "good", "values")),
        **digests,
        "good_title": pane.good and pane.good.title,
        "heat": pane.heat and _describe_heat(pane.heat),
        "edges": pane.edges,
        # Exact, since a threshold that is tried flags by them what it flags on the server.
        "scores": [None if np.isnan(score) else float(score) for score in pane.scores],
        "ranks": [int(rank) for rank in pane.ranks],
        "threshold": pane.threshold,
        "nearest": [int(tile) for tile in pane.nearest],
        "similar": [None if np.isnan(value) else round(float(value), 3) for value in pane.similar],
        "flagged": np.flatnonzero(pane.flags).tolist(),
        "marks": described_marks(pane.marks),
        "selectable": pane.selectable,
        "mm_per_pixel": pane.mm_per_pixel,
        "truth": pane.truth,
        "window": pane.window,
        "by_other": pane.by_other and {"engine": pane.by_other.engine, "tiles": pane.by_other.tiles},
        "pool": pane.pool and {"share": pane.pool.share, "most": pane.pool.most},
        "exact": layers["picture"].lossless and max(pane.size_wh) <= LONGEST_SIDE,
    }


def described_marks(marks: Sequence[Mark]) -> list[dict[str, Any]]:
    """Marks as the browser takes them."""
    return [{"box": list(mark.box_ltrb), "role": mark.role, "label": mark.label} for mark in marks]


def _describe_heat(heat: Heat) -> dict[str, Any]:
    return {
        "marks": heat.scale.scores,
        "places": heat.scale.places,
        "tied": heat.tied,
        "palette": heat.colours.tobytes().hex(),
        "smooth": heat.smooth,
        "notch": heat.notch,
        "words": heat.words,
    }


def described_looks(looks: Looks) -> dict[str, float | bool]:
    """What is shown at first."""
    return {
        "heat": looks.heat,
        "outlines": looks.outlines,
        "labels": looks.labels,
        "grid": looks.grid,
        "wipeOn": looks.wipe,
    }
