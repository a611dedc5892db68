"""VisA (Zou et al., ECCV 2022): a table of all pictures, or the folders of a category without it.

split_csv/1cls.csv                                  object, split, label, image, mask
CATEGORY/Data/Images/Normal/*.JPG                   clean pictures
CATEGORY/Data/Images/Anomaly/*.JPG, CATEGORY/Data/Masks/Anomaly/*.png
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from segdetect.errors import DatasetError
from segdetect.evaluation.labelled import Category, LabelledPicture, clean_ones
from segdetect.evaluation.manifest import row_problem, table_rows
from segdetect.evaluation.search import Masks, Search, inside_roots, name_below
from segdetect.pictures.names import as_text, inside, on_disk
from segdetect.storage.roots import Roots

SPLIT: Final = "split_csv/1cls.csv"
_COLUMNS: Final = ("object", "split", "label", "image", "mask")
_CLEAN: Final = "normal"


def from_split(path: Path, search: Search) -> list[Category]:
    """The categories that the table names and that are there; its training pictures are references.

    Raises:
        DatasetError: the table cannot be read, names no image in a line, or a file that lies elsewhere.
    """
    within = Roots((path.resolve(),))
    tested: dict[str, list[LabelledPicture]] = {}
    trained: dict[str, list[LabelledPicture]] = {}
    absent: set[str] = set()
    for line, row in table_rows(inside_roots(path / SPLIT, search.allowed, name=SPLIT), SPLIT, _COLUMNS):
        if not inside(path, row["object"]).is_dir():
            absent.add(row["object"])
            continue
        picture = _named(path, row, line, within, search)
        (trained if row["split"] == "train" else tested).setdefault(row["object"], []).append(picture)
    missing = [one for pictures in trained.values() for one in pictures if one.problem is not None]
    if missing:
        first = str(missing[0].problem).rstrip(".")
        search.notes.append(f"Known-good pictures that are left out: {len(missing)}. The first of them: {first}")
    if absent:
        search.notes.append(f"{SPLIT} names categories that are not there: {', '.join(sorted(absent))}")
    for other in sorted((path / SPLIT).parent.glob("*.csv")):
        if other.name != Path(SPLIT).name:
            search.leave_out(other, f"{SPLIT} was taken")
    return [
        Category(name, tuple(pictures), clean_ones(trained.get(name, ())) or clean_ones(pictures))
        for name, pictures in sorted(tested.items())
    ]


def _named(path: Path, row: dict[str, str], line: int, within: Roots, search: Search) -> LabelledPicture:
    for column in ("image", "mask"):
        row[column] = row[column].replace("\\", "/")
    is_clean = row["label"].lower() == _CLEAN
    picture = LabelledPicture(
        name=row["image"],
        path=on_disk(path / row["image"]),
        masks=() if is_clean or not row["mask"] else (on_disk(path / row["mask"]),),
        category=row["object"],
        defect="good" if is_clean else row["label"],
        within=within,
        polarity=search.polarity,
        problem=row_problem(row, {"image": path, "mask": path}, within, table=SPLIT, line=line),
    )
    if is_clean or row["mask"] or picture.problem is not None:
        return picture
    return picture.with_problem(
        f"{SPLIT} names this picture as defective, but no mask of it (line {line})",
        remedy="Add the mask, or remove the line",
    )


def is_category(home: Path) -> bool:
    """Whether it holds the folders of one of VisA's categories."""
    return inside(_images(home), "Normal").is_dir() and inside(_images(home), "Anomaly").is_dir()


def _images(home: Path) -> Path:
    return inside(inside(home, "Data"), "Images")


def category(home: Path, search: Search) -> Category:
    """A category by its folders alone: which clean pictures are for training is not known, so all are evaluated.

    Raises:
        DatasetError: it holds no pictures.
    """
    name = as_text(home.resolve().name)
    truth = inside(inside(inside(home, "Data"), "Masks"), "Anomaly")
    masks = Masks(((file, file.relative_to(truth)) for file in search.pictures(truth)), search.root)
    pictures = []
    for folder in ("Anomaly", "Normal"):
        place = inside(_images(home), folder)
        for file in search.pictures(place):
            called, defect = name_below(file, search.root), "good" if folder == "Normal" else "anomaly"
            picture = LabelledPicture(
                called, file, (), name, defect=defect, within=search.allowed, polarity=search.polarity
            )
            pictures.append(picture if folder == "Normal" else _marked(picture, file.relative_to(place), masks))
    masks.leave_out_others(search)
    if not pictures:
        raise DatasetError("its folder Data/Images holds no pictures", remedy="Add pictures", file=name)
    search.notes.append(
        f"{name}: without {SPLIT}, all of its clean pictures are evaluated and serve as known-good ones"
    )
    return Category(name, tuple(pictures), clean_ones(pictures))


def _marked(picture: LabelledPicture, place: Path, masks: Masks) -> LabelledPicture:
    told = picture.with_masks(masks, place.with_suffix(""))
    return told if told.masks or told.problem else told.with_problem("the picture has no mask", remedy="Add the mask")
