"""A run as one HTML page that opens anywhere, without a network, and prints well."""

from __future__ import annotations

import heapq
import io
import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, StrictUndefined
from PIL import Image

from segdetect import __version__
from segdetect.errors import SegDetectError
from segdetect.files import Draft, scratch
from segdetect.inspection import Failure, Inspection, Verdict
from segdetect.output.annotation import annotated_thumbnail
from segdetect.output.run import Opener, Run
from segdetect.output.segments import area_mm2, segments
from segdetect.output.sentences import headline
from segdetect.output.thumbnails import data_uri, fitted
from segdetect.settings import Scope

MAX_PICTURES: Final = 100
# As addresses within the page, which take a third more, this leaves room for the table below 5 MB.
_PICTURE_BYTES: Final = 3_200_000
_LARGEST_PICTURE: Final = 250_000
_SIDE: Final = 1280
_QUALITY: Final = 82
_MAX_SEGMENTS: Final = 12
_FAILED: Final = "failed"
_GRAVITY: Final = (Verdict.ANOMALOUS, Verdict.SUSPICIOUS, Verdict.CANNOT_TELL, Verdict.NORMAL)
# Controls, halves of characters and what turns the direction of writing: a name could hide its ending behind them.
_HIDDEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True, order=True)
class _Picture:
    """A picture of the page; the first in order is the first to go where there are too many."""

    rank: tuple[float, ...]
    facts: dict[str, Any] = field(compare=False)
    jpeg: bytes = field(compare=False, repr=False)  # empty where it could not be opened


