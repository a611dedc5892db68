"""Pictures of surfaces with a planted defect, drawn from numbers; the same on every call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from segdetect.grid import Boxes
from segdetect.raster import Pixels

# Values 0..1, grey (height, width) or RGB (height, width, 3).
Shades = npt.NDArray[np.float32]
Colour = tuple[float, float, float]
Box = tuple[float, float, float, float]
Points = npt.NDArray[np.float64]

SIDE: Final = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A drawn picture.

    Args:
        pixels: `(height, width, 3)` uint8 RGB.
        boxes_ltrb: `(defects, 4)` int32 pixel boxes, right and bottom exclusive.
    """

    pixels: Pixels
    boxes_ltrb: Boxes


def wire_mesh(*, seed: int, broken: bool) -> Scene:
    """Woven wire before a bright background; one wire may be broken and its ends bent."""
    rng = np.random.default_rng(seed)
    pitch, radius = 64.0, 10.5
    x, y = _turned_grid(degrees=7.0, wobble=_cloud(rng, (SIDE, SIDE), 160) * 3.0)
    gap = (7, 7.05 * pitch, 8.35 * pitch) if broken else None
    down, down_on_top = _wires(x, y, pitch, radius, phase=0.0, gap=gap)
    across, across_on_top = _wires(y, x, pitch, radius, phase=1.0, gap=None)
    wire = np.where(down_on_top > across_on_top, down, across)
    covered = cv2.GaussianBlur((wire > 0).astype(np.float32), (0, 0), 0.9)
    shadow = cv2.GaussianBlur(np.roll(covered, (6, 9), (0, 1)), (0, 0), 6)
    ground = (0.80 + 0.03 * _cloud(rng, (SIDE, SIDE), 90)) * (1 - 0.22 * shadow)
    metal = np.clip(wire, 0, 1) * (0.9 + 0.07 * _cloud(rng, (SIDE, SIDE), 7))
    grey = ground * (1 - covered) + metal * covered
    boxes = [_turned_box((7.5 * pitch - 22, gap[1] - 8, 7.5 * pitch + 40, gap[2] + 8), degrees=7.0)] if gap else []
    return _finished(_tinted(grey, (0.97, 0.99, 1.0)), rng, boxes, grain=0.016)


def _wires(
    x: Shades, y: Shades, pitch: float, radius: float, *, phase: float, gap: tuple[int, float, float] | None
) -> tuple[Shades, Shades]:
    """Shading (0 where there is no wire) and height of parallel wires that wave up and down along `y`."""
    number = np.floor(x / pitch)
    offset = x - (number + 0.5) * pitch
    if gap is not None:
        wire, start, end = gap
        # The ends bend sideways, the nearer to the gap the more.
        bend = 24 * np.exp(-np.abs(y - start) / 17) + 9 * np.exp(-np.abs(y - end) / 12)
        offset = np.where(number == wire, offset - bend, offset)
    across = offset / radius
    round_part = np.sqrt(np.maximum(1 - across * across, 0))
    wave = np.cos(np.pi * (y / pitch + number + phase))
    shine = np.exp(-(((across + 0.35) / 0.22) ** 2))
    shade = (0.10 + 0.28 * round_part + 0.34 * shine) * (0.86 + 0.14 * wave)
    present = round_part > 0
    if gap is not None:
        present &= ~((number == wire) & (y > start) & (y < end))
    missing = np.float32(-9)
    return np.where(present, shade, 0).astype(np.float32), np.where(present, wave + round_part, missing).astype(
        np.float32
    )


def fabric(*, seed: int, flawed: bool) -> Scene:
    """A plain weave of linen; a piece of weft thread may be missing, and a drop of oil have fallen on it."""
    rng = np.random.default_rng(seed)
    pitch = 17.0
    wobble = _cloud(rng, (SIDE, SIDE), 110) * 2.2
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    x, y = x + wobble + 0.05 * y, y - wobble
    warp, warp_on_top = _threads(rng, x, y, pitch, phase=0.0)
    weft, weft_on_top = _threads(rng, y, x, pitch, phase=1.0)
    boxes: list[Box] = []
    if flawed:
        row, left, right = 22, 560.0, 830.0
        gone = (np.floor(y / pitch) == row) & (x > left) & (x < right)
        weft_on_top[gone] = -9
        warp_on_top[gone & (warp_on_top < 0.25)] = -9
        boxes.append((left - 30, row * pitch - 3, right - 15, (row + 1) * pitch + 5))
    top = np.where(warp_on_top > weft_on_top, warp, weft * 0.96)
    grey = np.where(np.maximum(warp_on_top, weft_on_top) < -1, np.float32(0.20), top)
    cloth = _tinted(cv2.GaussianBlur(grey, (0, 0), 0.8), (0.90, 0.83, 0.70))
    if flawed:
        stain, box = _stain(rng, centre=(300, 690), radius=62)
        cloth *= 1 - stain[..., None] * np.array([0.36, 0.46, 0.60], np.float32)
        boxes.append(box)
    return _finished(cloth, rng, boxes, grain=0.018)


