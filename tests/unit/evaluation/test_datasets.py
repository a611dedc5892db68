from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segdetect.errors import DatasetError
from segdetect.evaluation.datasets import read_dataset
from segdetect.evaluation.run import evaluate
from segdetect.pipeline import Inspector
from segdetect.settings import Settings
from tests.support.tiny_dataset import blot, cloth, manifest_dataset, mvtec_category, save, save_pair


def test_a_folder_of_mvtec_categories_is_read(tmp_path: Path) -> None:
    mvtec_category(tmp_path / "carpet", defective=2, clean=1, references=3)
    mvtec_category(tmp_path / "coat", defective=1, clean=0, references=1)
    dataset = read_dataset(tmp_path)
    carpet, coat = dataset.categories
    assert [s.name for s in carpet.pictures] == [
        "carpet/test/blot/000.png",
        "carpet/test/blot/001.png",
        "carpet/test/good/000.png",
    ]
    assert [s.defect for s in carpet.pictures] == ["blot", "blot", "good"]
    assert [s.is_clean for s in carpet.pictures] == [False, False, True]
    assert (carpet.kind, coat.kind) == ("texture", "")
    assert [s.name for s in carpet.references] == [f"carpet/train/good/{i:03}.png" for i in range(3)]
    assert len(dataset.pictures) == 4


def test_one_mvtec_category_is_read_with_the_same_names(tmp_path: Path) -> None:
    mvtec_category(tmp_path / "carpet")
    (category,) = read_dataset(tmp_path / "carpet").categories
    assert category.name == "carpet"
    assert category.pictures[0].name == "carpet/test/blot/000.png"


def test_without_train_pictures_the_clean_ones_are_the_references(tmp_path: Path) -> None:
    mvtec_category(tmp_path / "carpet", clean=2, references=0)
    (category,) = read_dataset(tmp_path).categories
    assert [s.name for s in category.references] == ["carpet/test/good/000.png", "carpet/test/good/001.png"]


def test_a_manifest_is_read(tmp_path: Path) -> None:
    cloth_category, rug = read_dataset(manifest_dataset(tmp_path)).categories
    assert (cloth_category.name, cloth_category.dataset, cloth_category.kind) == ("cloth", "own", "texture")
    assert [s.name for s in cloth_category.references] == ["own/cloth/good_0.png", "own/cloth/good_1.png"]
    assert (rug.kind, len(rug.pictures), rug.references) == ("object", 3, ())


def test_paths_of_a_manifest_may_begin_at_the_table(tmp_path: Path) -> None:
    root = manifest_dataset(tmp_path)
    below = read_dataset(root)
    table = root / "manifest.csv"
    with_masks = table.read_text().replace(".png,own/", ".png,masks/own/")
    table.write_text(with_masks.replace(",own/", ",images/own/"))
    assert ",blot,images/own/rug/blot_2.png,masks/own/rug/blot_2.png," in table.read_text()
    assert [picture.name for picture in read_dataset(root).pictures] == [picture.name for picture in below.pictures]


@pytest.mark.parametrize("ending", ["", "_mask"])
def test_masks_are_found_without_a_manifest(tmp_path: Path, ending: str) -> None:
    save_pair(tmp_path / "images/rug/hole/1.jpg", tmp_path / f"masks/rug/hole/1{ending}.png", 1, blot(0, 0))
    save(tmp_path / "images/rug/good/2.png", cloth(2))
    (rug,) = read_dataset(tmp_path).categories
    assert [(s.name, s.defect) for s in rug.pictures] == [("rug/good/2.png", "good"), ("rug/hole/1.jpg", "hole")]
    mask = rug.pictures[1].mask()
    assert mask is not None
    assert np.array_equal(mask, blot(0, 0))
    assert rug.pictures[0].mask() is None


def test_a_good_folder_beside_defect_folders_means_one_category(tmp_path: Path) -> None:
    save_pair(tmp_path / "images/hole/1.png", tmp_path / "masks/hole/1.png", 1, blot(0, 0))
    save(tmp_path / "images/good/2.png", cloth(2))
    (category,) = read_dataset(tmp_path).categories
    assert category.name == tmp_path.name
    assert [s.defect for s in category.pictures] == ["good", "hole"]


def test_an_all_black_mask_in_a_good_folder_means_clean(tmp_path: Path) -> None:
    save_pair(tmp_path / "images/good/1.png", tmp_path / "masks/good/1.png", 1, np.zeros((112, 112), bool))
    (category,) = read_dataset(tmp_path).categories
    assert category.pictures[0].is_clean


