"""The HTML report as a reader opens it: from a disk, with the network off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segdetect.errors import UnreadableImageError
from segdetect.inspection import Failure
from segdetect.output.formats import FormatName
from segdetect.output.run import Run
from segdetect.output.run_folder import RunWriter
from segdetect.settings import GridSize, Settings
from tests.support.pictures import answer, picture, planted

pytestmark = pytest.mark.browser

SCRIPT = "<script>document.title = 'run'</script>.png"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    image = picture(planted(2, 3), SCRIPT)
    scores = np.linspace(0, 1, 49).tolist()
    with RunWriter(folder, Run(settings=Settings(), engine="texture", engine_version="1"), [FormatName.HTML]) as run:
        for flagged in ([48, 47, 3], [10]):
            run.add(answer(image, scores, grid=GridSize(), flagged=flagged), lambda: image)
        run.add_failure(Failure("empty.png", UnreadableImageError("it is empty", file="empty.png")))
    return folder / "report.html"


@pytest.fixture
def opened(browser: Any, report: Path) -> Iterator[tuple[Any, list[str]]]:
    """The report, and what it asked for."""
    context = browser.new_context(offline=True, viewport={"width": 1100, "height": 900})
    page, asked = context.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: asked.append(message.text))
    page.goto(report.as_uri())
    yield page, asked
    context.close()


def test_the_report_opens_offline_and_asks_for_nothing(opened: tuple[Any, list[str]], report: Path) -> None:
    page, asked = opened
    widths = page.evaluate("() => Promise.all([...document.images].map(i => i.decode().then(() => i.naturalWidth)))")
    assert widths == [112, 112]
    assert [url for url in asked if not url.startswith("data:image/jpeg")] == [report.as_uri()]
    assert page.title().startswith("Inspection report")
    assert page.locator("figcaption h3").all_text_contents() == [SCRIPT, SCRIPT]
    assert page.locator("td.why").last.inner_text() == "empty.png: it is empty."


def test_the_report_follows_the_theme_fits_a_phone_and_prints(opened: tuple[Any, list[str]]) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page, _ = opened
    seen = set()
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        seen.add(page.evaluate("() => getComputedStyle(document.body).backgroundColor"))
        assert Axe().run(page).response["violations"] == []
    assert seen == {"rgb(255, 255, 255)", "rgb(15, 22, 36)"}
    page.set_viewport_size({"width": 360, "height": 700})
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
    page.emulate_media(media="print")
    assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.pdf(format="A4").startswith(b"%PDF")
