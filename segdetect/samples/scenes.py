"""Pictures of surfaces with a planted defect, drawn from numbers; the same on every call."""

from __future__ import annotations

import cv2
import numpy as np

from segdetect.samples.drawing import (
    SIDE,
    Box,
    Scene,
    Shades,
    arc,
    box_of,
    cloud,
    curve,
    disc,
    finished,
    grid,
    line,
    photograph,
    polygon,
    ragged,
    tinted,
    turned_box,
    turned_grid,
)


def wire_mesh(*, seed: int, broken: bool) -> Scene:
    """Woven wire before a bright background; one wire may be broken and its ends bent."""
    rng = np.random.default_rng(seed)
    pitch, radius = 64.0, 10.5
    x, y = turned_grid(degrees=7.0, wobble=cloud(rng, (SIDE, SIDE), 160) * 3.0)
    gap = (7, 7.05 * pitch, 8.35 * pitch) if broken else None
    down, down_on_top = _wires(x, y, pitch, radius, phase=0.0, gap=gap)
    across, across_on_top = _wires(y, x, pitch, radius, phase=1.0, gap=None)
    wire = np.where(down_on_top > across_on_top, down, across)
    covered = cv2.GaussianBlur((wire > 0).astype(np.float32), (0, 0), 0.9)
    shadow = cv2.GaussianBlur(np.roll(covered, (6, 9), (0, 1)), (0, 0), 6)
    ground = (0.80 + 0.03 * cloud(rng, (SIDE, SIDE), 90)) * (1 - 0.22 * shadow)
    metal = np.clip(wire, 0, 1) * (0.9 + 0.07 * cloud(rng, (SIDE, SIDE), 7))
    grey = ground * (1 - covered) + metal * covered
    boxes = [turned_box((7.5 * pitch - 34, gap[1] - 22, 7.5 * pitch + 42, gap[2] + 16), degrees=7.0)] if gap else []
    return finished(tinted(grey, (0.97, 0.99, 1.0)), rng, boxes, grain=0.016)


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
    wobble = cloud(rng, (SIDE, SIDE), 110) * 1.5
    x, y = grid(SIDE, SIDE)
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
    cloth = tinted(cv2.GaussianBlur(grey, (0, 0), 0.8), (0.90, 0.83, 0.70))
    if flawed:
        boxes.append(_spill_oil(cloth, rng))
    return finished(cloth, rng, boxes, grain=0.018)


def _threads(rng: np.random.Generator, x: Shades, y: Shades, pitch: float, *, phase: float) -> tuple[Shades, Shades]:
    """Shading and height of threads that run along `y`, each a little different and made of twisted fibres."""
    number = np.floor(x / pitch)
    across = 2 * (x / pitch - number) - 1
    width = 0.93
    round_part = np.sqrt(np.maximum(1 - (across / width) ** 2, 0))
    wave = np.cos(np.pi * (y / pitch + number + phase))
    tones = rng.normal(1.0, 0.04, 256).astype(np.float32)[number.astype(np.int32) % 256]
    twist = 1 + 0.10 * np.sin((y + 9 * across) * 1.25 + number * 2.4)
    slubs = 1 + 0.06 * cloud(rng, (SIDE, SIDE), 14)
    shade = (0.30 + 0.34 * round_part + 0.20 * round_part * wave) * tones * twist * slubs * 1.12
    height = np.where(round_part > 0, wave * 0.8 + 0.4 * round_part, np.float32(-2))
    return shade.astype(np.float32), height.astype(np.float32)


def _spill_oil(cloth: Shades, rng: np.random.Generator) -> Box:
    """Put a drop, darkest at its rim, on the cloth; returns its box."""
    x_from, y_from, side, radius = 190, 580, 220, 62
    x, y = grid(side, side)
    ragged_radius = radius * (1 + 0.16 * cloud(rng, (side, side), 70))
    beyond = np.hypot(x - side / 2, (y - side / 2) * 1.2) - ragged_radius
    inside = 1 / (1 + np.exp(np.clip(beyond / 3.5, -30, 30)))
    rim = 1 + 0.25 * np.exp(-(((beyond + 0.05 * radius) / 6) ** 2))
    cloth[y_from : y_from + side, x_from : x_from + side] *= 1 - tinted(0.85 * inside * rim, (0.36, 0.46, 0.60))
    return _moved(box_of(inside > 0.3), x_from, y_from)


