"""The bundled sample pictures, made when asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import cv2

from segdetect.errors import InputError
from segdetect.grid import Boxes
from segdetect.memo import Memo
from segdetect.samples.drawing import Scene
from segdetect.samples.scenes import brick_wall, brushed_metal, circuit_board, fabric, gravel, wire_mesh


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A picture to try the program with.

    Args:
        key: short name for web addresses, kebab-case.
        title: what it shows, for a button.
        description: what it shows, in a sentence.
        defect: what is wrong and where, or "clean".
        scene: draws it; the same on every call.
    """

    key: str
    title: str
    description: str
    defect: str
    scene: Callable[[], Scene]

    @property
    def name(self) -> str:
        """Its file name."""
        return f"{self.key}.png"

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong with it."""
        return self.defect == CLEAN

    def make(self) -> bytes:
        """The picture as a PNG file."""
        return sample_bytes(self.key)

    def preview(self) -> bytes:
        """Its middle as a small square JPEG, which need not be drawn first: `scripts.previews` did."""
        return (PREVIEWS / f"{self.key}.jpg").read_bytes()


PREVIEWS: Final = Path(__file__).parent / "previews"
CLEAN: Final = "clean"

SAMPLES: Final = (
    Sample(
        "wire-mesh",
        "Broken wire mesh",
        "Woven wire before a bright background, with one wire broken.",
        "a vertical wire is broken near the middle, its ends bent aside",
        partial(wire_mesh, seed=11, broken=True),
    ),
    Sample(
        "fabric",
        "Flawed fabric",
        "A plain linen weave with a missing piece of thread and an oil stain.",
        "a piece of thread is missing right of the middle; an oil stain lies at the lower left",
        partial(fabric, seed=12, flawed=True),
    ),
    Sample(
        "circuit-board",
        "Circuit board",
        "A lattice of plated holes on a green board, with one hole missing and two bridged.",
        "a hole is missing right of the middle; two holes are bridged at the lower left",
        partial(circuit_board, seed=13),
    ),
    Sample(
        "brushed-metal",
        "Scratched metal",
        "Brushed steel with a scratch across the grain.",
        "a scratch runs from the middle to the lower right",
        partial(brushed_metal, seed=14),
    ),
    Sample(
        "brick-wall",
        "Cracked bricks",
        "Photographed bricks with a crack drawn into them.",
        "a crack runs through several bricks right of the middle",
        partial(brick_wall, seed=15),
    ),
    Sample(
        "gravel",
        "Nut in gravel",
        "Photographed gravel with a steel nut laid on it.",
        "a steel nut lies at the lower left",
        partial(gravel, seed=16),
    ),
    Sample(
        "clean-fabric",
        "Clean fabric",
        "The linen weave with nothing wrong.",
        CLEAN,
        partial(fabric, seed=17, flawed=False),
    ),
    Sample(
        "clean-wire-mesh",
        "Clean wire mesh",
        "The woven wire with nothing wrong.",
        CLEAN,
        partial(wire_mesh, seed=18, broken=False),
    ),
)

_MEMO: Final[Memo[tuple[bytes, Boxes]]] = Memo()
_BY_KEY: Final = {sample.key: sample for sample in SAMPLES}


def sample_bytes(key: str) -> bytes:
    """A sample as a PNG file, about 1024 x 1024 pixels.

    Raises:
        InputError: there is no such sample; names those there are.
    """
    return _drawn(_known(key))[0]


def defect_boxes(key: str) -> Boxes:
    """Where a sample's defects are: `(defects, 4)` int32 boxes, left, top, right, bottom; none for a clean one.

    Raises:
        InputError: there is no such sample; names those there are.
    """
    return _drawn(_known(key))[1]


def _known(key: str) -> str:
    # Keys come out of web addresses; an unknown one must not fill the cache.
    if key not in _BY_KEY:
        raise InputError(f"there is no sample named {key!r}", remedy=f"Choose one of {', '.join(_BY_KEY)}")
    return key


def _drawn(key: str) -> tuple[bytes, Boxes]:
    return _MEMO.get(key, partial(_draw, key))


def _draw(key: str) -> tuple[bytes, Boxes]:
    scene = _BY_KEY[key].scene()
    scene.boxes_ltrb.flags.writeable = False
    # The lowest compression is three times as fast as OpenCV's default and the file hardly larger.
    _, encoded = cv2.imencode(".png", scene.pixels[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return encoded.tobytes(), scene.boxes_ltrb
