"""Draws the pictures of docs/method.md from the bundled samples, with the engine that `auto` takes on this machine.

`python -m scripts.method_pictures` writes them to docs/images; `make screenshots` does so too.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from segdetect.inspection import Inspection
from segdetect.output.annotation import FLAG_RGB, crop
from segdetect.output.thumbnails import fitted
from segdetect.pictures.loading import LoadedImage, load_image
from segdetect.pipeline import Inspector
from segdetect.samples.catalogue import defect_boxes, sample_bytes
from segdetect.scoring.look_alikes import LookAlike
from segdetect.settings import Scope, Settings

IMAGES: Final = Path(__file__).resolve().parents[1] / "docs" / "images"
WIDTH: Final = 1240
MARGIN: Final = 32
PICTURE_SIDE: Final = 560
TILE_SIDE: Final = 200
DOT: Final = 12
PAPER: Final = (255, 255, 255)
INK: Final = (22, 35, 59)
GREY: Final = (125, 138, 158)
BLUE: Final = (0, 114, 178)  # Okabe & Ito, as is the orange of flagged tiles: told apart by colour-blind readers
COLOURS: Final = 256

Point = tuple[float, float]
Colour = tuple[int, int, int]


class Canvas:
    """White paper with a pen."""

    def __init__(self, height: int) -> None:
        self.image: Image.Image = Image.new("RGB", (WIDTH, height), PAPER)
        self.pen = ImageDraw.Draw(self.image)

    def write(self, at: Point, text: str, *, size: int = 24, colour: Colour = INK, anchor: str = "la") -> None:
        """Write a line of text."""
        self.pen.text(at, text, font=ImageFont.load_default(size), fill=colour, anchor=anchor)

    def frame(self, at: Point, size_wh: tuple[int, int], colour: Colour) -> None:
        """A thick frame around a box."""
        x, y = at
        self.pen.rectangle((x - 4, y - 4, x + size_wh[0] + 3, y + size_wh[1] + 3), outline=colour, width=6)

    def dot(self, at: tuple[int, int], colour: Colour) -> None:
        """A dot with a smooth edge; `at` is its upper left corner."""
        disc = Image.new("L", (4 * DOT, 4 * DOT))
        ImageDraw.Draw(disc).ellipse((0, 0, 4 * DOT - 1, 4 * DOT - 1), fill=255)
        self.image.paste(colour, at, disc.resize((DOT, DOT), Image.Resampling.BOX))

    def place(self, at: tuple[int, int], picture: Image.Image) -> None:
        """Put a picture on the paper."""
        self.image.paste(picture, at)

    def save(self, path: Path) -> None:
        """Write a PNG file with few colours, which is a quarter as large and looks the same."""
        self.image.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE).save(path, optimize=True)


def sample(key: str) -> LoadedImage:
    """A bundled sample."""
    return load_image(sample_bytes(key), name=f"{key}.png")


def draw_tiles(inspector: Inspector) -> Canvas:
    """The broken mesh in tiles; an ordinary tile and the strongest, each beside its nearest look-alike."""
    image = sample("wire-mesh")
    inspection = inspector.inspect(image, Settings())
    canvas = Canvas(PICTURE_SIDE + 2 * MARGIN + 40)
    scale = _draw_picture(canvas, image, (MARGIN, MARGIN), grid=inspection)
    ordinary = int(np.argsort(inspection.scores.scores)[len(inspection.scores.scores) // 2])
    rows = (
        (ordinary, "An ordinary tile", BLUE),
        (inspection.strongest_tile, "The tile with the highest score", FLAG_RGB),
    )
    for number, (tile, title, colour) in enumerate(rows):
        _mark(canvas, inspection.scores.layout.boxes_ltrb[tile].tolist(), (MARGIN, MARGIN), scale, colour)
        found = inspector.look_alikes(image, inspection, tile, count=1)[0]
        top = MARGIN + number * (PICTURE_SIDE + 40) // 2
        left = 2 * MARGIN + PICTURE_SIDE + 20
        canvas.write((left, top), title, colour=colour)
        _draw_tile(canvas, image, inspection.scores.layout.boxes_ltrb[tile].tolist(), (left, top + 40), colour)
        _draw_tile(canvas, image, found.box_ltrb, (left + TILE_SIDE + MARGIN, top + 40), GREY)
        below = top + 50 + TILE_SIDE
        canvas.write((left, below), f"score {inspection.scores.scores[tile]:.3f}", size=20)
        text = f"nearest look-alike, {found.similarity:.3f} similar"
        canvas.write((left + TILE_SIDE + MARGIN, below), text, size=20)
    caption = f"{inspection.engine}, {inspection.settings.grid} tiles"
    canvas.write((MARGIN, PICTURE_SIDE + MARGIN + 14), caption, size=20, colour=GREY)
    return canvas


def draw_scopes(inspector: Inspector) -> Canvas:
    """A stained tile's look-alikes in the picture itself and in a clean one."""
    image, good = sample("fabric"), sample("clean-fabric")
    inspection = inspector.inspect(image, Settings(scope=Scope.REFERENCES), bank=[good])
    stain = max(defect_boxes("fabric").tolist(), key=lambda box: box[1])
    tile = int(inspection.scores.layout.tiles_at((stain[0] + stain[2]) / 2, (stain[1] + stain[3]) / 2))
    found = inspector.look_alikes(image, inspection, tile, bank=[good], count=16)
    canvas = Canvas(PICTURE_SIDE + 2 * MARGIN + 44)
    for number, (picture, title) in enumerate(((image, "self: the picture itself"), (good, "references: a good one"))):
        left = MARGIN + number * (PICTURE_SIDE + 2 * MARGIN - 8)
        canvas.write((left, MARGIN - 10), title)
        at = (left, MARGIN + 34)
        scale = _draw_picture(canvas, picture, at, grid=inspection)
        _mark_look_alikes(canvas, [a for a in found if a.own == (number == 0)][:3], at, scale)
        if number == 0:
            _mark(canvas, inspection.scores.layout.boxes_ltrb[tile].tolist(), at, scale, FLAG_RGB)
    return canvas