def _moved(box: Box, x: int, y: int) -> Box:
    return box[0] + x, box[1] + y, box[2] + x, box[3] + y


def brushed_metal(*, seed: int) -> Scene:
    """Brushed steel with a scratch across the grain."""
    rng = np.random.default_rng(seed)
    height, width = 800, 1280
    grey = np.full((height, width), 0.60, np.float32)
    for columns, strength in ((5, 0.030), (24, 0.035), (110, 0.032)):
        strokes = rng.standard_normal((height, columns)).astype(np.float32)
        grey += strength * cv2.resize(strokes, (width, height), interpolation=cv2.INTER_LINEAR)
    grey += 0.05 * cloud(rng, (height, width), 420)
    x = np.linspace(0, 1, width, dtype=np.float32)
    grey *= 0.86 + 0.24 * np.exp(-(((x - 0.42) / 0.30) ** 2))
    path = arc((700, 190), (880, 330), (946, 600))
    groove = line(path, (height, width), widths=(0.5, 2.4, 0.6))
    lip = np.roll(groove, (-2, 3), (0, 1))
    scratched = grey * (1 - 0.62 * groove) + 0.34 * lip * (1 - groove)
    boxes = [box_of(np.maximum(groove, lip) > 0.25)]
    return finished(tinted(scratched, (0.97, 0.985, 1.0)), rng, boxes, grain=0.012, blur=0.6)


def circuit_board(*, seed: int) -> Scene:
    """A lattice of plated holes on a green board; one hole is missing and two are bridged."""
    rng = np.random.default_rng(seed)
    pitch = 64
    distance = _distance_to_holes(rng, pitch)
    distance[5 * pitch : 6 * pitch, 10 * pitch : 11 * pitch] = pitch
    bridge = np.array([(3.5 * pitch, 11.5 * pitch), (4.5 * pitch, 11.5 * pitch)])
    ring = np.maximum(disc(distance, 19.5), line(bridge, (SIDE, SIDE), widths=(11, 8, 11)))
    hole = disc(distance, 9.5)
    halo = np.clip(disc(distance, 24) - ring, 0, 1)
    varnish = (1 + 0.08 * cloud(rng, (SIDE, SIDE), 240)) * (1 + 0.16 * _traces(pitch)) * (1 - 0.45 * halo)
    place = np.arange(SIDE, dtype=np.float32) % pitch / pitch
    gold = (1.04 + 0.22 * place - 0.31 * place[:, None]) * (0.95 + 0.06 * cloud(rng, (SIDE, SIDE), 6))
    shares = cv2.merge([varnish * (1 - ring), gold * ring * (1 - hole), hole])
    # Green varnish, gilded copper, the dark of the holes.
    colours = np.array([(0.05, 0.30, 0.17), (0.80, 0.66, 0.38), (0.03, 0.04, 0.04)], np.float32)
    picture = np.asarray(cv2.transform(shares, colours.T), np.float32)
    boxes = [
        (10 * pitch + 8.0, 5 * pitch + 8.0, 11 * pitch - 8.0, 6 * pitch - 8.0),
        (3.5 * pitch, 11.5 * pitch - 14.0, 4.5 * pitch, 11.5 * pitch + 14.0),
    ]
    return finished(picture, rng, boxes, grain=0.012, blur=0.8)


