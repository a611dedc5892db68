"""Public data sets in the folders and under the names that they are published with, built in code."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from segdetect.errors import DatasetError
from segdetect.evaluation.datasets import Category, Polarity, read_dataset
from segdetect.evaluation.folder_state import folder_state
from segdetect.storage.roots import Roots
from tests.support.tiny_dataset import SIZE, blot, cloth, mvtec_category, save, save_pair

EMPTY = np.zeros((SIZE, SIZE), bool)


def told(category: Category) -> dict[str, str]:
    """What is known of each picture, by name."""
    return {
        picture.name: picture.defect if picture.is_clean else f"marked {picture.defect}"
        for picture in category.pictures
    }


def references(category: Category) -> list[str]:
    return [picture.name for picture in category.references]


def loco(root: Path) -> Path:
    """MVTec LOCO AD: a folder of masks for each picture; pixel values name the kind of defect."""
    home = root / "breakfast_box"
    for split, count in (("train", 3), ("validation", 2)):
        for i in range(count):
            save(home / split / "good" / f"{i:03}.png", cloth(i))
    save(home / "test/good/000.png", cloth(9))
    for kind, values in (("logical_anomalies", (255, 254)), ("structural_anomalies", (253,))):
        save(home / "test" / kind / "000.png", cloth(20))
        for i, value in enumerate(values):
            save(home / "ground_truth" / kind / "000" / f"{i:03}.png", (blot(i, 3) * value).astype(np.uint8))
    (home / "defects_config.json").write_text('[{"defect_name": "missing", "pixel_value": 255}]')
    return root


def test_mvtec_loco_has_a_folder_of_masks_for_each_picture(tmp_path: Path) -> None:
    (box,) = read_dataset(loco(tmp_path)).categories
    assert told(box) == {
        "breakfast_box/test/good/000.png": "good",
        "breakfast_box/test/logical_anomalies/000.png": "marked logical_anomalies",
        "breakfast_box/test/structural_anomalies/000.png": "marked structural_anomalies",
    }
    _, logical, structural = box.pictures
    assert np.array_equal(logical.mask(), blot(0, 3) | blot(1, 3))
    assert np.array_equal(structural.mask(), blot(0, 3))
    assert len(references(box)) == 5
    assert "breakfast_box/validation/good/001.png" in references(box)


def btad(root: Path) -> Path:
    """BTAD: ok and ko; pictures and masks as BMP or PNG."""
    for category, picture, mask in (("01", "bmp", "png"), ("02", "png", "png"), ("03", "bmp", "bmp")):
        home = root / category
        save(home / f"train/ok/0000.{picture}", cloth(1))
        save(home / f"test/ok/0000.{picture}", cloth(2))
        save_pair(home / f"test/ko/0000.{picture}", home / f"ground_truth/ko/0000.{mask}", 3, blot(2, 5))
    return root


def test_btad_calls_its_pictures_ok_and_ko(tmp_path: Path) -> None:
    first, second, third = read_dataset(btad(tmp_path)).categories
    assert [category.name for category in (first, second, third)] == ["01", "02", "03"]
    assert told(third) == {"03/test/ko/0000.bmp": "marked ko", "03/test/ok/0000.bmp": "ok"}
    assert references(first) == ["01/train/ok/0000.bmp"]
    assert np.array_equal(third.pictures[0].mask(), blot(2, 5))


def mvtec2(root: Path) -> Path:
    """MVTec AD 2: the masks lie within the public part of the test pictures."""
    home = root / "sheet_metal"
    save(home / "train/good/000_regular.png", cloth(1))
    save(home / "validation/good/000_regular.png", cloth(2))
    public = home / "test_public"
    save(public / "good/000_overexposed.png", cloth(3))
    save_pair(public / "bad/000_regular.png", public / "ground_truth/bad/000_regular_mask.png", 4, blot(1, 1))
    save(home / "test_private/000_regular.png", cloth(5))
    save(home / "test_private_mixed/000_mixed.png", cloth(6))
    return root


def test_mvtec_ad_2_holds_its_masks_in_test_public(tmp_path: Path) -> None:
    dataset = read_dataset(mvtec2(tmp_path))
    (metal,) = dataset.categories
    assert told(metal) == {
        "sheet_metal/test_public/bad/000_regular.png": "marked bad",
        "sheet_metal/test_public/good/000_overexposed.png": "good",
    }
    assert references(metal) == [
        "sheet_metal/train/good/000_regular.png",
        "sheet_metal/validation/good/000_regular.png",
    ]
    assert [(item.name, item.reason) for item in dataset.left_out] == [
        ("sheet_metal/test_private/", "it has no masks"),
        ("sheet_metal/test_private_mixed/", "it has no masks"),
    ]


def kolektor(root: Path) -> Path:
    """KolektorSDD: a label beside each picture, empty for a clean one."""
    for item, truth in (("kos01", EMPTY), ("kos02", blot(4, 2))):
        for part in range(2):
            save_pair(
                root / item / f"Part{part}.jpg", root / item / f"Part{part}_label.bmp", part, truth if part else EMPTY
            )
    return root


def test_kolektor_has_a_label_beside_each_picture(tmp_path: Path) -> None:
    (surfaces,) = read_dataset(kolektor(tmp_path / "KolektorSDD")).categories
    assert surfaces.name == "KolektorSDD"
    assert told(surfaces) == {
        "kos01/Part0.jpg": "good",
        "kos01/Part1.jpg": "good",
        "kos02/Part0.jpg": "good",
        "kos02/Part1.jpg": "marked ",
    }
    assert np.array_equal(surfaces.pictures[3].mask(), blot(4, 2))
    assert len(references(surfaces)) == 3


def test_beside_masks_a_folder_may_say_that_its_pictures_are_clean(tmp_path: Path) -> None:
    save(kolektor(tmp_path) / "good/a.png", cloth(1))
    (surfaces,) = read_dataset(tmp_path).categories
    assert told(surfaces)["good/a.png"] == "good"
    save(tmp_path / "kos01/a.png", cloth(1))
    (untold,) = [picture for picture in read_dataset(tmp_path).pictures if picture.problem is not None]
    assert untold.name == "kos01/a.png"
    assert "has no mask" in str(untold.problem)


def kolektor2(root: Path) -> Path:
    """KolektorSDD2: train and test, each picture with its ground truth."""
    for split, number, truth in (
        ("train", 10000, EMPTY),
        ("train", 10001, blot(1, 1)),
        ("test", 20000, blot(3, 3)),
        ("test", 20003, EMPTY),
    ):
        save_pair(root / split / f"{number}.png", root / split / f"{number}_GT.png", number, truth)
    return root


def test_kolektor_2_is_split_into_train_and_test(tmp_path: Path) -> None:
    dataset = read_dataset(kolektor2(tmp_path))
    (surfaces,) = dataset.categories
    assert told(surfaces) == {"test/20000.png": "marked ", "test/20003.png": "good"}
    assert references(surfaces) == ["train/10000.png"]
    assert [(item.name, item.reason) for item in dataset.left_out] == [
        ("train/", "only its clean pictures are used, as known-good ones")
    ]


def visa(root: Path, *categories: str, table: bool = True) -> Path:
    """VisA: a table of all pictures; masks of small label values."""
    rows = ["object,split,label,image,mask"]
    for category in ("candle", "pcb1"):
        place = f"{category}/Data/Images"
        rows += [f"{category},{split},normal,{place}/Normal/000{i}.JPG," for i, split in enumerate(("train", "test"))]
        rows.append(f"{category},test,anomaly,{place}/Anomaly/000.JPG,{category}/Data/Masks/Anomaly/000.png")
        if category in categories:
            for i in range(2):
                save(root / place / "Normal" / f"000{i}.JPG", cloth(i))
            save(root / place / "Anomaly/000.JPG", cloth(7))
            save(root / category / "Data/Masks/Anomaly/000.png", (blot(5, 5) * 3).astype(np.uint8))
            (root / category / "image_anno.csv").write_text("image,label,mask\n")
    if table:
        (root / "split_csv").mkdir()
        (root / "split_csv/1cls.csv").write_text("\n".join(rows) + "\n")
        (root / "split_csv/2cls_fewshot.csv").write_text("object,split,label,image,mask\n")
    return root


def test_visa_is_split_by_its_table(tmp_path: Path) -> None:
    dataset = read_dataset(visa(tmp_path, "candle", "pcb1"))
    candle, pcb = dataset.categories
    assert told(candle) == {
        "candle/Data/Images/Normal/0001.JPG": "good",
        "candle/Data/Images/Anomaly/000.JPG": "marked anomaly",
    }
    assert references(pcb) == ["pcb1/Data/Images/Normal/0000.JPG"]
    assert np.array_equal(candle.pictures[1].mask(), blot(5, 5))
    assert [item.name for item in dataset.left_out] == ["split_csv/2cls_fewshot.csv"]


def test_of_visa_some_categories_will_do(tmp_path: Path) -> None:
    dataset = read_dataset(visa(tmp_path, "pcb1"))
    assert [category.name for category in dataset.categories] == ["pcb1"]
    assert dataset.notes == ("split_csv/1cls.csv names categories that are not there: candle.",)


@pytest.mark.parametrize(
    ("gone", "name", "words"),
    [
        ("Images/Anomaly/000.JPG", "Images/Anomaly/000.JPG", "1cls.csv names this image, but the file is missing"),
        ("Images/Normal/0001.JPG", "Images/Normal/0001.JPG", "1cls.csv names this image, but the file is missing"),
        ("Masks/Anomaly/000.png", "Images/Anomaly/000.JPG", "1cls.csv names this mask, but the file is missing"),
    ],
)
def test_of_visa_a_missing_file_costs_its_picture_only(tmp_path: Path, gone: str, name: str, words: str) -> None:
    (visa(tmp_path, "candle", "pcb1") / "candle/Data" / gone).unlink()
    dataset = read_dataset(tmp_path)
    (troubled,) = [picture for picture in dataset.pictures if picture.problem is not None]
    assert troubled.name == f"candle/Data/{name}"
    assert not troubled.is_clean
    assert words in str(troubled.problem)
    assert len(dataset.pictures) == 4
    assert words in "".join(dataset.notes)


def test_of_visa_a_defect_without_a_mask_costs_its_picture_only(tmp_path: Path) -> None:
    table = visa(tmp_path, "candle", "pcb1") / "split_csv/1cls.csv"
    table.write_text(table.read_text().replace(",candle/Data/Masks/Anomaly/000.png", ","))
    (troubled,) = [picture for picture in read_dataset(tmp_path).pictures if picture.problem is not None]
    assert "names this picture as defective, but no mask of it (line 4)" in str(troubled.problem)


def test_of_visa_a_missing_known_good_picture_is_told(tmp_path: Path) -> None:
    (visa(tmp_path, "candle", "pcb1") / "candle/Data/Images/Normal/0000.JPG").unlink()
    dataset = read_dataset(tmp_path)
    candle, pcb = dataset.categories
    assert references(candle) == ["candle/Data/Images/Normal/0001.JPG"]
    assert references(pcb) == ["pcb1/Data/Images/Normal/0000.JPG"]
    (note,) = dataset.notes
    assert "candle/Data/Images/Normal/0000.JPG" in note


@pytest.mark.parametrize("name", ["../elsewhere.png", "/etc/hostname"])
def test_what_visas_table_names_outside_is_refused(tmp_path: Path, name: str) -> None:
    table = visa(tmp_path, "candle") / "split_csv/1cls.csv"
    table.write_text(table.read_text().replace("candle/Data/Masks/Anomaly/000.png", name))
    with pytest.raises(DatasetError, match=r"line 4 names the mask .* outside the data set"):
        read_dataset(tmp_path)


@pytest.mark.parametrize("inner", ["", "candle"], ids=["all", "one category"])
def test_visa_without_its_table_is_read_by_its_folders(tmp_path: Path, inner: str) -> None:
    dataset = read_dataset(visa(tmp_path, "candle", table=False) / inner)
    (candle,) = dataset.categories
    assert told(candle) == {
        "candle/Data/Images/Anomaly/000.JPG": "marked anomaly",
        "candle/Data/Images/Normal/0000.JPG": "good",
        "candle/Data/Images/Normal/0001.JPG": "good",
    }
    assert len(references(candle)) == 2
    assert "all of its clean pictures are evaluated" in dataset.notes[0]


# ---- COCO ------------------------------------------------------------------------------------------------------------

# Made by pycocotools 2.0.11: the mask of blot(2, 3).
COCO_TEXT = "PY5`0P300000000000000000000000000000PW5"
SQUARE = [48, 32, 64, 32, 64, 48, 48, 48]


def run_lengths_of(mask: np.ndarray[Any, Any]) -> list[int]:
    flat = np.concatenate([[0], mask.T.ravel().astype(int), [0]])
    at = np.flatnonzero(np.diff(flat))
    return np.diff(np.concatenate([[0], at, [mask.size]])).tolist()


SEGMENTATIONS: dict[str, dict[str, Any]] = {
    "polygon": {"segmentation": [SQUARE]},
    "two polygons": {"segmentation": [[48, 32, 56, 32, 56, 48, 48, 48], [56, 32, 64, 32, 64, 48, 56, 48]]},
    "run lengths": {"segmentation": {"size": [SIZE, SIZE], "counts": run_lengths_of(blot(2, 3))}, "iscrowd": 1},
    "run lengths as text": {"segmentation": {"size": [SIZE, SIZE], "counts": COCO_TEXT}},
    "box": {"bbox": [48, 32, 16, 16], "segmentation": []},
    "box, the outline has no area": {"bbox": [48, 32, 16, 16], "segmentation": [[], [48, 32, 64, 32]]},
    "box alone": {"bbox": [48.0, 32.0, 16.0, 16.0]},
}


def coco(
    file: Path, marks: Sequence[dict[str, Any]], *, names: Sequence[str] = ("a.jpg", "b.jpg"), size: int = SIZE
) -> Path:
    """A file of annotations, all of its first picture."""
    file.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "info": {},
        "images": [{"id": i, "file_name": name, "width": size, "height": size} for i, name in enumerate(names)],
        "categories": [{"id": 1, "name": "scratch"}, {"id": 2, "name": "good"}],
        "annotations": [{"id": i, "image_id": 0, "category_id": 1, **mark} for i, mark in enumerate(marks)],
    }
    file.write_text(json.dumps(content))
    return file.parent


@pytest.mark.parametrize("kind", list(SEGMENTATIONS))
def test_coco_annotations_mark_their_pixels(tmp_path: Path, kind: str) -> None:
    for name in ("a.jpg", "b.jpg"):
        save(tmp_path / "images" / name, cloth(1))
    coco(tmp_path / "annotations/instances.json", [SEGMENTATIONS[kind]])
    dataset = read_dataset(tmp_path)
    (category,) = dataset.categories
    assert told(category) == {"images/a.jpg": "marked scratch", "images/b.jpg": "good"}
    assert np.array_equal(category.pictures[0].mask(), blot(2, 3))
    assert references(category) == ["images/b.jpg"]
    said = "of a box without an outline, all that is in it counts as defective (annotations: 1)."
    assert dataset.notes == ((f"annotations/instances.json: {said}",) if "box" in kind else ())


@pytest.mark.parametrize(
    ("file", "picture"),
    [
        ("annotations/instances_val2017.json", "val2017/a.jpg"),
        ("annotations/instances_val2017.json", "images/val2017/a.jpg"),
        ("_annotations.coco.json", "a.jpg"),
        ("valid/_annotations.coco.json", "valid/a.jpg"),
        ("labels.json", "data/a.jpg"),
    ],
)
def test_coco_pictures_are_found_where_such_files_mean(tmp_path: Path, file: str, picture: str) -> None:
    save(tmp_path / picture, cloth(1))
    coco(tmp_path / file, [SEGMENTATIONS["polygon"]], names=["data/a.jpg" if picture.startswith("data") else "a.jpg"])
    assert [one.name for one in read_dataset(tmp_path).pictures] == [picture]


def test_of_several_coco_files_those_for_training_give_references_only(tmp_path: Path) -> None:
    for split in ("train", "test"):
        for name in ("a.jpg", "b.jpg"):
            save(tmp_path / split / name, cloth(1))
        coco(tmp_path / split / "_annotations.coco.json", [SEGMENTATIONS["polygon"]])
    dataset = read_dataset(tmp_path)
    (category,) = dataset.categories
    assert told(category) == {"test/a.jpg": "marked scratch", "test/b.jpg": "good"}
    assert references(category) == ["train/b.jpg"]
    assert [item.name for item in dataset.left_out] == ["train/_annotations.coco.json"]


def test_a_good_part_that_is_outlined_is_no_defect(tmp_path: Path) -> None:
    save(tmp_path / "a.jpg", cloth(1))
    coco(tmp_path / "labels.json", [{"category_id": 2, **SEGMENTATIONS["polygon"]}], names=["a.jpg"])
    dataset = read_dataset(tmp_path)
    assert told(dataset.categories[0]) == {"a.jpg": "good"}
    assert dataset.notes == ("labels.json: 'good' is no defect and was left out (annotations: 1).",)


def test_coco_annotations_of_half_the_size_are_scaled(tmp_path: Path) -> None:
    save(tmp_path / "a.jpg", cloth(1))
    half = [number / 2 for number in SQUARE]
    coco(tmp_path / "labels.json", [{"segmentation": [half]}], names=["a.jpg"], size=SIZE // 2)
    truth = read_dataset(tmp_path).pictures[0].truth((SIZE, SIZE))
    assert truth is not None
    assert np.array_equal(truth.pixels, blot(2, 3))
    assert truth.notes == ("its size is 56 x 56; it was 2 times enlarged",)


@pytest.mark.parametrize(
    ("marks", "words"),
    [
        ([{"segmentation": [[1, 2, 3, 4, 5, 6, 7]]}], "no file of annotations as COCO"),
        ([{"segmentation": [["a", 2, 3, 4, 5, 6]]}], "no file of annotations as COCO"),
        ([{"segmentation": {"size": [3, 3], "counts": [9]}}], "no file of annotations as COCO"),
        ([{"segmentation": {"size": [SIZE, SIZE], "counts": [5, 5]}}], "run lengths of an annotation are damaged"),
        ([{"segmentation": {"size": [SIZE, SIZE], "counts": "~~~"}}], "run lengths of an annotation are damaged"),
        ([{"segmentation": {"size": [SIZE, SIZE], "counts": "o" * 40}}], "run lengths of an annotation are damaged"),
        ([{"segmentation": {"size": [SIZE, SIZE], "counts": [-5, SIZE * SIZE + 5]}}], "run lengths of an annotation"),
        ([{}], "a defect, but not where"),
        ([{"segmentation": [[1, 2, 3, 4]]}], "a defect, but not where"),
        ([{"bbox": [1, 2]}], "no file of annotations as COCO"),
    ],
)
def test_damaged_annotations_are_told(tmp_path: Path, marks: list[dict[str, Any]], words: str) -> None:
    save(tmp_path / "a.jpg", cloth(1))
    coco(tmp_path / "labels.json", marks, names=["a.jpg"])
    with pytest.raises(DatasetError, match=words):
        read_dataset(tmp_path).pictures[0].mask()


@pytest.mark.parametrize("name", ["../a.jpg", "/etc/a.jpg", "c:\\a.jpg", "none.jpg"])
def test_annotations_name_pictures_of_the_data_set_only(tmp_path: Path, name: str) -> None:
    save(tmp_path / "a.jpg", cloth(1))
    coco(tmp_path / "set/labels.json", [], names=[name])
    with pytest.raises(DatasetError, match=r"outside the data set|missing"):
        read_dataset(tmp_path / "set")


def test_a_listed_picture_that_is_missing_costs_itself_only(tmp_path: Path) -> None:
    save(tmp_path / "a.jpg", cloth(1))
    coco(tmp_path / "labels.json", [SEGMENTATIONS["polygon"]], names=["a.jpg", "none.jpg"])
    there, missing = read_dataset(tmp_path).pictures
    assert there.problem is None
    assert missing.name == "none.jpg"
    assert "labels.json names this picture, but the file is missing" in str(missing.problem)


def test_annotations_of_another_size_are_told_before_anything_is_drawn(tmp_path: Path) -> None:
    save(tmp_path / "a.jpg", cloth(1))
    coco(tmp_path / "labels.json", [SEGMENTATIONS["polygon"]], names=["a.jpg"], size=1_000_001)
    with pytest.raises(DatasetError, match="1000001 x 1000001 pixels, the picture 112 x 112"):
        read_dataset(tmp_path)


# ---- what may be wrong -----------------------------------------------------------------------------------------------


def _two_files(root: Path) -> None:
    save(root / "rug/ground_truth/blot/000.png", blot(0, 0))


def _file_and_folder(root: Path) -> None:
    save(root / "rug/ground_truth/blot/000/000.png", blot(0, 0))


def _two_folders(root: Path) -> None:
    save(root / "rug/masks/blot/000.png", blot(0, 0))


def _two_suffixes(root: Path) -> None:
    save(root / "rug/ground_truth/blot/000_mask.bmp", blot(0, 0))


@pytest.mark.parametrize("add", [_two_files, _file_and_folder, _two_folders, _two_suffixes])
def test_two_masks_for_one_picture_are_both_named(tmp_path: Path, add: Callable[[Path], None]) -> None:
    mvtec_category(tmp_path / "rug")
    add(tmp_path)
    (troubled,) = [picture for picture in read_dataset(tmp_path).pictures if picture.problem is not None]
    assert troubled.name == "rug/test/blot/000.png"
    assert "there are two masks for it" in str(troubled.problem)
    assert "rug/ground_truth/blot/000_mask.png" in str(troubled.problem)


def test_inverted_masks_are_asked_about_before_the_evaluation(tmp_path: Path) -> None:
    mvtec_category(tmp_path / "rug", defective=1)
    save(tmp_path / "rug/ground_truth/blot/000_mask.png", np.where(blot(2, 0), 0, 255).astype(np.uint8))
    for polarity in (Polarity.MARKED, Polarity.BACKGROUND):
        dataset = read_dataset(tmp_path, polarity=polarity)
        assert np.array_equal(dataset.pictures[0].mask(), blot(2, 0)) == (polarity is Polarity.BACKGROUND)
        assert len(dataset.notes) == (polarity is Polarity.BACKGROUND)
    with pytest.raises(DatasetError, match="marks 98 % of the picture"):
        read_dataset(tmp_path)


def test_masks_and_annotations_together_are_told(tmp_path: Path) -> None:
    save_pair(tmp_path / "images/a.png", tmp_path / "masks/a.png", 1, blot(0, 0))
    coco(tmp_path / "labels.json", [], names=["images/a.png"])
    dataset = read_dataset(tmp_path)
    assert [item.name for item in dataset.left_out] == ["labels.json"]
    assert not dataset.pictures[0].is_clean


def test_an_empty_mask_means_a_clean_picture_where_no_folder_says_otherwise(tmp_path: Path) -> None:
    save_pair(tmp_path / "images/a.png", tmp_path / "masks/a.png", 1, EMPTY)
    save_pair(tmp_path / "images/b.png", tmp_path / "masks/b.png", 1, blot(0, 0))
    (category,) = read_dataset(tmp_path).categories
    assert told(category) == {"a.png": "good", "b.png": "marked "}
    assert references(category) == ["a.png"]


BUILD: dict[str, Callable[[Path], Path]] = {
    "LOCO": loco,
    "BTAD": btad,
    "MVTec AD 2": mvtec2,
    "KolektorSDD": kolektor,
    "KolektorSDD2": kolektor2,
    "VisA": lambda root: visa(root, "candle"),
    "COCO": lambda root: coco_set(root),
}


def coco_set(root: Path) -> Path:
    for name in ("a.jpg", "b.jpg"):
        save(root / "train2017" / name, cloth(1))
    coco(root / "annotations/instances_train2017.json", [SEGMENTATIONS["polygon"]])
    return root


@pytest.mark.parametrize("name", list(BUILD))
def test_a_changed_file_of_any_layout_shows(tmp_path: Path, name: str) -> None:
    root = BUILD[name](tmp_path / "set")
    before = folder_state(root)
    assert folder_state(root) == before
    picture = read_dataset(root).pictures[0]
    (root / "notes.txt").write_text("no part of it")
    assert folder_state(root) == before
    path = picture.path
    path.write_bytes(path.read_bytes() + b" ")
    assert folder_state(root) != before


@pytest.mark.parametrize("name", list(BUILD))
def test_no_layout_reads_beyond_the_folders_allowed(tmp_path: Path, name: str) -> None:
    root = BUILD[name](tmp_path / "allowed/set")
    allowed = Roots((tmp_path / "allowed",))
    picture = next(one for one in read_dataset(root, allowed=allowed).pictures if not one.is_clean)
    hidden = tmp_path / "hidden.png"
    picture.path.rename(hidden)
    picture.path.symlink_to(hidden)
    with pytest.raises(DatasetError, match=r"may not be read|outside the data set"):
        read_dataset(root, allowed=allowed)


def test_pictures_and_masks_are_told_apart_by_more_than_their_suffix(tmp_path: Path) -> None:
    """A picture named like a mask of another is a picture where masks lie in a folder of their own."""
    Image.fromarray(cloth(1)).save(tmp_path / "x.png")
    for name in ("hole", "hole_label"):
        save_pair(tmp_path / f"set/images/{name}.png", tmp_path / f"set/masks/{name}_mask.png", 1, blot(0, 0))
    assert [picture.name for picture in read_dataset(tmp_path / "set").pictures] == ["hole.png", "hole_label.png"]


@pytest.mark.parametrize("extra", [[], [9]], ids=["listed", "not listed"])
def test_annotations_of_pictures_that_are_not_listed_are_told(tmp_path: Path, extra: list[int]) -> None:
    save(tmp_path / "a.jpg", cloth(1))
    marks = [SEGMENTATIONS["polygon"], *({"image_id": number, **SEGMENTATIONS["polygon"]} for number in extra)]
    coco(tmp_path / "labels.json", marks, names=["a.jpg"])
    assert len(read_dataset(tmp_path).notes) == len(extra)
