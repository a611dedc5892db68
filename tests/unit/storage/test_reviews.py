"""What people say of what was found is kept side by side, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from segdetect.errors import SettingsError
from segdetect.regions import regions_of
from segdetect.settings import PlanVersion
from segdetect.storage.history.entries import Entry
from segdetect.storage.history.history import History
from segdetect.storage.history.reviews import Judgement, Review, standings
from segdetect.storage.history.tables import reviews
from tests.support.findings import finding, run

PLACE = ((0, 0, 16, 16), (16, 0, 32, 16))


@pytest.fixture
def entry(history: History) -> Entry:
    """An inspection by a plan."""
    (number,) = history.add(run(), [finding(plan=PlanVersion("cloth", 2))])
    return history.entry(number)


def review(entry: Entry, judgement: Judgement = Judgement.NO_DEFECT, **values: Any) -> Review:
    return Review.of(entry, **{"judgement": judgement, "boxes_ltrb": PLACE, "who": "Ann", **values})


def said(history: History) -> list[tuple[tuple[str, str], ...]]:
    """Who says what of each place."""
    found = standings(history.reviews())
    return [tuple((one.who, one.judgement.value) for one in standing.opinions) for standing in found]


def test_a_review_comes_back_as_it_was(history: History, entry: Entry) -> None:
    drawn = regions_of(np.eye(8, dtype=bool))
    made = review(entry, label="scr\u00e4tch", note="at\nthe edge", drawn=drawn)
    (number,) = history.review(made)
    assert history.reviews() == [replace(made, id=number)]
    (kept,) = history.reviews()
    assert (kept.plan, kept.plan_version, kept.sha256, kept.size_wh) == ("cloth", 2, entry.sha256, (64, 48))
    assert kept.drawn is not None
    assert (kept.drawn.pixels == np.eye(8, dtype=bool)).all()


def test_reviews_are_found_by_plan_and_by_entry_and_belong_to_an_account(history: History, entry: Entry) -> None:
    (other,) = history.add(run(), [finding("b.png", seed=1)])
    history.review(review(entry), review(history.entry(other)))
    history.review(review(entry, who="Cleo"), account="cleo")
    assert [one.inspection for one in history.reviews(plan="cloth")] == [entry.id]
    assert [one.inspection for one in history.reviews(entries=[other])] == [other]
    assert history.reviews(entries=[]) == []
    assert [one.who for one in history.reviews(account="cleo")] == ["Cleo"]


def test_each_persons_last_word_counts_and_nobodys_overwrites_anothers(history: History, entry: Entry) -> None:
    history.review(review(entry, Judgement.DEFECT))
    history.review(review(entry, Judgement.NO_DEFECT, who="Bob"))
    history.review(review(entry, Judgement.UNSURE))
    assert said(history) == [(("Bob", "not a defect"), ("Ann", "unsure"))]
    history.review(review(entry, Judgement.DEFECT))
    (standing,) = standings(history.reviews())
    assert standing.disputed
    assert standing.by("Ann") != standing.by("Bob")


def test_taking_back_is_a_further_row_and_touches_no_one_elses(history: History, entry: Entry) -> None:
    history.review(review(entry), review(entry, who="Bob"))
    history.review(review(entry, Judgement.TAKEN_BACK))
    assert said(history) == [(("Bob", "not a defect"),)]
    history.review(review(entry, Judgement.TAKEN_BACK, who="Bob"))
    assert said(history) == []
    with history.database.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(reviews)).scalar() == 4


def test_those_who_are_not_sure_do_not_outvote_one_who_is(history: History, entry: Entry) -> None:
    history.review(review(entry, Judgement.UNSURE))
    assert [standing.judgement for standing in standings(history.reviews())] == [Judgement.UNSURE]
    history.review(review(entry, Judgement.DEFECT, who="Bob"))
    (standing,) = standings(history.reviews())
    assert (standing.judgement, standing.disputed) == (Judgement.DEFECT, False)


def test_a_review_outlives_its_entry_and_is_not_of_one_that_took_its_place(history: History, entry: Entry) -> None:
    history.review(review(entry))
    again = history.add(history.run(entry.run), [finding(plan=PlanVersion("cloth", 2), minutes=5)])
    assert again == [entry.id]
    later = review(history.entry(entry.id), Judgement.DEFECT)
    history.review(later)
    assert len(said(history)) == 2
    history.delete([entry.id])
    assert len(history.reviews(plan="cloth")) == 2


@pytest.mark.parametrize(
    "wrong",
    [{"who": " "}, {"who": "x" * 81}, {"label": "x" * 81}, {"note": "x" * 2001}, {"boxes_ltrb": PLACE[:1] * 1025}],
    ids=["nobody", "a long name", "a long label", "a long note", "too many tiles"],
)
def test_what_is_no_review_is_refused(history: History, entry: Entry, wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        review(entry, **wrong)


def test_a_picture_that_is_reviewed_can_be_kept_with_its_entry(history: History, entry: Entry) -> None:
    assert not entry.has_picture
    data = b"its bytes"
    sha256 = hashlib.sha256(data).hexdigest()
    made = finding(seed=3)
    (number,) = history.add(run(), [replace(made, result=replace(made.result, sha256=sha256))])
    for _ in range(2):
        history.keep_picture(history.entry(number), data)
    kept = history.entry(number)
    assert kept.has_picture
    assert history.picture(kept) == data
    assert not history.entry(entry.id).has_picture
    history.delete([number])
    assert history.pictures.get(sha256) is None
