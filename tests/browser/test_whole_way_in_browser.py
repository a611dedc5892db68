"""A plan's whole way: of a sample, with a region to ignore and a wrong alarm, exported, imported, used by a command."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from segdetect.cli.main import main
from segdetect.samples.catalogue import SAMPLES, sample_bytes
from tests.support.app_server import running_app
from tests.support.browsing import expect_grid, flagged, grid_slider, rest

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SAMPLE = SAMPLES[0]
NAME = "Werk/7 Größe L"


@pytest.fixture(scope="module")
def address(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running dashboard that keeps its answers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGDETECT_HISTORY", "1")
        with running_app(tmp_path_factory.mktemp("home")) as url:
            yield url


def test_a_plan_made_and_taught_in_the_browser_gives_the_command_line_the_same_answer(
    tab: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tab(f"engine=texture&sample={SAMPLE.title.replace(' ', '+')}")
    grid_slider(page).focus()
    grid_slider(page).press("ArrowRight")
    expect_grid(page, "8 x 8")
    page.get_by_role("button", name="Keep as a plan").click()
    page.get_by_role("textbox", name="Name").fill(NAME)
    page.get_by_role("button", name="Keep", exact=True).click()
    _expect_version(page, 1, "Not a defect")

    _ignore_the_strongest_tile(page)
    page.get_by_role("button", name="Save as version 2").click()
    _expect_version(page, 2, "Not a defect")
    without_region = flagged(page)
    assert " of 63 tiles " in page.locator(".sd-lead").inner_text()

    page.keyboard.press("n")
    _expect_version(page, 3, "Take back")
    without_alarm = flagged(page)
    assert without_alarm < without_region
    page.get_by_role("button", name="Take back").click()
    _expect_version(page, 4, "Not a defect")
    assert flagged(page) == without_region
    page.keyboard.press("n")
    _expect_version(page, 5, "Take back")
    assert flagged(page) == without_alarm

    file = _exported(page, tmp_path / "werk.segplan")
    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path / "home"))
    picture = tmp_path / f"{SAMPLE.key}.png"
    picture.write_bytes(sample_bytes(SAMPLE.key))
    assert main(["plan", "import", str(file), "--name", "Another"]) == 0
    answers = []
    for plan in (str(file), "Another"):
        capsys.readouterr()
        assert main(["inspect", str(picture), "--json", "--plan", plan]) == 0
        answers.append(json.loads(capsys.readouterr().out))
    assert answers[0]["settings"]["plan"] == {"name": NAME, "version": 5}
    assert answers[0]["scores"] == answers[1]["scores"]
    assert answers[0]["settings"]["rows"] == 8
    tiles = answers[0]["scores"]["tiles"]
    assert sum(tile["flagged"] for tile in tiles) == without_alarm
    assert sum(tile["score"] is None for tile in tiles) == 1


def _expect_version(page: Any, number: int, offered: str) -> None:
    in_use = page.locator("[data-testid=stCaptionContainer]").filter(has_text=f"Working by {NAME}")
    in_use.filter(has_text=f"version {number}").first.wait_for()
    page.get_by_role("button", name=offered).wait_for()
    rest(page)


def _ignore_the_strongest_tile(page: Any) -> None:
    """It is the selected one, over which the rectangle of the keys begins."""
    page.get_by_role("button", name="Paint regions to ignore").click()
    stage = page.locator(".stage").first
    for key in ("r", "Enter"):
        stage.press(key)
    page.get_by_text("of the picture is ignored (hatched).").wait_for()
    stage.press("Escape")
    rest(page)


def _exported(page: Any, file: Path) -> Path:
    page.get_by_role("link", name="Plans").first.click()
    page.get_by_role("heading", name=NAME).wait_for()
    rest(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export", exact=True).click()
    download.value.save_as(file)
    return file
