"""Ground truth drawn over pictures."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from PIL import Image

from segdetect.pictures.masks import Mask

# As the picture viewer draws it; the dark rim shows it on bright ground.
TRUTH_RGB: Final = (198, 255, 120)
_RIM_RGB: Final = (20, 20, 20)


Outline = tuple[tuple[int, int], ...]
# So many points of a mask's outlines at most are drawn by the browser, which follows the pointer meanwhile.
MOST_POINTS: Final = 20_000


def outlines(mask: Mask) -> tuple[Outline, ...]:
    """What a mask marks as closed lines, each of points `(x, y)` in its pixels; holes have lines of their own.

    Lines are exact to the pixel, unless they would be of more than `MOST_POINTS` points.

    >>> outlines(np.pad(np.ones((2, 3), bool), 1))
    (((1, 1), (1, 2), (3, 2), (3, 1)),)
    """
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    tolerance = 1.0
    while sum(map(len, contours)) > MOST_POINTS:
        contours = [cv2.approxPolyDP(line, tolerance, True) for line in contours]
        # Specks that a coarse line would be lost on go last.
        contours = sorted(contours, key=cv2.contourArea, reverse=True)[: MOST_POINTS // 4]
        tolerance *= 2
    return tuple(tuple((int(x), int(y)) for x, y in line[:, 0]) for line in contours)


def outlined(picture: Image.Image, mask: Mask) -> Image.Image:
    """The picture with the outline of what is known to be defective.

    Args:
        picture: RGB, of any size with the mask's proportions.
        mask: `(height, width)` bool, True on defects.
    """
    # Whatever part of a pixel is marked counts, so that a defect of few pixels is not lost in a small copy.
    marked = cv2.resize(mask.astype(np.float32), picture.size, interpolation=cv2.INTER_AREA) > 0
    contours, _ = cv2.findContours(marked.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    drawn = np.array(picture.convert("RGB"))
    width = max(1, max(picture.size) // 200)
    for colour, wide in ((_RIM_RGB, 3 * width), (TRUTH_RGB, width)):
        cv2.drawContours(drawn, contours, -1, colour, wide)
    made: Image.Image = Image.fromarray(drawn)
    return made
