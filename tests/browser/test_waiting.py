"""What a page shows while its answer is awaited: nothing that belongs to what was there before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.app_server import running_app
from tests.support.browsing import asked_again, expect_grid, grid_slider, rest
from tests.support.pictures import planted, png, weave

pytestmark = pytest.mark.browser

WELCOME = "Where in this picture is something wrong?"
# Well below the three seconds that the engine takes.
SOON_MS = 1000

WATCH_BAR = """() => {
  globalThis.barless = 0;
  const count = () => { globalThis.barless += document.querySelector(".sd-bar") ? 0 : 1; };
  new MutationObserver(count).observe(document.body, { childList: true, subtree: true });
}"""

WATCH_FADING = """() => {
  globalThis.seen = [];
  globalThis.began = performance.now();
  const note = () => {
    const stale = [...document.querySelectorAll("[data-stale=true]")];
    const faint = stale.some((node) => getComputedStyle(node).opacity < 1);
    const sign = document.querySelector("[data-testid=stStatusWidget]")?.checkVisibility() ?? false;
    const moving = document.getAnimations().map((one) => one.effect.target);
    const moves = moving.filter((node) => !node.closest("[data-testid=stProgress]")).length;
    seen.push({ after: performance.now() - began, faint, sign, moves });
  };
  globalThis.noting = setInterval(note, 100);
}"""


@pytest.fixture(scope="module")
def address(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard whose engine fastdup takes three seconds."""
    with running_app(tmp_path_factory.mktemp("home"), streamlit="tests.support.slow_server") as url:
        yield url


def drop(page: Any, name: str, pixels: Any) -> Any:
    """Hand in a picture, and wait for it to be shown without an answer."""
    file = {"name": name, "mimeType": "image/png", "buffer": png(pixels)}
    page.locator(".st-key-files input[type=file]").set_input_files([file])
    awaited = page.get_by_alt_text(f"{name}, waiting for the answer")
    awaited.wait_for()
    return awaited


def test_what_belongs_to_another_picture_or_to_none_is_gone_while_an_answer_is_awaited(
    tab: Callable[..., Any],
) -> None:
    page = tab("engine=fastdup")
    welcome, samples = page.get_by_role("heading", name=WELCOME), page.get_by_text("Or try a sample")
    welcome.wait_for()
    awaited = drop(page, "first.png", planted(2, 3))
    for gone in (welcome, samples):
        gone.wait_for(state="detached", timeout=SOON_MS)
    assert awaited.is_visible(), "the answer has not come meanwhile"
    bar = page.locator(".sd-bar")
    bar.wait_for()
    rest(page)

    page.evaluate(WATCH_BAR)
    grid_slider(page).focus()
    page.keyboard.press("ArrowRight")
    expect_grid(page, "8 x 8")
    assert page.evaluate("() => globalThis.barless") == 0, "after a changed setting nothing moves"
    rest(page)

    awaited = drop(page, "second.png", weave(seed=1))
    page.wait_for_timeout(100)
    bar.filter(has_text="first.png").wait_for(state="detached", timeout=SOON_MS)
    page.locator(".stage").wait_for(state="detached", timeout=SOON_MS)
    assert awaited.is_visible(), "the answer has not come meanwhile"
    bar.filter(has_text="second.png").wait_for()


@pytest.mark.slow
def test_what_is_not_drawn_over_yet_is_faint_after_a_while_and_nothing_moves(tab: Callable[..., Any]) -> None:
    page = tab("engine=fastdup&sample=Broken+wire+mesh")
    page.emulate_media(reduced_motion="no-preference")
    page.locator(".sd-bar").wait_for()
    asked_again(page)
    grid_slider(page).focus()
    page.evaluate(WATCH_FADING)
    for _ in range(3):  # the next grid is described ahead
        page.keyboard.press("ArrowRight")
    expect_grid(page, "10 x 10")
    seen = page.evaluate("() => { clearInterval(noting); return seen; }")
    assert not any(look["faint"] for look in seen if look["after"] < 1900), "most answers are there before"
    assert any(look["faint"] for look in seen), "the engine takes three seconds"
    at_rest = [look["moves"] for look in seen if 1000 < look["after"] < 1900]
    assert at_rest
    assert not any(at_rest), "each frame would be another picture of the whole page"
    assert not any(look["sign"] for look in seen), "its button to stop would lie over others"
    rest(page)
    assert page.locator(".sd-late").count() == 0