class ReportFile:
    """Writes `report.html`; see `Format`. Of more than 100 pictures it shows those that stand out most."""

    def __init__(self, folder: Path, run: Run) -> None:
        self._run = run
        # The summary comes before the table, and is known after it.
        self._rows = scratch(folder)
        self._draft = Draft(folder / "report.html")
        self._counts: Counter[str] = Counter()
        self._pictures: list[_Picture] = []

    def add(self, inspection: Inspection, load: Opener) -> None:
        """Take its row, and its picture where it is among those that stand out most."""
        number = self._add_row(inspection.decision.verdict.value, _row(inspection))
        rank = (*_prominence(inspection), -number)
        if len(self._pictures) == MAX_PICTURES and rank < self._pictures[0].rank:
            return
        facts = _facts(inspection, number, self._run.mm_per_pixel)
        picture = _Picture(rank, facts, _drawn(inspection, load, facts["notes"]))
        if len(self._pictures) < MAX_PICTURES:
            heapq.heappush(self._pictures, picture)
        else:
            heapq.heapreplace(self._pictures, picture)

    def add_failure(self, failure: Failure) -> None:
        """Take its row."""
        self._add_row(_FAILED, {"name": _shown(failure.image), "verdict": _FAILED, "why": _shown(str(failure.error))})

    def end(self) -> None:
        """Write the page and put it in its place."""
        page = _TEMPLATE.generate(
            run=self._run,
            begun=_begun(self._run),
            settings=_settings(self._run),
            counts=[(word, self._counts[word]) for word in (*_GRAVITY, _FAILED) if self._counts[word]],
            total=self._counts.total(),
            inspected=self._counts.total() - self._counts[_FAILED],
            shown=len(self._pictures),
            numbers={picture.facts["number"] for picture in self._pictures},
            rows=self._stored_rows(),
            pictures=self._fitted_pictures(),
        )
        with self._draft.ending() as file, self._rows:
            for text in page:
                file.write(text.encode(errors="replace"))

    def _add_row(self, word: str, row: dict[str, Any]) -> int:
        self._counts[word] += 1
        self._rows.write(json.dumps(row).encode() + b"\n")
        return self._counts.total()

    def _stored_rows(self) -> Iterator[dict[str, Any]]:
        self._rows.seek(0)
        yield from map(json.loads, self._rows)

    def _fitted_pictures(self) -> Iterator[dict[str, Any]]:
        """All that were kept, those that stand out most first, each within its share of the page."""
        most = min(_LARGEST_PICTURE, _PICTURE_BYTES // max(1, len(self._pictures)))
        for picture in sorted(self._pictures, reverse=True):
            yield {**picture.facts, "address": _address(picture.jpeg, most) if picture.jpeg else ""}


def _address(jpeg: bytes, most: int) -> str:
    """As large a copy as its share of the page allows, in bytes before they become an address."""
    with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as drawn:
        side = max(drawn.size) * min(1.0, math.sqrt(most / len(jpeg)))
        while len(address := data_uri(fitted(drawn, round(side)), quality=_QUALITY)) * 3 // 4 > most:
            side *= 0.85
        return address


def _drawn(inspection: Inspection, load: Opener, notes: list[str]) -> bytes:
    """The picture as JPEG; where it has gone since it was inspected none, and a note that says so."""
    try:
        image = load()
    except SegDetectError as error:
        notes.append(_shown(f"Not shown: {error}"))
        return b""
    buffer = io.BytesIO()
    annotated_thumbnail(image, inspection, _SIDE).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def _prominence(inspection: Inspection) -> tuple[float, float]:
    """How far up a picture stands: by what was said of it, then by how far its strongest tile stands out."""
    return (-float(_GRAVITY.index(inspection.decision.verdict)), inspection.excess or 0.0)


def _row(inspection: Inspection) -> dict[str, Any]:
    return {
        "name": _shown(inspection.image),
        "verdict": inspection.decision.verdict.value,
        "tiles": len(inspection.flagged_tiles),
        "segments": len(segments(inspection)),
        "highest": _figure(inspection.scores.highest),
        "threshold": _figure(inspection.threshold),
        "why": _shown(headline(inspection)),
    }


def _facts(inspection: Inspection, number: int, scale: float | None) -> dict[str, Any]:
    found = segments(inspection)
    return {
        **_row(inspection),
        "number": number,
        "reason": _shown(inspection.decision.reason),
        "size": "{} x {}".format(*inspection.size_wh),
        "notes": [_shown(note) for note in inspection.notes],
        "found": [
            {
                "score": _figure(segment.max_score),
                "box": "{}, {} to {}, {}".format(*segment.box_ltrb),
                "area": f"{segment.area_px} px"
                + ("" if scale is None else f", {_figure(area_mm2(segment, scale))} mm\u00b2"),
            }
            for segment in found[:_MAX_SEGMENTS]
        ],
        "more": max(0, len(found) - _MAX_SEGMENTS),
    }


def _settings(run: Run) -> dict[str, str]:
    chosen, rule = run.settings, run.settings.rule
    scale = {} if run.mm_per_pixel is None else {"Scale": f"{run.mm_per_pixel:g} mm a pixel"}
    number = {} if rule.threshold is None else {"Threshold": f"{rule.threshold:g}"}
    return {
        **({} if chosen.plan is None else {"Plan": _shown(str(chosen.plan))}),
        "Grid": f"{chosen.grid} tiles",
        "Engine": _shown(f"{run.engine}, {run.engine_version}"),
        "Compared with": {"self": "itself", "references": "known-good pictures", "batch": "the other pictures"}[
            chosen.scope
        ],
        "Rule": str(rule.name),
        **number,
        "False alarms allowed": f"{rule.false_alarms:g}",
        **({"Expected to be defective": f"{rule.expected_defective:g}"} if chosen.scope is Scope.BATCH else {}),
        **scale,
        **({} if chosen.ignore is None else {"Ignored": f"{100 * chosen.ignore.share:.3g} % of each picture"}),
        "Begun": _begun(run),
        "Made by": f"SegDetect {__version__}",
    }


def _begun(run: Run) -> str:
    return f"{datetime.fromisoformat(run.started):%Y-%m-%d %H:%M %Z}"


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _shown(text: str) -> str:
    return _HIDDEN.sub("\ufffd", text)


_TEMPLATE: Final = Environment(
    autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
).from_string(Path(__file__).with_name("report.html").read_text(encoding="utf-8"))
