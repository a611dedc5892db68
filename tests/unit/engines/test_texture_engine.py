"""The texture engine on pictures built here: planted defects rank first, and odd pictures do no harm."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from segdetect.engines.base import Embeddings, EmbedRequest
from segdetect.engines.texture import TextureEngine
from segdetect.grid import TileLayout, tile_layout
from segdetect.pictures.loading import LoadedImage
from segdetect.scoring import cells as scoring
from segdetect.scoring.tiles import pool_scores
from segdetect.settings import EngineName, GridSize

Array = npt.NDArray[np.float32]
SIDE, GRID = 448, GridSize(7, 7)
TILE = SIDE // 7


def _picture(values: npt.ArrayLike) -> LoadedImage:
    """A picture from `(height, width[, 3])` values of which 0..1 is black to white."""
    array = np.asarray(values, np.float32)
    colour = array if array.ndim == 3 else np.repeat(array[..., None], 3, axis=2)
    pixels = (np.clip(colour, 0, 1) * 255).round().astype(np.uint8)
    pixels.flags.writeable = False
    return LoadedImage("built.png", "0" * 64, pixels)


def _embed(image: LoadedImage) -> Embeddings:
    width, height = image.size_wh
    layout = TileLayout(GridSize(1, 2), (width, height), np.zeros((2, 4), np.int32))
    return TextureEngine().embed([EmbedRequest(image, layout)])[0]


def _scores(image: LoadedImage, references: list[LoadedImage] | None = None) -> npt.NDArray[np.float64]:
    picture, layout = _embed(image), tile_layout(image.size_wh, GRID)
    if references is None:
        cells = scoring.score_self(picture)
    else:
        cells = scoring.score_references(picture, [_embed(reference) for reference in references])
    return pool_scores(cells, layout, picture.comparison)[0]


def _weave() -> Array:
    """Threads crossing at right angles, 16 pixels apart, with a little noise."""
    y, x = np.mgrid[:SIDE, :SIDE]
    threads = 0.5 + 0.2 * np.sin(2 * np.pi * x / 16) + 0.2 * np.sin(2 * np.pi * y / 16)
    return np.asarray(threads + np.random.default_rng(1).normal(0, 0.02, (SIDE, SIDE)), np.float32)


def _grain() -> Array:
    """Random grain a few pixels wide."""
    noise = np.random.default_rng(2).normal(0, 1, (SIDE, SIDE)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.0)
    return np.asarray(0.5 + 0.12 * smooth / smooth.std(), np.float32)


def _rgb(plane: Array) -> Array:
    return np.repeat(plane[..., None], 3, axis=2)


def _centre(tile: int) -> tuple[int, int]:
    return tile % 7 * TILE + TILE // 2, tile // 7 * TILE + TILE // 2


def _scratch(texture: Array, tile: int) -> Array:
    x, y = _centre(tile)
    return np.asarray(cv2.line(_rgb(texture), (x - 20, y - 16), (x + 20, y + 18), (1, 1, 1), 3))


def _missing_threads(texture: Array, tile: int) -> Array:
    x, y = _centre(tile)
    picture = _rgb(texture)
    picture[y - 24 : y + 24, x - 8 : x + 8] = picture[y - 24 : y + 24, x - 8 : x + 8].mean(axis=1, keepdims=True)
    return picture


def _blob(texture: Array, tile: int) -> Array:
    return np.asarray(cv2.circle(_rgb(texture), _centre(tile), 14, (0.1, 0.1, 0.1), -1))


def _stain(texture: Array, tile: int) -> Array:
    """A change of hue at equal lightness: seen in colour only."""
    spot = np.asarray(cv2.circle(np.zeros((SIDE, SIDE, 3), np.float32), _centre(tile), 16, (0, 30, 0), -1))
    lab = cv2.cvtColor(np.clip(_rgb(texture), 0, 1), cv2.COLOR_RGB2LAB) + cv2.GaussianBlur(spot, (0, 0), 2)
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB))


def _blurred(texture: Array, tile: int) -> Array:
    x, y = _centre(tile)
    picture = _rgb(texture)
    soft = cv2.GaussianBlur(picture, (0, 0), 6)
    picture[y - 22 : y + 22, x - 22 : x + 22] = soft[y - 22 : y + 22, x - 22 : x + 22]
    return picture


@pytest.mark.parametrize(
    ("texture", "defect"),
    [(_weave, d) for d in (_scratch, _missing_threads, _blob, _stain, _blurred)]
    + [(_grain, d) for d in (_scratch, _blob, _stain, _blurred)],
    ids=lambda f: f.__name__[1:],
)
def test_planted_defect_ranks_first(texture: Callable[[], Array], defect: Callable[[Array, int], Array]) -> None:
    assert _scores(_picture(defect(texture(), 10))).argmax() == 10


@pytest.mark.parametrize("tile", [0, 45, 38])
def test_top_tile_moves_with_the_defect_up_to_the_border(tile: int) -> None:
    assert _scores(_picture(_blob(_weave(), tile))).argmax() == tile


def test_clean_reference_exposes_a_defect_that_fills_half_the_picture() -> None:
    clean = _weave()
    half = clean.copy()
    half[:, SIDE // 2 :] = _grain()[:, SIDE // 2 :]
    scores = _scores(_picture(half), [_picture(clean)]).reshape(7, 7)
    assert scores[:, 4:].mean() > scores[:, :3].mean()


def test_clean_picture_stands_out_less_than_a_defective_one() -> None:
    peaks = []
    for picture in (_picture(_weave()), _picture(_blob(_weave(), 24))):
        scores = _scores(picture)
        peaks.append(scores.max() / np.median(scores))
    assert peaks[1] > 2 * peaks[0]


def _mesh() -> Array:
    """Dark wires before a bright background, whose beat is no multiple of the cells' nor of the tiles'."""
    y, x = np.mgrid[:SIDE, :SIDE]
    wires = np.minimum(abs((x + 5) % 29 - 14), abs((y + 9) % 29 - 14))
    noise = np.random.default_rng(7).normal(0, 0.02, (SIDE, SIDE))
    return np.asarray(np.where(wires < 4, 0.25, 0.85) + noise, np.float32)


def test_border_of_a_clean_regular_texture_looks_like_the_rest() -> None:
    scores = _scores(_picture(_mesh())).reshape(7, 7)
    border = np.ones((7, 7), bool)
    border[1:-1, 1:-1] = False
    assert np.median(scores[border]) < 1.5 * np.median(scores[~border])


@pytest.mark.parametrize(("centre_xy", "tile"), [((224, 5), 3), ((443, 160), 20)])
@pytest.mark.parametrize("texture", [_mesh, _grain], ids=lambda f: f.__name__[1:])
def test_dot_cut_by_the_picture_s_border_ranks_first(
    texture: Callable[[], Array], centre_xy: tuple[int, int], tile: int
) -> None:
    dot = cv2.circle(_rgb(texture()), centre_xy, 8, (0.1, 0.1, 0.1), -1)
    assert _scores(_picture(np.asarray(dot, np.float32))).argmax() == tile


def test_same_picture_gives_the_same_bits() -> None:
    image = _picture(_grain())
    assert np.array_equal(_embed(image).layers[0], _embed(image).layers[0])


@pytest.mark.parametrize("size_wh", [(20, 20), (20, 400), (2000, 100), (640, 481), (11, 3000)], ids=str)
def test_cells_cover_any_shape_exactly(size_wh: tuple[int, int]) -> None:
    width, height = size_wh
    picture = _embed(_picture(np.random.default_rng(3).random((height, width))))
    rows, cols = picture.lattice
    boxes = picture.boxes_ltrb.reshape(rows, cols, 4)
    assert rows * cols <= 3000
    assert np.array_equal(boxes[:, 1:, 0], boxes[:, :-1, 2])
    assert np.array_equal(boxes[1:, :, 1], boxes[:-1, :, 3])
    assert boxes[0, 0, :2].tolist() == [0, 0]
    assert boxes[-1, -1, 2:].tolist() == [width, height]
    assert (boxes[..., 2:] > boxes[..., :2]).all()
    assert picture.dense
    for layer in picture.layers:
        assert layer.shape[0] == rows * cols
        assert layer.dtype == np.float32


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((64, 64)),
        np.ones((300, 200)),
        np.tile(np.linspace(0, 1, 500), (400, 1)),
        np.random.default_rng(4).random((256, 256, 3)),
        np.random.default_rng(5).random((20, 20)),
        np.random.default_rng(6).random((100, 2000)),
    ],
    ids=["black", "white", "ramp", "noise", "tiny", "wide"],
)
def test_vectors_are_finite_and_of_unit_length(values: Array) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = _embed(_picture(values))
    for layer in picture.layers:
        assert np.isfinite(layer).all()
        assert np.allclose(np.linalg.norm(layer, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("value", [0.0, 0.37, 1.0])
def test_constant_picture_scores_the_same_everywhere(value: float) -> None:
    assert np.ptp(_scores(_picture(np.full((210, 210), value)))) < 1e-6


def test_size_of_the_same_scene_hardly_matters() -> None:
    scene = _blob(_weave(), 17)
    large = cv2.resize(scene, (3 * SIDE, 3 * SIDE), interpolation=cv2.INTER_CUBIC)
    assert _scores(_picture(large)).argmax() == 17


def test_describes_in_order_and_tells_how_far_it_is() -> None:
    images = [_picture(_weave()), _picture(_grain())]
    told: list[float] = []
    requests = [EmbedRequest(image, tile_layout(image.size_wh, GRID)) for image in images]
    answers = TextureEngine().embed(requests, lambda share, doing: told.append(share))
    assert told == [0.0, 0.5]
    assert np.array_equal(answers[1].layers[0], _embed(images[1]).layers[0])


def test_is_always_there() -> None:
    engine = TextureEngine()
    engine.check()
    assert engine.name is EngineName.TEXTURE
    assert engine.version.startswith("texture")


def test_where_its_arrays_lie_in_memory_changes_no_bit() -> None:
    """A run that is gone on with has the same files as one that is not, byte for byte."""
    scene = _grain()
    scene[:, : SIDE // 2] = 0.5
    image, random = _picture(scene), np.random.default_rng(0)
    held, seen = [], set()
    for _ in range(16):
        held.append([np.empty(int(kib) << 10, np.uint8) for kib in random.integers(4, 32, 20)])
        seen.add(_embed(image).layers[0].tobytes())
    assert len(seen) == 1
