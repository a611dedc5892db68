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

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar

from segdetect.errors import DatasetError
from segdetect.evaluation.manifest import MANIFEST, read_manifest
from segdetect.evaluation.masks import Mask, check_mask_size, header_size, read_mask
from segdetect.evaluation.search import Masks, Search, inside_roots, name_below
from segdetect.pictures.left_out import LeftOut
from segdetect.pictures.names import as_text, inside, on_disk
from segdetect.storage.roots import Roots

CLEAN_FOLDERS: Final = frozenset(("good", "clean", "normal", "ok"))
MVTEC_KINDS: Final = dict.fromkeys(("carpet", "grid", "leather", "tile", "wood"), "texture") | dict.fromkeys(
    ("bottle", "cable", "capsule", "hazelnut", "metal_nut", "pill", "screw", "toothbrush", "transistor", "zipper"),
    "object",
)
LAYOUTS: Final = (
    "Name a folder with CATEGORY/test/DEFECT and CATEGORY/ground_truth/DEFECT (as MVTec AD), "
    "or one with images/ and masks/"
)


T = TypeVar("T")


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
        within: the folders that its files must lie in, links followed, whenever they are read; None for any.
    """

    name: str
    path: Path
    mask_path: Path | None
    category: str
    dataset: str = ""
    kind: str = ""
    defect: str = ""
    within: Roots | None = None

    def data(self) -> bytes:
        """The file's bytes.

        Raises:
            DatasetError: it cannot be read, or lies elsewhere than it may.
        """
        return self._from_file(Path.read_bytes)

    def stamp(self) -> tuple[int, int]:
        """When the file was last changed, in nanoseconds, and its size in bytes; raises what `data` does."""
        found = self._from_file(Path.stat)
        return found.st_mtime_ns, found.st_size

    def _from_file(self, read: Callable[[Path], T]) -> T:
        try:
            return read(inside_roots(self.path, self.within, name=self.name))
        except OSError as error:
            raise DatasetError(f"it cannot be read ({error.strerror})", file=self.name) from error

    def mask(self) -> Mask | None:
        """`(height, width)` bool, True on defects; None for a clean picture.

        Raises:
            DatasetError: the mask cannot be read, or lies elsewhere than it may.
        """
        if self.mask_path is None:
            return None
        return read_mask(inside_roots(self.mask_path, self.within, name=self.name), name=self.name)


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
        left_out: what its folders hold that is no picture or mask of it.
    """

    name: str
    categories: tuple[Category, ...]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def pictures(self) -> list[LabelledPicture]:
        """All pictures to evaluate, category by category."""
        return [picture for category in self.categories for picture in category.pictures]


def read_dataset(path: Path, *, allowed: Roots | None = None) -> Dataset:
    """Recognise the layout of a folder and list its pictures with their masks.

    Args:
        path: the folder; see the module's text for the layouts.
        allowed: the folders that it and all its files must lie in, links followed; None for any.

    Raises:
        DatasetError: no such folder, no known layout, an empty category, masks and pictures that do not match, or a
            file elsewhere than it may be. What a manifest names must lie in the data set's own folder.
    """
    left_out: list[LeftOut] = []
    try:
        categories = _categories(inside_roots(path, allowed, name=str(path)), allowed, left_out)
    except OSError as error:
        raise DatasetError(
            f"it cannot be read ({error.strerror or error})", remedy="Check its name and its rights", file=str(path)
        ) from error
    if not categories:
        raise DatasetError("no pictures with ground truth were recognised in it", remedy=LAYOUTS, file=str(path))
    for category in categories:
        _check_sizes(category.pictures)
    return Dataset(as_text(path.resolve().name), tuple(categories), tuple(dict.fromkeys(left_out)))


