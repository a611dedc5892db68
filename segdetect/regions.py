"""Regions to ignore: where pictures of a kind show what is not to be judged, such as a label or a date stamp."""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
import operator
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from segdetect.errors import InputError

# They travel with every answer; finer than the cells of any engine it need not be.
MAX_AREA: Final = 1_000_000

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Regions:
    """Regions to ignore, for pictures of any size with these proportions; equal where they ignore the same.

    Args:
        size_wh: width and height of the mask, at most 1,000,000 pixels.
        sha256: hex digest of its size and its pixels.
        packed: its pixels as bits, row by row, compressed by zlib.
        share: of the pixels that are ignored, more than 0, at most 1.
        larger_wh: width and height that the mask had before it was reduced to its size; None where it was not.
    """

    size_wh: tuple[int, int]
    sha256: str
    packed: bytes = field(repr=False, compare=False)
    share: float = field(compare=False)
    larger_wh: tuple[int, int] | None = field(default=None, compare=False)

    @property
    def given_wh(self) -> tuple[int, int]:
        """Width and height of the mask as it was given."""
        return self.larger_wh or self.size_wh

    @property
    def pixels(self) -> Flags:
        """`(height, width)` True where nothing is looked at."""
        width, height = self.size_wh
        bits = np.frombuffer(zlib.decompress(self.packed), np.uint8)
        return np.unpackbits(bits, count=width * height).view(np.bool_).reshape(height, width)

    def check(self, size_wh: tuple[int, int], *, name: str) -> None:
        """Whether a picture has these proportions.

        Args:
            size_wh: its width and height.
            name: what it is called, for the error.

        Raises:
            InputError: it has others; names both sizes.
        """
        (width, height), (wide, high) = self.given_wh, size_wh
        # As far apart as rounding to whole pixels may bring two sizes with the same proportions.
        if abs(width * high - height * wide) > (wide + high) / 2 + (width + height) / 2:
            raise InputError(
                f"the mask of regions to ignore has {width} x {height} pixels and the picture {wide} x {high}, "
                "which are other proportions",
                remedy="Give a mask with the picture's proportions, or ignore nothing",
                file=name,
            )

    def fits(self, size_wh: tuple[int, int]) -> bool:
        """Whether `check` finds nothing wrong."""
        try:
            self.check(size_wh, name="")
        except InputError:
            return False
        return True

    def fitted(self, size_wh: tuple[int, int]) -> Flags:
        """`(height, width)` the same for a picture of this size and these proportions; read-only."""
        pixels = self.pixels
        if size_wh != self.size_wh:
            scaled = cv2.resize(pixels.view(np.uint8), size_wh, interpolation=cv2.INTER_NEAREST)
            pixels = np.asarray(scaled).view(np.bool_)
        pixels.flags.writeable = False
        return pixels

    def record(self) -> dict[str, Any]:
        """As JSON values."""
        width, height = self.size_wh
        bits = base64.b64encode(self.packed).decode()
        larger = {} if self.larger_wh is None else {"larger": list(self.larger_wh)}
        return {"width": width, "height": height, **larger, "sha256": self.sha256, "zlib_bits": bits}


def regions_of(mask: Flags) -> Regions | None:
    """The regions that a mask marks; None where it marks nothing.

    Args:
        mask: `(height, width)` True where nothing is to be looked at. A larger one is kept at a million pixels.

    >>> regions = regions_of(np.eye(2, dtype=bool))
    >>> regions.share, regions.fitted((4, 2)).tolist()
    (0.5, [[True, True, False, False], [False, False, True, True]])
    """
    larger = (mask.shape[1], mask.shape[0]) if mask.size > MAX_AREA else None
    mask = mask if larger is None else _reduced(mask, larger)
    if not mask.any():
        return None
    height, width = mask.shape
    bits = np.packbits(mask).tobytes()
    digest = hashlib.sha256(f"{width} x {height} ".encode() + bits).hexdigest()
    return Regions((width, height), digest, zlib.compress(bits), float(mask.mean()), larger)


def _reduced(mask: Flags, size_wh: tuple[int, int]) -> Flags:
    reduced = cv2.resize(np.asarray(mask, np.uint8), _reduced_size(*size_wh), interpolation=cv2.INTER_NEAREST)
    return np.asarray(reduced).view(np.bool_)


def _reduced_size(width: int, height: int) -> tuple[int, int]:
    """The width and height at which a larger mask is kept."""
    scale = math.sqrt(MAX_AREA / (width * height))
    wide, high = (max(1, round(scale * side)) for side in (width, height))
    # Rounding up may have gone beyond the limit; the longer side makes up for it with less harm to the proportions.
    return (min(wide, MAX_AREA // high), high) if wide > high else (wide, min(high, MAX_AREA // wide))


def read_regions_record(record: Mapping[str, Any] | None) -> Regions | None:
    """What `Regions.record` made; None of None. Nothing in it is taken on trust.

    Raises:
        ValueError, TypeError, LookupError: it is something else.
    """
    if record is None:
        return None
    width, height = operator.index(record["width"]), operator.index(record["height"])
    if not (width > 0 and height > 0 and width * height <= MAX_AREA):
        raise ValueError("its regions to ignore have an impossible size")
    size = -(-width * height // 8)
    try:
        packed = base64.b64decode(record["zlib_bits"], validate=True)
        bits = zlib.decompressobj().decompress(packed, size + 1)
    except (zlib.error, binascii.Error) as error:
        raise ValueError("its regions to ignore are damaged") from error
    if len(bits) != size:
        raise ValueError("its regions to ignore are not of their size")
    mask = np.unpackbits(np.frombuffer(bits, np.uint8), count=width * height)
    regions = regions_of(mask.view(np.bool_).reshape(height, width))
    if regions is None or regions.sha256 != record["sha256"]:
        raise ValueError("its regions to ignore are not those of their digest")
    return replace(regions, larger_wh=_read_larger(record.get("larger"), (width, height)))


def _read_larger(sides: Sequence[Any] | None, size_wh: tuple[int, int]) -> tuple[int, int] | None:
    """The size that a mask had before it was reduced to another; None where it was not."""
    if sides is None:
        return None
    width, height = map(operator.index, sides)
    if not (width > 0 and height > 0 and width * height > MAX_AREA and _reduced_size(width, height) == size_wh):
        raise ValueError("its regions to ignore were not reduced to their size")
    return width, height
