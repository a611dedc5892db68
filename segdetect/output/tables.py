"""Answers as tables and files, in the formats that outside tools rely on."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

from segdetect.inspection import Failure, Inspection, TileScores
from segdetect.pictures.left_out import LeftOut

TILE_COLUMNS: Final = (
    *("image", "tile", "row", "col", "left", "top", "right", "bottom", "score", "rank", "flagged"),
    *("nearest_image", "nearest_tile", "nearest_similarity"),
)
IMAGE_COLUMNS: Final = (
    *("image", "sha256", "width", "height", "verdict", "flagged", "max_score", "threshold", "seconds", "error", "note"),
    "ignored",
)


# What makes a spreadsheet run a cell: its first character, in the wide form of East Asia, too. One that takes
# semicolons or tabs for separators would split a name there, and run what follows.
_RUN: Final = "[=+\\-@\uff1d\uff0b\uff0d\uff20]"
_AT_RISK: Final = rf"(?:^(?={{}}'*(?:{_RUN}|[\t\r\n]))|(?<=[;\t\r\n])(?={{}}'*{_RUN}))"
_ROW_END: Final = "\r\n"
_RUNNABLE: Final = re.compile(_AT_RISK.format("", ""))
_MADE_SAFE: Final = re.compile(_AT_RISK.format("'", "'") + "'")


def tiles_table(inspection: Inspection) -> pd.DataFrame:
    """A row per tile, in tile order, with the columns `TILE_COLUMNS`; rows, columns and tiles count from 0.

    A tile without a score has no rank and no look-alike either.
    """
    scores = inspection.scores
    left, top, right, bottom = scores.layout.boxes_ltrb.T
    tiles = range(len(scores.scores))
    cols = scores.layout.grid.cols
    has_nearest = scores.nearest_source >= 0
    names = [
        writable(scores.sources[s].name) if ok else "" for s, ok in zip(scores.nearest_source, has_nearest, strict=True)
    ]
    columns = {
        "image": writable(inspection.image),
        "tile": tiles,
        "row": [tile // cols for tile in tiles],
        "col": [tile % cols for tile in tiles],
        **{"left": left, "top": top, "right": right, "bottom": bottom},
        "score": scores.scores,
        "rank": rank_column(scores, tiles),
        "flagged": inspection.decision.flags,
        "nearest_image": names,
        "nearest_tile": pd.array(
            [t if ok else pd.NA for t, ok in zip(scores.nearest_tile, has_nearest, strict=True)], dtype="Int64"
        ),
        "nearest_similarity": scores.nearest_similarity,
    }
    return pd.DataFrame(columns, columns=list(TILE_COLUMNS))


def rank_column(scores: TileScores, tiles: Sequence[int]) -> Any:
    """The ranks of some tiles, empty for those without a score."""
    ranks, scored = scores.ranks, scores.scored
    return pd.array([int(ranks[tile]) if scored[tile] else pd.NA for tile in tiles], dtype="Int64")


def flagged_table(inspection: Inspection) -> pd.DataFrame:
    """The flagged rows of `tiles_table`."""
    table = tiles_table(inspection)
    return table[table["flagged"]].reset_index(drop=True)


def writable(text: str) -> str:
    """A text that can be written as UTF-8: halves of characters, as in names that are none, become question marks."""
    return text.encode(errors="replace").decode()


def image_row(result: Inspection | Failure | LeftOut) -> dict[str, Any]:
    """One row of images.csv, with the keys `IMAGE_COLUMNS`."""
    if isinstance(result, LeftOut):
        return dict.fromkeys(IMAGE_COLUMNS, "") | {
            "image": writable(result.name),
            "note": f"Left out: {result.reason}.",
        }
    if isinstance(result, Failure):
        return dict.fromkeys(IMAGE_COLUMNS, "") | {
            "image": writable(result.image),
            "sha256": result.sha256,
            "error": writable(str(result.error)),
        }
    width, height = result.size_wh
    return {
        "image": writable(result.image),
        "sha256": result.sha256,
        "width": width,
        "height": height,
        "verdict": result.decision.verdict.value,
        "flagged": int(result.decision.flags.sum()),
        "max_score": result.scores.highest,
        "threshold": result.threshold,
        "seconds": round(result.total_seconds, 4),
        "error": "",
        "note": " ".join(result.notes),
        "ignored": result.ignored_share,
    }


def csv_bytes(table: pd.DataFrame, *, bom: bool = False) -> bytes:
    """The table as UTF-8 CSV, numbers at full precision, texts as `safe_text` has them.

    Args:
        table: what to write.
        bom: with the byte order mark that tells Excel that it is UTF-8.
    """
    return csv_text(table, header=True).encode("utf-8-sig" if bom else "utf-8", errors="replace")


def csv_text(table: pd.DataFrame, *, header: bool) -> str:
    """The table's rows as `csv_bytes` has them, after its columns' names where `header` says so."""
    rows = _Rows()
    # Before Python 3.13 a carriage return in a cell is quoted only where rows end with one, and else ends the row.
    safe_table(table).to_csv(rows, index=False, header=header, lineterminator=_ROW_END)
    return rows.getvalue()


class _Rows(io.StringIO):
    """Rows that end with a line feed alone; each comes in a call of its own."""

    def write(self, row: str) -> int:
        return super().write(row.removesuffix(_ROW_END) + "\n")


def safe_table(table: pd.DataFrame) -> pd.DataFrame:
    """The table with all its texts as `safe_text` has them; numbers stay as they are."""
    texts = table.select_dtypes(exclude=["number", "bool"]).columns
    return table.assign(**{name: table[name].map(_safe_cell) for name in texts})


def _safe_cell(cell: Any) -> Any:
    return safe_text(cell) if isinstance(cell, str) else cell


def safe_text(text: str) -> str:
    """A text that no spreadsheet takes for a formula: an apostrophe stands before what would make it one.

    >>> safe_text("=1+1.png"), safe_text("a-b.png"), safe_text("'=1.png"), safe_text("a;=1.png")
    ("'=1+1.png", 'a-b.png', "''=1.png", "a;'=1.png")
    """
    return _RUNNABLE.sub("'", text)


def plain_text(text: str) -> str:
    """The text that `safe_text` was given; reads what our CSV files hold.

    >>> plain_text("'=1+1.png"), plain_text("a-b.png"), plain_text("'quoted'.png")
    ('=1+1.png', 'a-b.png', "'quoted'.png")
    """
    return _MADE_SAFE.sub("", text)
