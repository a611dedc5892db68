"""No page keeps people with a disability out: axe-core finds nothing serious or critical, in both themes.

A table of all findings, the lesser ones included, is written to the file that AXE_REPORT names:
`AXE_REPORT=axe.txt .venv/bin/python -m pytest tests/test_accessibility.py`.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.browsing import rest
from tests.support.tiny_dataset import mvtec_category

pytestmark = pytest.mark.browser

IMPACTS: Final = ("critical", "serious", "moderate", "minor")
SAMPLE: Final = "engine=texture&sample=Clean+wire+mesh&view=Both"
COMPARE: Final = "left-engine=texture&right-engine=texture&compare-sample=Clean+wire+mesh"
PAGES: Final = {
    "Inspect, empty": ("", "engine=texture"),
    "Inspect, result": ("", SAMPLE),
    "Compare": ("compare", COMPARE),
    "Batch": ("batch", ""),
    "Watch": ("watch", ""),
    "History": ("history", ""),
    "Evaluate": ("evaluate", "evaluate-engine=texture"),
    "Evaluate, result": ("evaluate", "evaluate-engine=texture"),
    "Method": ("method", ""),
}
THEMES: Final = {"light": "rgb(255, 255, 255)", "dark": "rgb(15, 22, 36)"}
PHONE: Final = {"viewport": {"width": 400, "height": 800}}


@pytest.fixture(scope="module")
def report() -> Iterator[list[str]]:
    """A line per page and theme, and below it the rules that are broken and where."""
    lines: list[str] = []
    yield lines
    path = os.environ.get("AXE_REPORT")
    if path:
        head = f"{'page':<30}{'theme':<8}" + "".join(f"{impact:>10}" for impact in IMPACTS)
        Path(path).write_text("\n".join([_versions(), "", head, *lines]) + "\n", encoding="utf-8")


def _versions() -> str:
    from importlib.metadata import version

    return f"axe-core by axe-playwright-python {version('axe-playwright-python')}, Streamlit {version('streamlit')}"


def findings(page: Any) -> list[dict[str, Any]]:
    """All that axe-core finds on a page."""
    from axe_playwright_python.sync_playwright import Axe

    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return found


def assert_accessible(page: Any, name: str, report: list[str]) -> None:
    """In both themes nothing serious or critical; what is less is noted."""
    for theme, background in THEMES.items():
        page.emulate_media(color_scheme=theme)
        page.wait_for_function(
            "wanted => getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor === wanted",
            arg=background,
        )
        page.wait_for_timeout(500)  # colours fade over
        found = findings(page)
        counts = Counter(one["impact"] for one in found for _ in one["nodes"])
        report.append(f"{name:<30}{theme:<8}" + "".join(f"{counts[impact]:>10}" for impact in IMPACTS))
        for one in found:
            report.append(f"    {one['impact']}: {one['id']}: {one['help']}")
            report.extend(f"        {node['html'][:150]}" for node in one["nodes"])
        assert [one for one in found if one["impact"] in ("serious", "critical")] == []


def settled(page: Any, name: str, folder: Path) -> None:
    """Wait until all of a page is there."""
    if name == "Evaluate, result":
        page.get_by_role("textbox", name="Folder with pictures and masks").fill(str(folder))
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Evaluate", exact=True).click()
        page.get_by_role("heading", name="False alarms", exact=True).wait_for()
    elif name == "Inspect, result":
        page.locator(".stage:not([aria-busy])").first.wait_for()
        page.locator(".st-key-heatmap .nsewdrag").first.wait_for(state="attached")
    elif name == "Compare":
        page.locator(".stage:not([aria-busy])").nth(1).wait_for()
    rest(page)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small data set to evaluate."""
    return mvtec_category(tmp_path_factory.mktemp("cloth"))


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_grave(tab: Callable[..., Any], report: list[str], folder: Path, name: str) -> None:
    path, query = PAGES[name]
    page = tab(query, page=path)
    settled(page, name, folder)
    assert_accessible(page, name, report)


def test_axe_finds_nothing_grave_on_a_phone(tab: Callable[..., Any], report: list[str]) -> None:
    page = tab(SAMPLE, **PHONE)
    page.locator("[data-testid=stExpandSidebarButton]").click()
    page.get_by_role("link", name="Compare").wait_for()
    settled(page, "Inspect, result", Path())
    assert_accessible(page, "Inspect, phone, sidebar open", report)
