"""COCO's JSON of annotations: polygons, run lengths or boxes for each picture.

    annotations/*.json with the pictures in a folder beside; NAME/_annotations.coco.json with the pictures beside it

A picture without annotations is clean. Where there are several files, pictures of one that is named for training are no
part of the evaluation; its clean ones are references.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from segdetect.errors import DatasetError
from segdetect.evaluation.labelled import Category, LabelledPicture, clean_ones
from segdetect.evaluation.manifest import leads_out, missing_file
from segdetect.evaluation.search import Search, inside_roots, name_below
from segdetect.evaluation.shapes import Polygon, Runs, Shapes, box
from segdetect.pictures.names import as_text, inside, on_disk
from segdetect.storage.roots import Roots

MOST_BYTES: Final = 100_000_000
# A part's outline, which many annotate beside its defects.
_NO_DEFECTS: Final = frozenset(("good", "clean", "normal", "ok", "background"))
_HEAD_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class _Listed:
    """One file of annotations with its pictures."""

    file: Path
    pictures: tuple[LabelledPicture, ...]

    @property
    def for_training(self) -> bool:
        return "train" in f"{self.file.parent.name} {self.file.stem}".lower()


def annotation_files(path: Path, search: Search) -> list[Path]:
    """The files of annotations that a folder, its `annotations/` and the folders in it hold; told by how they begin."""
    places = [path, inside(path, "annotations"), *search.folders(path)]
    files = [file for place in dict.fromkeys(places) if place.is_dir() for file in sorted(place.glob("*.json"))]
    return [file for file in dict.fromkeys(files) if file.is_file() and _is_coco(file)]


def _is_coco(file: Path) -> bool:
    with file.open("rb") as opened:
        head, size = opened.read(_HEAD_BYTES), file.stat().st_size
        opened.seek(max(0, size - _HEAD_BYTES))
        both = head + opened.read(_HEAD_BYTES)
    opens = head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
    return opens and (b'"annotations"' in both or b'"file_name"' in head)


def from_annotations(path: Path, files: list[Path], search: Search) -> list[Category]:
    """One category of all pictures that the files list.

    Raises:
        DatasetError: a file is damaged, or lists a picture that lies elsewhere.
    """
    name = as_text(path.resolve().name)
    listed = [_Listed(file, tuple(_pictures(path, file, name, search))) for file in files]
    tested = [one for one in listed if len(listed) == 1 or not one.for_training] or listed
    for one in listed:
        if one not in tested and len(clean_ones(one.pictures)) < len(one.pictures):
            search.leave_out(one.file, "it is for training; only its clean pictures are used, as known-good ones")
    pictures = tuple(picture for one in tested for picture in one.pictures)
    trained = tuple(picture for one in listed if one not in tested for picture in one.pictures)
    return [Category(name, pictures, clean_ones(trained) or clean_ones(pictures))] if pictures else []


def _pictures(path: Path, file: Path, category: str, search: Search) -> Iterator[LabelledPicture]:
    table, within = name_below(file, path), Roots((path.resolve(),))
    content = _content(inside_roots(file, search.allowed, name=table), table)
    try:
        names = {entry["id"]: str(entry["name"]) for entry in content.get("categories", [])}
        marks: dict[Any, list[dict[str, Any]]] = {}
        for mark in content["annotations"]:
            marks.setdefault(mark["image_id"], []).append(mark)
        counts: Counter[str] = Counter()
        for entry in content["images"]:
            defects = [m for m in marks.pop(entry["id"], []) if not _is_no_defect(names, m, counts)]
            place, problem = _place(path, file, str(entry["file_name"]).replace("\\", "/"), within, table)
            yield LabelledPicture(
                name_below(place, path),
                on_disk(place),
                (),
                category,
                defect=" + ".join(sorted({names.get(m.get("category_id"), "defect") for m in defects})) or "good",
                within=within,
                shapes=_shapes(entry, defects, counts) if defects else None,
                polarity=search.polarity,
                problem=problem,
            )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DatasetError(
            "it is no file of annotations as COCO has them, or is damaged",
            remedy="Export the annotations again, as COCO JSON",
            file=table,
        ) from error
    search.notes.extend(f"{table}: {what} (annotations: {count})" for what, count in sorted(counts.items()))
    if marks:
        count = sum(map(len, marks.values()))
        search.notes.append(
            f"{table}: what belongs to pictures that it does not list was left out (annotations: {count})"
        )


def _content(file: Path, table: str) -> dict[str, Any]:
    if file.stat().st_size > MOST_BYTES:
        problem = f"it is larger than {MOST_BYTES // 1_000_000} megabytes"
        raise DatasetError(problem, remedy="Export fewer pictures at a time", file=table)
    try:
        content = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise DatasetError("it is damaged JSON", remedy="Export the annotations again", file=table) from error
    if not isinstance(content, dict):
        raise DatasetError("it is no file of annotations as COCO has them", remedy="Remove it", file=table)
    return content


def _is_no_defect(names: dict[Any, str], mark: dict[str, Any], counts: Counter[str]) -> bool:
    name = names.get(mark.get("category_id"), "")
    if name.lower() not in _NO_DEFECTS:
        return False
    counts[f"{name!r} is no defect and was left out"] += 1
    return True


def _shapes(entry: dict[str, Any], marks: list[dict[str, Any]], counts: Counter[str]) -> Shapes:
    polygons: list[Polygon] = []
    runs: list[Runs] = []
    for mark in marks:
        segmentation = mark.get("segmentation")
        outlines = (
            [] if isinstance(segmentation, dict) else [points for points in segmentation or [] if len(points) > 4]
        )
        if isinstance(segmentation, dict):
            lengths = segmentation["counts"]
            if list(segmentation["size"]) != [entry["height"], entry["width"]]:
                raise ValueError("run lengths for a picture of another size")
            runs.append(lengths if isinstance(lengths, str) else tuple(map(int, lengths)))
        elif outlines:
            polygons += [_polygon(points) for points in outlines]
        elif not mark.get("bbox"):
            raise DatasetError(
                "an annotation of it says that there is a defect, but not where",
                remedy="Draw an outline or a box, or remove the annotation",
                file=str(entry["file_name"]),
            )
        else:
            polygons.append(box(*map(float, mark["bbox"])))
            counts["of a box without an outline, all that is in it counts as defective"] += 1
    return Shapes((int(entry["width"]), int(entry["height"])), tuple(polygons), tuple(runs))


def _polygon(points: list[Any]) -> Polygon:
    polygon = tuple(float(number) for number in points)
    if len(polygon) < 6 or len(polygon) % 2 or not all(abs(number) < 1e9 for number in polygon):
        raise ValueError("no polygon")
    return polygon


def _place(path: Path, file: Path, name: str, within: Roots, table: str) -> tuple[Path, DatasetError | None]:
    """Where a listed picture lies: beside its list, or where such lists commonly mean; and what is wrong with it."""
    split = re.split(r"[_.]", file.stem)[-1]
    folders = [file.parent, inside(path, "images"), path, inside(path, split), inside(inside(path, "images"), split)]
    if not leads_out(name):
        for folder in folders:
            if on_disk(folder / name).is_file():
                return folder / name, missing_file(folder, name, "picture", within, table=table)
    return path / name, missing_file(path, name, "picture", within, table=table)
