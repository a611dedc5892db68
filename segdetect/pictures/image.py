"""A decoded picture."""

from __future__ import annotations

from dataclasses import dataclass

from segdetect.pictures.measured import Flags, fill
from segdetect.pictures.raster import Pixels


@dataclass(frozen=True, slots=True, eq=False)
class LoadedImage:
    """A decoded picture.

    Args:
        name: its name as the user gave it; shown, never used as a path.
        sha256: hex digest of the file's bytes; with `page` and `window` it identifies the pixels.
        pixels: `(height, width, 3)` uint8 RGB, read-only.
        notes: what was done to it that the user should know ("rotated as its EXIF data say", ...).
        page: the page that was read, 0-based.
        pages: how many pages the file has.
        window: low and high source value mapped to black and white, for pictures deeper than 8 bits; else None.
        value_range: lowest and highest source value, for the same pictures; else None.
        valid: `(height, width)` bool, read-only, False where a pixel is no measurement: such pixels are black
            (transparent ones white), play no part in the window and are left out of every comparison. None when all
            are.
        curved: the file's own curve maps the values, over the span `window`, rather than a straight line.
        allowed: pixel boxes (left, top, right, bottom; right and bottom exclusive) of the places for which alone it is
            among what others are compared with: what looks like one of them is not held against a picture. Empty for
            any other picture.
    """

    name: str
    sha256: str
    pixels: Pixels
    notes: tuple[str, ...] = ()
    page: int = 0
    pages: int = 1
    window: tuple[float, float] | None = None
    value_range: tuple[float, float] | None = None
    valid: Flags | None = None
    curved: bool = False
    allowed: tuple[tuple[int, int, int, int], ...] = ()

    def __post_init__(self) -> None:
        """Check the arrays' shapes."""
        if self.pixels.ndim != 3 or self.pixels.shape[2] != 3 or not self.pixels.size:
            raise ValueError(f"pixels of the shape {self.pixels.shape}")
        if self.valid is not None and self.valid.shape != self.pixels.shape[:2]:
            raise ValueError(f"pixels of the shape {self.pixels.shape}, valid ones of {self.valid.shape}")

    @property
    def filled(self) -> Pixels:
        """The pixels for an engine to describe: those that are no measurement look like what is around them."""
        return self.pixels if self.valid is None else fill(self.pixels, self.valid)

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]

    @property
    def identity(self) -> tuple[str, int]:
        """Equal for one page of one file, under whatever name and in whatever brightness window."""
        return (self.sha256, self.page)

    @property
    def key(self) -> tuple[object, ...]:
        """Two pictures with equal keys have equal pixels."""
        return (self.sha256, self.page, self.window, self.curved)
