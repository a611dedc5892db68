"""Pictures built in code: a weave that repeats, a defect planted in one tile of it, and answers made up for them."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import tifffile
from PIL import Image

from segdetect.grid import tile_layout
from segdetect.inspection import Decision, Inspection, Source, TileScores, Verdict
from segdetect.pictures.loading import LoadedImage, load_image
from segdetect.settings import EngineName, GridSize, RuleName, Scope, Settings

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


def tiff(*pages: npt.NDArray[np.uint8 | np.uint16]) -> bytes:
    """A TIFF file with these pages."""
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as file:
        for pixels in pages:
            file.write(pixels, photometric="rgb" if pixels.ndim == 3 else "minisblack")
    return buffer.getvalue()


def picture(pixels: Pixels, name: str = "picture.png") -> LoadedImage:
    """The picture as the program loads it."""
    return load_image(png(pixels), name=name)


def answer(
    image: LoadedImage,
    scores: Sequence[float],
    *,
    grid: GridSize,
    flagged: Sequence[int] = (),
    threshold: float = 0.5,
    nearest: Sequence[int] | None = None,
    similarity: Sequence[float] | None = None,
    cell_map: npt.NDArray[np.float32] | None = None,
    others: Sequence[Source] = (),
    nearest_source: Sequence[int] | None = None,
    verdict: Verdict = Verdict.ANOMALOUS,
) -> Inspection:
    """An inspection with these figures, as if an engine had come to them; `nearest` of -1 is none."""
    layout = tile_layout(image.size_wh, grid)
    tiles = np.array(nearest if nearest is not None else [-1] * grid.tiles)
    flags = np.isin(np.arange(grid.tiles), flagged)
    return Inspection(
        image=image.name,
        sha256=image.sha256,
        size_wh=image.size_wh,
        page=image.page,
        settings=Settings(grid=grid, engine=EngineName.TEXTURE),
        engine=EngineName.TEXTURE,
        engine_version="tiny 1",
        scope=Scope.SELF,
        scores=TileScores(
            layout=layout,
            scores=np.array(scores, float),
            sources=(Source(image.name, image.sha256, layout), *others),
            nearest_source=np.array(nearest_source) if nearest_source is not None else np.where(tiles < 0, -1, 0),
            nearest_tile=tiles,
            nearest_similarity=np.array(similarity if similarity is not None else [np.nan] * grid.tiles, float),
            cell_map=cell_map,
        ),
        decision=Decision(RuleName.THRESHOLD, threshold, flags, verdict, "because"),
        seconds={"describe": 0.25, "compare": 0.5},
    )
