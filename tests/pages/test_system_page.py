"""The System page: the figures of this moment, what was looked at, and looking again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from segdetect.errors import EngineUnavailableError
from segdetect.ui.shared.session import inspector
from segdetect.ui.system.live import answers_to_come, waiting_runs
from tests.support.pages import captions, errors, markdown, open_page, press

pytestmark = pytest.mark.usefixtures("page_engines")
SYSTEM = "pages/system.py"


def test_it_says_what_is_wrong_and_shows_what_goes_on() -> None:
    app = open_page(SYSTEM)
    assert not app.exception
    # The weights of dinov2 are named and absent here.
    assert re.match(r"1 of \d+ checks found something wrong\.", errors(app)[0])
    assert "**Engine dinov2**: there are no weights." in markdown(app)
    assert {metric.label for metric in app.metric} == {
        "Runs under way",
        "Helper processes",
        "Memory of the server",
        "Free on the disk",
    }
    assert "**Engine texture**: passed its self-test" in markdown(app)
    assert "none waits for its turn; no open page waits for an answer" in captions(app)


@pytest.mark.parametrize(
    ("count", "runs", "answers"),
    [
        (0, "none waits for its turn", "no open page waits for an answer"),
        (1, "1 waits for its turn", "1 answer for an open page is on its way"),
        (3, "3 wait for their turn", "3 answers for open pages are on their way, one after the other"),
    ],
)
def test_what_waits_is_said_in_words(count: int, runs: str, answers: str) -> None:
    assert (waiting_runs(count), answers_to_come(count)) == (runs, answers)


def test_what_is_wrong_is_found_when_somebody_asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    open_page(SYSTEM)

    def check(self: object) -> None:
        raise EngineUnavailableError("it lost its filters", remedy="Install it again")

    monkeypatch.setattr("segdetect.engines.texture.TextureEngine.check", check)
    app = press(open_page(SYSTEM), "Check again")
    assert "it lost its filters." in markdown(app)
    assert "Install it again." in captions(app)
    assert "Checked just now." in captions(app)


def test_only_on_this_machine_folders_are_named(page_engines: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inspector()
    assert str(page_engines) in markdown(open_page(SYSTEM))
    monkeypatch.setattr("segdetect.ui.system.checks.on_loopback", lambda: False)
    assert str(page_engines) not in markdown(open_page(SYSTEM))
