"""Inspections as JSON values, and back: what is exported, kept and sent between processes is one and the same.

A document is exact: numbers come back bit for bit, sentences with the values that they were made of. Nothing in it is
taken on trust when it is read, since it may come from anywhere.
"""

from __future__ import annotations

import base64
import binascii
import math
import operator
import zlib
from collections.abc import Mapping
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from segdetect import __version__, errors
from segdetect.errors import InputError, SegDetectError
from segdetect.grid import TileLayout, shifted_layout, tile_layout
from segdetect.inspection import Decision, Failure, Flags, Floats, Inspection, Ints, Source, TileScores, Verdict
from segdetect.message import packed, unpacked
from segdetect.regions import read_regions_record
from segdetect.settings import FEW_DEFECTIVE, EngineName, GridSize, PlanVersion, Rule, RuleName, Scope, Settings

# Raised when a field changes its meaning or goes; a new field that may be absent raises nothing.
VERSION: Final = 1
# What reading a value of another make raises.
_DAMAGE: Final = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, SegDetectError)
# Two million cells: more than any engine makes of the largest picture that is read.
_MAX_MAP_BYTES: Final = 8_000_000

CellMap = npt.NDArray[np.float32]
A = TypeVar("A", bound=npt.NDArray[Any])


def settings_record(settings: Settings) -> dict[str, Any]:
    """Settings as JSON values."""
    rule = settings.rule
    return {
        "rows": settings.grid.rows,
        "cols": settings.grid.cols,
        "engine": settings.engine.value,
        "scope": settings.scope.value,
        "rule": rule.name.value,
        "threshold": rule.threshold,
        "false_alarms": rule.false_alarms,
        "expected_defective": rule.expected_defective,
        "plan": None if settings.plan is None else {"name": settings.plan.name, "version": settings.plan.version},
        "ignore": None if settings.ignore is None else settings.ignore.record(),
    }


def read_settings(record: Mapping[str, Any]) -> Settings:
    """What `settings_record` made.

    Raises:
        SettingsError, ValueError, TypeError, LookupError: it is something else.
    """
    threshold = None if record["threshold"] is None else float(record["threshold"])
    rule = Rule(
        RuleName(record["rule"]),
        threshold=threshold,
        false_alarms=float(record["false_alarms"]),
        # Documents and presets from before it could be chosen are of this share.
        expected_defective=float(record.get("expected_defective", FEW_DEFECTIVE)),
    )
    return Settings(
        grid=GridSize(operator.index(record["rows"]), operator.index(record["cols"])),
        engine=EngineName(record["engine"]),
        scope=Scope(record["scope"]),
        rule=rule,
        plan=_read_plan(record.get("plan")),
        # Nothing was ignored in those from before it could be chosen.
        ignore=read_regions_record(record.get("ignore")),
    )


def _read_plan(record: Mapping[str, Any] | None) -> PlanVersion | None:
    return None if record is None else PlanVersion(_text(record["name"]), operator.index(record["version"]))


def inspection_document(inspection: Inspection) -> dict[str, Any]:
    """An inspection as JSON values; `read_inspection` makes an equal one of them."""
    decision = inspection.decision
    return {
        "document": "segdetect inspection",
        "version": VERSION,
        "segdetect": __version__,
        "image": inspection.image,
        "sha256": inspection.sha256,
        "page": inspection.page,
        "settings": settings_record(inspection.settings),
        "ignored_share": inspection.ignored_share,
        "engine": inspection.engine.value,
        "engine_version": inspection.engine_version,
        "scope": inspection.scope.value,
        "verdict": decision.verdict.value,
        "rule": decision.rule.value,
        "threshold": inspection.threshold,
        "reason": packed(decision.reason),
        "notes": packed(inspection.notes),
        "seconds": dict(inspection.seconds),
        "scores": _scores_record(inspection.scores, decision.flags),
    }


