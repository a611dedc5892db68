"""Folders of pictures with ground truth, read without decoding the pictures.

Which layouts are known stands in `folders`, `visa` and `coco`. Beside them, a table may name everything:

    images/**, masks/**, manifest.csv           image, mask, category, dataset, kind; no mask = clean
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from segdetect.errors import DatasetError
from segdetect.evaluation import coco, folders, visa
from segdetect.evaluation.labelled import Category, Dataset, LabelledPicture, grouped
from segdetect.evaluation.manifest import MANIFEST, read_manifest
from segdetect.evaluation.search import Search, inside_roots
from segdetect.pictures.masks import Polarity
from segdetect.pictures.names import as_text, inside, on_disk
from segdetect.storage.roots import Roots

__all__ = ["Category", "Dataset", "LabelledPicture", "Polarity", "read_dataset"]

LAYOUTS: Final = (
    "Name a folder with CATEGORY/test/DEFECT and CATEGORY/ground_truth/DEFECT (as MVTec AD), one with images/ and "
    "masks/, or another that README.md lists"
)


def read_dataset(path: Path, *, allowed: Roots | None = None, polarity: Polarity = Polarity.ASK) -> Dataset:
    """Recognise the layout of a folder and list its pictures with their masks.

    Args:
        path: the folder; see the module's text for the layouts.
        allowed: the folders that it and all its files must lie in, links followed; None for any.
        polarity: which pixels of its masks are defects.

    Raises:
        DatasetError: no such folder, no known layout, an empty category, no defective picture with a mask that fits it
            although there are some, masks that mark nearly everything while nobody said which of their pixels are
            defects, or a file elsewhere than it may be. What a table names must lie in the data set's own folder.
    """
    search = Search(path, allowed, [], polarity)
    try:
        categories = _categories(inside_roots(path, allowed, name=str(path)), search)
    except OSError as error:
        raise DatasetError(
            f"it cannot be read ({error.strerror or error})", remedy="Check its name and its rights", file=str(path)
        ) from error
    if not categories:
        raise DatasetError("no pictures with ground truth were recognised in it", remedy=LAYOUTS, file=str(path))
    for category in categories:
        _ask_early(category)
    categories = [replace(one, pictures=tuple(picture.sized() for picture in one.pictures)) for one in categories]
    search.notes.extend(_troubled([picture for one in categories for picture in one.pictures]))
    if polarity is Polarity.BACKGROUND:
        search.notes.append("What masks do not mark counts as defective, as was chosen")
    left_out, notes = tuple(dict.fromkeys(search.left_out)), tuple(f"{note}." for note in search.notes)
    return Dataset(as_text(path.resolve().name), tuple(categories), left_out, notes)


def _categories(path: Path, search: Search) -> list[Category]:
    if path.is_file():
        raise DatasetError("it is a file, and a data set is a folder", remedy=LAYOUTS, file=str(path))
    if not path.is_dir():
        raise DatasetError("there is no such folder", remedy=LAYOUTS, file=str(path))
    if (path / visa.SPLIT).is_file():
        return visa.from_split(path, search)
    if inside(path, "images").is_dir() and (path / MANIFEST).is_file():
        return grouped(_from_manifest(path, search))
    has_masks = any(inside(path, truth).is_dir() for truth in folders.TRUTHS)
    annotations = coco.annotation_files(path, search)
    if annotations and not has_masks:
        return coco.from_annotations(path, annotations, search)
    for file in annotations:
        search.leave_out(file, "the masks were taken instead")
    if inside(path, "images").is_dir():
        return folders.pairs(path, search)
    if not has_masks and folders.has_masks_beside(path, search):
        return folders.beside(path, search)
    return _homes(path, search)


def _homes(path: Path, search: Search) -> list[Category]:
    """The categories of a folder: itself, or those in it."""
    for known, read in ((folders.is_category, folders.category), (visa.is_category, visa.category)):
        if known(path):
            return [read(path, Search(path.parent, search.allowed, search.left_out, search.polarity, search.notes))]
        # Also those that lead elsewhere, which may then not be read: a whole category is not passed over.
        homes = sorted(folder for folder in path.iterdir() if known(folder))
        if homes:
            return [read(home, search) for home in homes]
    return []


def _from_manifest(path: Path, search: Search) -> list[LabelledPicture]:
    within = Roots((path.resolve(),))
    return [
        LabelledPicture(
            name=row["image"],
            path=on_disk(path / "images" / row["image"]),
            masks=(on_disk(path / "masks" / row["mask"]),) if row["mask"] else (),
            category=row["category"],
            dataset=row.get("dataset", ""),
            kind=row.get("kind", ""),
            defect=row.get("defect") or ("defective" if row["mask"] else "good"),
            within=within,
            polarity=search.polarity,
            problem=problem,
        )
        for row, problem in read_manifest(inside_roots(path / MANIFEST, search.allowed, name=MANIFEST), path, within)
    ]


def _troubled(pictures: Sequence[LabelledPicture]) -> list[str]:
    """What is said of pictures that cannot be evaluated; the first's problem is raised where no other can, or where
    defects were known and all of them are among these.
    """
    troubled = [picture for picture in pictures if picture.problem is not None]
    if not troubled:
        return []
    others = [picture for picture in pictures if picture.problem is None]
    if not others or (all(one.is_clean for one in others) and not all(map(_was_clean, troubled))):
        raise troubled[0].problem or DatasetError("its ground truth is not known")
    why = "since they or their masks are missing or will not do"
    count = f"{len(troubled)} of {len(pictures)} pictures are left out of the figures, {why}"
    return [f"{count}. The first of them: {str(troubled[0].problem).rstrip('.')}"]


def _was_clean(picture: LabelledPicture) -> bool:
    return not picture.masks and picture.shapes is None and picture.defect.lower() in folders.CLEAN_FOLDERS


def _ask_early(category: Category) -> None:
    """Inverted masks are asked about before minutes are spent; what else is wrong with one fails its picture only."""
    first = next((one for one in category.pictures if not one.is_clean and one.problem is None), None)
    if first is not None:
        first.check_polarity()
