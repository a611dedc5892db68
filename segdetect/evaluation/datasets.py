"""Folders of pictures with ground truth, read without decoding the pictures.

Two layouts are known:

    CATEGORY/test/DEFECT/*.png                  MVTec AD (Bergmann et al., CVPR 2019); one category or a folder of many
    CATEGORY/test/good/*.png                    clean pictures
    CATEGORY/ground_truth/DEFECT/*_mask.png     masks; pixels above 0 are defects
    CATEGORY/train/good/*.png                   references

    images/**                                   pictures with masks of the same path, or the same path and _mask
    masks/**
    manifest.csv                                optional: image, mask, category, dataset, kind; no mask = clean
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from segdetect.errors import DatasetError
from segdetect.evaluation.masks import Mask, check_mask_size, header_size, read_mask
from segdetect.pictures.formats import SUFFIXES

CLEAN_FOLDERS: Final = frozenset(("good", "clean", "normal", "ok"))
MVTEC_KINDS: Final = dict.fromkeys(("carpet", "grid", "leather", "tile", "wood"), "texture") | dict.fromkeys(
    ("bottle", "cable", "capsule", "hazelnut", "metal_nut", "pill", "screw", "toothbrush", "transistor", "zipper"),
    "object",
)
LAYOUTS: Final = (
    "Name a folder with CATEGORY/test/DEFECT and CATEGORY/ground_truth/DEFECT (as MVTec AD), "
    "or one with images/ and masks/"
)


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """A picture with its ground truth.

    Args:
        name: its path below the dataset (below `images/` where there is one), with forward slashes.
        path: the file.
        mask_path: the file whose pixels above 0 are defects; None for a clean picture.
        category: what it shows.
        dataset: where it comes from; may be empty.
        kind: `texture`, `object` or another word of the manifest; may be empty.
        defect: what is wrong with it; `good` for a clean picture.
    """

    name: str
    path: Path
    mask_path: Path | None
    category: str
    dataset: str = ""
    kind: str = ""
    defect: str = ""

    def data(self) -> bytes:
        """The file's bytes.

        Raises:
            DatasetError: it cannot be read.
        """
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise DatasetError(f"it cannot be read ({error.strerror})", file=self.name) from error

    def mask(self) -> Mask | None:
        """`(height, width)` bool, True on defects; None for a clean picture.

        Raises:
            DatasetError: the mask cannot be read.
        """
        return None if self.mask_path is None else read_mask(self.mask_path, name=self.name)


@dataclass(frozen=True, slots=True)
class Category:
    """Pictures of one kind of thing.

    Args:
        name: what they show.
        pictures: the pictures to evaluate, at least one.
        references: known-good pictures to compare with. Where the layout has none apart, the clean ones among the
            pictures; a picture is never its own reference, so those must be left out one at a time.
    """

    name: str
    pictures: tuple[LabelledPicture, ...]
    references: tuple[LabelledPicture, ...] = ()

    @property
    def dataset(self) -> str:
        """Where the pictures come from; may be empty."""
        return self.pictures[0].dataset

    @property
    def kind(self) -> str:
        """`texture`, `object` or another word; may be empty."""
        return self.pictures[0].kind


@dataclass(frozen=True, slots=True)
class Dataset:
    """Everything that one evaluation runs on.

    Args:
        name: the folder's name.
        categories: at least one.
    """

    name: str
    categories: tuple[Category, ...]

    @property
    def pictures(self) -> list[LabelledPicture]:
        """All pictures to evaluate, category by category."""
        return [picture for category in self.categories for picture in category.pictures]


def read_dataset(path: Path) -> Dataset:
    """Recognise the layout of a folder and list its pictures with their masks.

    Args:
        path: the folder; see the module's text for the layouts.

    Raises:
        DatasetError: no such folder, no known layout, an empty category, or masks and pictures that do not match.
    """
    if not path.is_dir():
        raise DatasetError("there is no such folder", remedy=LAYOUTS, file=str(path))
    name = path.resolve().name
    if (path / "images").is_dir():
        manifest = path / "manifest.csv"
        pictures = _from_manifest(path, manifest) if manifest.is_file() else _from_folders(path)
        categories = _grouped(pictures)
    elif (path / "test").is_dir():
        categories = [_mvtec_category(path, path.parent)]
    else:
        homes = sorted(folder for folder in path.iterdir() if (folder / "test").is_dir())
        categories = [_mvtec_category(home, path) for home in homes]
    if not categories:
        raise DatasetError("no pictures with ground truth were recognised in it", remedy=LAYOUTS, file=str(path))
    for category in categories:
        _check_sizes(category.pictures)
    return Dataset(name, tuple(categories))


def _mvtec_category(home: Path, root: Path) -> Category:
    name = home.resolve().name
    truth = home / "ground_truth"
    masks = {file.relative_to(truth).with_name(_bare(file)): file for file in _pictures(truth)}
    pictures = []
    for file in _pictures(home / "test"):
        place = file.relative_to(home / "test")
        mask = masks.pop(place.with_name(file.stem), None)
        defect = place.parts[0] if len(place.parts) > 1 else ""
        pictures.append(_labelled(_name(file, root), file, mask, name, defect))
    _all_used(masks.values(), root)
    if not pictures:
        raise DatasetError(
            "its folder test/ holds no pictures", remedy="Add pictures, or remove the category", file=name
        )
    good = [_labelled(_name(file, root), file, None, name, "good") for file in _pictures(home / "train" / "good")]
    return Category(name, tuple(pictures), tuple(good or _clean(pictures)))


def _from_folders(path: Path) -> list[LabelledPicture]:
    images, truth = path / "images", path / "masks"
    masks = {file.relative_to(truth).with_name(_bare(file)): file for file in _pictures(truth)}
    places = {file: file.relative_to(images) for file in _pictures(images)}
    # images/good beside images/scratch: the folders name defects, not categories.
    one_category = any(place.parts[0].lower() in CLEAN_FOLDERS for place in places.values())
    pictures = []
    for file, place in places.items():
        mask = masks.pop(place.with_name(file.stem), None)
        category = path.resolve().name if one_category or len(place.parts) == 1 else place.parts[0]
        pictures.append(_labelled(place.as_posix(), file, mask, category, place.parent.name))
    _all_used(masks.values(), path)
    return pictures


def _bare(mask: Path) -> str:
    return mask.stem.removesuffix("_mask") or mask.stem


def _labelled(name: str, file: Path, mask: Path | None, category: str, folder: str) -> LabelledPicture:
    """A picture without a mask is clean only where its folder says so; an empty mask there says the same."""
    picture = LabelledPicture(name, file, mask, category, kind=MVTEC_KINDS.get(category, ""), defect=folder)
    if folder.lower() not in CLEAN_FOLDERS:
        if mask is None:
            raise DatasetError(
                "the picture has no mask, and its folder does not say that it is clean",
                remedy="Add the mask, or put the picture in a folder named good",
                file=name,
            )
        return picture
    truth = picture.mask()
    if truth is not None and truth.any():
        raise DatasetError(
            f"the picture lies in a folder named {folder}, but its mask marks a defect",
            remedy="Move the picture to another folder, or remove the mask",
            file=name,
        )
    return replace(picture, mask_path=None)


def _from_manifest(path: Path, manifest: Path) -> list[LabelledPicture]:
    rows = _manifest_rows(manifest)
    for row in rows:
        for column, folder in (("image", "images"), ("mask", "masks")):
            row[column] = row[column].replace("\\", "/")
            if (row[column] or column == "image") and not (path / folder / row[column]).is_file():
                raise DatasetError(
                    f"manifest.csv names this {column}, but the file is missing",
                    remedy="Restore the file, or remove the line",
                    file=f"{folder}/{row[column]}",
                )
    return [
        LabelledPicture(
            name=row["image"],
            path=path / "images" / row["image"],
            mask_path=path / "masks" / row["mask"] if row["mask"] else None,
            category=row["category"],
            dataset=row.get("dataset", ""),
            kind=row.get("kind", ""),
            defect=row.get("defect") or ("defective" if row["mask"] else "good"),
        )
        for row in rows
    ]


def _manifest_rows(manifest: Path) -> list[dict[str, str]]:
    try:
        with manifest.open(newline="", encoding="utf-8-sig") as file:
            rows = [{key: value or "" for key, value in row.items() if key} for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(
            f"it cannot be read as a table ({error})", remedy="Save it as CSV in UTF-8", file=manifest.name
        ) from error
    lacking = [column for column in ("image", "mask", "category") if rows and column not in rows[0]]
    if lacking:
        raise DatasetError(
            f"it has no column {lacking[0]!r}", remedy="It needs image, mask and category at least", file=manifest.name
        )
    return rows


def _grouped(pictures: Sequence[LabelledPicture]) -> list[Category]:
    groups: dict[tuple[str, str, str], list[LabelledPicture]] = {}
    for picture in pictures:
        groups.setdefault((picture.dataset, picture.category, picture.kind), []).append(picture)
    return [Category(key[1], tuple(group), tuple(_clean(group))) for key, group in sorted(groups.items())]


def _clean(pictures: Sequence[LabelledPicture]) -> list[LabelledPicture]:
    return [picture for picture in pictures if picture.mask_path is None]


def _all_used(masks: Iterable[Path], root: Path) -> None:
    for mask in masks:
        raise DatasetError(
            "the mask belongs to no picture", remedy="Add the picture, or remove the mask", file=_name(mask, root)
        )


def _check_sizes(pictures: Sequence[LabelledPicture]) -> None:
    """Compare the sizes in the files' headers, where both have one that is read without decoding."""
    for picture in pictures:
        if picture.mask_path is None:
            continue
        size, mask_size = header_size(picture.path), header_size(picture.mask_path)
        if size is not None and mask_size is not None:
            check_mask_size(mask_size, size, name=picture.name)


def _pictures(folder: Path) -> list[Path]:
    """Picture files below a folder, in a fixed order; none where it does not exist."""
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file() and p.name[0] != ".")


def _name(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix()
