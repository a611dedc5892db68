"""A wrong alarm taken off a plan by a key, put back, taken off again; the exported plan gives the same answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from segdetect.cli.main import main
from tests.support.app_server import running_app
from tests.support.browsing import asked_again, rest
from tests.support.pictures import planted, png

pytestmark = [pytest.mark.browser, pytest.mark.slow]
DATA = png(planted(2, 3, size_wh=(224, 224), seed=11))
FLAGGED = "1 of 49 tiles stands out: row 3, column 4"


@pytest.fixture(scope="module")
def address(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running dashboard that keeps its answers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGDETECT_HISTORY", "1")
        with running_app(tmp_path_factory.mktemp("home")) as url:
            yield url


def test_a_wrong_alarm_goes_by_a_key_comes_back_and_stays_away_on_the_command_line(
    tab: Callable[..., Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tab()
    picture = {"name": "part.png", "mimeType": "image/png", "buffer": DATA}
    page.locator(".st-key-files input[type=file]").set_input_files([picture])
    lead = page.locator(".sd-lead")
    lead.get_by_text(FLAGGED).wait_for()
    page.get_by_role("button", name="Keep as a plan").click()
    page.get_by_role("textbox", name="Name").fill("Reviewed cloth")
    page.get_by_role("button", name="Keep", exact=True).click()
    in_use = page.locator("[data-testid=stCaptionContainer]").filter(has_text="Working by Reviewed cloth")
    in_use.filter(has_text="version 1").wait_for()
    page.get_by_role("button", name="Not a defect").wait_for()
    rest(page)

    page.keyboard.press("n")
    in_use.filter(has_text="version 2").wait_for()
    lead.get_by_text(FLAGGED).wait_for(state="hidden")
    page.get_by_role("button", name="Take back").click()
    in_use.filter(has_text="version 3").wait_for()
    lead.get_by_text(FLAGGED).wait_for()
    rest(page)
    page.keyboard.press("n")
    in_use.filter(has_text="version 4").wait_for()

    page.get_by_role("link", name="Plans").first.click()
    page.get_by_role("heading", name="Reviewed cloth").wait_for()
    rest(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export", exact=True).click()
    file = tmp_path / "cloth.segplan"
    download.value.save_as(file)
    (tmp_path / "part.png").write_bytes(DATA)
    for options, flagged in ((["--plan", str(file)], False), (["--engine", "texture"], True)):
        assert main(["inspect", str(tmp_path / "part.png"), "--no-history", *options]) == 0
        assert ("flagged" in capsys.readouterr().out) == flagged


def test_a_word_on_a_segment_that_no_plan_learns_from_draws_only_what_depends_on_the_tile(
    tab: Callable[..., Any],
) -> None:
    page = tab()
    received: list[object] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(frame)))
    page.reload()
    picture = {"name": "part.png", "mimeType": "image/png", "buffer": DATA}
    page.locator(".st-key-files input[type=file]").set_input_files([picture])
    page.locator(".sd-lead").get_by_text(FLAGGED).wait_for()
    asked_again(page)
    # A run of the whole page is about 150 messages.
    assert len(received) > 100, "they are counted"
    received.clear()
    page.locator(".st-key-review-defect button:visible").click()
    page.get_by_role("button", name="Take back").wait_for()
    page.get_by_text("someone: defect").wait_for()
    rest(page)
    assert 0 < len(received) < 70


def test_on_a_phone_the_picture_in_question_is_seen_whole(tab: Callable[..., Any]) -> None:
    page = tab("sample=Broken+wire+mesh&engine=texture", viewport={"width": 400, "height": 800}, has_touch=True)
    page.locator(".sd-word").wait_for()
    rest(page)
    page.goto(page.url.partition("?")[0] + "review")
    picture = page.locator(".st-key-review-place img")
    picture.wait_for()
    rest(page)
    page.wait_for_timeout(500)
    place = picture.bounding_box()
    assert place["y"] + place["height"] <= 800


def test_below_a_run_on_batch_the_keys_answer_as_soon_as_the_questions_are_there(tab: Callable[..., Any]) -> None:
    page = tab("batch-engine=texture", page="batch")
    picture = {"name": "spot.png", "mimeType": "image/png", "buffer": DATA}
    page.locator("input[type=file]").first.set_input_files([picture])
    page.get_by_role("button", name="Inspect these").click()
    page.get_by_text("1 to 1 of 1").wait_for()
    page.get_by_role("button", name="Say what each flagged place is").click()
    page.get_by_text("0 of 1 flagged places answered by you").wait_for()
    rest(page)
    page.keyboard.press("d")
    page.get_by_text("Nothing is left to be answered here.").wait_for()
    page.get_by_text("Defect: kept.").wait_for()
    page.keyboard.press("z")
    page.get_by_text("0 of 1 flagged places answered by you").wait_for()