def _no_folder(root: Path) -> Path:
    return root / "nowhere"


def _nothing_known(root: Path) -> Path:
    save(root / "pictures/1.png", cloth(1))
    return root


def _mask_of_another_size(root: Path) -> Path:
    manifest_dataset(root)
    save(root / "masks/own/rug/blot_1.png", np.zeros((60, 50), np.uint8))
    return root


def _mask_without_picture(root: Path) -> Path:
    mvtec_category(root / "rug")
    save(root / "rug/ground_truth/blot/077_mask.png", np.zeros((112, 112), np.uint8))
    return root


def _picture_without_mask(root: Path) -> Path:
    mvtec_category(root / "rug")
    save(root / "rug/test/blot/077.png", cloth(1))
    return root


def _manifest_names_missing_picture(root: Path) -> Path:
    (manifest_dataset(root) / "images/own/rug/blot_2.png").unlink()
    return root


def _manifest_names_missing_mask(root: Path) -> Path:
    (manifest_dataset(root) / "masks/own/rug/blot_2.png").unlink()
    return root


def _manifest_names_missing_clean_picture(root: Path) -> Path:
    (manifest_dataset(root) / "images/own/cloth/good_0.png").unlink()
    return root


def _manifest_names_nothing_that_is_there(root: Path) -> Path:
    for file in (manifest_dataset(root) / "images").rglob("*.png"):
        file.unlink()
    return root


def _manifest_names_no_picture(root: Path) -> Path:
    (manifest_dataset(root) / "manifest.csv").write_text("image,mask,category\n,own/rug/blot_2.png,rug\n")
    return root


def _a_file(root: Path) -> Path:
    (root / "own.zip").write_bytes(b"")
    return root / "own.zip"


def _manifest_lacks_a_column(root: Path) -> Path:
    (manifest_dataset(root) / "manifest.csv").write_text("image,mask\na.png,\n")
    return root


def _manifest_is_no_table(root: Path) -> Path:
    (manifest_dataset(root) / "manifest.csv").write_bytes(b"image,mask,category\n\xff\xfe,,\n")
    return root


def _empty_category(root: Path) -> Path:
    mvtec_category(root / "coat")
    (root / "rug" / "test" / "blot").mkdir(parents=True)
    return root


def _damaged_mask_in_good(root: Path) -> Path:
    save(root / "images/good/1.png", cloth(1))
    (root / "masks/good").mkdir(parents=True)
    (root / "masks/good/1.png").write_bytes(b"not a picture")
    return root


def _damaged_mask_beside_others(root: Path) -> Path:
    for number in (1, 2, 3):
        save_pair(root / f"images/hole/{number}.png", root / f"masks/hole/{number}.png", number, blot(0, 0))
    (root / "masks/hole/3.png").write_bytes(b"not a picture")
    return root


def _good_with_a_defect(root: Path) -> Path:
    save_pair(root / "images/good/1.png", root / "masks/good/1.png", 1, blot(0, 0))
    return root


@pytest.mark.parametrize(
    ("build", "file", "words"),
    [
        (_no_folder, "nowhere", ["no such folder", "CATEGORY/ground_truth", "images/ and masks/"]),
        (_a_file, "own.zip", ["it is a file, and a data set is a folder", "CATEGORY/ground_truth"]),
        (_nothing_known, "", ["CATEGORY/ground_truth", "images/ and masks/"]),
        (_manifest_names_no_picture, "manifest.csv", ["line 2 names no image", "remove the line"]),
        (_manifest_names_nothing_that_is_there, "images/own/cloth/blot_0.png", ["missing"]),
        (_manifest_lacks_a_column, "manifest.csv", ["'category'"]),
        (_manifest_is_no_table, "manifest.csv", ["UTF-8"]),
        (_empty_category, "rug", ["no pictures"]),
        (_damaged_mask_in_good, "good/1.png", ["1.png", "it is no picture", "as PNG"]),
        (_good_with_a_defect, "good/1.png", ["marks a defect"]),
    ],
    ids=lambda value: value.__name__[1:] if callable(value) else None,
)
def test_what_is_wrong_with_a_folder_is_said(tmp_path: Path, build, file: str, words: list[str]) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DatasetError) as caught:
        read_dataset(build(tmp_path))
    assert caught.value.file.endswith(file)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("build", "name", "words"),
    [
        (_mask_of_another_size, "own/rug/blot_1.png", ["50 x 60", "112 x 112", "whole factor"]),
        (_picture_without_mask, "rug/test/blot/077.png", ["no mask", "folder named good"]),
        (_damaged_mask_beside_others, "hole/3.png", ["3.png", "it is no picture"]),
        (
            _manifest_names_missing_picture,
            "own/rug/blot_2.png",
            ["images/own/rug/blot_2.png", "manifest.csv", "missing"],
        ),
        (_manifest_names_missing_mask, "own/rug/blot_2.png", ["masks/own/rug/blot_2.png", "manifest.csv", "missing"]),
        (_manifest_names_missing_clean_picture, "own/cloth/good_0.png", ["images/own/cloth/good_0.png", "missing"]),
    ],
    ids=lambda value: value.__name__[1:] if callable(value) else None,
)
def test_what_is_wrong_with_one_picture_or_mask_costs_that_only(
    tmp_path: Path, build, name: str, words: list[str]
) -> None:  # type: ignore[no-untyped-def]
    dataset = read_dataset(build(tmp_path))
    (troubled,) = [picture for picture in dataset.pictures if picture.problem is not None]
    assert troubled.name.endswith(name)
    assert not troubled.is_clean
    with pytest.raises(DatasetError) as caught:
        troubled.truth()
    (note,) = [note for note in dataset.notes if "left out of the figures" in note]
    for word in words:
        assert word in str(caught.value)
        assert word in note
    assert any(picture.mask() is not None for picture in dataset.pictures if picture is not troubled)


