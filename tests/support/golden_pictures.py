"""Stored pictures of the dashboard's views, and how far a new one differs from them.

Two pictures are compared as blocks of 8 x 8 screen pixels, each block by its mean colour, since letters are drawn a
little differently by every version of Chromium and FreeType, while the page's own font keeps them in their places. A
view has changed where the blocks differ much on the whole, or where a spot of 4 x 4 blocks does: the first finds
another theme or layout, the second a panel that is missing or a colour that is lost.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

FOLDER: Final = Path(__file__).parents[1] / "browser" / "golden"
# Stored at half the size of the screen, in 256 colours: enough for the eye, and for blocks.
_STORED: Final = 2
_BLOCK: Final = 8
_SPOT: Final = 4
# Measured on the eleven views. The same page again: mean up to 0.6, spot up to 5.5, the latter from the few colours
# that are stored. Screens of 1.5 and 2 pixels per CSS pixel, whose letters differ most: 0.8 and 6.1. On the result
# page: slider without colour, spot 21; outlines of the heatmap gone, 27; grey banner, 29; facts line gone, 32;
# reason gone, 37; banner's icon gone, 53; picture moved by 8 pixels, mean 3.1 and spot 73; heatmap's legend gone,
# 77; heatmap or its column gone, mean 18 and spot 200; letters 6 % larger, 14 and 206; the other theme, 196 and
# 240.
MAX_MEAN: Final = 1.5
MAX_SPOT: Final = 12.0
# In screen pixels: less than a line of text.
MAX_TALLER: Final = 12

Pixels = npt.NDArray[np.uint8]

# What says another thing each time, and what depends on the engines of the machine.
FROZEN: Final = """
*, *::before, *::after { animation: none !important; transition: none !important; caret-color: transparent !important; }
[data-testid=stLayoutWrapper]:has(> .st-key-second-opinion) { display: none !important; }
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """How far two pictures of a view differ.

    Args:
        mean: of all blocks, 0 to 255.
        spot: of the worst spot, 0 to 255.
        taller: by how many screen pixels one of them is higher than the other.
        picture: `(height, width, 3)`; black where they are equal, at the size of the blocks.
    """

    mean: float
    spot: float
    taller: int
    picture: Pixels

    @property
    def small(self) -> bool:
        """Whether it is no more than what another drawing of letters makes."""
        return self.mean <= MAX_MEAN and self.spot <= MAX_SPOT and self.taller <= MAX_TALLER

    def __str__(self) -> str:
        return (
            f"mean {self.mean:.2f} (at most {MAX_MEAN}), worst spot {self.spot:.1f} (at most {MAX_SPOT}), "
            f"height {self.taller} px (at most {MAX_TALLER})"
        )


def store(picture: Image.Image, path: Path) -> None:
    """Write a small file of it."""
    from scripts.screenshots import reduced

    reduced(picture).save(path, optimize=True)


def difference(new: Image.Image, golden: Image.Image) -> Difference:
    """Compare two pictures as they are stored; what one has more of at its lower edge is left out."""
    one, other = (np.asarray(picture.convert("RGB")) for picture in (new, golden))
    taller = _STORED * abs(one.shape[0] - other.shape[0])
    if one.shape[1] != other.shape[1]:
        return Difference(255.0, 255.0, taller, one)
    height = min(one.shape[0], other.shape[0])
    gap = np.abs(_blocks(one[:height]) - _blocks(other[:height]))
    per_block = gap.max(axis=2)
    spots = cv2.blur(per_block, (_SPOT, _SPOT), borderType=cv2.BORDER_REPLICATE)
    return Difference(float(per_block.mean()), float(spots.max()), taller, np.clip(gap * 4, 0, 255).astype(np.uint8))


def _blocks(pixels: Pixels) -> npt.NDArray[np.float32]:
    side = _BLOCK // _STORED
    size_wh = (pixels.shape[1] // side, pixels.shape[0] // side)
    return cv2.resize(pixels[: size_wh[1] * side, : size_wh[0] * side], size_wh, interpolation=cv2.INTER_AREA).astype(
        np.float32
    )


def photograph(page: Any, element: Any = None) -> Image.Image:
    """A picture of an element, else of the whole page, once nothing on it moves any more, at half its size."""
    page.mouse.move(0, 0)  # tools of a chart show while the pointer is over it
    least_height = page.viewport_size["height"]
    before = None
    for _ in range(30):
        _freeze(page)
        if element is None:
            _grow(page, least_height)
        shot = (element or page).screenshot(animations="disabled", caret="hide", scale="css")
        full = Image.open(io.BytesIO(shot)).convert("RGB")
        now = full.resize((full.width // _STORED, full.height // _STORED), Image.Resampling.BOX)
        # The edge of a button may flicker by a shade for good.
        if before is not None and before.size == now.size and difference(now, before).spot < 1:
            return now
        before = now
        page.wait_for_timeout(250)
    raise AssertionError("the page does not come to rest")


def _freeze(page: Any) -> None:
    page.evaluate(
        """css => {
          if (!document.getElementById("frozen")) {
            const style = document.createElement("style");
            style.id = "frozen";
            style.textContent = css;
            document.head.append(style);
          }
          for (const line of document.querySelectorAll("[data-testid=stCaptionContainer] p"))
            if (line.textContent.includes(" tiles ·"))
              line.textContent = line.textContent.replace(/([\\d.,]+ s|from memory)$/, "0.0 s");
        }""",
        FROZEN,
    )


def _grow(page: Any, least_height: int) -> None:
    """Streamlit scrolls inside the page, so that only a window as high as its content shows all of it."""
    size = page.viewport_size
    height = page.evaluate(
        "() => Math.ceil(document.querySelector('[data-testid=stMainBlockContainer]').getBoundingClientRect().height)"
    )
    if size["height"] != max(least_height, height):
        page.set_viewport_size({"width": size["width"], "height": max(least_height, height)})