def _categories(path: Path, allowed: Roots | None, left_out: list[LeftOut]) -> list[Category]:
    if not path.is_dir():
        raise DatasetError("there is no such folder", remedy=LAYOUTS, file=str(path))
    if inside(path, "images").is_dir():
        if (path / MANIFEST).is_file():
            return _grouped(_from_manifest(path, allowed))
        return _grouped(_from_folders(path, Search(path, allowed, left_out)))
    if inside(path, "test").is_dir():
        return [_mvtec_category(path, Search(path.parent, allowed, left_out))]
    homes = sorted(folder for folder in path.iterdir() if inside(folder, "test").is_dir())
    return [_mvtec_category(home, Search(path, allowed, left_out)) for home in homes]


def _mvtec_category(home: Path, search: Search) -> Category:
    name = as_text(home.resolve().name)
    truth, test = inside(home, "ground_truth"), inside(home, "test")
    masks = Masks({file.relative_to(truth).with_name(_bare(file)): file for file in search.pictures(truth)})
    pictures = []
    for file in search.pictures(test):
        place = file.relative_to(test)
        mask = masks.take(place.with_name(file.stem))
        defect = place.parts[0] if len(place.parts) > 1 else ""
        pictures.append(_labelled(name_below(file, search.root), file, mask, name, defect, search.allowed))
    _all_used(masks.by_place.values(), search.root)
    if not pictures:
        raise DatasetError(
            "its folder test/ holds no pictures", remedy="Add pictures, or remove the category", file=name
        )
    good = [
        _labelled(name_below(file, search.root), file, None, name, "good", search.allowed)
        for file in search.pictures(inside(inside(home, "train"), "good"))
    ]
    return Category(name, tuple(pictures), tuple(good or _clean(pictures)))


def _from_folders(path: Path, search: Search) -> list[LabelledPicture]:
    images, truth = inside(path, "images"), inside(path, "masks")
    masks = Masks({file.relative_to(truth).with_name(_bare(file)): file for file in search.pictures(truth)})
    places = {file: file.relative_to(images) for file in search.pictures(images)}
    # images/good beside images/scratch: the folders name defects, not categories.
    one_category = any(place.parts[0].lower() in CLEAN_FOLDERS for place in places.values())
    pictures = []
    for file, place in places.items():
        mask = masks.take(place.with_name(file.stem))
        category = as_text(path.resolve().name if one_category or len(place.parts) == 1 else place.parts[0])
        pictures.append(_labelled(name_below(file, images), file, mask, category, place.parent.name, search.allowed))
    _all_used(masks.by_place.values(), path)
    return pictures


def _bare(mask: Path) -> str:
    bare = mask.stem[: -len("_mask")] if mask.stem.lower().endswith("_mask") else mask.stem
    return bare or mask.stem


def _labelled(
    name: str, file: Path, mask: Path | None, category: str, folder: str, allowed: Roots | None
) -> LabelledPicture:
    """A picture without a mask is clean only where its folder says so; an empty mask there says the same."""
    kind = MVTEC_KINDS.get(category, "")
    picture = LabelledPicture(name, file, mask, category, kind=kind, defect=as_text(folder), within=allowed)
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


def _from_manifest(path: Path, allowed: Roots | None) -> list[LabelledPicture]:
    within = Roots((path.resolve(),))
    return [
        LabelledPicture(
            name=row["image"],
            path=on_disk(path / "images" / row["image"]),
            mask_path=on_disk(path / "masks" / row["mask"]) if row["mask"] else None,
            category=row["category"],
            dataset=row.get("dataset", ""),
            kind=row.get("kind", ""),
            defect=row.get("defect") or ("defective" if row["mask"] else "good"),
            within=within,
        )
        for row in read_manifest(inside_roots(path / MANIFEST, allowed, name=MANIFEST), path, within)
    ]


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
            "the mask belongs to no picture", remedy="Add the picture, or remove the mask", file=name_below(mask, root)
        )


def _check_sizes(pictures: Sequence[LabelledPicture]) -> None:
    """Compare the sizes in the files' headers, where both have one that is read without decoding."""
    for picture in pictures:
        if picture.mask_path is None:
            continue
        size, mask_size = header_size(picture.path), header_size(picture.mask_path)
        if size is not None and mask_size is not None:
            check_mask_size(mask_size, size, name=picture.name)
