"""Takes pictures of one answer on every screen, light and dark, side by side: `make screenshots` calls it.

`python -m scripts.screens [NAME...]` takes only the named ones: a texture, an object beside known-good ones, a long
picture, and one of 16 bits. What is inspected is made of the bundled samples, or drawn here.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page

from scripts.screenshots import Shot, answer, idle, photograph, take_all
from segdetect.samples.catalogue import sample_bytes

SIZES_WH: Final = ((1920, 1080), (1440, 900), (1280, 800), (400, 850))
HEIGHT: Final = 300
GAP: Final = 12
GROUND: Final = (128, 128, 136)
SIDE: Final = 480

_Pixels = npt.NDArray[np.uint8]


def washer(seed: int, *, chipped: bool = False) -> _Pixels:
    """A metal ring on a dark ground, as a camera takes it: `(480, 480)`, each a little elsewhere; one has a chip."""
    random = np.random.default_rng(seed)
    middle = SIDE / 2 + random.uniform(-3, 3, 2)
    down, across = np.mgrid[:SIDE, :SIDE] - middle[:, None, None]
    radius, angle = np.hypot(down, across), np.arctan2(down, across)
    shine = 150 + 30 * np.cos(2 * angle) + 8 * np.sin(radius * 1.3)
    part = (radius > 85) & (radius < 190)
    if chipped:
        part &= np.hypot(down + 120, across - 140) > 24
    light = np.where(part, shine, 38) + random.normal(0, 3, part.shape)
    return np.asarray(np.clip(light, 0, 255), np.uint8)


def png(pixels: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]) -> bytes:
    """As a file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _grey(sample: str) -> _Pixels:
    with Image.open(io.BytesIO(sample_bytes(sample))) as picture:
        return np.asarray(picture.convert("L"))


def long_strip() -> bytes:
    """The flawed fabric between two pieces of the clean one: three times as wide as high."""
    flawed, clean = _grey("fabric"), _grey("clean-fabric")
    height = min(len(flawed), len(clean))
    return png(np.hstack([clean[:height], flawed[:height], clean[:height]]))


def deep() -> bytes:
    """The wire mesh in a few thousand of 65,536 grey levels, as a scientific camera has it."""
    return png(np.uint16(9000) + np.uint16(16) * _grey("wire-mesh").astype(np.uint16))


def give(page: Page, key: str, *files: tuple[str, bytes]) -> None:
    """Hand files to an uploader of the page."""
    payload = [FilePayload(name=name, mimeType="image/png", buffer=data) for name, data in files]
    page.locator(f".st-key-{key} input[type=file]").set_input_files(payload)
    idle(page)


def upload(name: str, data: Callable[[], bytes]) -> Callable[[Page], None]:
    """What takes the answer to an uploaded picture."""

    def take(page: Page) -> None:
        give(page, "files", (name, data()))
        answer(page)

    return take


def object_with_good(page: Page) -> None:
    """Take the answer to a ring with a chip, compared with three whole ones."""
    give(page, "reference-files", *((f"whole-{seed}.png", png(washer(seed))) for seed in (1, 2, 3)))
    give(page, "files", ("ring.png", png(washer(4, chipped=True))))
    answer(page)


PICTURES: Final[dict[str, tuple[str, Callable[[Page], None]]]] = {
    "texture": ("/?sample=Flawed+fabric", answer),
    "object": ("/?scope=Known-good", object_with_good),
    "long": ("/", upload("strip.png", long_strip)),
    "deep": ("/", upload("mesh-16-bit.png", deep)),
}


def screens(browser: Browser, address: str, scratch: Path, name: str) -> Image.Image:
    """One answer at all widths, the light theme above the dark one, all equally high."""
    query, take = PICTURES[name]
    rows = []
    for dark in (False, True):
        taken = [
            photograph(browser, address, Shot(address=query, take=take, width=width, height=height, dark=dark))
            for width, height in SIZES_WH
        ]
        rows.append(
            [one.resize((round(one.width * HEIGHT / one.height), HEIGHT), Image.Resampling.LANCZOS) for one in taken]
        )
    width = sum(one.width + GAP for one in rows[0]) + GAP
    sheet = Image.new("RGB", (width, 2 * (HEIGHT + GAP) + GAP), GROUND)
    for number, row in enumerate(rows):
        left = GAP
        for one in row:
            sheet.paste(one, (left, GAP + number * (HEIGHT + GAP)))
            left += one.width + GAP
    return sheet


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the pictures; returns the exit code."""
    return take_all(arguments, __doc__, list(PICTURES), screens, prefix="screens-")


if __name__ == "__main__":
    sys.exit(main())
