"""The two photographs that samples are drawn on: their pixels are pinned, and their licence lies beside them."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from PIL import Image

from segdetect.samples.drawing import PHOTOGRAPHS

# Of the decoded grey values, so that a file may be compressed anew.
DIGESTS = {
    "brick.png": "664a145c5253f0d66db1a12776785f0ea35a44cc7447ffc933f6d6118dc58643",
    "gravel.png": "3d51ad45f789cd8b98534b7af6bce774e499ead45421135afd757358c7230009",
}


@pytest.mark.parametrize("name", DIGESTS)
def test_a_photograph_keeps_its_pixels(name: str) -> None:
    with Image.open(PHOTOGRAPHS / name, formats=["PNG"]) as photograph:
        assert (photograph.mode, photograph.size) == ("L", (512, 512))
        assert hashlib.sha256(np.asarray(photograph).tobytes()).hexdigest() == DIGESTS[name]


def test_the_licence_names_every_photograph_and_there_is_no_other() -> None:
    note = (PHOTOGRAPHS / "LICENSE.txt").read_text(encoding="utf-8")
    assert "CC0" in note
    names = {path.name for path in PHOTOGRAPHS.glob("*.png")}
    assert names == DIGESTS.keys()
    assert [name for name in names if name not in note] == []
