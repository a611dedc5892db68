"""Data sets whose folders say what is what: MVTec AD and its kin, `images/` beside `masks/`, masks beside pictures.

CATEGORY/test/DEFECT/*, CATEGORY/ground_truth/DEFECT/*_mask.png     MVTec AD (Bergmann et al., CVPR 2019)
CATEGORY/ground_truth/DEFECT/000/*.png                              MVTec LOCO AD: masks of one picture in a folder
CATEGORY/test_public/bad/*, CATEGORY/test_public/ground_truth/bad/* MVTec AD 2
CATEGORY/test/ok, CATEGORY/test/ko, CATEGORY/ground_truth/ko        BTAD
CATEGORY/train/good (or ok), CATEGORY/validation/good               references of all these
images/**, masks/**                                                 masks of the same path, or the same path and _mask
*/Part0.jpg, */Part0_label.bmp; test/20000.png, test/20000_GT.png   KolektorSDD, KolektorSDD2
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from segdetect.errors import DatasetError
from segdetect.evaluation.labelled import Category, LabelledPicture, clean_ones, grouped
from segdetect.evaluation.search import Masks, Search, bare, name_below
from segdetect.pictures.formats import SUFFIXES
from segdetect.pictures.names import as_text, inside

CLEAN_FOLDERS: Final = frozenset(("good", "clean", "normal", "ok"))
MVTEC_KINDS: Final = dict.fromkeys(("carpet", "grid", "leather", "tile", "wood"), "texture") | dict.fromkeys(
    ("bottle", "cable", "capsule", "hazelnut", "metal_nut", "pill", "screw", "toothbrush", "transistor", "zipper"),
    "object",
)
TESTS: Final = ("test", "test_public")
TRUTHS: Final = ("ground_truth", "masks")
KNOWN_GOOD: Final = ("train", "validation")
UNTOLD: Final = ("test_private", "test_private_mixed")


def is_category(home: Path) -> bool:
    """Whether it has a folder of pictures to test, as MVTec AD's categories do."""
    return _test_folder(home) is not None


def category(home: Path, search: Search) -> Category:
    """A category in the layout of MVTec AD, MVTec LOCO AD, MVTec AD 2 or BTAD.

    Raises:
        DatasetError: it holds no pictures.
    """
    name = as_text(home.resolve().name)
    test = _test_folder(home) or home
    truths = [inside(parent, truth) for parent in dict.fromkeys((home, test)) for truth in TRUTHS]
    masks = _masks(search, truths)
    pictures = []
    for file in search.pictures(*_folders_but(test, truths, search)):
        place = file.relative_to(test)
        defect = place.parts[0] if len(place.parts) > 1 else ""
        picture = _labelled(name_below(file, search.root), file, name, defect, search)
        pictures.append(_told(picture, place, masks))
    masks.leave_out_others(search)
    for untold in UNTOLD:
        search.leave_out(inside(home, untold), "it has no masks")
    if not pictures:
        raise DatasetError(
            f"its folder {test.name}/ holds no pictures", remedy="Add pictures, or remove the category", file=name
        )
    return Category(name, tuple(pictures), _known_good(home, name, search) or clean_ones(pictures))


def _test_folder(home: Path) -> Path | None:
    return next((inside(home, name) for name in TESTS if inside(home, name).is_dir()), None)


def _folders_but(test: Path, truths: Sequence[Path], search: Search) -> list[Path]:
    """The folder itself, or all in it where it holds the masks as well."""
    if not any(truth.parent == test and truth.is_dir() for truth in truths):
        return [test]
    return [entry for entry in sorted(test.iterdir()) if entry.is_dir() and entry not in truths]


def _known_good(home: Path, name: str, search: Search) -> tuple[LabelledPicture, ...]:
    folders = []
    for parent in (inside(home, known) for known in KNOWN_GOOD):
        if parent.is_dir():
            folders += [entry for entry in sorted(parent.iterdir()) if entry.name.lower() in CLEAN_FOLDERS]
    return tuple(
        _labelled(name_below(file, search.root), file, name, "good", search) for file in search.pictures(*folders)
    )


