"""Strokes, noise, light and grain for drawn pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from segdetect.grid import Boxes
from segdetect.pictures.raster import Pixels, Values

# Values 0..1, grey (height, width) or RGB (height, width, 3).
Shades = npt.NDArray[np.float32]
Colour = tuple[float, float, float]
Box = tuple[float, float, float, float]
Points = npt.NDArray[np.float64]

SIDE: Final = 1024
PHOTOGRAPHS: Final = Path(__file__).parent / "photographs"


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A drawn picture.

    Args:
        pixels: `(height, width, 3)` uint8 RGB.
        boxes_ltrb: `(defects, 4)` int32 pixel boxes, right and bottom exclusive.
    """

    pixels: Pixels
    boxes_ltrb: Boxes


def photograph(file: str) -> Shades:
    """One of the public-domain textures in the folder `photographs`, enlarged twice, values 0..1."""
    grey = cv2.imdecode(np.frombuffer((PHOTOGRAPHS / file).read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)
    large = cv2.resize(grey.astype(np.float32) / 255, (SIDE, SIDE), interpolation=cv2.INTER_LANCZOS4)
    return np.clip(large + 0.7 * (large - cv2.GaussianBlur(large, (0, 0), 2.0)), 0, 1)


def finished(rgb: Shades, rng: np.random.Generator, boxes: Sequence[Box], *, grain: float, blur: float = 0.7) -> Scene:
    """Uneven light, a little blur and the camera's grain, then 8 bits."""
    height, width = rgb.shape[:2]
    y, x = np.linspace(-1, 1, height, dtype=np.float32)[:, None], np.linspace(-1, 1, width, dtype=np.float32)
    light = 1.01 - 0.035 * x - 0.025 * y - 0.02 * (x * x + y * y)
    blurred = cv2.GaussianBlur(rgb, (0, 0), blur) if blur else rgb
    noise = grain * rng.standard_normal((height, width), np.float32)
    lit = cv2.merge([np.maximum(channel * light + noise, 0) for channel in cv2.split(blurred)])
    # It rounds and caps at 255.
    pixels = cv2.convertScaleAbs(lit, alpha=255)
    return Scene(
        np.asarray(pixels, np.uint8),
        np.array([[round(side) for side in box] for box in boxes], np.int32).reshape(-1, 4),
    )


def cloud(rng: np.random.Generator, size_hw: tuple[int, int], cell: int) -> Shades:
    """Smooth noise with features of about `cell` pixels, mean 0, deviation about 0.7."""
    height, width = size_hw
    coarse = rng.standard_normal((height // cell + 4, width // cell + 4), np.float32)
    # A cell is cut off on each side: near its border an enlarged array is flatter than elsewhere.
    large = cv2.resize(coarse, (width + 3 * cell, height + 3 * cell), interpolation=cv2.INTER_CUBIC)
    return np.asarray(large[cell : cell + height, cell : cell + width], np.float32)


def tinted(grey: Values, colour: Colour) -> Shades:
    """Grey values times a colour."""
    return np.asarray(cv2.merge([np.asarray(grey, np.float32) * np.float32(share) for share in colour]), np.float32)


def grid(width: int, height: int) -> tuple[Shades, Shades]:
    """The x and y of every pixel."""
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return x, y


def turned_grid(*, degrees: float, wobble: Shades) -> tuple[Shades, Shades]:
    """The x and y of every pixel in axes turned clockwise and bent by `wobble` pixels."""
    x, y = grid(SIDE, SIDE)
    cos, sin = np.float32(np.cos(np.deg2rad(degrees))), np.float32(np.sin(np.deg2rad(degrees)))
    return x * cos + y * sin + wobble, y * cos - x * sin + wobble


def turned_box(box: Box, *, degrees: float) -> Box:
    """The upright box around a box in the coordinates of `turned_grid`."""
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    xs = [u * cos - v * sin for u in (box[0], box[2]) for v in (box[1], box[3])]
    ys = [u * sin + v * cos for u in (box[0], box[2]) for v in (box[1], box[3])]
    return min(xs), min(ys), max(xs), max(ys)


def disc(distance: Shades, radius: float) -> Shades:
    """1 inside the radius, 0 outside, with a soft edge."""
    return np.clip(radius + 0.5 - distance, 0, 1)


def polygon(corners: Points, side: int) -> Shades:
    """1 inside a polygon with corners `(n, 2)`, 0 outside, with a soft edge."""
    canvas = np.zeros((side, side), np.uint8)
    cv2.fillPoly(canvas, [np.rint(corners * 16).astype(np.int32)], (255,), cv2.LINE_AA, 4)
    return canvas.astype(np.float32) / 255


def curve(points: Sequence[tuple[float, float]]) -> Points:
    """Points along the polyline, about two pixels apart, its corners rounded."""
    knots = np.array(points, np.float64)
    steps = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(knots, axis=0).T))])
    at = np.linspace(0, steps[-1], int(steps[-1] / 2) + 2)
    path = np.stack([np.interp(at, steps, knots[:, axis]) for axis in (0, 1)], axis=1)
    soft = cv2.GaussianBlur(path, (1, 31), 0, sigmaY=5, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(soft)


def arc(start: tuple[float, float], towards: tuple[float, float], end: tuple[float, float]) -> Points:
    """A quadratic Bézier curve."""
    share = np.linspace(0, 1, 200)[:, None]
    return np.asarray(
        (1 - share) ** 2 * np.array(start) + 2 * share * (1 - share) * np.array(towards) + share**2 * np.array(end)
    )


def ragged(rng: np.random.Generator, path: Points, strength: float) -> Points:
    """The same path, shaken by about `strength` pixels."""
    jitter = cv2.GaussianBlur(rng.normal(0, strength * 2, path.shape), (1, 9), 0, sigmaY=1.5)
    return np.asarray(path + jitter)


def line(path: Points, size_hw: tuple[int, int], *, widths: tuple[float, float, float]) -> Shades:
    """A line whose width goes from the first over the second to the third value, drawn four times as fine."""
    left, top = np.floor(path.min(axis=0) - 16).astype(int)
    right, bottom = np.ceil(path.max(axis=0) + 16).astype(int)
    canvas = np.zeros(((bottom - top) * 4, (right - left) * 4), np.uint8)
    points = np.rint((path - (left, top)) * 4).astype(int)
    thick = np.interp(np.linspace(0, 1, len(points)), (0, 0.5, 1), widths) * 4
    for start, end, width in zip(points[:-1], points[1:], thick, strict=False):
        cv2.line(canvas, (int(start[0]), int(start[1])), (int(end[0]), int(end[1])), (255,), max(1, round(width)))
    drawn = np.zeros(size_hw, np.float32)
    small = cv2.resize(canvas, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
    drawn[top:bottom, left:right] = small.astype(np.float32) / 255
    return drawn


def box_of(mask: npt.NDArray[np.bool_]) -> Box:
    """The smallest box around all that is set."""
    left, top, width, height = cv2.boundingRect(mask.astype(np.uint8))
    return left, top, left + width, top + height
