"""A plan as a file: the same again elsewhere; what is damaged, foreign, newer or a trap is refused in plain words."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from segdetect.errors import InputError, SegDetectError, SettingsError, StorageError
from segdetect.pictures import limits
from segdetect.storage.plans.plan import GoodPicture, Plan
from segdetect.storage.plans.plans import Plans
from segdetect.storage.plans.segplan import open_segplan, read_segplan, write_segplan

PICTURES = [b"picture one", b"picture two"]
GOOD = tuple(GoodPicture(f"../{n}.png", hashlib.sha256(data).hexdigest()) for n, data in enumerate(PICTURES))
BY_DIGEST = {one.sha256: data for one, data in zip(GOOD, PICTURES, strict=True)}


@pytest.fixture
def plans(tmp_path: Path) -> Plans:
    plans = Plans(tmp_path / "plans")
    first = plans.keep(Plan(name="Gasket/7", good=GOOD), BY_DIGEST)
    plans.keep(replace(first, notes="second"))
    return plans


@pytest.fixture
def file(plans: Plans) -> bytes:
    return write_segplan(plans.open("Gasket/7"))


def rewritten(file: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def test_a_plan_is_the_same_on_another_machine(plans: Plans, file: bytes, tmp_path: Path) -> None:
    found = read_segplan(file, name="gasket.segplan")
    assert found.plan == plans.get("Gasket/7")
    assert [one.data() for one in found.opened.good_files()] == PICTURES
    elsewhere = Plans(tmp_path / "elsewhere")
    assert elsewhere.put(found.plan, found.pictures) == found.plan
    assert write_segplan(elsewhere.open("Gasket/7")) == file


def test_it_does_not_take_the_place_of_a_plan_and_another_name_helps(plans: Plans, file: bytes) -> None:
    found = read_segplan(file, name="gasket.segplan")
    with pytest.raises(SettingsError, match="already"):
        plans.put(found.plan, found.pictures)
    kept = plans.put(replace(found.plan, name="Gasket 8", version=0), found.pictures)
    assert (kept.name, kept.version, kept.good) == ("Gasket 8", 1, GOOD)


def test_a_damaged_picture_is_not_exported(plans: Plans) -> None:
    (plans.folder / "pictures" / GOOD[1].sha256).write_bytes(b"another")
    with pytest.raises(StorageError, match=r"1\.png is damaged or gone"):
        write_segplan(plans.open("Gasket/7"))


def _climb(members: dict[str, bytes]) -> None:
    members["../x"] = b"out"


def _exchange(members: dict[str, bytes]) -> None:
    members[f"pictures/{GOOD[0].sha256}"] = b"another"


def _lose(members: dict[str, bytes]) -> None:
    del members[f"pictures/{GOOD[0].sha256}"]


def _break(members: dict[str, bytes]) -> None:
    members["plan.json"] = members["plan.json"][:-30]


def _from_the_future(members: dict[str, bytes]) -> None:
    members["plan.json"] = json.dumps({**json.loads(members["plan.json"]), "format": 2}).encode()


def _name_badly(members: dict[str, bytes]) -> None:
    members["plan.json"] = json.dumps({**json.loads(members["plan.json"]), "picture": "../x"}).encode()


def _bomb(members: dict[str, bytes]) -> None:
    members["plan.json"] = b" " * 41_000_000 + members["plan.json"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_climb, "it holds '../x', which is no part of a plan"),
        (_exchange, "this plan is damaged"),
        (_lose, "1 of its 2 pictures are not in it"),
        (_break, "this plan is damaged"),
        (_from_the_future, "format 2, and this SegDetect reads format 1"),
        (_name_badly, "this plan is damaged"),
        (_bomb, "more than 40 megabytes"),
        (dict.clear, "it is no plan"),
    ],
)
def test_what_is_no_whole_plan_is_refused(file: bytes, change: Callable[[dict[str, bytes]], None], said: str) -> None:
    with pytest.raises(SegDetectError, match=said) as told:
        read_segplan(rewritten(file, change), name="gasket.segplan")
    assert told.value.file == "gasket.segplan"
    assert told.value.remedy


def test_what_unpacks_to_too_much_is_refused_unread(file: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "upload_limit", lambda size: 100)
    with pytest.raises(InputError, match="unpacks to more than"):
        read_segplan(file, name="x")


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 no archive", b"\x89PNG"], ids=["empty", "cut", "picture"])
def test_what_is_no_archive_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="it is no plan"):
        read_segplan(data, name="x")


@pytest.mark.parametrize("at", [10, 200, 600, -30])
def test_a_file_damaged_anywhere_is_refused_or_holds_what_it_held(file: bytes, at: int) -> None:
    damaged = bytearray(file)
    damaged[at] ^= 0xFF
    try:
        found = read_segplan(bytes(damaged), name="x")
    except SegDetectError:
        return
    assert found.pictures == BY_DIGEST


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        open_segplan(tmp_path / "none.segplan")
