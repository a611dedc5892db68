"""How often each spot is flagged over grids: a real defect stays, an accident of the cut goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from segdetect.errors import GridTooFineError
from segdetect.grid import TileLayout, shifted_layout, tile_layout
from segdetect.inspection import Inspection
from segdetect.pictures.loading import LoadedImage
from segdetect.pipeline import Inspector
from segdetect.progress import Progress, no_progress
from segdetect.settings import MAX_GRID, GridSize, Settings

MAP_SIDE: Final = 224
_STEPS: Final = (-2, -1, 0, 1, 2)


@dataclass(frozen=True, slots=True, eq=False)
class Stability:
    """How often each spot was flagged.

    Args:
        share: `(rows, cols)` float64, 0..1, spread evenly over the picture.
        cuts: number of ways in which the picture was cut.
        flagged_cuts: in how many of them any tile was flagged.
    """

    share: npt.NDArray[np.float64]
    cuts: int
    flagged_cuts: int


def neighbouring_grids(size_wh: tuple[int, int], grid: GridSize) -> list[GridSize]:
    """The grid itself and those with up to two rows and columns less or more that fit the picture."""
    grids = []
    for step in _STEPS:
        rows, cols = grid.rows + step if grid.rows > 1 else 1, grid.cols + step if grid.cols > 1 else 1
        if not (1 <= rows <= MAX_GRID and 1 <= cols <= MAX_GRID and rows * cols >= 4):
            continue
        candidate = GridSize(rows, cols)
        try:
            tile_layout(size_wh, candidate)
        except GridTooFineError:
            continue
        grids.append(candidate)
    return grids


def stability(
    inspector: Inspector,
    image: LoadedImage,
    settings: Settings,
    *,
    bank: Sequence[LoadedImage] = (),
    progress: Progress = no_progress,
) -> Stability:
    """Inspect the picture in neighbouring grids, each plain and shifted by half a tile, and count the flags.

    Raises:
        SegDetectError: as `Inspector.inspect`.
    """
    layouts = _layouts(image.size_wh, settings.grid)
    inspections = inspector.inspect_layouts(image, settings, layouts, bank=bank, progress=progress)
    share = np.mean([_flag_map(inspection) for inspection in inspections], axis=0)
    share.flags.writeable = False
    return Stability(share, len(layouts), sum(bool(i.decision.flags.any()) for i in inspections))


def _layouts(size_wh: tuple[int, int], grid: GridSize) -> list[TileLayout]:
    plain = [tile_layout(size_wh, candidate) for candidate in neighbouring_grids(size_wh, grid) or [grid]]
    shifted = [shifted_layout(size_wh, layout.grid) for layout in plain]
    return [*plain, *(layout for layout in shifted if layout is not None)]


def _flag_map(inspection: Inspection) -> npt.NDArray[np.float64]:
    width, height = inspection.size_wh
    scale = MAP_SIDE / max(width, height)
    rows, cols = max(1, round(height * scale)), max(1, round(width * scale))
    y, x = np.mgrid[:rows, :cols]
    tiles = inspection.scores.layout.tiles_at((x + 0.5) / cols * width, (y + 0.5) / rows * height)
    return inspection.decision.flags[tiles].astype(np.float64)