def draw_scores(inspector: Inspector) -> Canvas:
    """The scores of a flawed and a clean fabric, with the thresholds that the rule gate sets for them."""
    pictures = [("Flawed fabric", sample("fabric")), ("Clean fabric", sample("clean-fabric"))]
    inspections = [inspector.inspect(image, Settings()) for _, image in pictures]
    high = 1.08 * max(max(float(i.scores.scores.max()), i.decision.threshold) for i in inspections)
    canvas = Canvas(2 * MARGIN + 470)
    for number, ((title, _), inspection) in enumerate(zip(pictures, inspections, strict=True)):
        top = MARGIN + number * 230
        verdict = inspection.decision.verdict.value
        canvas.write((MARGIN, top), f"{title}: {verdict}")
        _draw_strip(canvas, inspection, top + 44, high)
    text = f"score of each tile ({inspections[0].engine}, each picture compared with itself)"
    canvas.write((WIDTH / 2, 2 * MARGIN + 440), text, size=20, colour=GREY, anchor="mm")
    return canvas


def _draw_picture(canvas: Canvas, image: LoadedImage, at: tuple[int, int], *, grid: Inspection) -> float:
    """Draw a picture with its tiles' edges; return how many canvas pixels one of its pixels has."""
    picture = fitted(Image.fromarray(np.array(image.pixels)), PICTURE_SIDE)
    canvas.place(at, picture)
    scale = picture.width / image.size_wh[0]
    boxes = grid.scores.layout.boxes_ltrb
    for x in sorted({int(x) for x in boxes[:, 0]} - {0}):
        canvas.pen.line((at[0] + x * scale, at[1], at[0] + x * scale, at[1] + picture.height), fill=PAPER, width=2)
    for y in sorted({int(y) for y in boxes[:, 1]} - {0}):
        canvas.pen.line((at[0], at[1] + y * scale, at[0] + picture.width, at[1] + y * scale), fill=PAPER, width=2)
    return scale


def _mark(canvas: Canvas, box_ltrb: Sequence[int], at: tuple[int, int], scale: float, colour: Colour) -> None:
    left, top, right, bottom = (round(side * scale) for side in box_ltrb)
    canvas.frame((at[0] + left, at[1] + top), (right - left, bottom - top), colour)


def _mark_look_alikes(canvas: Canvas, found: Sequence[LookAlike], at: tuple[int, int], scale: float) -> None:
    for look_alike in found:
        _mark(canvas, look_alike.box_ltrb, at, scale, BLUE)
        left, _, right, bottom = (round(side * scale) for side in look_alike.box_ltrb)
        x, y = at[0] + (left + right) // 2, at[1] + bottom - 16
        canvas.pen.rectangle((x - 30, y - 13, x + 30, y + 13), fill=BLUE)
        canvas.write((x, y), f"{look_alike.similarity:.3f}", size=19, colour=PAPER, anchor="mm")


def _draw_tile(
    canvas: Canvas, image: LoadedImage, box_ltrb: Sequence[int], at: tuple[int, int], colour: Colour
) -> None:
    tile = crop(image, box_ltrb).resize((TILE_SIDE, TILE_SIDE), Image.Resampling.LANCZOS)
    canvas.place(at, tile)
    canvas.frame(at, tile.size, colour)


def _draw_strip(canvas: Canvas, inspection: Inspection, top: int, high: float) -> None:
    """A column of dots for each range of scores, over an axis from 0 to `high`, and the threshold as a line."""
    left, width, bottom = MARGIN, WIDTH - 2 * MARGIN, top + 150
    bins = width // (DOT + 2)
    # The ranges are counted from the threshold, so that no dot lies across it.
    threshold = inspection.decision.threshold
    columns = np.floor((inspection.scores.scores - threshold) / high * bins).astype(int)
    step = min(DOT + 1, 130 // int(np.unique(columns, return_counts=True)[1].max()))
    filled = dict.fromkeys(columns.tolist(), 0)
    line = left + threshold / high * width
    for column, flagged in zip(columns.tolist(), inspection.decision.flags, strict=True):
        at = (round(line + 1 + column * width / bins), bottom - DOT - 4 - filled[column] * step)
        filled[column] += 1
        canvas.dot(at, FLAG_RGB if flagged else GREY)
    canvas.pen.line((left, bottom, left + width, bottom), fill=INK, width=2)
    canvas.pen.line((line, top - 6, line, bottom), fill=INK, width=3)
    canvas.write((line + 8, top - 8), f"threshold {threshold:.3g}", size=20)
    for share in (0.0, 0.5, 1.0):
        anchor = "la" if share == 0 else "ra" if share == 1 else "ma"
        canvas.write((left + share * width, bottom + 6), f"{share * high:.2g}", size=18, colour=GREY, anchor=anchor)


def main() -> None:
    """Write all pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    inspector = Inspector()
    for name, draw in (("tiles", draw_tiles), ("scopes", draw_scopes), ("scores", draw_scores)):
        path = IMAGES / f"method-{name}.png"
        draw(inspector).save(path)
        print(f"{path.relative_to(IMAGES.parents[1])}: {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