def _threads(rng: np.random.Generator, x: Shades, y: Shades, pitch: float, *, phase: float) -> tuple[Shades, Shades]:
    """Shading and height of threads that run along `y`, each a little different and made of twisted fibres."""
    number = np.floor(x / pitch)
    across = 2 * (x / pitch - number) - 1
    width = 0.93
    round_part = np.sqrt(np.maximum(1 - (across / width) ** 2, 0))
    wave = np.cos(np.pi * (y / pitch + number + phase))
    tones = rng.normal(1.0, 0.055, 256).astype(np.float32)[number.astype(np.int32) % 256]
    twist = 1 + 0.10 * np.sin((y + 9 * across) * 1.25 + number * 2.4)
    slubs = 1 + 0.06 * _cloud(rng, (SIDE, SIDE), 14)
    shade = (0.30 + 0.34 * round_part + 0.20 * round_part * wave) * tones * twist * slubs * 1.12
    height = np.where(round_part > 0, wave * 0.8 + 0.4 * round_part, np.float32(-2))
    return shade.astype(np.float32), height.astype(np.float32)


def _stain(rng: np.random.Generator, *, centre: tuple[int, int], radius: float) -> tuple[Shades, Box]:
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    ragged = radius * (1 + 0.16 * _cloud(rng, (SIDE, SIDE), 70))
    inside = 1 / (1 + np.exp(np.clip((np.hypot(x - centre[0], (y - centre[1]) * 1.2) - ragged) / 3.5, -30, 30)))
    rim = 1 + 0.25 * np.exp(-(((np.hypot(x - centre[0], (y - centre[1]) * 1.2) - ragged * 0.95) / 6) ** 2))
    return (0.85 * inside * rim).astype(np.float32), _box_of(inside > 0.3)


def brushed_metal(*, seed: int) -> Scene:
    """Brushed steel with a scratch across the grain."""
    rng = np.random.default_rng(seed)
    height, width = 800, 1280
    grey = np.full((height, width), 0.60, np.float32)
    for columns, strength in ((5, 0.030), (24, 0.035), (110, 0.032)):
        strokes = rng.standard_normal((height, columns)).astype(np.float32)
        grey += strength * cv2.resize(strokes, (width, height), interpolation=cv2.INTER_LINEAR)
    grey += 0.05 * _cloud(rng, (height, width), 420) * np.float32(1.0)
    x = np.linspace(0, 1, width, dtype=np.float32)
    grey *= 0.86 + 0.24 * np.exp(-(((x - 0.42) / 0.30) ** 2))
    path = _arc((700, 190), (880, 330), (946, 600))
    groove = _line(path, (height, width), widths=(0.5, 2.4, 0.6))
    lip = np.roll(groove, (-2, 3), (0, 1))
    grey = grey * (1 - 0.62 * groove) + 0.34 * lip * (1 - groove)
    boxes = [_box_of(np.maximum(groove, lip) > 0.25)]
    return _finished(_tinted(grey, (0.97, 0.985, 1.0)), rng, boxes, grain=0.012, blur=0.6)


