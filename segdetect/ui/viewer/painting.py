"""What comes back from the viewer when a person paints regions to ignore."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Painting:
    """That regions can be painted on the first picture of a viewer.

    Args:
        version: names what is painted already, as it stands in `Pane.ignored`: a number that `on_change` was given, or
            any other text for what came from elsewhere, which then takes the place of what the person sees.
        most_pixels: of the mask that comes back.
        on_change: called with a mask, white where the person painted, as PNG, and its version.
    """

    version: str
    most_pixels: int
    on_change: Callable[[bytes, str], None]


@functools.lru_cache(maxsize=8)
def _veil_of(shape: tuple[int, int], packed: bytes) -> npt.NDArray[np.uint8]:
    mask = np.unpackbits(np.frombuffer(packed, np.uint8), count=shape[0] * shape[1]).reshape(shape)
    veil = np.zeros((*shape, 4), np.uint8)
    veil[..., 3] = mask * 255
    veil.flags.writeable = False
    return veil


def veil(ignored: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """`(height, width, 4)` RGBA, opaque where a mask says that nothing is looked at, else transparent; read-only."""
    rows, cols = ignored.shape
    return _veil_of((rows, cols), np.packbits(ignored).tobytes())
