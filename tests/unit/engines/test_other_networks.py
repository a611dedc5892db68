"""Exports of other vision transformers than the bundled one: names, sizes, precisions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segdetect.engines.base import EmbedRequest
from segdetect.engines.dinov2 import Dinov2Engine
from segdetect.engines.dinov2.graph import cut
from segdetect.engines.dinov2.network import DEPTHS, PRECISION_VARIABLE, open_network
from segdetect.errors import WeightsError
from segdetect.grid import tile_layout
from segdetect.pictures.loading import image_from_pixels
from segdetect.settings import GridSize
from tests.support.tiny_vit import WIDTH, save_vit

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


def _request() -> EmbedRequest:
    pixels = np.random.default_rng(1).integers(0, 255, (120, 160, 3)).astype(np.uint8)
    image = image_from_pixels(pixels, name="noise")
    return EmbedRequest(image, tile_layout(image.size_wh, GridSize(4, 4)))


@pytest.mark.parametrize(
    ("names", "blocks", "patch", "registers", "half", "taken"),
    [
        ("transformers", 12, 14, 0, False, (5, 7)),
        ("hub", 24, 14, 4, False, (11, 15)),
        ("timm", 40, 14, 0, False, (19, 26)),
        ("unnamed", 12, 16, 4, False, (5, 7)),
        ("unnamed", 24, 16, 0, True, (11, 15)),
    ],
)
def test_an_export_is_read_whatever_its_names_depth_patches_and_precision(
    names: str, blocks: int, patch: int, registers: int, half: bool, taken: tuple[int, int], tmp_path: Path
) -> None:
    path = tmp_path / "vit.onnx"
    save_vit(path, names=names, blocks=blocks, patch=patch, registers=registers, half=half)
    part = cut(path, DEPTHS)
    assert (part.blocks, part.patch, part.half) == (taken, patch, half)

    (found,) = Dinov2Engine(path).embed([_request()])

    assert found.finer is not None
    assert [layer.shape for layer in found.layers] == [(found.lattice[0] * found.lattice[1], WIDTH)] * 2
    assert found.finer.lattice == pytest.approx((2 * found.lattice[0], 2 * found.lattice[1]), abs=2)
    assert np.linalg.norm(found.layers[0], axis=1) == pytest.approx(1, abs=1e-5)


def test_blocks_found_by_their_form_are_those_found_by_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PRECISION_VARIABLE, "float32")
    views = np.random.default_rng(2).integers(0, 255, (2, 48, 64, 3)).astype(np.uint8)
    tokens = []
    for names in ("transformers", "unnamed"):
        path = tmp_path / f"{names}.onnx"
        save_vit(path, names=names, blocks=12, patch=16, registers=4)
        tokens.append(open_network(path, names).tokens(views))
    for one, other in zip(*tokens, strict=True):
        assert one.shape == (2, 3, 4, WIDTH)
        assert np.array_equal(one, other)


@pytest.mark.parametrize("blocks", [0, 1, 3])
def test_too_few_blocks_are_refused(blocks: int, tmp_path: Path) -> None:
    path = tmp_path / "vit.onnx"
    save_vit(path, names="unnamed", blocks=blocks, patch=14)
    with pytest.raises(WeightsError, match=rf"has {blocks} blocks of a vision transformer.*12 to 40 blocks"):
        Dinov2Engine(path).check()
