"""Regions to ignore are painted on the picture: the flag goes, and comes back with undo."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.support.browsing import rest
from tests.support.pictures import planted, png

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FILE = {"name": "part.png", "mimeType": "image/png", "buffer": png(planted(2, 3, size_wh=(224, 224)))}
FLAGGED = "1 of 49 tiles stands out: row 3, column 4"
IGNORED = "of the picture is ignored (hatched)."


def test_a_rectangle_takes_the_flag_away_by_mouse_and_by_keys(tab: Callable[..., Any]) -> None:
    page = tab()
    page.locator(".st-key-files input[type=file]").set_input_files([FILE])
    lead = page.locator(".sd-lead")
    lead.get_by_text(FLAGGED).wait_for()
    rest(page)
    stage = page.locator(".stage").first
    page.get_by_role("button", name="Paint regions to ignore").click()
    _drag_over_tile(page, stage, 2, 3)
    page.get_by_text(IGNORED).wait_for()
    lead.get_by_text(FLAGGED).wait_for(state="hidden")

    stage.press("u")
    lead.get_by_text(FLAGGED).wait_for()
    page.get_by_text(IGNORED).wait_for(state="hidden")

    # The strongest tile is the selected one, over which the keys' rectangle begins.
    for key in ("r", "ArrowRight", "ArrowLeft", "Shift+ArrowDown", "Enter"):
        stage.press(key)
    page.get_by_text(IGNORED).wait_for()
    lead.get_by_text(FLAGGED).wait_for(state="hidden")
    stage.press("Escape")

    page.get_by_role("button", name="Mask").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save the mask").click()
    mask = np.asarray(Image.open(io.BytesIO(saved.value.path().read_bytes())))
    assert mask.shape == (224, 224)
    assert mask[64:96, 96:128].all()
    assert not mask[:60].any()


def _drag_over_tile(page: Any, stage: Any, row: int, col: int) -> None:
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    side = min(box["width"], box["height"]) - 10
    left, top = box["x"] + (box["width"] - side) / 2, box["y"] + (box["height"] - side) / 2
    page.mouse.move(left + col * side / 7 - 3, top + row * side / 7 - 3)
    page.mouse.down()
    page.mouse.move(left + (col + 1) * side / 7 + 3, top + (row + 1) * side / 7 + 3, steps=4)
    page.mouse.up()
