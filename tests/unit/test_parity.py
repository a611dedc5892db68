"""The blog's published result, and stock fastdup itself, tile for tile."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from segdetect.engines.fastdup import FastdupEngine
from segdetect.engines.fastdup.installation import find_installation
from segdetect.errors import EngineUnavailableError
from segdetect.inspection import Inspection
from segdetect.pictures.loading import load_image
from segdetect.pipeline import Inspector
from segdetect.settings import EngineName, Rule, RuleName, Settings

BENCH = Path(__file__).parents[2].parent / "shared" / "bench"
SEED = {name: BENCH / "seed" / f"{name}.png" for name in ("006", "007", "016", "024", "037", "263")}
PUBLISHED = {"007": [19, 23, 32], "016": [3, 10, 17, 44], "024": [3, 9, 45]}
PICTURES = {name: file for name, file in SEED.items() if file.is_file()}

pytestmark = [
    pytest.mark.fastdup,
    pytest.mark.skipif(not SEED["007"].is_file(), reason=f"the blog's pictures are not in {BENCH}"),
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
def inspections() -> Iterator[dict[str, Inspection]]:
    """What the product answers under the stock rule, by picture."""
    engine = FastdupEngine()
    try:
        engine.check()
    except EngineUnavailableError as error:
        pytest.skip(str(error))
    settings = Settings(engine=EngineName.FASTDUP, rule=Rule(RuleName.STOCK))
    images = [load_image(file.read_bytes(), name=file.name) for file in PICTURES.values()]
    found = Inspector({EngineName.FASTDUP: engine}).inspect_many(images, settings)
    yield dict(zip(PICTURES, found, strict=True))
    engine.close()


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[int, float]]:
    """For each picture: the tiles that fastdup's `outliers()` lists when run on its own, with their `distance`."""
    folder = tmp_path_factory.mktemp("stock")
    for name, file in PICTURES.items():
        _save_as_the_blog_did(file, folder / "tiles" / name)
    private = {"SENTRY_OPT_OUT": "1", "FASTDUP_PRODUCTION": "1", "HOME": str(folder)}
    environment = {**os.environ, **private}
    python = find_installation().executable  # which need not be the one that these tests run in
    subprocess.run([python, "-c", STOCK_RUN], cwd=folder, env=environment, check=True, capture_output=True)
    answers = json.loads((folder / "answers.json").read_text())
    return {name: {int(tile): value for tile, value in found.items()} for name, found in answers.items()}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_tiles_are_flagged(name: str, inspections: dict[str, Inspection]) -> None:
    assert sorted(inspections[name].flagged_tiles) == PUBLISHED[name]


@pytest.mark.parametrize("name", SEED)
def test_flags_and_scores_are_those_of_stock_fastdup(
    name: str, inspections: dict[str, Inspection], stock: dict[str, dict[int, float]]
) -> None:
    if name not in PICTURES:
        pytest.skip(f"no picture of this name in {BENCH}")
    inspection = inspections[name]
    assert sorted(inspection.flagged_tiles) == sorted(stock[name])
    for tile, distance in stock[name].items():  # which is a similarity, whatever fastdup calls it
        assert 1 - inspection.scores.scores[tile] == pytest.approx(distance, abs=2e-6)


def _save_as_the_blog_did(file: Path, folder: Path) -> None:
    folder.mkdir(parents=True)
    with Image.open(file) as picture:
        width, height = picture.width // 7, picture.height // 7
        for tile in range(49):
            top, left = tile // 7 * height, tile % 7 * width
            picture.crop((left, top, left + width, top + height)).save(folder / f"{tile:02d}.png")
