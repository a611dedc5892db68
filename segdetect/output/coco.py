"""Segments as COCO annotations (https://cocodataset.org/#format-data): a list of pictures and one of segments."""

from __future__ import annotations

import json
import shutil
from itertools import chain
from pathlib import Path
from typing import IO, Any, Final

from segdetect import __version__
from segdetect.files import Draft, scratch
from segdetect.inspection import Failure, Inspection
from segdetect.output.run import Opener, Run
from segdetect.output.segments import Segment, area_mm2, segments

CATEGORY: Final = {"id": 1, "name": "anomaly", "supercategory": "anomaly"}


class CocoFile:
    """Writes `coco.json`; see `Format`. Pictures that could not be inspected are not in it."""

    def __init__(self, folder: Path, run: Run) -> None:
        self._scale = run.mm_per_pixel
        # Annotations come after all pictures, and are known before.
        self._annotations = scratch(folder)
        self._draft = Draft(folder / "coco.json")
        self._pictures = self._segments = 0
        info = {
            "description": "Segments that are unlike the rest",
            "version": f"SegDetect {__version__}",
            "date_created": run.started,
        }
        head = {"info": info, "licenses": [], "categories": [CATEGORY]}
        self._draft.file.write(json.dumps(head)[:-1].encode() + b', "images": [')

    def add(self, inspection: Inspection, load: Opener) -> None:
        """Write its picture and its segments."""
        self._pictures += 1
        _append(self._draft.file, _picture(inspection, self._pictures), first=self._pictures == 1)
        for segment in segments(inspection):
            self._segments += 1
            _append(self._annotations, self._annotation(segment), first=self._segments == 1)

    def add_failure(self, failure: Failure) -> None:
        """Nothing."""

    def end(self) -> None:
        """Put both lists together and the file in its place."""
        with self._draft.ending() as file, self._annotations as later:
            file.write(b'\n], "annotations": [')
            later.seek(0)
            shutil.copyfileobj(later, file)
            file.write(b"\n]}\n")

    def _annotation(self, segment: Segment) -> dict[str, Any]:
        left, top, right, bottom = segment.box_ltrb
        metric = {} if self._scale is None else {"area_mm2": area_mm2(segment, self._scale)}
        return {
            "id": self._segments,
            "image_id": self._pictures,
            "category_id": CATEGORY["id"],
            "bbox": [left, top, right - left, bottom - top],
            "area": segment.area_px,
            # A polygon of COCO has no holes, but a segment may have several polygons.
            "segmentation": [[*chain(*piece)] for part in segment.parts for piece in part.pieces],
            "iscrowd": 0,
            "score": segment.max_score,
            **metric,
        }


def _picture(inspection: Inspection, number: int) -> dict[str, Any]:
    width, height = inspection.size_wh
    return {
        "id": number,
        "file_name": inspection.image,
        "width": width,
        "height": height,
        "sha256": inspection.sha256,
        "page": inspection.page,
        "verdict": inspection.decision.verdict.value,
        "ignored": inspection.ignored_share,
    }


def _append(file: IO[bytes], entry: dict[str, Any], *, first: bool) -> None:
    file.write((b"\n" if first else b",\n") + json.dumps(entry).encode())
