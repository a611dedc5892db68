"""What differs between two answers for one picture: tile by tile, place by place."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from PIL import Image

from segdetect.inspection import Flags, Floats, Inspection, Ints
from segdetect.output.sentences import place
from segdetect.output.thumbnails import fitted
from segdetect.pictures.loading import LoadedImage

_RASTER: Final = 256
_MAP_SIDE: Final = 900
# Told apart by colour-blind readers (Okabe & Ito).
LEFT_COLOUR: Final = (0, 114, 178)
RIGHT_COLOUR: Final = (213, 94, 0)
_OPACITY: Final = 0.8


def flag_raster(inspection: Inspection) -> Flags:
    """`(rows, cols)` bool: whether each spot of the picture lies in a flagged tile."""
    flags: Flags = inspection.decision.flags[tile_raster(inspection)]
    return flags


def tile_raster(inspection: Inspection) -> Ints:
    """`(rows, cols)`: the tile that each spot of the picture lies in."""
    width, height = inspection.size_wh
    x, y = np.meshgrid((np.arange(_RASTER) + 0.5) / _RASTER * width, (np.arange(_RASTER) + 0.5) / _RASTER * height)
    return inspection.scores.layout.tiles_at(x, y)


def difference_table(left: Inspection, right: Inspection) -> pd.DataFrame:
    """A row per tile of the finer side, the most flagged first, with what both sides say of its middle.

    Scores of two engines are in different units, so each is shown beside its share of its own threshold.
    """
    finer = left if left.settings.grid.tiles >= right.settings.grid.tiles else right
    boxes = finer.scores.layout.boxes_ltrb
    middles = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    columns: dict[str, object] = {"place": [place(tile, finer.settings.grid.cols) for tile in range(len(boxes))]}
    for name, side in (("left", left), ("right", right)):
        tiles = side.scores.layout.tiles_at(*middles)
        columns[f"{name} score"] = side.scores.scores[tiles]
        columns[f"{name} ratio"] = _ratios(side)[tiles]
        columns[f"{name} flagged"] = side.decision.flags[tiles]
    table = pd.DataFrame(columns)
    table["differs"] = table["left flagged"] != table["right flagged"]
    strongest = table[["left ratio", "right ratio"]].max(axis="columns")
    flagged = table[["left flagged", "right flagged"]].any(axis="columns")
    return table.assign(flagged=flagged, strongest=strongest).sort_values(
        ["differs", "flagged", "strongest"], ascending=False, kind="stable"
    )


def difference_map(image: LoadedImage, left: Inspection, right: Inspection) -> Image.Image:
    """The picture in grey, blue where the left side finds more odd and orange where the right one does.

    Each side's scores are taken over its own threshold, else over its highest score.
    """
    difference = _ratios(right)[tile_raster(right)] - _ratios(left)[tile_raster(left)]
    difference = np.nan_to_num(difference)
    strength = _OPACITY * np.abs(difference) / max(float(np.abs(difference).max()), 1e-9)
    grey = fitted(Image.fromarray(image.pixels), _MAP_SIDE).convert("L").convert("RGB")
    colours = np.where((difference < 0)[..., None], LEFT_COLOUR, RIGHT_COLOUR).astype(np.uint8)
    rgba = np.dstack([colours, np.rint(255 * strength).astype(np.uint8)])
    veil = Image.fromarray(rgba).resize(grey.size, Image.Resampling.NEAREST)
    grey.paste(veil, mask=veil.getchannel("A"))
    return grey


def _ratios(inspection: Inspection) -> Floats:
    limit = inspection.threshold or inspection.scores.highest or 1.0
    ratios: Floats = inspection.scores.scores / limit
    return ratios