@pytest.mark.parametrize(
    "build",
    [
        _mask_of_another_size,
        _picture_without_mask,
        _damaged_mask_beside_others,
        _manifest_names_missing_picture,
        _manifest_names_missing_mask,
        _manifest_names_missing_clean_picture,
    ],
)
def test_it_is_a_failure_among_the_figures_of_the_others(tmp_path: Path, build) -> None:  # type: ignore[no-untyped-def]
    dataset = read_dataset(build(tmp_path))
    result = evaluate(Inspector(), dataset, Settings(engine="texture"))
    (troubled,) = [picture for picture in dataset.pictures if picture.problem is not None]
    assert [(failure.image, failure.error) for failure in result.failures] == [(troubled.name, troubled.problem)]
    assert len(result.pictures) == len(dataset.pictures) - 1


def test_a_clean_picture_that_is_missing_is_no_reference(tmp_path: Path) -> None:
    cloth_category, _ = read_dataset(_manifest_names_missing_clean_picture(tmp_path)).categories
    assert [picture.name for picture in cloth_category.references] == ["own/cloth/good_1.png"]


def test_of_clean_pictures_alone_one_may_be_missing(tmp_path: Path) -> None:
    root = manifest_dataset(tmp_path)
    rows = (root / "manifest.csv").read_text().splitlines()
    (root / "manifest.csv").write_text("\n".join([rows[0], *(row for row in rows if ",good," in row)]))
    (root / "images/own/cloth/good_0.png").unlink()
    missing, there = read_dataset(root).pictures
    assert missing.problem is not None
    assert there.is_clean


def test_rows_of_a_table_that_say_nothing_are_passed_over(tmp_path: Path) -> None:
    root = manifest_dataset(tmp_path)
    pictures = read_dataset(root).pictures
    with (root / "manifest.csv").open("a") as table:
        table.write(",,,,,\n , ,,,,\n")
    assert read_dataset(root).pictures == pictures


def test_a_mask_without_its_picture_is_left_out(tmp_path: Path) -> None:
    (left_out,) = read_dataset(_mask_without_picture(tmp_path)).left_out
    assert left_out.name.endswith("rug/ground_truth/blot/077_mask.png")
    assert "belongs to no picture" in left_out.reason


def test_masks_that_fit_none_of_the_pictures_are_an_error(tmp_path: Path) -> None:
    mvtec_category(tmp_path / "rug")
    for mask in (tmp_path / "rug/ground_truth").rglob("*.png"):
        mask.rename(mask.with_name(f"x{mask.name}"))
    with pytest.raises(DatasetError, match="no mask"):
        read_dataset(tmp_path)


def test_a_rotated_photograph_fits_its_mask(tmp_path: Path) -> None:
    path = tmp_path / "images/rug/hole/1.jpg"
    path.parent.mkdir(parents=True)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown a quarter turn to the right
    Image.new("RGB", (40, 30)).save(path, exif=exif)
    save(tmp_path / "masks/rug/hole/1.png", np.eye(40, 30, dtype=np.uint8) * 255)
    assert len(read_dataset(tmp_path).pictures) == 1
