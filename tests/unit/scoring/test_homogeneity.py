"""Homogeneity of made-up descriptions and, by the texture engine, of pictures built in code."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from segdetect.engines.base import Comparison, Embeddings, EmbedRequest
from segdetect.engines.texture import COMPARISON, TextureEngine
from segdetect.grid import tile_layout
from segdetect.pictures.loading import LoadedImage
from segdetect.scoring.homogeneity import homogeneity
from segdetect.settings import GridSize

SIDE = 384
LATTICE = (28, 28)


def described(
    vectors: npt.NDArray[np.float64], lattice: tuple[int, int] = LATTICE, *, dense: bool = True
) -> Embeddings:
    unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    boxes = np.zeros((len(unit), 4), np.int32)
    return Embeddings((unit,), lattice, boxes, dense, Comparison(neighbours=1, by_variety=dense))


def noise_cells(lattice: tuple[int, int] = LATTICE, *, seed: int = 0) -> npt.NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(lattice[0] * lattice[1], 16)) + 2


def picture_homogeneity(lightness: npt.NDArray[np.float64]) -> float:
    pixels = np.repeat(np.clip(lightness, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    image = LoadedImage("built.png", "0" * 64, pixels)
    request = EmbedRequest(image, tile_layout(image.size_wh, GridSize()))
    return homogeneity(TextureEngine().embed([request])[0])


def weave() -> npt.NDArray[np.float64]:
    y, x = np.mgrid[:SIDE, :SIDE]
    rng = np.random.default_rng(0)
    return 120 + 50 * np.sin(x / 3) * np.sin(y / 3) + rng.normal(0, 12, (SIDE, SIDE))


def disc() -> npt.NDArray[np.float64]:
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    rng = np.random.default_rng(0)
    inside = np.hypot(y, x) < SIDE / 3
    return np.where(inside, weave(), 200 + rng.normal(0, 2, (SIDE, SIDE)))


class TestCells:
    def test_the_same_everywhere_is_one(self) -> None:
        assert homogeneity(described(np.ones((784, 4)))) == 1.0
        assert homogeneity(described(np.ones((1, 4)), (1, 1))) == 1.0

    def test_noise_is_homogeneous(self) -> None:
        assert homogeneity(described(noise_cells())) > 0.95

    def test_two_halves_are_not(self) -> None:
        cells = np.zeros((784, 2))
        cells[:392, 0] = cells[392:, 1] = 1
        assert homogeneity(described(cells)) < 0.6

    @pytest.mark.parametrize("lattice", [(3, 5), (6, 40), (7, 7), (64, 9)])
    def test_any_lattice(self, lattice: tuple[int, int]) -> None:
        assert 0 <= homogeneity(described(noise_cells(lattice), lattice)) <= 1

    def test_a_defect_on_four_regions_does_not_matter(self) -> None:
        cells = noise_cells().reshape(*LATTICE, 16)
        cells[8:16, 8:16] = np.eye(16)[0]
        assert homogeneity(described(cells.reshape(784, 16))) > 0.9

    def test_tiles_are_compared_one_by_one(self) -> None:
        tiles = np.tile([1.0, 0.0], (49, 1))
        assert homogeneity(described(tiles, (7, 7), dense=False)) == 1.0
        tiles[:12] = 0.0, 1.0
        assert homogeneity(described(tiles, (7, 7), dense=False)) == 0.0


class TestPictures:
    uniform = COMPARISON.uniform

    def test_a_weave_can_be_compared_with_itself(self) -> None:
        assert picture_homogeneity(weave()) > self.uniform

    def test_so_can_an_unevenly_lit_one(self) -> None:
        light = np.linspace(0.9, 1.1, SIDE)
        assert picture_homogeneity(weave() * light) > self.uniform

    def test_and_one_with_a_defect_on_a_fifteenth_of_it(self) -> None:
        picture = weave()
        picture[140:240, 140:240] = 60
        assert picture_homogeneity(picture) > self.uniform

    def test_an_object_cannot(self) -> None:
        assert picture_homogeneity(disc()) < self.uniform
