"""Plans: versions that are never altered, pictures kept once, deletions that can be taken back, writers that stop."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from segdetect.errors import NotKeptError, SettingsError, StorageError
from segdetect.files import file_name
from segdetect.regions import regions_of
from segdetect.settings import EngineName, GridSize, PlanVersion, Rule, RuleName, Scope, Settings
from segdetect.storage.plans.plan import GoodPicture, Plan, plan_record, read_plan
from segdetect.storage.plans.plans import Plans
from tests.support.interruption import full, interruptions, killed

ONE, TWO = b"picture one", b"picture two"


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def good(*pictures: bytes) -> tuple[GoodPicture, ...]:
    return tuple(GoodPicture(f"{number}.png", digest(data)) for number, data in enumerate(pictures))


def by_digest(*pictures: bytes) -> dict[str, bytes]:
    return {digest(data): data for data in pictures}


WHOLE = Plan(
    name="Gasket",
    settings=Settings(
        grid=GridSize(3, 9),
        engine=EngineName.TEXTURE,
        scope=Scope.REFERENCES,
        ignore=regions_of(np.eye(5, dtype=bool)),
        rule=Rule(RuleName.THRESHOLD, threshold=0.125, false_alarms=0.05, expected_defective=0.25),
    ),
    good=(*good(ONE), GoodPicture("scan.tif#2", digest(TWO), 1)),
    picture=digest(TWO),
    mm_per_pixel=0.02,
    labels=("scratch", "dent"),
    notes="The stamp\nmay be anywhere.",
)


@pytest.fixture
def plans(tmp_path: Path) -> Plans:
    return Plans(tmp_path / "plans")


def test_a_plan_comes_back_as_it_was_kept(plans: Plans) -> None:
    kept = plans.keep(WHOLE, by_digest(ONE, TWO))
    assert kept == replace(WHOLE, version=1, created=kept.created)
    assert Plans(plans.folder).get("Gasket") == kept
    opened = plans.open("Gasket")
    assert [(file.name, file.page, file.data()) for file in opened.good_files()] == [
        ("0.png", 0, ONE),
        ("scan.tif#2", 1, TWO),
    ]
    assert kept.applied == replace(WHOLE.settings, plan=PlanVersion("Gasket", 1))


def test_each_change_is_a_new_version_and_no_former_one_is_altered(plans: Plans) -> None:
    first = plans.keep(WHOLE, by_digest(ONE, TWO))
    before = {path: path.read_bytes() for path in plans.folder.rglob("*.json")}
    second = plans.keep(replace(first, good=good(TWO)))
    assert (first.version, second.version) == (1, 2)
    assert plans.keep(second) == second
    assert plans.versions("Gasket") == (first, second)
    assert plans.get("Gasket", 1) == first
    with pytest.raises(NotKeptError, match=r"there is no version 3 of this plan\. It has versions 1 to 2"):
        plans.get("Gasket", 3)
    with pytest.raises(NotKeptError, match="no plan of this name is kept"):
        plans.get("Bolt", 3)
    assert plans.kept().whole == (second,)
    assert all(path.read_bytes() == data for path, data in before.items())


def test_a_picture_is_kept_once_whichever_plans_have_it(plans: Plans) -> None:
    plans.keep(WHOLE, by_digest(ONE, TWO))
    plans.keep(Plan(name="Axle", good=good(ONE)), by_digest(ONE))
    assert sorted(path.name for path in (plans.folder / "pictures").iterdir()) == sorted((digest(ONE), digest(TWO)))


NAMES = [
    "../../etc/passwd",
    "a/b\\c",
    "Dichtung Größe Ü",
    "基板 №7",
    "لوحة",
    ".",
    "nul\0byte",
    "CON",
    "x" * 80,
    "deleted",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_the_users_and_never_leave_the_folder(plans: Plans, name: str) -> None:
    plans.keep(Plan(name=name, good=good(ONE)), by_digest(ONE))
    assert [plan.name for plan in plans.kept().whole] == [unicodedata.normalize("NFC", name)]
    assert plans.get(name).good == good(ONE)
    assert {path.relative_to(plans.folder).parts[0] for path in plans.folder.rglob("*") if path.is_file()} <= {
        ".lock",
        "pictures",
        file_name(name),
    }
    assert list(plans.folder.parent.iterdir()) == [plans.folder]


def test_a_name_is_the_same_however_its_accents_were_typed(plans: Plans) -> None:
    plans.keep(Plan(name=unicodedata.normalize("NFD", "Größe")))
    assert plans.get(unicodedata.normalize("NFC", "Größe")).version == 1


@pytest.mark.parametrize("name", ["", "  ", "x" * 81])
def test_a_name_that_will_not_do_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="name"):
        Plan(name=name)


@pytest.mark.parametrize(
    "wrong",
    [{"mm_per_pixel": 0.0}, {"mm_per_pixel": float("nan")}, {"picture": "../x"}, {"notes": "x" * 10_001}],
    ids=["scale", "nan", "digest", "notes"],
)
def test_what_will_not_do_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        replace(WHOLE, **wrong)


def test_a_new_plan_does_not_take_anothers_place(plans: Plans) -> None:
    first = plans.keep(WHOLE, by_digest(ONE, TWO))
    with pytest.raises(SettingsError, match="already"):
        plans.keep(replace(WHOLE, notes="another"))
    assert plans.get("Gasket") == first


def test_a_change_to_what_is_no_longer_the_last_version_is_refused(plans: Plans) -> None:
    first = plans.keep(WHOLE, by_digest(ONE, TWO))
    second = plans.keep(replace(first, notes="mine"))
    with pytest.raises(StorageError, match="meanwhile: it is at version 2") as told:
        plans.keep(replace(first, notes="yours"))
    assert "Open it anew" in told.value.remedy
    assert plans.get("Gasket") == second


def test_a_picture_that_is_nowhere_is_named_and_nothing_is_kept(plans: Plans) -> None:
    with pytest.raises(StorageError, match=r"scan.tif#2 is damaged or gone"):
        plans.keep(replace(WHOLE, picture=""), by_digest(ONE))
    assert plans.kept().whole == ()


def test_a_deletion_can_be_taken_back_and_versions_go_on_counting(plans: Plans) -> None:
    first = plans.keep(WHOLE, by_digest(ONE, TWO))
    plans.delete("Gasket")
    assert plans.kept().whole == ()
    assert plans.deleted() == [first]
    with pytest.raises(StorageError, match="no plan of this name"):
        plans.get("Gasket")
    # An old answer can still be explained.
    assert plans.get("Gasket", 1) == first
    assert plans.restore("Gasket") == first
    plans.delete("Gasket")
    assert plans.keep(Plan(name="Gasket")).version == 2
    assert plans.deleted() == []


def test_what_is_deleted_for_good_is_gone_with_pictures_that_no_other_has(plans: Plans) -> None:
    plans.keep(WHOLE, by_digest(ONE, TWO))
    plans.keep(Plan(name="Axle", good=good(TWO)))
    plans.delete("Gasket")
    plans.delete("Gasket", for_good=True)
    assert plans.deleted() == []
    assert [path.name for path in (plans.folder / "pictures").iterdir()] == [digest(TWO)]
    assert not (plans.folder / file_name("Gasket")).exists()
    with pytest.raises(StorageError, match="no plan"):
        plans.restore("Gasket")


def test_a_damaged_version_is_named_and_set_aside_and_the_one_before_is_in_use(plans: Plans) -> None:
    first = plans.keep(WHOLE, by_digest(ONE, TWO))
    plans.keep(replace(first, notes="second"))
    file = plans.folder / file_name("Gasket") / "000002.json"
    file.write_bytes(file.read_bytes()[:-20])
    found = plans.kept()
    assert found.whole == (first,)
    assert [str(one.error) for one in found.damaged] == [
        "Gasket: version 2 is damaged and was set aside; version 1 is in use. Make your change again; "
        f"what is left of it is {file_name('Gasket')}/000002.json.broken."
    ]
    third = plans.keep(replace(first, notes="third"))
    assert third.version == 3
    (later,) = plans.kept().damaged
    assert "version 2 is damaged and was set aside; version 3 is in use. Nothing is to be done; what" in str(
        later.error
    )
    plans.discard(later)
    assert plans.kept().damaged == ()


def test_a_damaged_picture_is_named_with_a_remedy_that_helps(plans: Plans) -> None:
    kept = plans.keep(WHOLE, by_digest(ONE, TWO))
    (plans.folder / "pictures" / digest(TWO)).write_bytes(b"picture 2wo")
    remedy = "Give the plan all of its known-good pictures once more"
    with pytest.raises(StorageError, match=rf"Gasket: scan.tif#2 is damaged or gone .*{remedy}"):
        plans.open("Gasket").good_files()[1].read()
    changed = plans.keep(replace(kept, notes="mended"), by_digest(TWO))
    assert plans.open("Gasket").good_files()[1].data() == TWO
    (plans.folder / "pictures" / digest(TWO)).unlink()
    assert plans.keep(changed, by_digest(ONE, TWO)) == changed
    assert plans.open("Gasket").good_files()[1].data() == TWO


def test_pictures_that_a_plan_lacks_are_put_back_by_themselves(plans: Plans) -> None:
    kept = plans.keep(WHOLE, by_digest(ONE, TWO))
    plans.keep(replace(kept, notes="later"))
    assert plans.lacking(kept) == []
    (plans.folder / "pictures" / digest(ONE)).unlink()
    (plans.folder / "pictures" / digest(TWO)).write_bytes(b"picture 2wo")
    assert plans.lacking(kept) == sorted([digest(ONE), digest(TWO)])
    plans.mend(kept, by_digest(TWO, b"of no plan"))
    assert plans.lacking(kept) == [digest(ONE)]
    plans.mend(kept, by_digest(ONE))
    assert plans.lacking(kept) == []
    assert [file.data() for file in plans.opened(kept).good_files()] == [ONE, TWO]
    assert not (plans.folder / "pictures" / digest(b"of no plan")).exists()
    assert plans.get("Gasket").version == 2


def test_a_plan_of_a_newer_program_is_said_to_be_one_and_left_as_it_is(plans: Plans) -> None:
    plans.keep(WHOLE, by_digest(ONE, TWO))
    file = plans.folder / file_name("Gasket") / "000001.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "format": 2}))
    (damaged,) = plans.kept().damaged
    assert "format 2, and this SegDetect reads format 1" in str(damaged.error)
    assert not damaged.can_be_removed
    assert file.exists()
    with pytest.raises(StorageError, match="format 2"):
        plans.keep(WHOLE, by_digest(ONE, TWO))


def test_a_record_is_of_plain_values_and_comes_back() -> None:
    assert read_plan(json.loads(json.dumps(plan_record(WHOLE)))) == WHOLE


@pytest.mark.parametrize("stop", [killed, full])
def test_stopped_at_any_step_a_change_leaves_the_former_version_or_the_new(
    tmp_path: Path, stop: Callable[[], None]
) -> None:
    plans = Plans(tmp_path / "plans")
    first = plans.keep(Plan(name="Gasket", good=good(ONE)), by_digest(ONE))
    outcomes = []
    for _ in interruptions(lambda: plans.keep(replace(first, good=good(TWO)), by_digest(TWO)), plans.folder, stop):
        found = plans.kept()
        assert found.damaged == ()
        outcomes.append(found.whole[0].good)
        assert [file.data() for file in plans.open("Gasket").good_files()] in ([ONE], [TWO])
        plans.delete("Gasket", for_good=True)
        assert not list(plans.folder.rglob("*.part"))
        assert plans.keep(Plan(name="Gasket", good=good(ONE)), by_digest(ONE)).version == 1
    assert good(ONE) in outcomes
    assert outcomes[-1] == good(TWO)


def _change_often(folder: Path, mark: int) -> None:
    plans, done = Plans(folder), 0
    while done < 10:
        last = plans.get("Gasket")
        try:
            plans.keep(replace(last, labels=(*last.labels, f"{mark}-{done}")))
        except StorageError:
            continue
        done += 1


def test_of_two_writers_at_once_neither_loses_the_others_change(plans: Plans) -> None:
    plans.keep(Plan(name="Gasket"))
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_change_often, args=(plans.folder, mark)) for mark in (1, 2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    last = plans.get("Gasket")
    assert last.version == 21
    assert set(last.labels) == {f"{mark}-{number}" for mark in (1, 2) for number in range(10)}
