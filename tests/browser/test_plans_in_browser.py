"""A plan's whole way: made of a sample on Inspect, exported from its page, imported and used by the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from segdetect.cli.main import main
from segdetect.samples.catalogue import SAMPLES, sample_bytes
from tests.support.browsing import expect_grid, grid_slider, rest

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SAMPLE = SAMPLES[0]


def test_a_plan_made_in_the_browser_gives_the_command_line_the_same_answer(
    tab: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tab(f"engine=texture&sample={SAMPLE.title.replace(' ', '+')}")
    grid_slider(page).focus()
    grid_slider(page).press("ArrowRight")
    expect_grid(page, "8 x 8")
    page.get_by_role("button", name="Keep as a plan").click()
    page.get_by_role("textbox", name="Name").fill("Werk/7 Größe L")
    page.get_by_role("button", name="Keep", exact=True).click()
    page.locator("[data-testid=stCaptionContainer]").filter(has_text="plan Werk/7 Größe L, version 1").first.wait_for()
    flagged = page.locator(".sd-lead").inner_text()
    page.get_by_role("link", name="Plans").first.click()
    page.get_by_role("heading", name="Werk/7 Größe L").wait_for()
    rest(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export", exact=True).click()
    file = tmp_path / "werk.segplan"
    download.value.save_as(file)

    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path / "home"))
    picture = tmp_path / f"{SAMPLE.key}.png"
    picture.write_bytes(sample_bytes(SAMPLE.key))
    assert main(["plan", "import", str(file), "--name", "Another"]) == 0
    answers = []
    for plan in (str(file), "Another"):
        capsys.readouterr()
        assert main(["inspect", str(picture), "--json", "--plan", plan]) == 0
        answers.append(json.loads(capsys.readouterr().out))
    assert answers[0]["settings"]["plan"] == {"name": "Werk/7 Größe L", "version": 1}
    assert answers[0]["scores"] == answers[1]["scores"]
    assert answers[0]["settings"]["rows"] == 8
    count = sum(tile["flagged"] for tile in answers[0]["scores"]["tiles"])
    assert flagged.startswith(f"{count} of 64 tiles")
