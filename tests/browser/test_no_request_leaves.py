"""Names with addresses in them make no browser ask anyone but the dashboard, whatever page shows them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from segdetect.settings import EngineName, Scope, Settings
from segdetect.storage.plans.plan import GoodPicture, Plan
from segdetect.storage.plans.plans import Plans
from tests.support.app_server import running_app
from tests.support.browsing import rest
from tests.support.hostile import ELSEWHERE, HOSTILE, HOSTILE_FILE, HOSTILE_SHORT
from tests.support.pictures import planted, png, weave
from tests.support.tiny_dataset import mvtec_category

pytestmark = pytest.mark.browser

# Large enough that describing them takes long enough for a bar to show.
PICTURES = [png(planted(2, 3, size_wh=(700, 700)))] + [png(weave((700, 700), seed=seed)) for seed in range(1, 6)]
JOINER = "\u2060"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set whose category, defect and pictures have hostile names."""
    root = tmp_path_factory.mktemp("data")
    folder = mvtec_category(root / HOSTILE_FILE, defective=2, clean=2)
    for side in ("test", "ground_truth"):
        (folder / side / "blot").rename(folder / side / HOSTILE_FILE)
    return folder


@pytest.fixture(scope="module")
def address(chromium_path: str, tmp_path_factory: pytest.TempPathFactory, dataset: Path) -> Iterator[str]:
    """A dashboard that keeps a plan under a hostile name."""
    home = tmp_path_factory.mktemp("home")
    data = png(weave(seed=9))
    good = GoodPicture(f"{HOSTILE}.png", hashlib.sha256(data).hexdigest())
    settings = Settings(engine=EngineName.TEXTURE, scope=Scope.REFERENCES)
    Plans(home / "plans").keep(Plan(name=HOSTILE_SHORT, settings=settings, good=(good,)), {good.sha256: data})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGDETECT_ROOTS", str(dataset.parent))
        with running_app(home) as url:
            yield url


@pytest.fixture(autouse=True)
def asked(contexts: Callable[..., Any], address: str) -> Iterator[list[str]]:
    """Every address that a page asks for; none may be of another host."""
    found: list[str] = []

    def listen(page: Any) -> None:
        page.on("request", lambda request: found.append(request.url))
        page.on("websocket", lambda socket: found.append(socket.url))

    contexts().on("page", listen)
    yield found
    contexts().remove_listener("page", listen)
    own = urlsplit(address).netloc
    assert len(found) > 10
    assert [url for url in found if urlsplit(url).scheme not in ("data", "blob") and urlsplit(url).netloc != own] == []


def hand_in(page: Any, count: int) -> None:
    names = [f"{number or ''}{HOSTILE}.png" for number in range(count)]
    files = [{"name": n, "mimeType": "image/png", "buffer": d} for n, d in zip(names, PICTURES, strict=False)]
    page.locator("input[type=file]").first.set_input_files(files)
    page.locator(".sd-word").first.wait_for()
    rest(page)


def check(page: Any) -> None:
    """The names are text: nothing that they ask for has become of them."""
    made = page.evaluate(
        """elsewhere => [...document.querySelectorAll("a, img, [style]")]
          .filter((node) => ["href", "src", "style"].some((name) => node.getAttribute(name)?.includes(elsewhere)))
          .map((node) => node.outerHTML)""",
        ELSEWHERE,
    )
    assert made == []
    assert page.locator(".katex").count() == 0
    assert page.locator("[data-testid=stMarkdownContainer] img").count() == 0


def shown(text: str) -> str:
    return " ".join(text.replace(JOINER, "").split())


def expect_shown(page: Any, selector: str, name: str) -> None:
    """Some element shows the name letter by letter."""
    page.locator(selector).filter(has_text=ELSEWHERE).first.wait_for()
    texts = [shown(text) for text in page.locator(selector).all_text_contents()]
    assert any(name in text for text in texts), texts


@pytest.mark.slow
def test_inspect(tab: Callable[..., Any]) -> None:
    page = tab()
    hand_in(page, len(PICTURES))
    check(page)
    page.get_by_role("button", name=re.compile(r"^All \d+ pictures$")).click()
    check(page)
    page.get_by_role("button", name="Export all").wait_for()
    check(page)
    page.get_by_role("radio", name="Batch", exact=True).click()
    expect_shown(page, "[data-testid=stImageCaption]", HOSTILE)
    rest(page)
    check(page)
    page.get_by_role("button", name="Plans", exact=True).click()
    expect_shown(page, "[data-testid=stPopoverBody] button", HOSTILE_SHORT)
    page.locator("[data-testid=stPopoverBody] button").filter(has_text=ELSEWHERE).first.click()
    page.get_by_text("1 known-good picture in use").wait_for()
    rest(page)
    check(page)
    expect_shown(page, "[data-testid=stImageCaption]", HOSTILE)


@pytest.mark.slow
def test_a_file_that_cannot_be_opened(tab: Callable[..., Any]) -> None:
    page = tab()
    broken = {"name": f"{HOSTILE}.png", "mimeType": "image/png", "buffer": b"no picture"}
    page.locator("input[type=file]").first.set_input_files([broken])
    expect_shown(page, "[data-testid=stAlert]", HOSTILE)
    check(page)


@pytest.mark.slow
def test_compare(tab: Callable[..., Any]) -> None:
    page = tab("left-engine=texture&right-engine=texture", page="compare")
    hand_in(page, 2)
    page.locator(".sd-word").nth(1).wait_for()
    rest(page)
    expect_shown(page, "h2", HOSTILE)
    check(page)


@pytest.mark.slow
def test_evaluate(tab: Callable[..., Any], dataset: Path) -> None:
    page = tab("evaluate-engine=texture", page="evaluate")
    folder = page.get_by_role("textbox", name="Folder with pictures and masks")
    folder.fill(str(dataset))
    folder.press("Enter")
    expect_shown(page, "[data-testid=stCaptionContainer]", HOSTILE_FILE)
    check(page)
    page.get_by_role("button", name="Evaluate", exact=True).click()
    page.get_by_role("heading", name="Missed").wait_for()
    rest(page)
    expect_shown(page, "[data-testid=stCaptionContainer]", HOSTILE_FILE)
    check(page)
