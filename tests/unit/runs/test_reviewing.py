"""What reviews make of a plan, what they say of how good it is, and the data set that they make up."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segdetect.cli.main import main
from segdetect.errors import InputError, StorageError
from segdetect.evaluation.datasets import read_dataset
from segdetect.regions import regions_of
from segdetect.runs.reviewed import dataset_zip, mask_of, reviewed, write_dataset
from segdetect.runs.reviewing import (
    Question,
    Worth,
    learn_from,
    least_certain_first,
    make_good,
    questions,
    worth_of,
    worth_over_time,
)
from segdetect.settings import GridSize, Settings
from segdetect.storage.history.entries import Entry
from segdetect.storage.history.reviews import Box, Judgement, Review, standings
from segdetect.storage.plans.plan import Plan
from segdetect.storage.plans.plans import Plans
from tests.support.findings import NOON
from tests.support.pictures import answer, picture, planted, png, weave

DATA = png(planted(2, 2))
SHA = picture(planted(2, 2)).sha256
HERE: tuple[Box, ...] = ((32, 32, 48, 48),)
THERE: tuple[Box, ...] = ((80, 64, 96, 80),)


def entry(
    number: int = 1, *, sha256: str = SHA, name: str = "a.png", days: int = 0, plan: str | None = "cloth"
) -> Entry:
    return Entry(
        id=number,
        run="r",
        run_name="run",
        image=name,
        sha256=sha256,
        page=0,
        size_wh=(112, 112),
        engine="texture",
        verdict="anomalous",
        reason="",
        flagged=1,
        highest=2.0,
        threshold=1.0,
        seconds=0.1,
        created=NOON + timedelta(days=days),
        plan=plan,
        plan_version=1 if plan else None,
        has_picture=True,
    )


def review(
    judgement: Judgement = Judgement.NO_DEFECT, *, of: Entry | None = None, id: int = 1, **values: Any
) -> Review:
    return Review.of(of or entry(), **{"judgement": judgement, "boxes_ltrb": HERE, "who": "Ann", "id": id, **values})


@pytest.fixture
def plans(tmp_path: Path) -> Plans:
    made = Plans(tmp_path / "plans")
    made.keep(Plan(name="cloth", settings=Settings(grid=GridSize(7, 7))))
    return made


def test_segments_are_asked_about_the_least_certain_first() -> None:
    image = picture(weave())
    scores = np.ones(49)
    scores[[0, 1, 20, 40]] = 3, 4, 2.1, 9
    made = answer(image, scores.tolist(), grid=GridSize(7, 7), flagged=[0, 1, 20, 40])
    made = replace(made, decision=replace(made.decision, threshold=2.0))
    found = least_certain_first([*questions(entry(1), made), *questions(entry(2), made)])
    assert [(one.entry.id, one.tile) for one in found] == [(2, 20), (1, 20), (2, 1), (1, 1), (2, 40), (1, 40)]
    assert [(left, top) for left, top, _, _ in found[2].boxes_ltrb] == [(0, 0), (16, 0)]
    assert found[2].strength == 2.0
    assert len({one.about for one in found}) == 6


def test_a_picture_that_hardly_stands_out_is_asked_about_before_one_that_clearly_does() -> None:
    def of(id: int, needed: float) -> list[Question]:
        """As a rule has it that flags from a share of the strongest score on."""
        made = answer(picture(weave()), [1.0] * 48 + [4.0], grid=GridSize(7, 7), flagged=[48], threshold=2.8)
        return questions(entry(id), replace(made, decision=replace(made.decision, needed=needed)))

    found = least_certain_first([*of(1, 1.6), *of(2, 3.9), *of(3, 2.5)])
    assert [(one.entry.id, round(one.strength, 2)) for one in found] == [(2, 1.03), (3, 1.6), (1, 2.5)]


def test_what_is_no_defect_is_allowed_by_a_new_version_and_taken_back_by_a_further_one(plans: Plans) -> None:
    said = [review()]
    allowing = learn_from(plans, said[0], said, DATA)
    assert allowing is not None
    assert (allowing.version, [one.boxes_ltrb for one in allowing.allowed]) == (2, [HERE])
    assert plans.open("cloth").bytes_of(SHA) == DATA
    # Said once more, it changes nothing.
    assert learn_from(plans, said[0], [*said, review(id=2)], DATA) is None
    back = [*said, review(Judgement.TAKEN_BACK, id=3)]
    without = learn_from(plans, back[-1], back, None)
    assert without is not None
    assert (without.version, without.allowed) == (3, ())
    assert [len(plan.allowed) for plan in plans.versions("cloth")] == [0, 1, 0]


def test_a_place_is_allowed_only_while_nobody_says_that_it_is_a_defect(plans: Plans) -> None:
    said = [review()]
    learn_from(plans, said[-1], said, DATA)
    said.append(review(Judgement.UNSURE, who="Cleo", id=2))
    assert learn_from(plans, said[-1], said, DATA) is None
    # Bob sees the same picture in an inspection of his own.
    said.append(review(Judgement.DEFECT, of=entry(7), who="Bob", id=3))
    plan = learn_from(plans, said[-1], said, DATA)
    assert plan is not None
    assert plan.allowed == ()
    said.append(review(Judgement.TAKEN_BACK, of=entry(7), who="Bob", id=4))
    plan = learn_from(plans, said[-1], said, DATA)
    assert plan is not None
    assert len(plan.allowed) == 1


def test_what_teaches_a_plan_nothing_leaves_it_as_it_is(plans: Plans) -> None:
    drawn = regions_of(np.eye(8, dtype=bool))
    for other in (
        review(Judgement.DEFECT),
        review(Judgement.UNSURE),
        review(boxes_ltrb=()),
        review(drawn=drawn),
        review(of=entry(plan=None)),
    ):
        assert learn_from(plans, other, [other], DATA) is None
    assert plans.get("cloth").version == 1


def test_without_its_picture_a_place_cannot_be_allowed(plans: Plans) -> None:
    with pytest.raises(StorageError, match="damaged or gone"):
        learn_from(plans, review(), [review()], None)
    assert plans.get("cloth").version == 1


def test_a_picture_without_a_defect_becomes_a_good_one(plans: Plans) -> None:
    plan = make_good(plans, entry(), DATA)
    assert (plan.version, [one.identity for one in plan.good]) == (2, [(SHA, 0)])
    assert make_good(plans, entry(), DATA).version == 2


def test_precision_and_recall_with_what_is_known_of_them() -> None:
    drawn = regions_of(np.eye(8, dtype=bool))
    said = [
        *(review(Judgement.DEFECT, of=entry(at), id=at) for at in range(1, 9)),
        *(review(of=entry(at), id=at) for at in range(9, 11)),
        review(Judgement.DEFECT, of=entry(11), drawn=drawn, id=11),
        review(Judgement.UNSURE, of=entry(12), id=12),
        review(Judgement.DEFECT, of=entry(13), id=13),
        review(of=entry(13), who="Bob", id=14),
        review(of=entry(14), boxes_ltrb=(), id=15),
        review(of=entry(15), id=16),
        review(Judgement.TAKEN_BACK, of=entry(15), id=17),
    ]
    worth = worth_of(standings(said))
    assert worth == Worth(found=8, alarms=2, missed=1, open=2)
    assert worth.precision == 0.8
    assert worth.recall == 8 / 9
    # As binom.test(8, 10) of R has it.
    assert worth.precision_interval == pytest.approx((0.4439, 0.9748), abs=1e-4)
    nothing = Worth()
    assert (nothing.precision, nothing.recall, nothing.precision_interval, nothing.recall_interval) == (None,) * 4


def test_over_time_each_day_counts_what_was_inspected_until_then() -> None:
    said = [
        review(Judgement.DEFECT, of=entry(1), id=1),
        review(of=entry(2, days=1), id=2),
        review(Judgement.DEFECT, of=entry(3, days=1), id=3),
    ]
    worths = list(worth_over_time(said).values())
    assert [(worth.found, worth.alarms) for worth in worths] == [(1, 0), (2, 1)]


def asked(boxes: dict[int, list[tuple[Box, ...]]]) -> Any:
    return lambda one: [Question(one, place, 0, 1.5) for place in boxes.get(one.id, [])]


def test_a_picture_is_reviewed_when_all_that_was_flagged_is_judged_and_nobody_disagrees() -> None:
    entries = [entry(at) for at in range(1, 7)]
    flagged = asked({1: [HERE, THERE], 2: [HERE, THERE], 3: [HERE], 4: [], 5: [], 6: [HERE]})
    said = [
        review(of=entries[0], id=1),
        review(Judgement.DEFECT, of=entries[0], boxes_ltrb=THERE, id=2),
        review(of=entries[1], id=3),  # the other one is not judged
        review(of=entries[2], id=4),
        review(Judgement.DEFECT, of=entries[2], who="Bob", id=5),  # they disagree
        review(of=entries[3], boxes_ltrb=(), id=6),  # the whole picture is good
        # of the fifth nobody said anything
        review(Judgement.UNSURE, of=entries[5], id=7),
    ]
    found = reviewed(entries, flagged, said)
    assert [(one.entry.id, len(one.defects)) for one in found] == [(1, 1), (4, 0)]
    mask = mask_of(found[0])
    assert mask.sum() == 256
    assert mask[64:80, 80:96].all()


def test_a_reviewed_run_is_a_data_set_that_evaluate_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clean, missed = png(weave(seed=1)), png(planted(4, 4, seed=2))
    drawn = np.zeros((112, 112), np.bool_)
    drawn[64:80, 64:80] = True
    names = {"parts/a.png": DATA, "parts/../a.png": clean, "c.png": missed}
    entries = [
        entry(at, sha256=picture_sha, name=name)
        for at, (name, picture_sha) in enumerate(zip(names, ("a" * 64, "b" * 64, "c" * 64), strict=True), 1)
    ]
    said = [
        review(Judgement.DEFECT, of=entries[0], label="stain", id=1),
        review(of=entries[1], boxes_ltrb=(), id=2),
        review(Judgement.DEFECT, of=entries[2], boxes_ltrb=((64, 64, 80, 80),), drawn=regions_of(drawn), id=3),
    ]
    found = reviewed(entries, asked({1: [HERE]}), said)
    file = dataset_zip(found, lambda one: names[one.image], category="cloth")
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        archive.extractall(tmp_path / "data")
    dataset = read_dataset(tmp_path / "data")
    (category,) = dataset.categories
    assert category.name == "cloth"
    told = {one.defect: one for one in category.pictures}
    assert set(told) == {"stain", "good", "defect"}
    assert told["stain"].data() == DATA
    assert told["good"].is_clean
    for name, box in (("stain", HERE[0]), ("defect", (64, 64, 80, 80))):
        mask = told[name].mask()
        assert mask is not None
        left, top, right, bottom = box
        assert mask[top:bottom, left:right].all()
        assert mask.sum() == 256
    assert main(["evaluate", str(tmp_path / "data"), "--engine", "texture", "--grid", "7"]) == 0
    assert "3 pictures" in capsys.readouterr().out
    # The annotations by themselves are the same data set.
    (tmp_path / "data" / "manifest.csv").unlink()
    shutil.rmtree(tmp_path / "data" / "masks")
    again = {one.defect or one.name: one for one in read_dataset(tmp_path / "data").pictures}
    assert sum(one.is_clean for one in again.values()) == 1
    for one in again.values():
        mask = one.mask((112, 112))
        assert mask is None or mask.sum() == 256
    categories = json.loads((tmp_path / "data" / "annotations" / "instances.json").read_text())["categories"]
    assert {one["name"] for one in categories} == {"defect", "stain"}


def test_nothing_reviewed_is_no_data_set(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no picture is reviewed yet"):
        write_dataset(tmp_path, [], lambda one: b"", category="cloth")
