"""What former versions kept becomes plans, once, and nothing of it is lost."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from segdetect.documents.settings import settings_record
from segdetect.files import file_name
from segdetect.settings import EngineName, GridSize, Scope, Settings
from segdetect.storage.plans.conversion import convert
from segdetect.storage.plans.plans import Plans
from tests.support.pictures import tiff, weave

SETTINGS = Settings(grid=GridSize(9, 4), engine=EngineName.TEXTURE)
PICTURES = [("a.png", b"old a"), ("../b.png", b"old b")]


@pytest.fixture
def plans(tmp_path: Path) -> Plans:
    return Plans(tmp_path / "plans")


def old_preset(home: Path, name: str) -> Path:
    file = home / "presets" / f"{file_name(name)}.json"
    file.parent.mkdir(exist_ok=True)
    record = {"name": name, "why": "as it was", "settings": settings_record(SETTINGS)}
    del record["settings"]["plan"]  # type: ignore[attr-defined]
    file.write_text(json.dumps(record))
    return file


def old_set(home: Path, name: str, pictures: list[tuple[str, bytes]], *, early: bool = False) -> Path:
    place = home / "references" / file_name(name)
    inside = place if early else place / "3f2a"
    inside.mkdir(parents=True)
    for number, (_, data) in enumerate(pictures):
        (inside / f"{number:04d}.bin").write_bytes(data)
    listed = [
        picture if early else {"name": picture, "sha256": hashlib.sha256(data).hexdigest()}
        for picture, data in pictures
    ]
    record = {"name": name, "pictures": listed} | ({} if early else {"folder": "3f2a"})
    (place / "index.json").write_text(json.dumps(record))
    return place


def everything(home: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for part in ("presets", "references") for path in (home / part).rglob("*.*")}


@pytest.mark.parametrize("early", [True, False], ids=["version 0.1", "later"])
def test_presets_and_sets_become_plans_and_their_files_stay(tmp_path: Path, plans: Plans, early: bool) -> None:
    old_preset(tmp_path, "Cloth/Ü")
    old_set(tmp_path, "Gasket", PICTURES, early=early)
    before = everything(tmp_path)
    assert convert(plans, tmp_path) == []
    cloth, gasket = plans.kept().whole
    assert (cloth.name, cloth.settings, cloth.notes, cloth.good) == ("Cloth/Ü", SETTINGS, "as it was", ())
    assert gasket.settings == Settings(scope=Scope.REFERENCES)
    assert [(file.name, file.data()) for file in plans.opened(gasket).good_files()] == PICTURES
    assert everything(tmp_path) == before


def test_it_is_done_once_and_what_comes_later_is_done_too(tmp_path: Path, plans: Plans) -> None:
    old_preset(tmp_path, "Cloth")
    convert(plans, tmp_path)
    plans.delete("Cloth")
    assert convert(plans, tmp_path) == []
    assert plans.kept().whole == ()
    old_preset(tmp_path, "Mesh")
    convert(plans, tmp_path)
    assert [plan.name for plan in plans.kept().whole] == ["Mesh"]


def test_of_a_preset_and_a_set_of_one_name_both_are_there(tmp_path: Path, plans: Plans) -> None:
    old_preset(tmp_path, "x" * 80)
    old_set(tmp_path, "x" * 80, PICTURES)
    convert(plans, tmp_path)
    assert [plan.name for plan in plans.kept().whole] == ["x" * 76 + " (2)", "x" * 80]


def test_stopped_before_it_was_noted_it_is_not_done_twice(tmp_path: Path, plans: Plans) -> None:
    old_set(tmp_path, "Gasket", PICTURES)
    convert(plans, tmp_path)
    for mark in (plans.folder / "converted").glob("references-*"):
        mark.unlink()
    convert(plans, tmp_path)
    assert [(plan.name, plan.version) for plan in plans.kept().whole] == [("Gasket", 1)]


def test_each_page_of_a_file_is_a_good_picture(tmp_path: Path, plans: Plans) -> None:
    pages = tiff(*(weave(seed=seed)[..., 0] for seed in (1, 2)))
    old_set(tmp_path, "Stack", [("stack.tif", pages)])
    convert(plans, tmp_path)
    assert [(one.name, one.page) for one in plans.get("Stack").good] == [("stack.tif#1", 0), ("stack.tif#2", 1)]


def test_what_is_damaged_is_named_left_alone_and_tried_again(tmp_path: Path, plans: Plans) -> None:
    file = old_preset(tmp_path, "Cloth")
    whole = file.read_bytes()
    file.write_bytes(whole[:-20])
    old_set(tmp_path, "Gasket", PICTURES)
    (trouble,) = convert(plans, tmp_path)
    assert trouble.file == f"presets/{file.name}"
    assert trouble.remedy
    assert [plan.name for plan in plans.kept().whole] == ["Gasket"]
    file.write_bytes(whole)
    assert convert(plans, tmp_path) == []
    assert [plan.name for plan in plans.kept().whole] == ["Cloth", "Gasket"]