def pairs(path: Path, search: Search) -> list[Category]:
    """Pictures in `images/` with masks in `masks/`; one whose mask marks nothing is clean."""
    images = inside(path, "images")
    masks = _masks(search, [inside(path, truth) for truth in TRUTHS])
    places = {file: file.relative_to(images) for file in search.pictures(images)}
    # images/good beside images/scratch: the folders name defects, not categories.
    one_category = any(place.parts[0].lower() in CLEAN_FOLDERS for place in places.values())
    found = []
    for file, place in places.items():
        name = as_text(path.resolve().name if one_category or len(place.parts) == 1 else place.parts[0])
        picture = _labelled(name_below(file, images), file, name, place.parent.name, search)
        found.append(_unless_empty(_told(picture, place, masks)))
    masks.leave_out_others(search)
    return grouped(found)


def has_masks_beside(path: Path, search: Search) -> bool:
    """Whether a folder, or one in it, holds a picture and beside it a mask named like it."""
    return any(map(_pairs_in, (path, *search.folders(path))))


def beside(path: Path, search: Search) -> list[Category]:
    """One category of all pictures below a folder, with masks beside them; of those in `train/` only the clean ones are
    used, as references.
    """
    name = as_text(path.resolve().name)
    places = {file: file.relative_to(path) for file in search.pictures(path)}
    masks = Masks(((file, place) for file, place in places.items() if _is_mask(place)), search.root)
    told: dict[bool, list[LabelledPicture]] = {False: [], True: []}
    for file, place in places.items():
        if not _is_mask(place):
            folder = file.parent.name if file.parent.name.lower() in CLEAN_FOLDERS else ""
            picture = _labelled(name_below(file, search.root), file, name, folder, search)
            told[place.parts[0].lower() == "train"].append(_unless_empty(_told(picture, place, masks)))
    masks.leave_out_others(search)
    trained, tested = told[True], told[False]
    if not tested:
        return [Category(name, tuple(trained), clean_ones(trained))]
    if len(clean_ones(trained)) < len(trained):
        search.leave_out(inside(path, "train"), "only its clean pictures are used, as known-good ones")
    return [Category(name, tuple(tested), clean_ones(trained) or clean_ones(tested))]


def _pairs_in(folder: Path) -> bool:
    try:
        stems = {entry.stem for entry in folder.iterdir() if entry.suffix.lower() in SUFFIXES}
    except OSError:  # what cannot be listed is told when it is read
        return False
    return any(bare(stem) != stem and bare(stem) in stems for stem in stems)


def _is_mask(place: Path) -> bool:
    return bare(place.stem) != place.stem


def _masks(search: Search, truths: Sequence[Path]) -> Masks:
    return Masks(((file, file.relative_to(truth)) for truth in truths for file in search.pictures(truth)), search.root)


def _labelled(name: str, file: Path, category_name: str, folder: str, search: Search) -> LabelledPicture:
    kind = MVTEC_KINDS.get(category_name, "")
    return LabelledPicture(
        name,
        file,
        (),
        category_name,
        kind=kind,
        defect=as_text(folder),
        within=search.allowed,
        polarity=search.polarity,
    )


def _told(picture: LabelledPicture, place: Path, masks: Masks) -> LabelledPicture:
    """A picture with its masks: without any it is clean only where its folder says so, and an empty one says the same.

    Args:
        picture: as its folder tells it.
        place: where it lies below the folder that masks mirror.
        masks: all of that folder's.
    """
    told = picture.with_masks(masks, place.with_name(place.stem))
    if told.problem is not None:
        return told
    if picture.defect.lower() in CLEAN_FOLDERS:
        return _still_clean(picture, told)
    if told.masks:
        return told
    return told.with_problem(
        "the picture has no mask, and its folder does not say that it is clean",
        remedy="Add the mask, or put the picture in a folder named good",
    )


def _still_clean(picture: LabelledPicture, told: LabelledPicture) -> LabelledPicture:
    try:
        truth = told.mask()
    except DatasetError as error:
        return replace(told, problem=error)
    if truth is None or not truth.any():
        return picture
    return told.with_problem(
        f"the picture lies in a folder named {picture.defect}, but its mask marks a defect",
        remedy="Move the picture to another folder, or remove the mask",
    )


def _unless_empty(picture: LabelledPicture) -> LabelledPicture:
    """Where no folder says that a picture is defective, its mask alone does."""
    try:
        truth = picture.mask()
    except DatasetError as error:
        return replace(picture, problem=error)
    return picture if truth is None or truth.any() else replace(picture, masks=(), defect="good")
