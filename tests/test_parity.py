"""The blog's published result, and stock fastdup itself, tile for tile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from segdetect.engines.base import EmbedRequest
from segdetect.engines.fastdup import FastdupEngine
from segdetect.errors import EngineUnavailableError
from segdetect.grid import tile_layout
from segdetect.images import LoadedImage
from segdetect.settings import GridSize

SEED = Path(__file__).parents[1].parent / "shared" / "bench" / "seed"
NAMES = ("006", "007", "016", "024", "037", "263")
PUBLISHED = {"007": [19, 23, 32], "016": [3, 10, 17, 44], "024": [3, 9, 45]}

pytestmark = [
    pytest.mark.fastdup,
    pytest.mark.skipif(not SEED.is_dir(), reason=f"the blog's pictures are not at {SEED}"),
]

# What the blog did: one folder of tiles for each picture, then fastdup's own list of outliers.
STOCK_RUN = """
import json, sys
from pathlib import Path
import fastdup
answers = {}
for tiles in sorted(path for path in Path("tiles").iterdir()):
    found = fastdup.create(work_dir=f"work/{tiles.name}", input_dir=str(tiles))
    found.run(print_summary=False)
    rows = found.outliers()[["filename_outlier", "distance"]].itertuples(index=False)
    answers[tiles.name] = {Path(name).stem: distance for name, distance in rows}
Path("answers.json").write_text(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def similarities() -> dict[str, npt.NDArray[np.float64]]:
    """For each picture `(49, 2)`: each tile's similarity to its nearest and second nearest other tile."""
    engine = FastdupEngine()
    try:
        engine.check()
    except EngineUnavailableError as error:
        pytest.skip(str(error))
    answers = engine.embed([_request(name) for name in NAMES])
    engine.close()
    return {name: _two_nearest(answer.layers[0]) for name, answer in zip(NAMES, answers, strict=True)}


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[int, float]]:
    """For each picture: the tiles that fastdup's `outliers()` lists when run on its own, with their `distance`."""
    folder = tmp_path_factory.mktemp("stock")
    for name in NAMES:
        _save_as_the_blog_did(name, folder / "tiles" / name)
    private = {"SENTRY_OPT_OUT": "1", "FASTDUP_PRODUCTION": "1", "HOME": str(folder)}
    environment = {**os.environ, **private}
    subprocess.run([sys.executable, "-c", STOCK_RUN], cwd=folder, env=environment, check=True, capture_output=True)
    answers = json.loads((folder / "answers.json").read_text())
    return {name: {int(tile): value for tile, value in found.items()} for name, found in answers.items()}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_tiles_are_flagged(name: str, similarities: dict[str, npt.NDArray[np.float64]]) -> None:
    assert _stock_flags(similarities[name]) == PUBLISHED[name]


@pytest.mark.parametrize("name", NAMES)
def test_flags_and_scores_are_those_of_stock_fastdup(
    name: str, similarities: dict[str, npt.NDArray[np.float64]], stock: dict[str, dict[int, float]]
) -> None:
    assert _stock_flags(similarities[name]) == sorted(stock[name])
    for tile, distance in stock[name].items():
        assert similarities[name][tile, 1] == pytest.approx(distance, abs=2e-6)


def _request(name: str) -> EmbedRequest:
    pixels = np.asarray(Image.open(SEED / f"{name}.png").convert("RGB"))
    image = LoadedImage(f"{name}.png", name, pixels)
    return EmbedRequest(image, tile_layout(image.size_wh, GridSize(7, 7), stock=True))


def _save_as_the_blog_did(name: str, folder: Path) -> None:
    folder.mkdir(parents=True)
    with Image.open(SEED / f"{name}.png") as picture:
        width, height = picture.width // 7, picture.height // 7
        for tile in range(49):
            top, left = tile // 7 * height, tile % 7 * width
            picture.crop((left, top, left + width, top + height)).save(folder / f"{tile:02d}.png")


def _two_nearest(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    similarity = vectors.astype(np.float64) @ vectors.T.astype(np.float64)
    similarity = (similarity + similarity.T) / 2  # a pair's two directions are equal to the last bit
    np.fill_diagonal(similarity, -2)
    return -np.sort(-similarity, axis=1)[:, :2]


def _stock_flags(two_nearest: npt.NDArray[np.float64]) -> list[int]:
    edges = two_nearest.ravel()
    lowest = np.argsort(edges, kind="stable")[: max(1, len(edges) * 5 // 100)]
    return sorted({int(edge) // 2 for edge in lowest})
