"""Why the chosen tile is odd: said and shown by the browser at once, and for the threshold that is tried."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from segdetect.ui.viewer import viewer
from tests.support.browsing import asked_again, expect_why, rest
from tests.support.pictures import planted, png, weave

pytestmark = pytest.mark.browser

SAMPLE = "engine=texture&sample=Broken+wire+mesh"
WIDE = {"viewport": {"width": 1440, "height": 900}}
CODE = ("desk.js", "geometry.js", "controls.js", "part.js", "explanation.js")
SAY = """([code, scores, ranks, tile, facts]) => {
  const { Tiles, explain, median } = new Function(`${code}; return { Tiles, explain, median };`)();
  const across = scores.map((_, at) => [at, at + 1]);
  const tiles = new Tiles({ edges: [across, [[0, 1]]], scores, ranks, flagged: [] });
  return [explain(tiles, tile, facts), median(scores)];
}"""
# A choice is made and looked at in one breath: no server can have answered.
CHOOSE = """tile => {
  const viewer = globalThis[Symbol.for("segdetect.viewer")].viewers.get("picture");
  viewer.choose(viewer.panes[0], [tile]);
  const root = [...viewer.followers].find((one) => one.heading).root;
  const bright = (canvas) => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean);
  return {
    said: root.querySelector("h2").textContent,
    words: root.querySelector("p").textContent,
    cuts: [...root.querySelectorAll("canvas")].map(bright),
    older: document.querySelector(".st-key-why-more").matches(".sd-older"),
  };
}"""


def code() -> str:
    folder = Path(viewer.__file__).parent
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in CODE)


@pytest.fixture
def say(contexts: Callable[..., Any]) -> Callable[..., list[Any]]:
    page = contexts().new_page()

    def said(scores: list[float | None], ranks: list[int], tile: int, **facts: float | None) -> list[Any]:
        known = {"threshold": None, "similar": None, "typical": None, **facts}
        return list(page.evaluate(SAY, [code(), scores, ranks, tile, known]))

    return said


def test_a_tile_is_explained_in_words(say: Callable[..., list[Any]]) -> None:
    scores, ranks = [0.1, 0.2, 0.3, 0.3, 0.9, None], [5, 4, 2, 3, 1, 6]
    strongest, middle = say(scores, ranks, 4, threshold=0.5, similar=0.1, typical=0.725)
    assert strongest == (
        "None of the 5 tiles is more unlike the rest. Closest match 0.100; typical 0.725. "
        "Its score of 0.900 is 0.400 above the threshold of 0.500."
    )
    assert middle == 0.3
    # Of the four others two score less, one as much.
    second, _ = say(scores, ranks, 2)
    assert second == (
        "It is more unlike the rest than 50% of the tiles (rank 2 of 5). There is nothing to compare it with. "
        "Its score is 0.300."
    )
    none, _ = say(scores, ranks, 5, threshold=0.5)
    assert none == "It has no score, since hardly any of it was measured."


@pytest.mark.parametrize(
    ("score", "threshold", "says"),
    [
        (0.2264, 0.1126, "Its score of 0.226 is 0.113 above the threshold of 0.113."),
        (0.1124, 0.2262, "Its score of 0.112 is 0.114 below the threshold of 0.226."),
    ],
)
def test_the_distance_to_the_threshold_is_that_of_the_figures_shown(
    say: Callable[..., list[Any]], score: float, threshold: float, says: str
) -> None:
    assert say([score, 0.05], [1, 2], 0, threshold=threshold)[0].endswith(says)


def test_a_tile_is_explained_before_the_server_has_heard_of_it(tab: Callable[..., Any]) -> None:
    page = tab(SAMPLE, **WIDE)
    asked_again(page)
    now = page.evaluate(CHOOSE, 9)
    assert now["said"] == "Why row 2, col 3?"
    assert "not flagged" in now["words"]
    assert now["cuts"] == [True, True], "the tile and the one most like it"
    assert now["older"], "what the server is still to add is of the tile before"
    rest(page)
    expect_why(page, 2, 3)
    page.locator(".st-key-why-more:not(.sd-older) img").first.wait_for()


@pytest.mark.slow
def test_the_explanation_follows_a_threshold_that_is_tried(tab: Callable[..., Any]) -> None:
    page = tab(SAMPLE, **WIDE)
    asked_again(page)
    words = page.locator(".explanation p")
    assert str(words.text_content()).endswith("It is flagged.")
    page.evaluate("""() => {
      const viewer = globalThis[Symbol.for("segdetect.viewer")].viewers.get("picture");
      viewer.tryThreshold(1000);
    }""")
    page.wait_for_timeout(100)
    said = str(words.text_content())
    assert "below the threshold of 1,000" in said
    assert said.endswith("It is not flagged.")


@pytest.mark.slow
def test_the_tile_and_its_look_alike_are_found_on_the_picture(tab: Callable[..., Any]) -> None:
    page = tab(SAMPLE, **WIDE)
    asked_again(page)
    page.get_by_role("button", name=re.compile("Look-alike in .*: look at it")).click()
    page.wait_for_timeout(400)
    view = """() => globalThis[Symbol.for("segdetect.viewer")].viewers.get("picture").view"""
    there = page.evaluate(view)
    assert there["zoom"] > 1
    page.evaluate("""() => globalThis[Symbol.for("segdetect.viewer")].viewers.get("picture").fit()""")
    page.wait_for_timeout(400)
    page.get_by_role("button", name="Tile row 4, col 3: look at it").click()
    page.wait_for_timeout(400)
    here = page.evaluate(view)
    assert here["zoom"] == pytest.approx(there["zoom"], rel=0.02), "tiles differ by a pixel"
    assert (here["u"], here["v"]) == pytest.approx((2.5 / 7, 3.5 / 7), abs=0.01)
    assert (there["u"], there["v"]) != pytest.approx((here["u"], here["v"]), abs=0.05)


@pytest.mark.slow
def test_a_look_alike_in_a_known_good_picture_comes_with_its_name(tab: Callable[..., Any]) -> None:
    page = tab("engine=texture&scope=Known-good", **WIDE)
    for key, names in (("files", ["odd.png"]), ("reference-files", ["good 1.png", "good 2.png"])):
        files = [
            {"name": name, "mimeType": "image/png", "buffer": png(weave(seed=at) if len(names) > 1 else planted(2, 3))}
            for at, name in enumerate(names)
        ]
        page.locator(f".st-key-{key} input[type=file]").set_input_files(files)
        rest(page)
    page.locator(".explanation img").wait_for()
    asked_again(page)
    told = page.locator(".explanation figcaption").nth(1)
    assert str(told.inner_text()).startswith("Nearest: good ")
    image = page.locator(".explanation img")
    assert image.evaluate("node => node.naturalWidth") > 0
    assert str(image.get_attribute("alt")).startswith("Look-alike in good ")
