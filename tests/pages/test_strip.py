"""The strip of pictures that were dropped in together: verdicts at a glance, worst first, failures with reasons."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from segdetect.inspection import Failure
from segdetect.runs.batch import Answer, inspect_files
from segdetect.ui.inspect.strip import Found, told, worst_first
from tests.support.pages import banner, errors, markdown, open_page, upload
from tests.support.pictures import planted, png, weave

pytestmark = pytest.mark.usefixtures("page_engines")

FILES = (("good.png", png(weave(seed=1))), ("bad.png", png(planted(2, 3))), ("notes.png", b"no picture"))


def _data(app: AppTest) -> dict[str, Any]:
    """What the browser gets."""
    (strip,) = [e for e in app.get("bidi_component") if e.proto.component_name == "segdetect_strip"]
    found: dict[str, Any] = json.loads(strip.proto.json)
    return found


def _strip(app: AppTest) -> dict[str, Any]:
    """The same once all pictures were inspected."""
    for _ in range(100):
        data = _data(app)
        if all(picture["verdict"] for picture in data["pictures"]):
            return data
        time.sleep(0.1)
        app.run()
    raise AssertionError("the pictures are not inspected")


def test_several_pictures_stand_in_a_strip_the_worst_first() -> None:
    app = upload(open_page(), *FILES)
    data = _strip(app)
    assert not app.exception
    names = [(picture["name"], picture["verdict"]) for picture in data["pictures"]]
    assert names == [("bad.png", "anomalous"), ("notes.png", "failed"), ("good.png", "normal")]
    assert "1 anomalous, 1 failed, 1 normal" in markdown(app)
    assert "picture" in data["pictures"][1]["why"]
    assert data["pictures"][0]["thumbnail"].startswith("data:image/")
    assert data["current"] == 2
    assert all(picture["sign"] and picture["why"] for picture in data["pictures"])


def test_a_choice_in_the_strip_shows_that_picture() -> None:
    app = upload(open_page(), *FILES)
    _strip(app)
    assert banner(app)[0] == "Normal"
    app.session_state["shown"] = 1
    app.run()
    assert banner(app)[0] == "Anomalous"
    assert _strip(app)["current"] == 0


def test_of_a_picture_that_failed_the_reason_is_said_and_the_other_one_stays() -> None:
    app = upload(open_page(), *FILES)
    data = _strip(app)
    at = [picture["name"] for picture in data["pictures"]].index("notes.png")
    app.session_state["strip-failure-said"] = (hashlib.sha256(FILES[2][1]).hexdigest(), 0)
    app.run()
    assert data["pictures"][at]["verdict"] == "failed"
    assert any("notes.png" in message for message in errors(app))
    assert banner(app)[0] == "Normal"


def test_a_picture_too_small_for_the_grid_is_seen_in_the_strip_with_its_trouble() -> None:
    small = ("small.png", png(weave(seed=7)[:40, :60]))
    app = upload(open_page(), FILES[0], small, FILES[2])
    told = {picture["name"]: picture for picture in _strip(app)["pictures"]}
    assert told["small.png"]["verdict"] == told["notes.png"]["verdict"] == "failed"
    assert "10 pixels" in told["small.png"]["why"]
    assert told["small.png"]["thumbnail"].startswith("data:image/")
    assert told["notes.png"]["thumbnail"] == "", "of what is no picture there is none"


def test_a_single_picture_has_no_strip() -> None:
    app = upload(open_page(), FILES[0])
    assert not [e for e in app.get("bidi_component") if e.proto.component_name == "segdetect_strip"]


def test_the_worst_come_first_and_of_one_verdict_the_strongest() -> None:
    found = [Found("normal", ""), Found("anomalous", "", 1.2), Found("failed", ""), Found("anomalous", "", 3.0)]
    assert worst_first(found) == [3, 1, 2, 0]
    assert told(found) == "2 anomalous, 1 failed, 1 normal"
    assert told([]) == ""


def test_of_two_anomalous_pictures_the_one_that_stands_out_further_comes_first() -> None:
    faint = weave() + 0.2 * (planted(2, 3) - weave().astype(float))
    data = _strip(upload(open_page(), ("faint.png", png(faint.astype(np.uint8))), ("strong.png", png(planted(2, 3)))))
    names = [(picture["name"], picture["verdict"]) for picture in data["pictures"]]
    assert names == [("strong.png", "anomalous"), ("faint.png", "anomalous")]


def test_where_the_first_picture_cannot_be_read_the_next_one_is_shown_below_the_strip() -> None:
    app = upload(open_page(), FILES[2], *FILES[:2])
    assert banner(app)[0] == "Normal"
    assert not errors(app)
    data = _strip(app)
    assert [picture["name"] for picture in data["pictures"]] == ["bad.png", "notes.png", "good.png"]
    app.session_state["shown"] = 0
    app.run()
    assert not app.exception
    assert "notes.png" in errors(app)[0]
    assert _strip(app)["current"] is None, "the others stay a click away"


def test_where_none_can_be_read_the_strip_says_why_of_each() -> None:
    app = upload(open_page(), FILES[2], ("more.png", b"nothing"))
    data = _strip(app)
    assert not app.exception
    assert [picture["verdict"] for picture in data["pictures"]] == ["failed", "failed"]
    assert "2 failed" in markdown(app)


def test_pictures_are_seen_before_their_answers_and_verdicts_as_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    def slow(*args: Any, **options: Any) -> Iterator[Answer | Failure]:
        for number, result in enumerate(inspect_files(*args, **options)):
            yield result
            if number == 0:
                assert go_on.wait(30)

    monkeypatch.setattr("segdetect.ui.inspect.strip.inspect_files", slow)
    fresh = [(f"{number}.png", png(weave(seed=900 + number))) for number in range(3)]
    app = upload(open_page(), *fresh)
    for _ in range(100):
        pictures = _data(app)["pictures"]
        if pictures[0]["verdict"]:
            break
        time.sleep(0.1)
        app.run()
    assert [picture["verdict"] for picture in pictures] == ["normal", "", ""]
    assert all(picture["thumbnail"].startswith("data:image/") for picture in pictures)
    go_on.set()
    assert [picture["verdict"] for picture in _strip(app)["pictures"]] == ["normal"] * 3
    assert not app.exception