def read_inspection(document: Mapping[str, Any]) -> Inspection:
    """The inspection that a document was made of.

    Raises:
        InputError: it is no such document, one of a later version, or one that contradicts itself.
    """
    _check_kind(document)
    try:
        scores, flags = _read_scores(document["scores"])
        settings = read_settings(document["settings"])
        if settings.ignore is not None:
            settings.ignore.check(scores.layout.size_wh, name="")
        decision = Decision(
            rule=RuleName(document["rule"]),
            threshold=_threshold(document["threshold"], scores),
            flags=flags,
            verdict=Verdict(document["verdict"]),
            reason=_text(unpacked(document["reason"])),
        )
        return Inspection(
            image=_text(document["image"]),
            sha256=_text(document["sha256"]),
            size_wh=scores.layout.size_wh,
            page=operator.index(document["page"]),
            settings=settings,
            engine=EngineName(document["engine"]),
            engine_version=_text(document["engine_version"]),
            scope=Scope(document["scope"]),
            scores=scores,
            decision=decision,
            notes=tuple(_text(note) for note in unpacked(document["notes"])),
            seconds={_text(step): float(seconds) for step, seconds in document["seconds"].items()},
        )
    except _DAMAGE as error:
        raise InputError(
            f"this inspection is damaged ({type(error).__name__}: {error})", remedy="Export it again"
        ) from error


def failure_document(failure: Failure) -> dict[str, Any]:
    """A failure as JSON values."""
    error = failure.error
    return {
        "document": "segdetect failure",
        "version": VERSION,
        "image": failure.image,
        "sha256": failure.sha256,
        "kind": type(error).__name__,
        "problem": packed(error.problem),
        "remedy": packed(error.remedy),
        "file": error.file,
    }


def read_failure(document: Mapping[str, Any]) -> Failure:
    """The failure that a document was made of.

    Raises:
        InputError: it is no such document, or one of a later version.
    """
    _check_kind(document)
    try:
        kind = getattr(errors, document["kind"])
        if not (isinstance(kind, type) and issubclass(kind, SegDetectError)):
            raise ValueError(f"{document['kind']} is no kind of failure")
        error = kind(
            _text(unpacked(document["problem"])),
            remedy=_text(unpacked(document["remedy"])),
            file=_text(document["file"]),
        )
        return Failure(_text(document["image"]), error, _text(document["sha256"]))
    except _DAMAGE as error:
        raise InputError(f"this failure is damaged ({error})", remedy="Run it again") from error


def _check_kind(document: Mapping[str, Any]) -> None:
    kind = document.get("document") if isinstance(document, Mapping) else None
    if kind not in ("segdetect inspection", "segdetect failure"):
        raise InputError("it is no inspection that SegDetect exported", remedy="Choose a JSON export of SegDetect")
    if document.get("version") != VERSION:
        raise InputError(
            f"it is of version {document.get('version')!r}, and this SegDetect reads version {VERSION}",
            remedy="Install the SegDetect that wrote it, or a newer one",
        )


def _scores_record(scores: TileScores, flags: Flags) -> dict[str, Any]:
    return {
        "layout": _layout_record(scores.layout),
        "sources": [
            {"image": s.name, "sha256": s.sha256, "page": s.page, "layout": _layout_record(s.layout)}
            for s in scores.sources
        ],
        "tiles": [
            {
                "box": box,
                "score": _finite(score),
                "rank": rank if score == score else None,
                "flagged": flagged,
                "nearest_source": source if source >= 0 else None,
                "nearest_tile": tile if source >= 0 else None,
                "nearest_similarity": _finite(similarity),
            }
            for box, score, rank, flagged, source, tile, similarity in zip(
                scores.layout.boxes_ltrb.tolist(),
                scores.scores.tolist(),
                scores.ranks.tolist(),
                flags.tolist(),
                scores.nearest_source.tolist(),
                scores.nearest_tile.tolist(),
                scores.nearest_similarity.tolist(),
                strict=True,
            )
        ],
        "varied": scores.varied,
        "doubtful": scores.doubtful,
        "unlikeness": _finite(scores.unlikeness),
        "strongest_cell": None if scores.strongest_cell is None else scores.strongest_cell.tolist(),
        "neighbour_lists": None
        if scores.neighbour_lists is None
        else [[_finite(value) for value in row] for row in scores.neighbour_lists.tolist()],
        "cell_map": None if scores.cell_map is None else _map_record(scores.cell_map),
    }


