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
