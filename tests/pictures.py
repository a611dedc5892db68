"""Pictures built in code: a weave that repeats, and a defect planted in one tile of it."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from segdetect.images import LoadedImage, load_image

Pixels = npt.NDArray[np.uint8]


def weave(size_wh: tuple[int, int] = (112, 112), *, seed: int = 0) -> Pixels:
    """A clean texture: a checkered weave eight pixels wide under grain as strong as itself."""
    width, height = size_wh
    y, x = np.indices((height, width))
    grain = np.random.default_rng(seed).integers(-40, 41, (height, width))
    grey = 110 + 20 * ((x // 8 + y // 8) % 2) + grain
    return np.repeat(grey[..., None], 3, axis=2).astype(np.uint8)


def planted(row: int, col: int, *, size_wh: tuple[int, int] = (112, 112), side: int = 7, seed: int = 0) -> Pixels:
    """The weave with one tile of a `side` x `side` grid, counted from 0, replaced by a flat red patch."""
    pixels = weave(size_wh, seed=seed)
    width, height = size_wh[0] // side, size_wh[1] // side
    pixels[row * height : (row + 1) * height, col * width : (col + 1) * width] = (200, 40, 30)
    return pixels


def png(pixels: Pixels) -> bytes:
    """A PNG file of it."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def picture(pixels: Pixels, name: str = "picture.png") -> LoadedImage:
    """The picture as the program loads it."""
    return load_image(png(pixels), name=name)
