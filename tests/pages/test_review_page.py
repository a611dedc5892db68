"""The Review page and the buttons that lead there: what is said is kept, teaches the plan, and can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from segdetect.cli.main import main
from segdetect.regions import regions_of
from segdetect.settings import EngineName, GridSize, Settings
from segdetect.storage.history.entries import Search
from segdetect.storage.history.history import History
from segdetect.storage.history.reviews import Judgement, standings
from segdetect.storage.plans.plan import Plan
from segdetect.storage.plans.plans import Plans
from segdetect.ui.shared.background_runs import runs
from segdetect.ui.shared.process import begin_anew
from tests.support.background import PATIENCE
from tests.support.findings import failure, run
from tests.support.pages import banner, captions, errors, markdown, open_page, unescaped, upload
from tests.support.pages import press as press_label
from tests.support.pictures import planted, png

pytestmark = pytest.mark.usefixtures("page_engines")
SIZE = (224, 224)
PAGE = "pages/review.py"
FILES = {"a.png": png(planted(2, 2, size_wh=SIZE)), "b.png": png(planted(4, 5, size_wh=SIZE, seed=1))}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("SEGDETECT_HISTORY", "1")
    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path / "home"))
    begin_anew()
    yield tmp_path
    begin_anew()


@pytest.fixture
def plan(home: Path) -> Plan:
    settings = Settings(grid=GridSize(7, 7), engine=EngineName.TEXTURE)
    return Plans().keep(Plan(name="cloth", settings=settings, labels=("stain", "thread")))


@pytest.fixture
def inspected(plan: Plan, home: Path) -> Plan:
    """The plan, by which two pictures with the same mark were inspected; both are kept."""
    for name, data in FILES.items():
        (home / name).write_bytes(data)
    assert main(["inspect", *(str(home / name) for name in FILES), "--plan", "cloth"]) == 0
    history = History()
    for entry in history.find(Search()):
        history.keep_picture(entry, FILES[Path(entry.image).name])
    return plan


def press(app: AppTest, key: str) -> AppTest:
    return app.button(key=key).click().run()


def said() -> list[tuple[str, str]]:
    found = standings(History().reviews())
    return [(one.who, one.judgement.value) for standing in found for one in standing.opinions]


def infos(app: AppTest) -> str:
    return "\n".join(str(one.value) for one in app.info)


def test_what_the_command_line_found_is_reviewed_by_its_small_copy(plan: Plan, home: Path) -> None:
    (home / "a.png").write_bytes(FILES["a.png"])
    assert main(["inspect", str(home / "a.png"), "--plan", "cloth"]) == 0
    app = open_page(PAGE)
    assert errors(app) == []
    assert "Only a small copy was kept" in captions(app)
    press(app, "review-no_defect")
    assert errors(app) == []
    assert said() == [("someone", "not a defect")]
    assert "The picture itself is not here" in app.toast[0].value
    assert Plans().get("cloth").version == 1


def test_what_is_said_is_kept_with_its_words_and_can_be_undone(inspected: Plan) -> None:
    app = open_page(PAGE)
    assert not errors(app)
    assert "0 of 2 flagged places answered by you" in captions(app)
    app.text_input(key="review-who").set_value("Ann").run()
    app.text_input(key="review-note").set_value("a label")
    app.selectbox(key="review-label").set_value("stain")
    press(app, "review-defect")
    assert not errors(app)
    assert said() == [("Ann", "defect")]
    (review,) = History().reviews()
    assert (review.label, review.note, review.plan) == ("stain", "a label", "cloth")
    assert "1 of 2 flagged places answered by you" in captions(app)
    press(app, "review-undo")
    assert said() == []
    assert [unescaped(one.value) for one in app.toast] == ["Taken back."]
    assert "0 of 2" in captions(app)
    assert Plans().get("cloth").version == 1


def test_a_wrong_alarm_teaches_the_plan_says_what_goes_with_it_and_is_taken_back(inspected: Plan) -> None:
    app = open_page(PAGE)
    press(app, "review-no_defect")
    assert not errors(app)
    plan = Plans().get("cloth")
    assert (plan.version, len(plan.allowed)) == (2, 1)
    assert "1 other open place is not flagged any more" in infos(app)
    press(app, "review-undo")
    assert not errors(app)
    plan = Plans().get("cloth")
    assert (plan.version, len(plan.allowed)) == (3, 0)
    assert "all other open places are flagged still" in captions(app)


def test_the_next_and_the_previous_place_are_a_key_away(inspected: Plan) -> None:
    app = open_page(PAGE)
    assert "Place 1 of 2" in captions(app)
    assert app.button(key="review-step-previous").disabled
    press(app, "review-step-next")
    assert "Place 2 of 2" in captions(app)
    assert app.button(key="review-step-next").disabled
    press(app, "review-step-previous")
    assert "Place 1 of 2" in captions(app)


def test_two_people_disagree_and_both_are_shown(inspected: Plan) -> None:
    app = open_page(PAGE)
    app.toggle(key="review-all").set_value(True).run()
    for name, key in (("Ann", "review-no_defect"), ("Bob", "review-defect")):
        app.text_input(key="review-who").set_value(name).run()
        press(app, key)
    assert said() == [("Ann", "not a defect"), ("Bob", "defect")]
    assert "they disagree" in captions(app)
    assert Plans().get("cloth").allowed == ()


def test_a_picture_without_a_defect_becomes_a_good_one(inspected: Plan) -> None:
    app = open_page(PAGE)
    press(app, "review-good")
    assert not errors(app)
    assert len(Plans().get("cloth").good) == 1
    (review,) = History().reviews()
    assert (review.boxes_ltrb, review.judgement.value) == ((), "not a defect")


def test_all_of_them_answered_there_is_a_data_set_and_the_plan_says_how_good_it_was(inspected: Plan) -> None:
    app = open_page(PAGE)
    press(app, "review-defect")
    press(app, "review-no_defect")
    assert [str(one.value) for one in app.success] == ["Nothing is left to be answered here."]
    assert "2 pictures of which everything that was flagged is judged" in captions(app)
    shown = open_page("pages/plans.py")
    text = markdown(shown)
    assert "1 of 2" in text
    assert "Of **2**" not in text
    assert "Of **1** known defects it flagged 1" in text


def test_on_inspect_the_flag_goes_at_once_and_comes_back(plan: Plan) -> None:
    app = upload(open_page(), ("a.png", FILES["a.png"]))
    press_label(app, "cloth")
    assert banner(app)[0] == "Anomalous"
    press(app, "review-no_defect")
    assert not errors(app)
    assert banner(app)[0] == "Normal"
    assert Plans().get("cloth").version == 2
    press(app, "review-back")
    assert not errors(app)
    assert banner(app)[0] == "Anomalous"
    assert Plans().get("cloth").allowed == ()


def test_below_an_inspection_on_history_its_places_are_answered_by_the_same_keys(inspected: Plan) -> None:
    newest, older = History().find(Search())
    app = open_page("pages/history.py")
    key = "history-" + app.dataframe[0].proto.id.partition("-history-")[2]
    app.session_state[key] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.run()
    # Keys that answer are there for who wants them.
    assert not [one for one in app.button if one.key == "review-defect"]
    press(app, "review-here")
    assert errors(app) == []
    assert "0 of 1 flagged places answered by you" in captions(app)
    app.text_input(key="review-who").set_value("Ann").run()
    press(app, "review-defect")
    assert errors(app) == []
    (review,) = History().reviews()
    assert (review.about[0], review.who, review.judgement) == (newest.id, "Ann", Judgement.DEFECT)
    assert "Nothing is left to be answered here." in "".join(str(one.value) for one in app.success)
    press(app, "review-undo")
    assert said() == []
    assert older.flagged


def test_below_a_run_on_batch_its_places_are_answered_by_the_same_keys(home: Path) -> None:
    app = open_page("pages/batch.py", **{"batch-engine": "texture"})
    app = upload(app, *FILES.items(), key="batch-files-0")
    press_label(app, "Inspect these")
    for place in runs()._places.values():
        assert place.task.wait(PATIENCE)
    app.run()
    press(app, "review-here")
    assert errors(app) == []
    assert "0 of 2 flagged places answered by you" in captions(app)
    press(app, "review-unsure")
    assert said() == [("someone", "unsure")]
    assert "1 of 2 flagged places answered by you" in captions(app)


def test_without_a_history_there_is_nothing_to_review(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGDETECT_HISTORY", "0")
    app = open_page(PAGE)
    assert "Nothing is reviewed where no history is kept" in infos(app)


def test_the_empty_page_teaches() -> None:
    app = open_page(PAGE)
    assert not errors(app)
    assert "Nothing was inspected yet" in markdown(app)
    assert [str(one.value) for one in app.success] == []
    assert "answered by you" not in captions(app)


def test_nothing_flagged_is_nothing_to_answer(home: Path) -> None:
    History().add(run(), [failure()])
    app = open_page(PAGE)
    assert not errors(app)
    assert [str(one.value) for one in app.success] == [
        "Nothing was flagged in these inspections, so there is nothing to answer."
    ]


def test_a_missed_defect_that_was_drawn_is_known_from_then_on(inspected: Plan) -> None:
    app = open_page(PAGE)
    entry = History().find(Search(name="b.png"))[0]
    app.toggle(key="review-draw").set_value(True).run()
    assert app.button(key="review-missed").disabled
    mask = np.zeros((224, 224), np.bool_)
    mask[10:20, 30:50] = True
    for shown in History().find(Search()):
        app.session_state["review-drawn"] = (shown.id, "1", regions_of(mask))
        app.run()
        if not app.button(key="review-missed").disabled:
            entry = shown
            break
    press(app, "review-missed")
    assert not errors(app)
    (review,) = History().reviews()
    assert (review.inspection, review.judgement.value) == (entry.id, "defect")
    assert review.boxes_ltrb == ((30, 10, 50, 20),)
    assert review.drawn == regions_of(mask)
    assert Plans().get("cloth").version == 1
    assert "Of **1** known defects it flagged 0" in markdown(open_page("pages/plans.py"))


def test_from_a_plan_the_way_leads_to_what_it_flagged(inspected: Plan) -> None:
    other = History().find(Search(name="a.png"))[0]
    assert main(["inspect", other.image, "--engine", "texture"]) == 0
    app = open_page(PAGE)
    assert "of 3 flagged places" in captions(app)
    app.session_state["review-of"] = ("plan", "cloth")
    app.run()
    assert app.selectbox(key="review-choice").value == ("plan", "cloth")
    assert "of 2 flagged places" in captions(app)


def test_it_says_how_many_inspections_it_does_not_ask_about(inspected: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segdetect.ui.review.queue._MOST", 1)
    app = open_page(PAGE)
    assert "0 of 1 flagged places answered by you, of the newest 1 inspections; older ones: 1" in captions(app)
