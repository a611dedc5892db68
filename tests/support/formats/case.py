"""One kind of file: how it is built, what it shows, and what the program makes of it."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from segdetect.errors import SegDetectError
from segdetect.pictures.loading import load_image

Array = npt.NDArray[Any]
Expected = Callable[[bytes], Array]

H, W = 37, 53
_RANDOM = np.random.default_rng(11)
RGB = _RANDOM.integers(0, 256, (H, W, 3), dtype=np.uint8)
RGB16 = _RANDOM.integers(0, 65536, (H, W, 3), dtype=np.uint16)
# What lossy codecs do not turn to noise.
SMOOTH = np.asarray(Image.fromarray(RGB).resize((6, 5)).resize((W, H), Image.Resampling.BICUBIC))
DEEP = (0.0, 65535.0)
WRITTEN = "the pixels that were written"
# Half a step of 255 is lost when a deeper value is rounded.
ROUNDED = 0.5 + 1e-3


@dataclass(frozen=True)
class Answer:
    """What became of a file: `said` is the answer, `beside` what it was compared with or the words of the refusal."""

    said: str
    beside: str


class Row(Protocol):
    """A line of the table."""

    kind: str

    def answer(self) -> Answer: ...


def refusal(error: SegDetectError) -> Answer:
    """The words, without the file's name."""
    remedy = f" {error.remedy}." if error.remedy else ""
    return Answer("refused", f"“{error.problem}.{remedy}”")


@dataclass(frozen=True)
class Case:
    """A picture file.

    Args:
        kind: what it is.
        data: builds it.
        expected: what it shows, `(height, width)` or `(height, width, 3)` in 0..255; None for a kind that is refused.
        reader: where `expected` comes from.
        window: the values from black to white, for deep pictures.
        within: by how much of 255 a pixel may differ.
        page: the page to read.
        name: the file's.
    """

    kind: str
    data: Callable[[], bytes]
    expected: Expected | None = None
    reader: str = WRITTEN
    window: tuple[float, float] | None = None
    within: float = ROUNDED
    page: int = 0
    name: str = "part"

    def answer(self) -> Answer:
        data = self.data()
        try:
            image = load_image(data, name=self.name, page=self.page, window=self.window)
        except SegDetectError as error:
            if self.expected is not None:
                raise AssertionError(f"{self.kind} was refused") from error
            return refusal(error)
        assert self.expected is not None, f"{self.kind} was read"
        wanted = self.expected(data).astype(np.float64)
        wanted = wanted if wanted.ndim == 3 else wanted[..., None]
        assert image.pixels.shape[:2] == wanted.shape[:2], self.kind
        apart = float(np.abs(image.pixels - wanted).max())
        assert apart <= self.within, f"{self.kind}: {apart} of 255 apart"
        exact = self.within <= ROUNDED
        return Answer("right to the pixel" if exact else f"within {self.within:g} of 255", self.reader)


def shows(values: Array) -> Expected:
    """It shows these values, whatever the file."""
    return lambda data: values


def stretched(values: Array, low: float, high: float) -> Array:
    """Values in 0..255 by plain arithmetic."""
    return np.clip((values.astype(np.float64) - low) / (high - low), 0, 1) * 255


def on_white(colours: Array, share: Array) -> Array:
    """Colours in 0..255 laid on white by their opacity in 0..1."""
    return colours * share[..., None] + 255 * (1 - share[..., None])


def by_opencv(data: bytes) -> Array:
    """As OpenCV decodes it, without turning it."""
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    assert decoded is not None
    return decoded[..., ::-1]


def by_pillow(data: bytes) -> Array:
    """As Pillow decodes it."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def saved(image: Array | Image.Image, kind: str, **options: Any) -> bytes:
    """A file that Pillow writes."""
    buffer = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(buffer, kind, **options)
    return buffer.getvalue()
