"""What the Inspect page answers is kept; the History page finds it, shows it, compares it, deletes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.errors import StreamlitAuthError
from streamlit.testing.v1 import AppTest

from segdetect.documents.inspections import inspection_document
from segdetect.inspection import Inspection, Verdict
from segdetect.settings import PlanVersion
from segdetect.storage.history import hiding
from segdetect.storage.history.entries import FAILED, Search
from segdetect.storage.history.history import History
from segdetect.storage.history.retention import Limits
from segdetect.ui.history import listing
from segdetect.ui.shared.process import begin_anew
from tests.support.findings import failure, finding, run
from tests.support.pages import banner, captions, errors, markdown, open_page, press, upload
from tests.support.pictures import planted, png

pytestmark = pytest.mark.usefixtures("page_engines")
PART = ("part.png", png(planted(2, 3)))
PAGE = "pages/history.py"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("SEGDETECT_HISTORY", "1")
    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path))
    begin_anew()
    yield tmp_path
    begin_anew()


@pytest.fixture
def history(home: Path) -> History:
    return History()


def _warnings(app: AppTest) -> str:
    return "\n".join(str(warning.value) for warning in app.warning)


def _table(app: AppTest, number: int = 0) -> Any:
    return app.dataframe[number].value


def _choose(app: AppTest, *rows: int) -> AppTest:
    """Choose rows of the list, as a click does."""
    key = "history-" + app.dataframe[0].proto.id.partition("-history-")[2]
    app.session_state[key] = {"selection": {"rows": [*rows], "columns": [], "cells": []}}
    return app.run()


def _open_on_inspect(app: AppTest) -> AppTest:
    # The test's own idea of the page that is shown does not follow the program.
    return press(app, "Open on Inspect").switch_page("streamlit_app.py").run()


# ---- keeping ---------------------------------------------------------------------------------------------------------


def test_an_answer_is_kept_once_however_often_the_page_is_drawn(history: History) -> None:
    app = upload(open_page(), PART)
    word, _ = banner(app)
    (entry,) = history.find(Search())
    assert (entry.image, entry.verdict, entry.engine) == ("part.png", word.lower(), "texture")
    assert entry.thumbnail is not None
    assert entry.thumbnail.startswith(b"\xff\xd8")
    app.run()
    assert history.find(Search()) == [entry]
    # Another grid is another inspection; a threshold that is tried is not one each time.
    app.slider(key="grid").set_value(5).run()
    app.selectbox(key="rule").select("threshold").run()
    numbers = {e.id for e in history.find(Search())}
    for value in (0.1, 0.2):
        app.session_state["threshold"] = value
        app.run()
    kept = history.find(Search())
    assert (len(kept), {e.id for e in kept}) == (3, numbers)
    assert kept[0].threshold == pytest.approx(0.2, abs=0.01)
    assert len({e.run for e in kept}) == 1
    assert kept[0].run_name == "Inspect page"


def test_the_picture_is_kept_when_the_visitor_says_so(history: History, home: Path) -> None:
    app = upload(open_page(), PART)
    assert history.picture(history.find(Search())[0]) is None
    app.toggle(key="keep-picture").set_value(True).run()
    (entry,) = history.find(Search())
    assert history.picture(entry) == PART[1]


def test_all_pictures_of_an_overview_are_kept(history: History) -> None:
    app = upload(open_page(), PART, ("other.png", png(planted(1, 1))))
    app.session_state["all"] = True
    app.run()
    assert {entry.image for entry in history.find(Search())} == {"part.png", "other.png"}


def test_a_history_that_cannot_be_written_is_said_and_the_page_is_whole(home: Path) -> None:
    (home / "history").mkdir()
    (home / "history" / "history.sqlite3").write_bytes(b"this is no database" * 100)
    app = upload(open_page(), PART)
    assert banner(app)[0] == "Anomalous"
    assert errors(app) == []
    assert "This answer is not in the history" in _warnings(app)
    assert "damaged" in _warnings(app)
    # It is not tried at every click.
    (home / "history" / "history.sqlite3").unlink()
    app.run()
    assert "damaged" in _warnings(app)
    app.session_state["history-trouble"] = (app.session_state["history-trouble"][0], -1e9)
    app.run()
    assert _warnings(app) == ""


def test_nothing_is_kept_where_it_is_turned_off(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGDETECT_HISTORY", "0")
    upload(open_page(), PART)
    assert not (home / "history").exists()
    assert "turned the history off" in "".join(info.value for info in open_page(PAGE).info)


# ---- the page --------------------------------------------------------------------------------------------------------


def test_the_empty_page_teaches() -> None:
    app = open_page(PAGE)
    assert "Every finished inspection is kept here" in markdown(app)
    assert "Everyone who uses this server shares this history" in captions(app)
    assert errors(app) == []
    assert not app.text_input, "there is nothing to search"


def test_the_list_is_searched_and_turned(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "ON_A_PAGE", 2)
    history.add(
        run(),
        [finding(f"part {n}.png", seed=n, minutes=n, plan=PlanVersion("cloth", 1)) for n in range(3)] + [failure()],
    )
    history.add(run(account="anna"), [finding("hers.png")])
    app = open_page(PAGE)
    assert [*_table(app).name] == ["part 2.png", "part 1.png"]
    assert "1 to 2 of 4" in captions(app)
    press(app, "Older")
    assert [*_table(app).name] == ["bad.png", "part 0.png"]
    assert [*_table(app).verdict] == [f"✕ {FAILED}", "⬢ anomalous"]
    app.text_input(key="history-name").set_value("PART").run()
    assert [*_table(app).name] == ["part 2.png", "part 1.png"]
    app.text_input(key="history-digest").set_value("0001").run()
    assert [*_table(app).name] == ["part 1.png"]
    app.selectbox(key="history-verdict").select(Verdict.NORMAL.value).run()
    assert "Nothing in the history is like that" in app.info[0].value


def test_one_is_shown_as_it_was_and_opened_without_its_picture(history: History) -> None:
    app = upload(open_page(grid="6"), PART)
    (entry,) = history.find(Search())
    kept = history.result(entry.id)
    app = open_page(PAGE)
    _choose(app, 0)
    assert banner(app)[0].lower() == entry.verdict
    assert "Only a small copy was kept" in captions(app)
    assert errors(app) == []
    _open_on_inspect(app)
    assert "is open without its picture" in app.info[0].value
    assert banner(app)[0].lower() == entry.verdict
    assert entry.sha256[:16] in app.info[0].value
    upload(app, PART)
    assert "as it was kept" in markdown(app)
    assert banner(app)[0].lower() == entry.verdict
    assert errors(app) == []
    assert isinstance(kept, Inspection)
    assert inspection_document(app.session_state["kept-answer"].inspection) == inspection_document(kept)
    press(app, "Inspect anew")
    assert "as it was kept" not in markdown(app)
    assert app.slider(key="grid").value == 6


def test_a_kept_picture_opens_with_its_answer_until_a_control_is_changed(history: History) -> None:
    app = upload(open_page(), PART)
    app.toggle(key="keep-picture").set_value(True).run()
    app = open_page(PAGE)
    _choose(app, 0)
    assert "Only this small copy" not in captions(app)
    _open_on_inspect(app)
    assert "as it was kept" in markdown(app)
    assert errors(app) == []
    app.slider(key="grid").set_value(5).run()
    assert "as it was kept" not in markdown(app)
    assert banner(app)[0]
    assert history.count(Search()) == 2


def test_two_are_compared(history: History) -> None:
    app = upload(open_page(), PART)
    app.selectbox(key="rule").select("stock").run()
    app = open_page(PAGE)
    _choose(app, 0, 1)
    assert [element.value for element in app.header] == ["What changed"]
    facts, tiles = _table(app, 1), _table(app, 2)
    assert {*facts.what} >= {"Rule asked for", "Rule", "Threshold"}
    assert [*facts.columns] == ["what", "before", "after"]
    assert facts[facts.what == "Rule asked for"].values.tolist() == [["Rule asked for", "auto", "stock"]]
    assert {*tiles.flag} <= {"flagged now", "no longer flagged", "flagged both times", "never flagged"}
    assert errors(app) == []


def test_what_is_chosen_is_deleted_and_can_be_brought_back(history: History) -> None:
    history.add(run(), [finding(f"part {n}.png", seed=n, minutes=n) for n in range(3)])
    app = open_page(PAGE)
    _choose(app, 0, 2)
    press(app, "Delete these 2")
    assert [*_table(app).name] == ["part 1.png"]
    assert "2 deleted" in captions(app)
    press(app.run(), "Undo")
    assert [*_table(app).name] == ["part 2.png", "part 1.png", "part 0.png"]
    assert "deleted" not in captions(app)
    # All of them, and then nothing is listed: the way back is there all the same.
    press(_choose(app, 0, 1, 2), "Delete these 3")
    assert [button.label for button in app.button if button.label == "Undo"] == ["Undo"]
    press(app, "Undo")
    assert history.count(Search()) == 3


def test_another_deletion_and_time_end_the_way_back(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = history.add(run(), [finding(f"{n}.png", seed=n, minutes=-n) for n in range(3)])
    app = open_page(PAGE)
    press(_choose(app, 0), "Delete")
    press(_choose(app, 0), "Delete")
    assert "1 deleted" in captions(app)
    assert (history.hidden([first]), history.hidden([second])) == (0, 1)
    assert history.show([first]) == 0
    monkeypatch.setattr(hiding, "UNDO_SECONDS", 0.0)
    app.run()
    assert "deleted" not in captions(app)
    assert [*_table(app).name] == ["2.png"]
    assert history.hidden([second]) == 0
    assert history.entry(third).image == "2.png"


def test_limits_are_kept_and_applied(history: History) -> None:
    history.add(run(), [finding("old.png", minutes=-60 * 24 * 3650), finding("new.png", seed=1, minutes=10**6)])
    app = open_page(PAGE)
    app.number_input[0].set_value(30)
    press(app, "Keep so much")
    assert history.limits() == Limits(days=30)
    assert [*_table(app.run()).name] == ["new.png"]


def test_each_account_sees_its_own(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    user = {"is_logged_in": True, "iss": "https://id.example", "sub": "1"}
    history.add(run(account="https://id.example 1"), [finding("mine.png")])
    history.add(run(), [finding("everyone's.png")])
    monkeypatch.setattr(st, "user", user)
    app = open_page(PAGE)
    assert [*_table(app).name] == ["mine.png"]
    assert "Only you see" in captions(app)


def _buttons(app: AppTest) -> set[str]:
    return {button.label for button in app.button} & {"Log in", "Log in with acme", "Log out"}


def test_login_is_offered_where_it_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _buttons(open_page(PAGE)) == set()
    monkeypatch.setattr(st, "secrets", {"auth": {"cookie_secret": "x", "client_id": "y", "acme": {"client_id": "z"}}})
    app = open_page(PAGE)
    assert _buttons(app) == {"Log in", "Log in with acme"}
    monkeypatch.setattr(st, "login", _no_login)
    press(app, "Log in with acme")
    assert "logging in is not set up" in "".join(errors(app))
    monkeypatch.setattr(st, "user", {"is_logged_in": True, "iss": "https://id.example", "sub": "1"})
    assert _buttons(open_page(PAGE)) == {"Log out"}


def _no_login(provider: str) -> None:
    raise StreamlitAuthError(f"nothing is known of {provider}")


def test_a_history_that_cannot_be_read_is_said_in_its_place(home: Path) -> None:
    (home / "history").mkdir()
    (home / "history" / "history.sqlite3").write_bytes(b"this is no database" * 100)
    app = open_page(PAGE)
    assert all("damaged" in error for error in errors(app))
    assert len(errors(app)) >= 1