def _read_scores(record: Mapping[str, Any]) -> tuple[TileScores, Flags]:
    layout = _read_layout(record["layout"])
    tiles = record["tiles"]
    if len(tiles) != layout.grid.tiles or [t["box"] for t in tiles] != layout.boxes_ltrb.tolist():
        raise ValueError("its tiles are not those of its grid")
    sources = tuple(
        Source(_text(s["image"]), _text(s["sha256"]), _read_layout(s["layout"]), operator.index(s["page"]))
        for s in record["sources"]
    )
    nearest_source, nearest_tile = _numbers(tiles, "nearest_source"), _numbers(tiles, "nearest_tile")
    for source, tile in zip(nearest_source.tolist(), nearest_tile.tolist(), strict=True):
        if source >= len(sources) or (source >= 0 and not 0 <= tile < sources[source].layout.grid.tiles):
            raise ValueError("a look-alike lies in no picture")
    scores = _measures(tiles, "score")
    if not (np.isfinite(scores) & (scores >= 0)).any() or (scores < 0).any():
        raise ValueError("its scores are none")
    strongest, lists = record["strongest_cell"], record["neighbour_lists"]
    cells = None if record["cell_map"] is None else _read_map(record["cell_map"])
    if strongest is not None and (cells is None or not all(0 <= c < cells.size for c in _whole(strongest, len(tiles)))):
        raise ValueError("a strongest cell lies in no map")
    if lists is not None and len(lists) != len(tiles):
        raise ValueError("its lists of neighbours are not one for each tile")
    return (
        TileScores(
            layout=layout,
            scores=scores,
            sources=sources,
            nearest_source=nearest_source,
            nearest_tile=nearest_tile,
            nearest_similarity=_measures(tiles, "nearest_similarity"),
            cell_map=cells,
            varied=_truth(record["varied"]),
            doubtful=_truth(record["doubtful"]),
            unlikeness=math.nan if record["unlikeness"] is None else float(record["unlikeness"]),
            strongest_cell=None if strongest is None else _fixed(np.array(_whole(strongest, len(tiles)), np.int64)),
            neighbour_lists=None
            if lists is None
            else _fixed(np.array([[math.nan if v is None else float(v) for v in row] for row in lists], np.float64)),
        ),
        _fixed(np.array([_truth(t["flagged"]) for t in tiles], np.bool_)),
    )


def _layout_record(layout: TileLayout) -> dict[str, Any]:
    grid, size = layout.grid, layout.size_wh
    return {
        **{"rows": grid.rows, "cols": grid.cols, "width": size[0], "height": size[1]},
        **{"stock": layout.stock, "shifted": layout.shifted},
    }


def _read_layout(record: Mapping[str, Any]) -> TileLayout:
    grid = GridSize(operator.index(record["rows"]), operator.index(record["cols"]))
    size = operator.index(record["width"]), operator.index(record["height"])
    if _truth(record["shifted"]):
        layout = shifted_layout(size, GridSize(grid.rows + 1, grid.cols + 1))
        if layout is None:
            raise ValueError("its grid cannot be shifted")
        return layout
    return tile_layout(size, grid, stock=_truth(record["stock"]))


def _map_record(cells: CellMap) -> dict[str, Any]:
    data = zlib.compress(np.ascontiguousarray(cells, "<f4").tobytes())
    return {"rows": cells.shape[0], "cols": cells.shape[1], "zlib_float32": base64.b64encode(data).decode()}


def _read_map(record: Mapping[str, Any]) -> CellMap:
    rows, cols = operator.index(record["rows"]), operator.index(record["cols"])
    size = rows * cols * 4
    if not (rows > 0 and cols > 0 and size <= _MAX_MAP_BYTES):
        raise ValueError("its map of cells has an impossible size")
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(base64.b64decode(record["zlib_float32"], validate=True), size + 1)
    except (zlib.error, binascii.Error) as error:
        raise ValueError("its map of cells is damaged") from error
    return _fixed(np.frombuffer(data, "<f4").astype(np.float32).reshape(rows, cols))


def _threshold(value: Any, scores: TileScores) -> float:
    """The lowest score that is flagged; where nothing was learnt, the lowest number that no tile reaches."""
    return math.nextafter(scores.highest, math.inf) if value is None else float(value)


def _finite(value: float) -> float | None:
    """JSON has neither NaN nor infinities."""
    return value if math.isfinite(value) else None


def _measures(tiles: list[Any], name: str) -> Floats:
    return _fixed(np.array([math.nan if t[name] is None else float(t[name]) for t in tiles], np.float64))


def _numbers(tiles: list[Any], name: str) -> Ints:
    return _fixed(np.array([-1 if t[name] is None else max(-1, operator.index(t[name])) for t in tiles], np.int64))


def _whole(values: list[Any], count: int) -> list[int]:
    if len(values) != count:
        raise ValueError("its cells are not one for each tile")
    return [operator.index(value) for value in values]


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _fixed(array: A) -> A:
    array.flags.writeable = False
    return array
