"""Draws the small pictures of the bundled samples that the first screen shows.

`python -m scripts.previews` writes them to segdetect/samples/previews; `make screenshots` does so too. They lie in
files because the first visitor after a start would otherwise wait until all samples are drawn.
"""

from __future__ import annotations

import io
from typing import Final

from PIL import Image, ImageOps

from segdetect.samples.catalogue import PREVIEWS, SAMPLES, Sample

SIDE: Final = 360
_QUALITY: Final = 88


def preview(sample: Sample) -> Image.Image:
    """The middle of the sample as a square, so that all of them are of one shape."""
    picture = Image.open(io.BytesIO(sample.make()), formats=["PNG"]).convert("RGB")
    return ImageOps.fit(picture, (SIDE, SIDE), Image.Resampling.LANCZOS)


def main() -> None:
    """Write them all."""
    PREVIEWS.mkdir(exist_ok=True)
    for sample in SAMPLES:
        preview(sample).save(PREVIEWS / f"{sample.key}.jpg", quality=_QUALITY)


if __name__ == "__main__":
    main()
