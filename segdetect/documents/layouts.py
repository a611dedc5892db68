"""Layouts of tiles as JSON values, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from segdetect.documents.checked import truth, whole
from segdetect.grid import TileLayout, shifted_layout, tile_layout
from segdetect.settings import GridSize


def layout_record(layout: TileLayout) -> dict[str, Any]:
    """A layout as JSON values."""
    grid, size = layout.grid, layout.size_wh
    return {
        **{"rows": grid.rows, "cols": grid.cols, "width": size[0], "height": size[1]},
        **{"stock": layout.stock, "shifted": layout.shifted},
    }


def read_layout(record: Mapping[str, Any]) -> TileLayout:
    """What `layout_record` made; raises what `DAMAGE` names."""
    grid = GridSize(whole(record["rows"]), whole(record["cols"]))
    size = whole(record["width"]), whole(record["height"])
    if truth(record["shifted"]):
        layout = shifted_layout(size, GridSize(grid.rows + 1, grid.cols + 1))
        if layout is None:
            raise ValueError("its grid cannot be shifted")
        return layout
    return tile_layout(size, grid, stock=truth(record["stock"]))
