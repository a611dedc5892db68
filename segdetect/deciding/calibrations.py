"""What was measured on clean pictures, for each engine: the constants that decisions rest on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from segdetect.settings import EngineName


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was measured on clean pictures, for one engine.

    Args:
        typical: share of a picture's tiles that score at most as much as its typical tile.
        uneven: the typical tile's score over that of the lowest tenth raises the gate, up to this many times; 1 for an
            engine that gains nothing from it. Nineteen clean textures in twenty are more even.
        gate: largest score over the typical tile's that nine clean textures in ten stay below, with 49 tiles, divided
            by the picture's unevenness.
        growth: the gate grows with this power of the number of tiles.
        share: of the way, on a log scale, from the typical tile to the strongest, that other tiles must come to be
            flagged with it.
        floor: score below which differences are noise; it is added to scores before they are divided.
        spread: standard deviation of the log of the largest score among clean pictures of one kind.
        alone: largest score of a clean object over that of its only reference, whose unique parts had no look-alike.
    """

    typical: float
    uneven: float
    gate: float
    growth: float
    share: float
    floor: float
    spread: float
    alone: float


# Gate: 123 clean textures of 24 kinds, one kind left out at a time (benchmarks/gates.py; docs/method.md has the table).
# fastdup's is a little lower, where 89 in 100 stay below, for the sake of its hits, and the texture engine's a little
# higher, in a gap of the scores. Growth: the same on 4 x 4, 5 x 9 and 12 x 12 tiles. Share: 278 defective textures.
# Spread: 10 clean pictures of 4 kinds against one another. Alone: the tiles of 23 defective objects that lie away from
# the defects, and two clean ones, against each known-good picture of their kind.
CALIBRATIONS: Final = {
    EngineName.DINOV2: Calibration(
        typical=0.6,
        uneven=1.4,
        gate=1.3,
        growth=0.08,
        share=0.5,
        floor=0.01,
        spread=0.12,
        alone=0.53,
    ),
    EngineName.FASTDUP: Calibration(
        typical=0.8,
        uneven=1.0,
        gate=1.95,
        growth=0.12,
        share=0.25,
        floor=0.001,
        spread=0.19,
        alone=1.0,
    ),
    EngineName.TEXTURE: Calibration(
        typical=0.6,
        uneven=2.2,
        gate=1.65,
        growth=0.08,
        share=0.5,
        floor=0.01,
        spread=0.17,
        alone=0.5,
    ),
}
