"""Pages of a dashboard that nobody has used before: what they teach is gone once something is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.app_server import running_app

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_app(tmp_path_factory.mktemp("home")) as url:
        yield url


@pytest.mark.slow
@pytest.mark.parametrize("name", ["watch", "evaluate", "batch", "plans"])
def test_lines_of_text_are_as_long_on_a_wide_screen_as_they_are_read_well(tab: Callable[..., Any], name: str) -> None:
    page = tab("", page=name, viewport={"width": 1920, "height": 1080})
    page.locator("[data-testid=stMain] li").first.wait_for()
    widths = page.locator("[data-testid=stMain] :is(p, li)").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect().width / parseFloat(getComputedStyle(one).fontSize))"
    )
    assert max(widths) < 41, "about 80 characters"
