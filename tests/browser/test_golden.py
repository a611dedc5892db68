"""Golden screenshots: every main view looks as it did when a person last looked at it.

`make goldens` takes the pictures anew; look at each before you keep it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support.app_server import running_app
from tests.support.browsing import rest
from tests.support.golden_pictures import FOLDER, difference, photograph, store
from tests.support.pictures import planted, png

pytestmark = pytest.mark.browser

SAMPLE = "engine=texture&sample=Broken+wire+mesh"
COMPARE = "left-engine=texture&right-engine=texture&right-grid=9&compare-sample=Broken+wire+mesh"
TAKE = os.environ.get("TAKE_GOLDENS")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard that nobody has used before: what was done in one stands on its pages."""
    with running_app(tmp_path_factory.mktemp("home")) as url:
        yield url


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where new pictures are put for a person to look at."""
    return Path(os.environ.get("GOLDEN_OUT") or tmp_path_factory.mktemp("golden"))


@pytest.fixture
def assert_golden(outcome: Path) -> Callable[..., None]:
    """Compares a view with its stored picture, or stores it."""

    def compare(name: str, page: Any, element: Any = None) -> None:
        new, path = photograph(page, element), FOLDER / f"{name}.png"
        if TAKE:
            FOLDER.mkdir(exist_ok=True)
            store(new, path)
            return
        assert path.exists(), f"there is no {path}: run `make goldens` and look at it"
        found = difference(new, Image.open(path))
        if not found.small:
            new.save(outcome / f"{name}.png")
            Image.fromarray(found.picture).save(outcome / f"{name}-difference.png")
        assert found.small, (
            f"the view {name!r} differs from {path}: {found}. The new picture and the difference, four times "
            f"amplified, are in {outcome}. If the change is meant, run `make goldens` and look at all of them."
        )

    return compare


def answered(page: Any) -> None:
    """Wait for the verdict, the charts and the pictures."""
    page.locator(".sd-banner").first.wait_for()
    page.locator(".stage:not([aria-busy])").first.wait_for()
    rest(page)


def test_empty_page(tab: Callable[..., Any], assert_golden: Callable[..., None]) -> None:
    page = tab()
    page.get_by_role("button", name="Choose a picture").wait_for()
    assert_golden("empty", page)


def test_result(tab: Callable[..., Any], assert_golden: Callable[..., None]) -> None:
    page = tab(SAMPLE)
    answered(page)
    assert_golden("result", page)
    assert_golden("why", page, page.locator(".st-key-why"))
    tabs = page.locator("[data-testid=stTabs]").first
    page.get_by_role("tab", name="Other grid sizes").click()
    page.get_by_text("(shown)").wait_for()
    rest(page)
    assert_golden("tune-sizes", page, tabs)
    page.get_by_role("tab", name="Stability").click()
    page.locator(".st-key-stability-map .nsewdrag").first.wait_for(state="attached")
    rest(page)
    assert_golden("tune-stability", page, tabs)


@pytest.mark.slow
def test_result_in_the_dark(tab: Callable[..., Any], assert_golden: Callable[..., None]) -> None:
    page = tab(SAMPLE, color_scheme="dark")
    answered(page)
    assert_golden("result-dark", page)


@pytest.mark.slow
def test_result_on_a_phone(tab: Callable[..., Any], assert_golden: Callable[..., None]) -> None:
    page = tab(SAMPLE, viewport={"width": 400, "height": 800})
    answered(page)
    assert_golden("result-phone", page)


@pytest.mark.slow
def test_very_wide_picture(tab: Callable[..., Any], assert_golden: Callable[..., None]) -> None:
    page = tab("engine=texture&apart=true&rows=2&cols=20")
    wide = png(planted(3, 4, size_wh=(3000, 300)))
    page.locator(".st-key-files input[type=file]").set_input_files(
        [{"name": "a wide weave.png", "mimeType": "image/png", "buffer": wide}]
    )
    answered(page)
    assert_golden("result-wide", page)


@pytest.mark.slow
def test_compare(tab: Callable[..., Any], assert_golden: Callable[..., None]) -> None:
    page = tab(COMPARE, page="compare")
    page.locator(".sd-banner").nth(1).wait_for()
    page.locator(".stage:not([aria-busy])").nth(1).wait_for()
    rest(page)
    assert_golden("compare", page)


def test_evaluate_before_a_run(tab: Callable[..., Any], assert_golden: Callable[..., None]) -> None:
    assert_golden("evaluate", tab("evaluate-engine=texture", page="evaluate"))


def test_top_of_the_method(tab: Callable[..., Any], assert_golden: Callable[..., None]) -> None:
    page = tab("", page="method")
    page.wait_for_function("() => [...document.images].every(picture => picture.complete)")
    assert_golden("method", page, page.locator("[data-testid=stApp]"))
