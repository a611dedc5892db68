"""A process of decoders in which a file that begins with a word of `DEEDS` does what it says; run by `isolation`."""

from __future__ import annotations

import ctypes
import os
import re
import sys
import time
from dataclasses import replace
from typing import Any
from unittest import mock

import numpy as np

from segdetect.errors import SegDetectError
from segdetect.pictures import decoder_process, loading, tiff
from segdetect.pictures.image import LoadedImage
from segdetect.pictures.loading import decode_image


def segfault(picture: LoadedImage) -> None:
    ctypes.string_at(0)


def stuck(picture: LoadedImage) -> None:
    """In C, where neither a thread of Python nor a handler of a signal gets its turn."""
    re.match("(a+)+$", "a" * 60 + "b")


def asleep(picture: LoadedImage) -> None:
    time.sleep(60)


def greedy(picture: LoadedImage) -> None:
    bytearray(3_000_000_000)


def hidden(picture: LoadedImage) -> LoadedImage:
    """Values of another kind than pictures have."""
    object.__setattr__(picture, "pixels", picture.pixels.astype(np.float32))
    return picture


def impostor(picture: LoadedImage) -> LoadedImage:
    """Another picture's name and digest."""
    return replace(picture, name="other.png", sha256="0" * 64)


def nonsense(picture: LoadedImage) -> None:
    os.write(int(sys.argv[1]), b"nonsense")
    time.sleep(60)


def leaving(picture: LoadedImage) -> None:
    os._exit(0)


DEEDS = {
    deed.__name__.encode(): deed for deed in (segfault, stuck, asleep, greedy, hidden, impostor, nonsense, leaving)
}


def unguarded(data: bytes, **options: Any) -> LoadedImage:
    """Without what keeps imagecodecs from damaged LZW, which crashes it."""
    with mock.patch.object(tiff, "_check_lzw"):
        return decode_image(data, **options)


def hostile(data: bytes, **options: Any) -> LoadedImage:
    deed, _, rest = data.partition(b" ")
    if deed == b"unguarded":
        return unguarded(rest, **options)
    if deed not in DEEDS:
        return decode_image(data, **options)
    try:
        return DEEDS[deed](decode_image(rest, **options)) or decode_image(rest, **options)
    except MemoryError as error:
        raise SegDetectError("it is too large") from error


if __name__ == "__main__":
    loading.decode_image = hostile
    decoder_process.main(int(sys.argv[1]), int(sys.argv[2]))
