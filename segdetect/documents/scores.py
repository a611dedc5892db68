"""Scores of tiles as JSON values, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from segdetect.documents.cell_maps import CellMap, map_record, read_map
from segdetect.documents.checked import finite, fixed, number, text, truth, whole
from segdetect.documents.layouts import layout_record, read_layout
from segdetect.inspection import Flags, Floats, Ints, Source, TileScores


def scores_record(scores: TileScores, flags: Flags) -> dict[str, Any]:
    """Scores and flags as JSON values."""
    strongest, lists, cells = scores.strongest_cell, scores.neighbour_lists, scores.cell_map
    return {
        "layout": layout_record(scores.layout),
        "sources": [
            {"image": s.name, "sha256": s.sha256, "page": s.page, "layout": layout_record(s.layout)}
            for s in scores.sources
        ],
        "tiles": _tile_records(scores, flags),
        "varied": scores.varied,
        "doubtful": scores.doubtful,
        "unlikeness": finite(scores.unlikeness),
        "strongest_cell": None if strongest is None else strongest.tolist(),
        "neighbour_lists": None if lists is None else [[finite(value) for value in row] for row in lists.tolist()],
        "cell_map": None if cells is None else map_record(cells),
    }


def _tile_records(scores: TileScores, flags: Flags) -> list[dict[str, Any]]:
    columns = zip(
        scores.layout.boxes_ltrb.tolist(),
        scores.scores.tolist(),
        scores.ranks.tolist(),
        flags.tolist(),
        scores.nearest_source.tolist(),
        scores.nearest_tile.tolist(),
        scores.nearest_similarity.tolist(),
        strict=True,
    )
    return [
        {
            "box": box,
            "score": finite(score),
            "rank": rank if score == score else None,
            "flagged": flagged,
            "nearest_source": source if source >= 0 else None,
            "nearest_tile": tile if source >= 0 else None,
            "nearest_similarity": finite(similarity),
        }
        for box, score, rank, flagged, source, tile, similarity in columns
    ]


def read_scores(record: Mapping[str, Any]) -> tuple[TileScores, Flags]:
    """What `scores_record` made; raises what `DAMAGE` names where it is something else or contradicts itself."""
    layout, tiles = read_layout(record["layout"]), record["tiles"]
    if len(tiles) != layout.grid.tiles or [t["box"] for t in tiles] != layout.boxes_ltrb.tolist():
        raise ValueError("its tiles are not those of its grid")
    sources = _read_sources(record["sources"])
    nearest_source, nearest_tile = _read_nearest(tiles, sources)
    cells = None if record["cell_map"] is None else read_map(record["cell_map"])
    scores = TileScores(
        layout=layout,
        scores=_read_measured(tiles),
        sources=sources,
        nearest_source=nearest_source,
        nearest_tile=nearest_tile,
        nearest_similarity=_measures(tiles, "nearest_similarity"),
        cell_map=cells,
        varied=truth(record["varied"]),
        doubtful=truth(record["doubtful"]),
        unlikeness=_measure(record.get("unlikeness")),  # which the first documents did not have
        strongest_cell=_read_strongest(record["strongest_cell"], len(tiles), cells),
        neighbour_lists=_read_neighbours(record["neighbour_lists"], len(tiles)),
    )
    return scores, fixed(np.array([truth(t["flagged"]) for t in tiles], np.bool_))


def _read_sources(records: Sequence[Mapping[str, Any]]) -> tuple[Source, ...]:
    return tuple(
        Source(text(s["image"]), text(s["sha256"]), read_layout(s["layout"]), whole(s["page"])) for s in records
    )


def _read_nearest(tiles: Sequence[Mapping[str, Any]], sources: Sequence[Source]) -> tuple[Ints, Ints]:
    nearest_source, nearest_tile = _numbers(tiles, "nearest_source"), _numbers(tiles, "nearest_tile")
    for source, tile in zip(nearest_source.tolist(), nearest_tile.tolist(), strict=True):
        if source >= len(sources) or (source >= 0 and not 0 <= tile < sources[source].layout.grid.tiles):
            raise ValueError("a look-alike lies in no picture")
    return nearest_source, nearest_tile


def _read_measured(tiles: Sequence[Mapping[str, Any]]) -> Floats:
    scores = _measures(tiles, "score")
    if not (np.isfinite(scores) & (scores >= 0)).any() or (scores < 0).any():
        raise ValueError("its scores are none")
    return scores


def _read_strongest(values: Sequence[Any] | None, tiles: int, cells: CellMap | None) -> Ints | None:
    if values is None:
        return None
    if len(values) != tiles:
        raise ValueError("its cells are not one for each tile")
    strongest = [whole(value) for value in values]
    if cells is None or not all(0 <= cell < cells.size for cell in strongest):
        raise ValueError("a strongest cell lies in no map")
    return fixed(np.array(strongest, np.int64))


def _read_neighbours(lists: Sequence[Sequence[Any]] | None, tiles: int) -> Floats | None:
    if lists is None:
        return None
    if len(lists) != tiles:
        raise ValueError("its lists of neighbours are not one for each tile")
    return fixed(np.array([[_measure(value) for value in row] for row in lists], np.float64))


def _measure(value: Any) -> float:
    return math.nan if value is None else number(value)


def _measures(tiles: Sequence[Mapping[str, Any]], name: str) -> Floats:
    return fixed(np.array([_measure(t[name]) for t in tiles], np.float64))


def _numbers(tiles: Sequence[Mapping[str, Any]], name: str) -> Ints:
    return fixed(np.array([-1 if t[name] is None else max(-1, whole(t[name])) for t in tiles], np.int64))