def circuit_board(*, seed: int) -> Scene:
    """A lattice of plated holes on a green board; one hole is missing and two are bridged."""
    rng = np.random.default_rng(seed)
    pitch = 64
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    number = np.arange(SIDE // pitch + 1)
    # A lattice that is a little off, as a drilled one is; 16 x 16 holes.
    shift = rng.normal(0, 0.7, (2, len(number), len(number))).astype(np.float32)
    row, col = (y // pitch).astype(np.int32), (x // pitch).astype(np.int32)
    distance = np.hypot(x - (col + 0.5) * pitch - shift[0][row, col], y - (row + 0.5) * pitch - shift[1][row, col])
    missing = (row == 5) & (col == 10)
    distance[missing] = pitch
    ring, hole = _disc(distance, 19.5), _disc(distance, 9.5)
    bridge = _line(
        np.array([(3.5 * pitch, 11.5 * pitch), (4.5 * pitch, 11.5 * pitch)]), (SIDE, SIDE), widths=(11, 8, 11)
    )
    ring = np.maximum(ring, bridge)
    halo = np.clip(_disc(distance, 24) - ring, 0, 1)
    varnish = (1 + 0.08 * _cloud(rng, (SIDE, SIDE), 240)) * (1 + 0.16 * _traces(pitch)) * (1 - 0.45 * halo)
    gleam = 1 + 0.22 * ((x % pitch) - (y % pitch) * 1.4 + 13) / pitch
    gold = gleam * (0.95 + 0.06 * _cloud(rng, (SIDE, SIDE), 6))
    shares = np.dstack([varnish * (1 - ring), gold * ring * (1 - hole), hole]).astype(np.float32)
    # Green varnish, gilded copper, the dark of the holes.
    colours = np.array([(0.05, 0.30, 0.17), (0.80, 0.66, 0.38), (0.03, 0.04, 0.04)], np.float32)
    picture = np.asarray(cv2.transform(shares, colours.T), np.float32)
    boxes = [
        (10 * pitch + 8.0, 5 * pitch + 8.0, 11 * pitch - 8.0, 6 * pitch - 8.0),
        (3.5 * pitch, 11.5 * pitch - 14.0, 4.5 * pitch, 11.5 * pitch + 14.0),
    ]
    return _finished(picture.astype(np.float32), rng, boxes, grain=0.012, blur=0.8)


def _traces(pitch: int) -> Shades:
    """Copper tracks under the varnish, between the rows of holes: `(height, 1)`."""
    y = np.arange(SIDE, dtype=np.float32)[:, None] + pitch / 2
    return np.asarray(1 / (1 + np.exp((np.abs(y % pitch - pitch / 2) - 4.5) * 1.5)), np.float32)


def brick_wall(*, seed: int) -> Scene:
    """A photographed pavement of bricks with a crack drawn into it."""
    rng = np.random.default_rng(seed)
    grey = _photograph("brick.png")
    mortar = np.clip((grey - 0.40) / 0.22, 0, 1)[..., None]
    tones = 1 + 0.10 * _cloud(rng, (SIDE, SIDE), 100)
    clay = np.array([0.62, 0.35, 0.27], np.float32) * (grey / 0.36 * tones)[..., None]
    picture = clay * (1 - mortar) + np.array([1.03, 0.98, 0.90], np.float32) * grey[..., None] * mortar
    walk = [(612, 300), (640, 352), (630, 402), (668, 460), (660, 512), (706, 566), (702, 628), (744, 690)]
    path = _ragged(rng, _curve(walk), 3.2)
    crack = np.maximum(
        _line(path, (SIDE, SIDE), widths=(1.0, 6.0, 1.2)),
        _line(_ragged(rng, _curve([(664, 506), (632, 548), (622, 590)]), 2.4), (SIDE, SIDE), widths=(3.2, 1.8, 0.8)),
    )
    picture *= (1 - 0.80 * crack)[..., None]
    picture += (0.10 * np.clip(np.roll(crack, (2, 3), (0, 1)) - crack, 0, 1))[..., None]
    return _finished(picture, rng, [_box_of(crack > 0.3)], grain=0.016, blur=0.0)


def gravel(*, seed: int) -> Scene:
    """Photographed gravel with a steel nut laid on it."""
    rng = np.random.default_rng(seed)
    grey = _photograph("gravel.png")
    picture = _tinted(grey * 1.18, (1.0, 0.955, 0.89))
    left, top, side = 316, 570, 160
    place = picture[top : top + side, left : left + side]
    nut, steel = _steel_nut(rng, side, radius=44.0)
    shadow = cv2.GaussianBlur(np.roll(nut, (12, 14), (0, 1)), (0, 0), 7)
    place *= (1 - 0.62 * shadow * (1 - nut))[..., None]
    place += (_tinted(steel, (0.95, 0.98, 1.02)) - place) * nut[..., None]
    box = _box_of(nut > 0.5)
    boxes = [(box[0] + left, box[1] + top, box[2] + left, box[3] + top)]
    return _finished(picture, rng, boxes, grain=0.014, blur=0.0)


def _steel_nut(rng: np.random.Generator, side: int, *, radius: float) -> tuple[Shades, Shades]:
    """Opacity and shading of a hexagon nut in the middle of a square, lit from the upper left."""
    angles = np.deg2rad(np.arange(6) * 60 + 17)
    corners = np.stack([np.cos(angles), np.sin(angles)], axis=1) * radius + side / 2
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) - side / 2
    distance, slope = np.hypot(x, y), (x + y) / (2 * radius)
    nut = _polygon(corners, side) * (1 - _disc(distance, radius * 0.50))
    bore = np.clip(_disc(distance, radius * 0.62) - _disc(distance, radius * 0.50), 0, 1)
    steel = (0.56 - 0.16 * slope) * (0.74 + 0.26 * _disc(distance, radius * 0.84))
    steel += 0.03 * _cloud(rng, (side, side), 9)
    steel = steel * (1 - 0.45 * bore * (slope < 0.1)) + 0.18 * bore * (slope > 0.1)
    return nut, steel.astype(np.float32)


def _photograph(file: str) -> Shades:
    """One of the public-domain textures inside the scikit-image package, enlarged twice, values 0..1."""
    import skimage

    grey = cv2.imread(str(Path(skimage.__file__).parent / "data" / file), cv2.IMREAD_GRAYSCALE)
    large = cv2.resize(grey.astype(np.float32) / 255, (SIDE, SIDE), interpolation=cv2.INTER_LANCZOS4)
    return np.clip(large + 0.7 * (large - cv2.GaussianBlur(large, (0, 0), 2.0)), 0, 1)


def _finished(rgb: Shades, rng: np.random.Generator, boxes: Sequence[Box], *, grain: float, blur: float = 0.7) -> Scene:
    """Uneven light, a little blur and the camera's grain, then 8 bits."""
    height, width = rgb.shape[:2]
    y, x = np.linspace(-1, 1, height, dtype=np.float32)[:, None], np.linspace(-1, 1, width, dtype=np.float32)
    light = 1.03 - 0.07 * x - 0.05 * y - 0.07 * (x * x + y * y)
    lit = cv2.GaussianBlur(rgb, (0, 0), blur) if blur else rgb
    lit = lit * light[..., None]
    lit += (grain * rng.standard_normal((height, width), np.float32))[..., None]
    # It rounds and caps at 255.
    pixels = cv2.convertScaleAbs(np.maximum(lit, 0), alpha=255)
    return Scene(
        np.asarray(pixels, np.uint8),
        np.array([[round(side) for side in box] for box in boxes], np.int32).reshape(-1, 4),
    )


def _cloud(rng: np.random.Generator, size_hw: tuple[int, int], cell: int) -> Shades:
    """Smooth noise with features of about `cell` pixels, mean 0, deviation about 0.7."""
    height, width = size_hw
    coarse = rng.standard_normal((height // cell + 3, width // cell + 3), np.float32)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))


def _tinted(grey: Shades, colour: Colour) -> Shades:
    return (grey[..., None] * np.array(colour, np.float32)).astype(np.float32)


def _turned_grid(*, degrees: float, wobble: Shades) -> tuple[Shades, Shades]:
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return (x * cos + y * sin + wobble).astype(np.float32), (y * cos - x * sin + wobble).astype(np.float32)


def _turned_box(box: Box, *, degrees: float) -> Box:
    """The upright box around a box in the coordinates of `_turned_grid`."""
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    xs = [u * cos - v * sin for u in (box[0], box[2]) for v in (box[1], box[3])]
    ys = [u * sin + v * cos for u in (box[0], box[2]) for v in (box[1], box[3])]
    return min(xs), min(ys), max(xs), max(ys)


def _disc(distance: Shades, radius: float) -> Shades:
    return np.clip(radius + 0.5 - distance, 0, 1)


def _polygon(corners: Points, side: int) -> Shades:
    canvas = np.zeros((side, side), np.uint8)
    cv2.fillPoly(canvas, [np.rint(corners * 16).astype(np.int32)], (255,), cv2.LINE_AA, 4)
    return canvas.astype(np.float32) / 255


def _curve(points: Sequence[tuple[float, float]]) -> Points:
    """Points along the polyline, about two pixels apart, its corners rounded."""
    knots = np.array(points, np.float64)
    steps = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(knots, axis=0).T))])
    at = np.linspace(0, steps[-1], int(steps[-1] / 2) + 2)
    path = np.stack([np.interp(at, steps, knots[:, axis]) for axis in (0, 1)], axis=1)
    soft = cv2.GaussianBlur(path, (1, 31), 0, sigmaY=5, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(soft)


def _arc(start: tuple[float, float], towards: tuple[float, float], end: tuple[float, float]) -> Points:
    """A quadratic Bézier curve."""
    share = np.linspace(0, 1, 200)[:, None]
    return np.asarray(
        (1 - share) ** 2 * np.array(start) + 2 * share * (1 - share) * np.array(towards) + share**2 * np.array(end)
    )


def _ragged(rng: np.random.Generator, path: Points, strength: float) -> Points:
    jitter = cv2.GaussianBlur(rng.normal(0, strength * 2, path.shape), (1, 9), 0, sigmaY=1.5)
    return np.asarray(path + jitter)


def _line(path: Points, size_hw: tuple[int, int], *, widths: tuple[float, float, float]) -> Shades:
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


def _box_of(mask: npt.NDArray[np.bool_]) -> Box:
    left, top, width, height = cv2.boundingRect(mask.astype(np.uint8))
    return left, top, left + width, top + height
