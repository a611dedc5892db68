"""Pictures as the browser gets them: at most 4096 pixels long, as JPEG or PNG, named by their content."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import weakref
import zlib
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from segdetect.pictures.values import FileValues
from segdetect.ui.shared.remembered import remembered
from segdetect.ui.shared.texts import shown

LONGEST_SIDE: Final = 4096
# On nine pictures of 0.6-1 megapixels, JPEG 93 without colour subsampling took 9-20 ms and was on average 0.6-2.7 grey
# levels off; WebP 90 took 50-184 ms and was 1.1-3.4 off; lossless WebP took 88-187 ms and three to six times the bytes.
JPEG_QUALITY: Final = 93
# Small pictures are looked at pixel by pixel, and cost little without loss.
LOSSLESS_PIXELS: Final = 256 * 256
_PNG: Final = b"\x89PNG"

_Array = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class EncodedPicture:
    """A picture file for the browser.

    Args:
        digest: 32 hex digits that name the pixels it was made from.
        data: JPEG or PNG.
    """

    digest: str
    data: bytes

    @property
    def lossless(self) -> bool:
        """Whether its pixels are those it was made from, where they were not scaled down."""
        return self.data.startswith(_PNG)


_digests: dict[int, tuple[weakref.ref[_Array], str]] = {}
_lock = threading.Lock()


def encode_picture(picture: _Array | EncodedPicture) -> EncodedPicture:
    """Make a picture fit for the browser; pixels that were encoded before are not encoded again.

    Args:
        picture: `(height, width, 3)` RGB, `(height, width)` grey or `(height, width, 4)` RGBA uint8; what is already
            encoded is returned as it is.
    """
    if isinstance(picture, EncodedPicture):
        return picture
    digest = _digest(picture)
    return remembered("encoded", digest, lambda: EncodedPicture(digest, _encode(picture)))


def _digest(pixels: _Array) -> str:
    """The content's name; read-only arrays cannot change, so theirs is worked out once."""
    with _lock:
        reference, digest = _digests.get(id(pixels), (None, ""))
    if reference is not None and reference() is pixels:
        return digest
    hasher = hashlib.blake2b(repr(pixels.shape).encode(), digest_size=16)
    hasher.update(np.ascontiguousarray(pixels).data)
    digest = hasher.hexdigest()
    if not pixels.flags.writeable:
        _remember(pixels, digest)
    return digest


def _remember(pixels: _Array, digest: str) -> None:
    identity = id(pixels)
    reference = weakref.ref(pixels, lambda _: _digests.pop(identity, None))
    with _lock:
        _digests[identity] = (reference, digest)


def _encode(pixels: _Array) -> bytes:
    image = Image.fromarray(pixels)
    opaque = image.mode != "RGBA"
    if max(image.size) > LONGEST_SIDE:
        image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    if opaque and image.width * image.height > LOSSLESS_PIXELS:
        image.save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    else:
        image.save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()


def encode_cells(values: npt.NDArray[np.float32]) -> EncodedPicture:
    """A map of scores as the browser gets it: exactly, in the place of a picture.

    Args:
        values: `(rows, cols)`; NaN where there is none.
    """
    rows, cols = values.shape
    data = b"CELL" + np.array([rows, cols], "<u4").tobytes() + np.ascontiguousarray(values, "<f4").tobytes()
    return EncodedPicture(hashlib.blake2b(data, digest_size=16).hexdigest(), data)


def encode_values(values: FileValues) -> EncodedPicture:
    """A file's own values as the browser gets them: exactly, in the place of a picture.

    Each is told as what it is more than the one to its left, all lower bytes before the upper ones: a grainy picture of
    16 bits then takes 63 % of its bytes, where they would take 86 % as they are (measured).
    """
    rows, cols, *channels = values.codes.shape
    head: dict[str, Any] = {
        name: getattr(values, name) for name in ("low", "step", "every", "gaps", "exact", "inverted")
    }
    head |= {"unit": shown(values.unit), "windows": [(shown(name), *ends) for name, *ends in values.windows]}
    told = json.dumps({"rows": rows, "cols": cols, "channels": channels[0] if channels else 1} | head).encode()
    steps = np.diff(values.codes, axis=1, prepend=np.uint16(0)).astype("<u2")
    planes = steps.reshape(-1).view(np.uint8).reshape(-1, 2).T.tobytes()
    data = b"DEEP" + np.array([len(told)], "<u4").tobytes() + told + zlib.compress(planes, 3)
    return EncodedPicture(hashlib.blake2b(data, digest_size=16).hexdigest(), data)
