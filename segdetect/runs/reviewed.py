"""Reviewed inspections as a data set that `segdetect evaluate` and the Evaluate page read.

manifest.csv                 a row for each picture: image, mask, category, dataset, defect
images/NAME.png              the pictures, each file as it was inspected (of a file with several pages the one)
masks/NAME.png               what is defective, white; none for a picture without a defect
annotations/instances.json   the defects in the manner of COCO, with their labels
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from segdetect import __version__
from segdetect.errors import InputError
from segdetect.files import storage_errors
from segdetect.inspection import Flags
from segdetect.output.names import PictureFiles
from segdetect.pictures.formats import SUFFIXES
from segdetect.pictures.loading import load_image
from segdetect.runs.reviewing import Question
from segdetect.storage.history.entries import Entry
from segdetect.storage.history.reviews import Judgement, Review, Standing, standings

_COLUMNS: Final = ("image", "mask", "category", "dataset", "defect")
_MANIFEST: Final = "manifest.csv"
_COCO: Final = "annotations/instances.json"
_PLAIN: Final = "defect"  # of defects without a label


@dataclass(frozen=True, slots=True, eq=False)
class Reviewed:
    """A picture of which it is known what is defective.

    Args:
        entry: its inspection.
        defects: what is said of each of its defects; none where it has no defect.
    """

    entry: Entry
    defects: tuple[Standing, ...] = ()


def reviewed(
    entries: Iterable[Entry], asked: Callable[[Entry], Sequence[Question]], reviews: Iterable[Review]
) -> list[Reviewed]:
    """The inspections of which it is known what is defective: everything that was flagged is judged by people who do
    not disagree, and somebody judged the picture or a place in it.

    Args:
        entries: inspections.
        asked: gives the flagged segments of one.
        reviews: all of theirs.
    """
    said: dict[tuple[object, ...], list[Standing]] = {}
    for standing in standings(reviews):
        first = standing.opinions[0]
        said.setdefault((first.inspection, first.inspected), []).append(standing)
    found = []
    for entry in entries:
        here = said.get((entry.id, entry.created), [])
        sure = {s.opinions[0].place: s for s in here if s.judgement in (Judgement.DEFECT, Judgement.NO_DEFECT)}
        if here and len(sure) == len(here) and all(question.place in sure for question in asked(entry)):
            defects = [s for s in here if s.judgement is Judgement.DEFECT and s.opinions[0].boxes_ltrb]
            found.append(Reviewed(entry, tuple(defects)))
    return found


def mask_of(one: Reviewed) -> Flags:
    """`(height, width)` True where it is defective."""
    width, height = one.entry.size_wh
    mask = np.zeros((height, width), np.bool_)
    for standing in one.defects:
        mask |= _covered(standing.opinions[-1], (width, height))
    return mask


def _covered(review: Review, size_wh: tuple[int, int]) -> Flags:
    if review.drawn is not None:
        return review.drawn.fitted(size_wh)
    mask = np.zeros(size_wh[::-1], np.bool_)
    for left, top, right, bottom in review.boxes_ltrb:
        mask[top:bottom, left:right] = True
    return mask


def dataset_zip(found: Sequence[Reviewed], read: Callable[[Entry], bytes], *, category: str) -> bytes:
    """Reviewed pictures as a ZIP of a data set; raises as `write_dataset`."""
    buffer = io.BytesIO()
    with TemporaryDirectory(prefix="segdetect-") as temporary, storage_errors(Path(temporary)):
        folder = Path(temporary)
        write_dataset(folder, found, read, category=category)
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                archive.write(path, path.relative_to(folder).as_posix())
    return buffer.getvalue()


def write_dataset(folder: Path, found: Sequence[Reviewed], read: Callable[[Entry], bytes], *, category: str) -> None:
    """Write reviewed pictures as a data set.

    Args:
        folder: where to; empty.
        found: the pictures.
        read: gives the bytes of one.
        category: what they show.

    Raises:
        InputError: there is none, or one cannot be opened any more.
        StorageError: a picture cannot be read.
        OSError: the folder cannot be written.
    """
    if not found:
        raise InputError("no picture is reviewed yet", remedy="Answer all that was flagged in one")
    writer = _Writer(folder, category)
    for one in found:
        writer.add(one, read(one.entry))
    writer.end()


@dataclass(slots=True)
class _Writer:
    folder: Path
    category: str
    rows: list[dict[str, str]] = field(default_factory=list)
    images: list[dict[str, Any]] = field(default_factory=list)
    annotations: list[dict[str, Any]] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=lambda: {_PLAIN: 1})
    _files: dict[str, PictureFiles] = field(default_factory=dict)

    def add(self, one: Reviewed, data: bytes) -> None:
        image, mask = self._write_picture(one.entry, data), ""
        if one.defects:
            mask = f"{image}.png"
            self._write_png(self.folder / "masks" / mask, mask_of(one))
        names = sorted({_label(standing) for standing in one.defects})
        self.rows.append(
            {"image": image, "mask": mask, "category": self.category, "dataset": "reviewed"}
            | {"defect": " and ".join(names) if names else "good"}
        )
        width, height = one.entry.size_wh
        self.images.append({"id": len(self.rows), "file_name": image, "width": width, "height": height})
        for standing in one.defects:
            self._annotate(standing, (width, height))

    def _write_picture(self, entry: Entry, data: bytes) -> str:
        """The file as it was inspected; of one with several pages the page alone, since data sets have no pages."""
        loaded = load_image(data, name=entry.image, page=entry.page)
        suffix = PurePosixPath(entry.image).suffix.lower()
        whole = loaded.pages == 1 and suffix in SUFFIXES
        ending = suffix if whole else ".png"
        files = self._files.get(ending) or PictureFiles(self.folder / "images", ending)
        self._files[ending] = files
        path = files.path(entry.image)
        path.parent.mkdir(parents=True, exist_ok=True)
        if whole:
            path.write_bytes(data)
        else:
            Image.fromarray(loaded.pixels).save(path)
        return path.relative_to(self.folder / "images").as_posix()

    def _write_png(self, path: Path, mask: Flags) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mask.astype(np.uint8) * 255).save(path)

    def _annotate(self, standing: Standing, size_wh: tuple[int, int]) -> None:
        mask = _covered(standing.opinions[-1], size_wh).astype(np.uint8)
        left, top, width, height = cv2.boundingRect(mask)
        self.annotations.append(
            {
                "id": len(self.annotations) + 1,
                "image_id": len(self.rows),
                "category_id": self.labels.setdefault(_label(standing), len(self.labels) + 1),
                "bbox": [left, top, width, height],
                "area": int(mask.sum()),
                "segmentation": _segmentation(standing.opinions[-1], mask),
                "iscrowd": 0,
            }
        )

    def end(self) -> None:
        with (self.folder / _MANIFEST).open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, _COLUMNS)
            table.writeheader()
            table.writerows(self.rows)
        path = self.folder / _COCO
        path.parent.mkdir(parents=True)
        categories = [{"id": number, "name": name} for name, number in self.labels.items()]
        record = {
            "info": {"description": "Reviewed pictures", "version": f"SegDetect {__version__}"},
            "licenses": [],
            "categories": categories,
            "images": self.images,
            "annotations": self.annotations,
        }
        path.write_text(json.dumps(record), encoding="utf-8")


def _segmentation(review: Review, mask: npt.NDArray[np.uint8]) -> Any:
    """Tiles as polygons, what was drawn as run lengths, column by column and beginning with what is not marked."""
    if review.drawn is None:
        return [[left, t, right, t, right, b, left, b] for left, t, right, b in review.boxes_ltrb]
    flat = np.concatenate([[0], mask.ravel(order="F"), [0]])
    ends = np.flatnonzero(flat[1:] != flat[:-1])
    counts = np.diff(np.concatenate([[0], ends, [mask.size]])).tolist()
    return {"size": list(mask.shape), "counts": counts}


def _label(standing: Standing) -> str:
    """What the last one who named it calls it."""
    return next((one.label for one in reversed(standing.opinions) if one.label), _PLAIN)
