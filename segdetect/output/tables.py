"""Answers as tables and files, in the formats that outside tools rely on."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from segdetect.inspection import Failure, Inspection

TILE_COLUMNS: Final = (
    *("image", "tile", "row", "col", "left", "top", "right", "bottom", "score", "rank", "flagged"),
    *("nearest_image", "nearest_tile", "nearest_similarity"),
)
IMAGE_COLUMNS: Final = (
    *("image", "sha256", "width", "height", "verdict", "flagged", "max_score", "threshold", "seconds", "error"),
)


def tiles_table(inspection: Inspection) -> pd.DataFrame:
    """A row per tile, in tile order, with the columns `TILE_COLUMNS`; rows, columns and tiles count from 0."""
    scores = inspection.scores
    left, top, right, bottom = scores.layout.boxes_ltrb.T
    tiles = range(len(scores.scores))
    cols = scores.layout.grid.cols
    has_nearest = scores.nearest_source >= 0
    names = [scores.sources[s].name if ok else "" for s, ok in zip(scores.nearest_source, has_nearest, strict=True)]
    columns = {
        "image": inspection.image,
        "tile": tiles,
        "row": [tile // cols for tile in tiles],
        "col": [tile % cols for tile in tiles],
        **{"left": left, "top": top, "right": right, "bottom": bottom},
        "score": scores.scores,
        "rank": scores.ranks,
        "flagged": inspection.decision.flags,
        "nearest_image": names,
        "nearest_tile": pd.array(
            [t if ok else pd.NA for t, ok in zip(scores.nearest_tile, has_nearest, strict=True)], dtype="Int64"
        ),
        "nearest_similarity": scores.nearest_similarity,
    }
    return pd.DataFrame(columns, columns=list(TILE_COLUMNS))


def flagged_table(inspection: Inspection) -> pd.DataFrame:
    """The flagged rows of `tiles_table`."""
    table = tiles_table(inspection)
    return table[table["flagged"]].reset_index(drop=True)


def image_row(result: Inspection | Failure) -> dict[str, Any]:
    """One row of images.csv, with the keys `IMAGE_COLUMNS`."""
    if isinstance(result, Failure):
        return dict.fromkeys(IMAGE_COLUMNS, "") | {
            "image": result.image,
            "sha256": result.sha256,
            "error": str(result.error),
        }
    width, height = result.size_wh
    return {
        "image": result.image,
        "sha256": result.sha256,
        "width": width,
        "height": height,
        "verdict": result.decision.verdict.value,
        "flagged": int(result.decision.flags.sum()),
        "max_score": float(result.scores.scores.max()),
        "threshold": result.decision.threshold,
        "seconds": round(result.total_seconds, 4),
        "error": "",
    }


def csv_bytes(table: pd.DataFrame) -> bytes:
    """The table as UTF-8 CSV, numbers at full precision."""
    return table.to_csv(index=False, lineterminator="\n").encode(errors="replace")
