"""Why a tile was scored as it was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from segdetect.comparing.comparer import Comparer
from segdetect.comparing.tiled import cut_picture
from segdetect.engines.base import EmbedRequest
from segdetect.grid import tile_layout
from segdetect.pictures.loading import LoadedImage
from segdetect.pipeline import Inspector
from segdetect.scoring.look_alikes import look_alikes
from segdetect.settings import EngineName, GridSize, Scope, Settings
from tests.support.pictures import picture, planted, weave
from tests.support.tiny_engine import TinyDenseEngine, TinyTileEngine

DENSE = Settings(engine=EngineName.TEXTURE)
TILES = Settings(engine=EngineName.FASTDUP)


@pytest.fixture(scope="module")
def inspector() -> Inspector:
    return Inspector({EngineName.TEXTURE: TinyDenseEngine(), EngineName.FASTDUP: TinyTileEngine()})


@pytest.fixture(scope="module")
def twice() -> LoadedImage:
    """The weave with the same odd patch at row 1, column 1 and at row 5, column 4."""
    pixels = planted(1, 1)
    pixels[5 * 16 : 6 * 16, 4 * 16 : 5 * 16] = pixels[16:32, 16:32]
    return picture(pixels, "twice.png")


# ---- look-alikes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [DENSE, TILES], ids=["dense", "tiles"])
def test_the_nearest_look_alike_of_an_odd_tile_is_its_twin(
    inspector: Inspector, twice: LoadedImage, settings: Settings
) -> None:
    inspection = inspector.inspect(twice, settings)
    found = inspector.look_alikes(twice, inspection, 1 * 7 + 1)
    assert found[0].tile == 5 * 7 + 4
    assert found[0].box_ltrb == (64, 80, 80, 96)
    assert found[0].own
    assert found[0].similarity == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("settings", [DENSE, TILES], ids=["dense", "tiles"])
def test_look_alikes_come_in_order_once_each_and_without_the_tile_itself(
    inspector: Inspector, twice: LoadedImage, settings: Settings
) -> None:
    inspection = inspector.inspect(twice, settings)
    for tile in (0, 8, 48):
        found = inspector.look_alikes(twice, inspection, tile, count=6)
        similarities = [one.similarity for one in found]
        assert len(found) == 6
        assert similarities == sorted(similarities, reverse=True)
        assert len({one.tile for one in found}) == 6
        assert tile not in {one.tile for one in found}


@pytest.mark.parametrize("side", [2, 3, 7])
@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize("settings", [DENSE, TILES], ids=["dense", "tiles"])
def test_the_first_look_alike_is_the_one_in_the_table(
    inspector: Inspector, twice: LoadedImage, settings: Settings, scope: Scope, side: int
) -> None:
    bank = [picture(weave(seed=seed), f"{seed}.png") for seed in (5, 6)]
    inspection = inspector.inspect(twice, replace(settings, scope=scope, grid=GridSize(side, side)), bank=bank)
    scores = inspection.scores
    for tile in range(side**2):
        first, second = inspector.look_alikes(twice, inspection, tile, bank=bank)[:2]
        named = scores.sources[scores.nearest_source[tile]].name, scores.nearest_tile[tile]
        assert (first.source.name, first.tile) == named
        assert first.similarity == scores.nearest_similarity[tile]
        assert (first.source.name, first.tile) != (second.source.name, second.tile)
        assert not (first.own and first.tile == tile)


@pytest.mark.parametrize("settings", [DENSE, TILES], ids=["dense", "tiles"])
def test_no_other_tile_is_more_alike_than_the_first_look_alike(
    inspector: Inspector, twice: LoadedImage, settings: Settings
) -> None:
    """In a large tile of a dense engine the most similar cell may be its own: it does not count."""
    inspection = inspector.inspect(twice, replace(settings, grid=GridSize(2, 2)))
    (picture_,) = Comparer().describe(inspector.engines[settings.engine], [cut_picture(twice, GridSize(2, 2), False)])
    layout = inspection.scores.layout
    cells = np.arange(4) if inspection.scores.strongest_cell is None else inspection.scores.strongest_cell
    centres = picture_.boxes_ltrb.reshape(-1, 2, 2).mean(axis=1)
    tiles = layout.tiles_at(centres[:, 0], centres[:, 1])
    row, col = np.divmod(np.arange(len(centres)), picture_.lattice[1])
    window = picture_.comparison.exclude
    for tile, cell in enumerate(cells):
        apart = np.maximum(abs(row - row[cell]), abs(col - col[cell])) > window
        similar = (picture_.layers[0] @ picture_.layers[0][cell])[apart & (tiles != tile)]
        assert inspection.scores.nearest_similarity[tile] == pytest.approx(similar.max(), abs=1e-6)


def test_in_scope_batch_no_look_alike_lies_in_the_picture_itself(inspector: Inspector, twice: LoadedImage) -> None:
    other = picture(weave(seed=8), "other.png")
    inspection = inspector.inspect(twice, replace(DENSE, scope=Scope.BATCH), bank=[other])
    found = inspector.look_alikes(twice, inspection, 8, bank=[other], count=10)
    assert len(found) == 10
    assert {one.source.name for one in found} == {"other.png"}


def test_a_constant_picture_names_the_same_look_alike_everywhere(inspector: Inspector) -> None:
    flat = picture(np.full((112, 112, 3), 128, np.uint8), "flat.png")
    inspection = inspector.inspect(flat, DENSE)
    for tile in range(49):
        found = inspector.look_alikes(flat, inspection, tile)
        assert found[0].tile == inspection.scores.nearest_tile[tile] != tile
        assert [one.similarity for one in found] == pytest.approx([1] * 4, abs=1e-5)


@pytest.mark.parametrize("scope", [Scope.REFERENCES, Scope.BATCH])
def test_look_alikes_may_lie_in_another_picture(inspector: Inspector, twice: LoadedImage, scope: Scope) -> None:
    good = picture(planted(6, 6, seed=4), "good.png")
    settings = replace(TILES, scope=scope)
    once = picture(planted(1, 1), "once.png")
    inspection = inspector.inspect(once, settings, bank=[twice, good, replace(once, name="copy.png")])
    found = inspector.look_alikes(once, inspection, 8, bank=[twice, good, replace(once, name="copy.png")])
    places = {(one.source.name, one.tile) for one in found[:3]}
    assert places == {("twice.png", 8), ("twice.png", 39), ("good.png", 48)}
    assert not any(one.own for one in found[:3])


def test_fewer_tiles_than_asked_for_are_all_there_is(inspector: Inspector, twice: LoadedImage) -> None:
    inspection = inspector.inspect(twice, replace(TILES, grid=GridSize(1, 3)))
    assert len(inspector.look_alikes(twice, inspection, 0, count=10)) == 2


def test_look_alikes_of_a_description_are_found_without_an_inspector(inspector: Inspector, twice: LoadedImage) -> None:
    """What a page calls is only a short cut for this."""
    inspection = inspector.inspect(twice, TILES)
    request = EmbedRequest(twice, tile_layout(twice.size_wh, GridSize()))
    (embeddings,) = TinyTileEngine().embed([request])
    alone = look_alikes(inspection, 8, embeddings, [])
    assert [one.tile for one in alone] == [one.tile for one in inspector.look_alikes(twice, inspection, 8)]
