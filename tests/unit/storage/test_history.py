"""What is kept is found again, exactly, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from unittest.mock import Mock

import numpy as np
import pytest

from segdetect.documents.inspections import inspection_document
from segdetect.errors import InputError
from segdetect.inspection import Failure, Inspection, Verdict
from segdetect.settings import PlanVersion
from segdetect.storage.history import hiding, retention
from segdetect.storage.history.entries import FAILED, Finding, Search
from segdetect.storage.history.history import History
from segdetect.storage.history.retention import Limits, Size
from tests.support.findings import NOON, digest, failure, finding, inspection, run


def _names(history: History, **search: object) -> list[str]:
    return [entry.image for entry in history.find(Search(**search))]  # type: ignore[arg-type]


def test_an_entry_says_what_was_found_and_holds_all_of_it(history: History) -> None:
    kept = finding(thumbnail=b"small", plan=PlanVersion("cloth", 3))
    asked = run()
    (number,) = history.add(asked, [kept])
    (entry,) = history.find(Search())
    result = kept.result
    assert isinstance(result, Inspection)
    assert (entry.id, entry.run, entry.run_name, entry.image) == (number, asked.id, "cloth", "cloth.png")
    assert (entry.sha256, entry.page, entry.size_wh, entry.engine) == (result.sha256, 0, (64, 48), "texture")
    assert (entry.verdict, entry.reason, entry.flagged) == ("anomalous", "because", 1)
    assert (entry.highest, entry.threshold, entry.seconds) == (result.scores.highest, 0.5, 0.75)
    assert (entry.created, entry.plan, entry.plan_version) == (NOON, "cloth", 3)
    assert (entry.thumbnail, entry.has_picture) == (b"small", False)
    assert history.entry(number) == entry
    again = history.result(number)
    assert isinstance(again, Inspection)
    assert json.dumps(inspection_document(again)) == json.dumps(inspection_document(result))
    assert again.scores.scores.tobytes() == result.scores.scores.tobytes()
    assert history.run(asked.id) == asked


def test_a_failure_is_kept_too(history: History) -> None:
    (number,) = history.add(run(), [failure()])
    entry = history.entry(number)
    assert (entry.verdict, entry.image, entry.highest, entry.threshold) == (FAILED, "bad.png", None, None)
    assert "it is empty" in entry.reason
    assert entry.plan is None
    again = history.result(number)
    assert isinstance(again, Failure)
    assert str(again.error) == "bad.png: it is empty. Choose another."


def test_what_failed_belongs_to_the_plan_of_its_run_and_an_answer_to_its_own(history: History) -> None:
    planned = replace(run(), settings=replace(run().settings, plan=PlanVersion("cloth", 2)))
    history.add(planned, [finding(), failure(minutes=1)])
    assert [(entry.plan, entry.plan_version) for entry in history.find(Search())] == [("cloth", 2), (None, None)]
    assert history.run(planned.id).settings.plan == PlanVersion("cloth", 2)


def test_no_threshold_and_names_that_no_database_takes_are_kept_as_they_were(history: History) -> None:
    name = "a\0b\ud800'; DROP TABLE segdetect_run; --%_.png"
    made = inspection(name)
    nothing = math.nextafter(made.scores.highest, math.inf)
    made = replace(made, decision=replace(made.decision, threshold=nothing, flags=np.zeros_like(made.decision.flags)))
    (number,) = history.add(run(name), [Finding(result=made)])
    again = history.result(number)
    assert isinstance(again, Inspection)
    assert (again.image, again.decision.threshold) == (name, nothing)
    assert history.entry(number).threshold is None
    assert _names(history, name="drop table") == [history.entry(number).image]


def test_the_newest_come_first_page_by_page_whatever_happens_meanwhile(history: History) -> None:
    # Two of one moment among them.
    history.add(run(), [finding(f"{n}.png", seed=n, minutes=n // 2) for n in range(10)])
    first = history.find(Search(), count=4)
    assert [entry.image for entry in first] == ["9.png", "8.png", "7.png", "6.png"]
    history.add(run(), [finding("late.png", seed=11, minutes=60)])
    history.delete([first[0].id])
    rest = history.find(Search(), after=first[-1].place, count=4)
    assert [entry.image for entry in rest] == ["5.png", "4.png", "3.png", "2.png"]
    assert history.count(Search()) == 10


def test_a_search_finds_by_name_verdict_date_digest_plan_and_run(history: History) -> None:
    cloth, other = run(), run("other")
    history.add(
        cloth, [finding("Süd/CLOTH_1.png", seed=0x1A2B, minutes=0, plan=PlanVersion("cloth", 1)), failure(minutes=1)]
    )
    history.add(other, [finding("clothX1.png", seed=0x1A2C, minutes=2, verdict=Verdict.NORMAL)])
    assert _names(history) == ["clothX1.png", "bad.png", "Süd/CLOTH_1.png"]
    assert _names(history, name="SÜD/cloth") == ["Süd/CLOTH_1.png"]
    assert _names(history, name="cloth_1") == ["Süd/CLOTH_1.png"]
    assert _names(history, verdict="normal") == ["clothX1.png"]
    assert _names(history, verdict=FAILED) == ["bad.png"]
    assert _names(history, sha256="1A2") == ["clothX1.png", "Süd/CLOTH_1.png"]
    assert _names(history, sha256=digest(0x1A2B)) == ["Süd/CLOTH_1.png"]
    assert _names(history, sha256="no digest") == []
    assert _names(history, plan="cloth") == ["Süd/CLOTH_1.png"]
    assert _names(history, run=other.id) == ["clothX1.png"]
    minute = timedelta(minutes=1)
    assert _names(history, since=NOON + minute) == ["clothX1.png", "bad.png"]
    assert _names(history, until=NOON + minute) == ["Süd/CLOTH_1.png"]
    assert _names(history, since=NOON + minute, until=NOON + 2 * minute, verdict=FAILED) == ["bad.png"]
    assert history.count(Search(name="cloth")) == 2


def test_a_search_for_what_no_name_and_no_number_is_finds_nothing(history: History) -> None:
    history.add(run(), [finding("a" * 100)])
    for long in ("a" * 60_000, "%" * 20_000, "\ud800" * 60_000):
        assert _names(history, name=long) == []
        assert _names(history, plan=long) == _names(history, sha256=long) == []
    for number in (2**63, -(10**30)):
        with pytest.raises(InputError, match=f"there is no entry {number} "):
            history.entry(number)
        with pytest.raises(InputError, match=f"there is no entry {number} "):
            history.document(number)
        assert history.hide([number]) == history.show([number]) == history.delete([number]) == 0
        assert history.reviews(entries=[number]) == []
    assert history.count(Search()) == 1


def test_one_key_is_one_entry(history: History) -> None:
    asked = run()
    (number,) = history.add(asked, [finding(seed=1, key="a", thumbnail=b"1")])
    assert history.add(asked, [finding(seed=2, key="a", minutes=5), finding(seed=3, key="b")]) == [number, number + 1]
    entry = history.entry(number)
    assert (entry.sha256, entry.created, entry.thumbnail) == (digest(2), NOON + timedelta(minutes=5), None)
    again = history.result(number)
    assert isinstance(again, Inspection)
    assert again.sha256 == digest(2)
    # Another run's own; and what a run is given twice, as after an interruption, it has once.
    history.add(run(), [finding(seed=1, key="a")])
    history.add(asked, [finding(seed=3, key="b"), finding(seed=3, key="b")])
    assert history.count(Search()) == 3


def test_each_account_has_its_own(history: History) -> None:
    (mine,) = history.add(run(account="anna"), [finding("mine.png")])
    (shared,) = history.add(run(), [finding("shared.png")])
    assert _names(history, account="anna") == ["mine.png"]
    assert _names(history) == ["shared.png"]
    for ask in (history.entry, history.document, history.result):
        with pytest.raises(InputError, match=rf"no entry {mine}\b"):
            ask(mine)
    assert history.delete([mine, shared], account="anna") == 1
    assert history.delete_found(Search(account="anna")) == 0
    assert _names(history) == ["shared.png"]
    assert history.size(account="anna") == Size(0, 0)


def test_what_was_deleted_is_gone(history: History) -> None:
    asked = run()
    numbers = history.add(asked, [finding(f"{n}.png", seed=n) for n in range(3)])
    assert history.delete(numbers[:1]) == 1
    assert history.delete_found(Search(name="1.PNG")) == 1
    assert _names(history) == ["2.png"]
    assert history.delete([*numbers, 10**12]) == 1
    with pytest.raises(InputError):
        history.document(numbers[2])
    with pytest.raises(InputError):
        history.run(asked.id)
    assert history.size() == Size(0, 0)
    # A number is never given twice.
    assert history.add(run(), [finding()]) == [numbers[2] + 1]


def _with_picture(data: bytes, name: str) -> Finding:
    made = inspection(name)
    return Finding(result=replace(made, sha256=hashlib.sha256(data).hexdigest()), picture=data, created=NOON)


def test_a_picture_is_kept_once_and_goes_with_its_last_entry(history: History) -> None:
    one, other = b"a picture", b"another picture"
    numbers = history.add(run(), [_with_picture(one, "a.png"), _with_picture(other, "b.png")])
    numbers += history.add(run(), [_with_picture(one, "c.png")])
    entries = [history.entry(number) for number in numbers]
    assert [history.picture(entry) for entry in entries] == [one, other, one]
    folder = history.pictures.folder
    assert len([path for path in folder.iterdir() if not path.name.startswith(".")]) == 2
    history.delete(numbers[:1])
    assert history.picture(entries[2]) == one
    history.delete(numbers[1:])
    assert [path for path in folder.iterdir() if not path.name.startswith(".")] == []
    assert history.picture(entries[2]) is None
    (number,) = history.add(run(), [finding()])
    assert history.picture(history.entry(number)) is None


def test_what_is_hidden_is_seen_nowhere_and_comes_back_whole(history: History) -> None:
    numbers = history.add(run(), [_with_picture(b"pixels", f"{n}.png") for n in range(3)])
    before, size = history.find(Search()), history.size()
    history.add(run(account="anna"), [finding("hers.png")])
    assert history.hide(numbers[:2], account="anna") == 0
    assert history.hide(numbers[:2]) == 2
    assert history.hide(numbers[:2]) == 0
    assert _names(history) == ["2.png"]
    assert (history.count(Search()), history.size().entries) == (1, 1)
    for ask in (history.entry, history.document):
        with pytest.raises(InputError, match="no more"):
            ask(numbers[0])
    assert history.show(numbers, account="anna") == 0
    assert history.show(numbers) == 2
    assert (history.find(Search()), history.size()) == (before, size)


def test_what_was_hidden_too_long_ago_goes_with_its_picture_whoever_asks_next(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    (number,) = history.add(run(), [_with_picture(b"pixels", "0.png")])
    history.hide([number])
    assert (history.purge(), history.trim()) == (0, 0)
    assert len([*history.pictures.folder.glob("[0-9a-f]*")]) == 1
    monkeypatch.setattr(hiding, "UNDO_SECONDS", 0.0)
    # As after a restart: nothing but the database knows of it.
    url = history.database.url.render_as_string(hide_password=False)
    again = History(url, pictures=history.pictures)
    assert again.trim(account="anna") == 1
    assert again.show([number]) == 0
    assert [*history.pictures.folder.glob("[0-9a-f]*")] == []
    assert again.purge() == 0


def test_an_answer_that_takes_the_place_of_a_hidden_one_is_seen(history: History) -> None:
    kept = run()
    (number,) = history.add(kept, [finding("0.png", key="place")])
    history.hide([number])
    assert history.add(kept, [finding("0.png", key="place", seed=1)]) == [number]
    assert _names(history) == ["0.png"]


def test_what_is_older_than_the_limit_goes(history: History) -> None:
    now = datetime.now(UTC)
    ages = {f"{days}.png": replace(finding(seed=days), created=now - timedelta(days=days)) for days in (1, 5, 9, 11)}
    history.add(run(), [replace(f, result=replace(f.result, image=name)) for name, f in ages.items()])
    assert history.trim() == 0
    history.set_limits(Limits(days=10))
    assert history.limits() == Limits(days=10)
    assert history.limits(account="anna") == Limits()
    assert history.trim() == 1
    assert _names(history) == ["1.png", "5.png", "9.png"]


@pytest.mark.parametrize("days", [3, 90])
def test_a_clock_that_leaps_makes_nothing_old_unless_it_stays_there(
    history: History, days: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    added = 0

    def inspect_on(day: float) -> list[str]:
        """What is left after an inspection on this day."""
        nonlocal added
        monkeypatch.setattr(retention, "datetime", Mock(now=lambda zone: NOON + timedelta(days=day)))
        history.add(run(), [finding(f"{day:g}.png", seed=added, minutes=round(day * 1440))])
        added += 1
        history.trim()
        return sorted(_names(history), key=lambda name: float(name.removesuffix(".png")))

    history.set_limits(Limits(days=days))
    assert [inspect_on(day) for day in (0, 1, 2)][-1] == ["0.png", "1.png", "2.png"]
    # A wrong date, which is set right on the same day; then the years that follow, until they are believed.
    assert len(inspect_on(3650)) == len(inspect_on(3650.5)) - 1 == 4
    assert len(inspect_on(2.5)) == 6
    assert [name for name in inspect_on(3650 + min(days, 7)) if float(name[:-4]) < 3000] == []


def test_after_a_break_who_sees_the_date_can_have_old_entries_deleted_at_once(history: History) -> None:
    history.add(run(), [replace(finding("old.png"), created=datetime.now(UTC) - timedelta(days=400))])
    history.set_limits(Limits(days=30))
    assert history.trim() == 0
    assert history.trim(sure=True) == 1


def test_the_oldest_go_until_the_rest_is_within_the_limit(history: History) -> None:
    picture = bytes(50_000)
    history.add(run(), [_with_picture(picture, f"{n}.png") for n in range(3)])
    history.add(run(), [finding(f"{n}.png", seed=n + 1, minutes=-60 + n) for n in range(4)])
    held = history.size()
    assert held.entries == 7
    small = (held.bytes - 50_000) // 7
    history.set_limits(Limits(bytes=held.bytes - 2 * small + 50))
    assert history.trim() == 2
    assert _names(history) == ["2.png", "1.png", "0.png", "3.png", "2.png"]
    # One picture stands behind three entries: it goes with the last of them.
    history.set_limits(Limits(bytes=40_000))
    assert history.trim() == 5
    assert history.size() == Size(0, 0)
    history.set_limits(Limits())
    assert history.limits() == Limits()
