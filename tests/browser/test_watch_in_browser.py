"""The Watch page in a browser: a picture that comes is called out in large type, and heard by who asked for it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.pictures import planted, png, weave

pytestmark = pytest.mark.browser

# Counts the tones that are made, in place of a loudspeaker.
COUNTING = """
() => {
  globalThis.tones = 0;
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (...times) {
    globalThis.tones += 1;
    return start.apply(this, times);
  };
}
"""


@pytest.mark.slow
def test_a_picture_that_comes_is_called_out_and_heard(
    tab: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    # What lies beside the home of the dashboard may be read on its pages.
    folder = Path(tempfile.mkdtemp(dir=tmp_path_factory.getbasetemp()))
    page = tab()
    page.locator("input[type=file]").first.set_input_files(
        {"name": "part.png", "mimeType": "image/png", "buffer": png(weave())}
    )
    page.locator(".sd-word").wait_for()
    page.get_by_role("button", name="Keep as a plan").click()
    page.get_by_placeholder("the part or the material").fill("Cloth")
    page.get_by_role("button", name="Keep", exact=True).click()
    page.get_by_text("Working by Cloth, version 1").wait_for()
    page.get_by_role("link", name="Watch").click()
    page.get_by_role("textbox", name="Folder of this server").fill(os.fspath(folder))
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Start watching").click()
    page.get_by_text("Waiting for the first picture").wait_for()
    (folder / "first.png").write_bytes(png(weave(seed=1)))
    call = page.locator(".sd-call")
    call.wait_for()
    page.evaluate(COUNTING)
    page.get_by_role("button", name="Sound is off").click()
    page.get_by_role("button", name="Sound is on").wait_for()
    assert page.evaluate("() => tones") == 1
    (folder / "second.png").write_bytes(png(planted(2, 3)))
    page.get_by_text("second.png").first.wait_for()
    page.wait_for_function("() => tones > 1")
    assert call.bounding_box()["height"] > 60
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("It is stopped").wait_for()
