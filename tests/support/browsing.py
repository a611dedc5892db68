"""What tests do in a tab of the dashboard."""

from __future__ import annotations

import re
from typing import Any

# Of each text that can be seen, by the formula of WCAG 2.2; colours and opacities of all that it lies in are blended.
_CONTRASTS = """selector => {
  const channels = (colour) => { const c = colour.match(/[\\d.]+/g).map(Number); return c.length < 4 ? [...c, 1] : c; };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3]));
  const light = (colour) => colour
    .map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const contrast = (node) => {
    const around = [];
    for (let one = node; one; one = one.parentElement) around.unshift(getComputedStyle(one));
    const ground = around.reduce((under, style) => over(channels(style.backgroundColor), under), [255, 255, 255]);
    const ink = channels(getComputedStyle(node).color);
    ink[3] *= around.reduce((all, style) => all * style.opacity, 1);
    const [dark, bright] = [light(over(ink, ground)), light(ground)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  };
  return [...document.querySelectorAll(selector)].filter((node) => node.innerText.trim()).map(contrast);
}"""


def rest(page: Any) -> None:
    """Wait until the page's script has run."""
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()


def grid_slider(page: Any) -> Any:
    return page.get_by_role("slider", name="Grid (tiles per side)")


def expect_grid(page: Any, text: str) -> None:
    """The answer comes to be in this grid."""
    page.locator(".sd-about").filter(has_text=f"{text} tiles").first.wait_for(state="attached")


def tile_on_chart(page: Any, row: float, col: float, side: int = 7) -> tuple[float, float]:
    """Where on the screen a place of the heatmap lies, in tiles from its upper left corner."""
    drag = page.locator(".st-key-heatmap .nsewdrag").first
    drag.wait_for(state="attached")
    # In one step: while Playwright waits for the chart to stand still, it may be drawn anew as another element.
    drag.evaluate("place => place.scrollIntoView({block: 'nearest'})")
    page.wait_for_timeout(700)  # the chart is drawn and has come to rest
    box = drag.bounding_box()
    return box["x"] + box["width"] * col / side, box["y"] + box["height"] * row / side


def asked_again(page: Any) -> None:
    """Wait until the second opinion has come; the whole page then runs once more, and may replace what is on it."""
    page.wait_for_timeout(1000)
    page.get_by_text("asking").wait_for(state="hidden")
    rest(page)


def flagged(page: Any) -> int:
    """How many tiles the verdict says are flagged."""
    said = re.match(r"(\d+) of \d+ tiles ", str(page.locator(".sd-lead").text_content()))
    return int(said[1]) if said else 0


def expect_why(page: Any, row: int, col: int) -> None:
    """The tile at this place, counted from 1, comes to be explained, and the server has said what it knows of it."""
    page.get_by_role("heading", name=f"Why row {row}, col {col}?").wait_for()
    page.locator(".st-key-why-more:not(.sd-older)").wait_for(state="attached")


def contrasts(page: Any, selector: str) -> list[float]:
    """Contrast ratio, 1 to 21, of each text that a CSS selector finds."""
    found: list[float] = page.evaluate(_CONTRASTS, selector)
    return found
