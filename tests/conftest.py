"""What the tests share."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from scripts.browser import find_chromium, remedy
from tests.support.app_server import BROWSER_FLAGS, running_app
from tests.support.browsing import rest

_FAILED = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that fork come first, files with browser tests last.

    The copy of a process in which an engine has started threads may hang; and who drives a browser waits for it with an
    event loop in the main thread, and wants the cores that other tests take.
    """
    forking = ("interruptions", "killed")
    in_browser = {item.path for item in items if item.get_closest_marker("browser")}

    def place(item: pytest.Item) -> tuple[bool, bool]:
        return item.path in in_browser, not any(hasattr(getattr(item, "module", None), name) for name in forking)

    items.sort(key=place)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fixtures learn whether the test failed, in time to say what was on the page."""
    report = yield
    if report.when == "call":
        item.stash[_FAILED] = report.failed
    return report


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """A Chromium that starts, for Playwright's `executable_path`; the test is skipped where there is none."""
    path = find_chromium()
    if path is None:
        pytest.skip(f"no Chromium or Chrome that Playwright can drive on this machine ({remedy()})")
    return path


@pytest.fixture(scope="session", autouse=True)
def _kept_for_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing of the tests is kept in the user's own folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGDETECT_HOME", str(tmp_path_factory.mktemp("kept")))
        patch.delenv("SEGDETECT_DATABASE_URL", raising=False)
        # Inspections go by the thousand; tests of the history turn it on.
        patch.setenv("SEGDETECT_HISTORY", "0")
        patch.setenv("SEGDETECT_LOG", "0")
        yield


@pytest.fixture(scope="session", autouse=True)
def _components_looked_for_once() -> Iterator[None]:
    """Each page that is opened without a browser would look through all that is installed, a third of its time."""
    from streamlit.components.v2 import manifest_scanner

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


@pytest.fixture(scope="module")
def page_engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Pages without the real fastdup and dinov2; gives the empty folder in which they keep things."""
    from segdetect.engines.texture import TextureEngine
    from segdetect.settings import EngineName
    from segdetect.ui.shared.process import begin_anew
    from tests.support.pages import MissingEngine
    from tests.support.tiny_engine import TinyTileEngine

    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGDETECT_HOME", str(home))
        patch.setattr(
            "segdetect.pipeline.default_engines",
            lambda: {
                EngineName.FASTDUP: TinyTileEngine(),
                EngineName.DINOV2: MissingEngine(),
                EngineName.TEXTURE: TextureEngine(),
            },
        )
        begin_anew()
        yield home
    begin_anew()


@pytest.fixture(scope="session")
def dashboard(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a running dashboard and its home, for all files: its start and its engines' tests take seconds."""
    home = tmp_path_factory.mktemp("home")
    with running_app(home) as url:
        yield url, home


@pytest.fixture(scope="module")
def address(dashboard: tuple[str, Path]) -> Iterator[str]:
    """The running dashboard; plans that a file's tests keep are gone after them."""
    url, home = dashboard
    yield url
    shutil.rmtree(home / "plans", ignore_errors=True)


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Any]:
    """A Chromium for the tests of a file."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium_path, args=BROWSER_FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def contexts(browser: Any) -> Iterator[Callable[..., Any]]:
    """Makes browser contexts, one of each kind, whose cache then holds Streamlit's own scripts."""
    made: dict[str, Any] = {}

    def context(**options: Any) -> Any:
        name = repr(options)
        if name not in made:
            made[name] = browser.new_context(
                **({"viewport": {"width": 1280, "height": 1000}, "locale": "en-US"} | options)
            )
            made[name].set_default_timeout(40_000)
        return made[name]

    yield context
    for one in made.values():
        one.close()


@pytest.fixture
def tab(contexts: Callable[..., Any], address: str, request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Opens tabs at an address of the dashboard, and closes them; no script may have failed in them."""
    opened: list[Any] = []
    troubles: list[str] = []

    def open_tab(query: str = "engine=texture", *, page: str = "", **options: Any) -> Any:
        new = contexts(**options).new_page()
        new.on("pageerror", lambda error: troubles.append(str(error)))
        opened.append(new)
        new.goto(f"{address}/{page}?{query}")
        new.locator(".stMainBlockContainer h1, .sd-word").first.wait_for()
        # The page's own scripts may come after its text.
        new.wait_for_function("() => globalThis[Symbol.for('segdetect.history')]")
        rest(new)
        return new

    yield open_tab
    if request.node.stash.get(_FAILED, False):
        for one in opened:
            print(one.url, one.locator("body").inner_text(), sep="\n")
    for one in opened:
        one.close()
    assert troubles == []
