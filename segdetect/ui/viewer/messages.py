"""What a viewer and its parts tell in the browser, checked: whoever opens the page may send anything in their place.

Each message has a number, its `sequence`; a later one has a higher one.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from segdetect.errors import InputError
from segdetect.settings import MAX_GRID

# A mask of a million pixels, which are noise; what people paint takes a hundredth of it.
_MOST_BYTES: Final = 2_000_000
_MOST_TILES: Final = MAX_GRID * MAX_GRID


@dataclass(frozen=True, slots=True)
class ViewerEvent:
    """What the person chose.

    Args:
        pane: index of the pane it was chosen in.
        tiles: the chosen tiles, the most recent last; empty when the choice was cleared.
    """

    pane: int
    tiles: tuple[int, ...]

    @property
    def tile(self) -> int | None:
        """The most recent of the chosen tiles; None when the choice was cleared."""
        return self.tiles[-1] if self.tiles else None


def chosen(value: Any) -> tuple[ViewerEvent, int] | None:
    """Tiles that were chosen, and the message's number; None where there is no message.

    Raises:
        InputError: it is something else.
    """
    if value is None:
        return None
    with _damaged("what you chose", "Choose it once more"):
        tiles = tuple(int(tile) for tile in value["tiles"][:_MOST_TILES])
        return ViewerEvent(int(value["pane"]), tiles), int(value["sequence"])


def grid_tried(value: Any) -> tuple[int, int] | None:
    """How many tiles per side were chosen, and the message's number; otherwise as `chosen`."""
    if value is None:
        return None
    with _damaged("the grid", "Choose it once more"):
        return int(value["parts"]), int(value["sequence"])


def threshold_tried(value: Any) -> tuple[float, float] | None:
    """The threshold that came to rest, at least 0, and the message's number; otherwise as `chosen`."""
    if value is None:
        return None
    with _damaged("the threshold", "Choose it once more"):
        threshold, sequence = float(value["value"]), float(value["sequence"])
        if not math.isfinite(sequence):
            raise ValueError("no number of a message")
    if not (math.isfinite(threshold) and threshold >= 0):
        raise InputError(f"a threshold is 0 or more, and this one is {threshold}", remedy="Choose another")
    return threshold, sequence


def painted(value: Any) -> tuple[bytes, str] | None:
    """The mask, as PNG, and its version; otherwise as `chosen`."""
    if value is None:
        return None
    with _damaged("what was painted", "Paint it once more"):
        text = str(value["png"])
        if len(text) > _MOST_BYTES * 4 // 3:
            raise ValueError("it is too large")
        return base64.b64decode(text, validate=True), str(int(value["sequence"]))


@contextmanager
def _damaged(what: str, remedy: str) -> Iterator[None]:
    try:
        yield
    except (LookupError, OverflowError, TypeError, ValueError) as error:
        raise InputError(f"{what} came back damaged", remedy=remedy) from error
