"""The Batch page in a browser: a row is clicked, and keys go on through the run on Inspect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.pictures import planted, png, weave

pytestmark = pytest.mark.browser


@pytest.mark.slow
def test_a_row_opens_on_inspect_and_keys_go_to_the_next_of_the_run(tab: Callable[..., Any]) -> None:
    page = tab("batch-engine=texture&batch-rule=Outlier+fence", page="batch")
    files = [
        {"name": name, "mimeType": "image/png", "buffer": data}
        for name, data in {"clean.png": png(weave()), "spot.png": png(planted(2, 3)), "bad.png": b""}.items()
    ]
    page.locator("input[type=file]").first.set_input_files(files)
    page.get_by_role("button", name="Inspect these").click()
    page.get_by_text("1 to 3 of 3").wait_for()
    table = page.get_by_test_id("stDataFrame").first
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    page.mouse.click(box["x"] + 14, box["y"] + 70)
    page.get_by_text("Picture 1 of 3").wait_for()
    page.keyboard.press("Shift+ArrowRight")
    page.get_by_text("Picture 2 of 3").wait_for()
    page.keyboard.press("Shift+ArrowLeft")
    page.get_by_text("Picture 1 of 3").wait_for()
    page.get_by_role("link", name="Back to the run").click()
    page.get_by_text("1 to 3 of 3").wait_for()