def _distance_to_holes(rng: np.random.Generator, pitch: int) -> Shades:
    """Distance to the hole of each cell; holes are drilled a little off their places."""
    off = rng.normal(0, 0.7, (2, SIDE // pitch, SIDE // pitch)).astype(np.float32)
    off_x, off_y = (cv2.resize(shift, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST) for shift in off)
    from_centre = np.arange(SIDE, dtype=np.float32) % pitch - pitch / 2
    return np.asarray(np.hypot(from_centre - off_x, from_centre[:, None] - off_y), np.float32)


def _traces(pitch: int) -> Shades:
    """Copper tracks under the varnish, between the rows of holes: `(height, 1)`."""
    y = np.arange(SIDE, dtype=np.float32)[:, None] + pitch / 2
    return np.asarray(1 / (1 + np.exp((np.abs(y % pitch - pitch / 2) - 4.5) * 1.5)), np.float32)


def brick_wall(*, seed: int) -> Scene:
    """A photographed pavement of bricks with a crack drawn into it."""
    rng = np.random.default_rng(seed)
    grey = photograph("brick.png")
    mortar = np.clip((grey - 0.40) / 0.22, 0, 1)[..., None]
    tones = 1 + 0.10 * cloud(rng, (SIDE, SIDE), 100)
    clay = np.array([0.62, 0.35, 0.27], np.float32) * (grey / 0.36 * tones)[..., None]
    picture = clay * (1 - mortar) + np.array([1.03, 0.98, 0.90], np.float32) * grey[..., None] * mortar
    walk = [(612, 300), (640, 352), (630, 402), (668, 460), (660, 512), (706, 566), (702, 628), (744, 690)]
    path = ragged(rng, curve(walk), 3.2)
    crack = np.maximum(
        line(path, (SIDE, SIDE), widths=(1.0, 6.0, 1.2)),
        line(ragged(rng, curve([(664, 506), (632, 548), (622, 590)]), 2.4), (SIDE, SIDE), widths=(3.2, 1.8, 0.8)),
    )
    picture *= (1 - 0.80 * crack)[..., None]
    picture += (0.10 * np.clip(np.roll(crack, (2, 3), (0, 1)) - crack, 0, 1))[..., None]
    return finished(picture, rng, [box_of(crack > 0.3)], grain=0.016, blur=0.0)


def gravel(*, seed: int) -> Scene:
    """Photographed gravel with a steel nut laid on it."""
    rng = np.random.default_rng(seed)
    grey = photograph("gravel.png")
    picture = tinted(grey * 1.18, (1.0, 0.955, 0.89))
    left, top, side = 316, 570, 160
    place = picture[top : top + side, left : left + side]
    nut, steel = _steel_nut(rng, side, radius=44.0)
    shadow = cv2.GaussianBlur(np.roll(nut, (12, 14), (0, 1)), (0, 0), 7)
    place *= (1 - 0.62 * shadow * (1 - nut))[..., None]
    place += (tinted(steel, (0.95, 0.98, 1.02)) - place) * nut[..., None]
    return finished(picture, rng, [_moved(box_of(nut > 0.5), left, top)], grain=0.014, blur=0.0)


def _steel_nut(rng: np.random.Generator, side: int, *, radius: float) -> tuple[Shades, Shades]:
    """Opacity and shading of a hexagon nut in the middle of a square, lit from the upper left."""
    angles = np.deg2rad(np.arange(6) * 60 + 17)
    corners = np.stack([np.cos(angles), np.sin(angles)], axis=1) * radius + side / 2
    x, y = (axis - side / 2 for axis in grid(side, side))
    distance, slope = np.hypot(x, y), (x + y) / (2 * radius)
    nut = polygon(corners, side) * (1 - disc(distance, radius * 0.50))
    bore = np.clip(disc(distance, radius * 0.62) - disc(distance, radius * 0.50), 0, 1)
    steel = (0.56 - 0.16 * slope) * (0.74 + 0.26 * disc(distance, radius * 0.84))
    steel += 0.03 * cloud(rng, (side, side), 9)
    steel = steel * (1 - 0.45 * bore * (slope < 0.1)) + 0.18 * bore * (slope > 0.1)
    return nut, steel.astype(np.float32)
