"""What the viewer shows of a picture."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from segdetect.output.heat import HeatScale
from segdetect.ui.viewer.picture_bytes import EncodedPicture

# A closed line: points (x, y) in pixels of the picture.
Line = tuple[tuple[int, int], ...]


class Role(StrEnum):
    """What an outlined box means; each has its own colour and its own line, so that colour is never all there is."""

    FLAGGED = "flagged"
    SECOND = "second"
    SELECTED = "selected"
    PICKED = "picked"
    LOOKALIKE = "lookalike"
    CANDIDATE = "candidate"
    ONLY_LEFT = "only-left"
    ONLY_RIGHT = "only-right"
    UNSCORED = "unscored"


@dataclass(frozen=True, slots=True)
class Mark:
    """An outlined box.

    Args:
        box_ltrb: in pixels of the picture, right and bottom exclusive.
        role: what it means.
        label: a few characters shown in its corner, such as a rank or a similarity; may be empty.
    """

    box_ltrb: tuple[float, float, float, float]
    role: Role
    label: str = ""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Heat:
    """A heat layer, which the browser paints.

    Args:
        cells: `(rows, cols)` float32 scores, stretched over the whole picture, NaN where there is none; None for the
            scores of the pane's tiles.
        scale: which place on the scale of colours each score has.
        colours: `(256, 3)` uint8 RGB from the lowest place to the highest.
        smooth: blend between the values; False shows each as a flat field.
        tied: the threshold that the scale is tied to; it follows while a person tries another. None for none.
        notch: the place, 0..1, where something begins that the words name; None for none.
        words: a few, for the legend.
    """

    cells: npt.NDArray[np.float32] | None = None
    scale: HeatScale
    colours: npt.NDArray[np.uint8]
    smooth: bool
    tied: float | None = None
    notch: float | None = None
    words: str


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Good:
    """A known-good picture to hold against a pane's own.

    Args:
        title: its name, fit to be shown.
        picture: as `Pane.picture`.
    """

    title: str
    picture: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class ByOther:
    """What another engine flags where the pane's own flags nothing.

    Args:
        engine: its name.
        tiles: of the pane's grid, the strongest first.
    """

    engine: str
    tiles: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Pool:
    """What the browser needs to pool the tiles of other grids by itself, as `segdetect.scoring.pooling` does.

    Args:
        cells: `(rows, cols)` float32 scores of the cells, stretched over the whole picture, NaN where there is none.
        share: of a tile's highest points, which are averaged.
        most: tiles on each side of the finest grid.
    """

    cells: npt.NDArray[np.float32]
    share: float
    most: int


def _no_boxes() -> npt.NDArray[np.int32]:
    return np.empty((0, 4), np.int32)


def _no_numbers() -> npt.NDArray[np.float64]:
    return np.empty(0, np.float64)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Pane:
    """One picture with its tiles.

    Args:
        id: names the picture (SHA-256 and page): zoom and place are kept as long as it stays the same.
        title: shown above the picture; may be empty.
        picture: `(height, width, 3)` or `(height, width)` uint8, or what `encode_picture` made of it. A read-only array
            is hashed once, a writable one at each rerun.
        size_wh: true width and height in pixels, which the boxes refer to.
        alt: says in words what the picture shows.
        boxes_ltrb: `(n, 4)` boxes of a full grid of tiles, row-major; right and bottom are exclusive.
        scores: `(n,)`; higher is more anomalous. NaN for a tile without one; empty where there are none.
        ranks: `(n,)`, 1 for the highest score; of no meaning for a tile without one. Empty where there are none.
        flags: `(n,)` bool; flagged tiles are outlined and carry their rank. Empty where there are none.
        marks: further outlined boxes.
        threshold: the lowest score that is flagged; None where nothing was learnt.
        nearest: `(n,)` the tile of the same picture that is most like each; -1 for none. Empty where that is not told.
        similar: `(n,)` how like it is, up to 1; empty where that is not told.
        heat: the layer of colours; None for none.
        good: a known-good picture, to be held against this one; None for none.
        ignored: `(rows, cols)` bool, stretched over the whole picture, True where nothing is looked at, which is
            hatched; None for nowhere.
        selectable: whether tiles of this pane can be chosen, and show the choice.
        mm_per_pixel: how many millimetres a pixel is wide and high, for the scale bar; None where that is not known.
        truth: closed lines around what is known to be defective.
        window: values of the file that are black and white in `picture`, where it has more than 8 bits; None elsewhere.
        values: the values of such a file as `encode_values` makes them, once a person has come near; None else.
        pool: lets other grids be looked at while a handle is moved; None for no handle.
        by_other: tiles to look at since another engine flags them, in place of candidates; None for none.

    Raises:
        ValueError: arrays whose lengths differ, boxes that are not a grid, or scores that are infinite.
    """

    id: str
    title: str
    picture: npt.NDArray[np.uint8] | EncodedPicture
    size_wh: tuple[int, int]
    alt: str
    boxes_ltrb: npt.NDArray[np.integer[Any]] = field(default_factory=_no_boxes)
    scores: npt.NDArray[np.floating[Any]] = field(default_factory=_no_numbers)
    ranks: npt.NDArray[Any] = field(default_factory=_no_numbers)
    flags: npt.NDArray[Any] = field(default_factory=_no_numbers)
    marks: tuple[Mark, ...] = ()
    threshold: float | None = None
    nearest: npt.NDArray[np.integer[Any]] = field(default_factory=_no_boxes)
    similar: npt.NDArray[np.floating[Any]] = field(default_factory=_no_numbers)
    heat: Heat | None = None
    good: Good | None = None
    ignored: npt.NDArray[np.bool_] | None = None
    selectable: bool = True
    mm_per_pixel: float | None = None
    truth: tuple[Line, ...] = ()
    window: tuple[float, float] | None = None
    values: EncodedPicture | None = None
    pool: Pool | None = None
    by_other: ByOther | None = None

    def __post_init__(self) -> None:
        tiles = len(self.boxes_ltrb)
        for name in ("scores", "ranks", "flags", "nearest", "similar"):
            values = getattr(self, name)
            if len(values) not in (0, tiles):
                raise ValueError(f"{len(values)} {name} for {tiles} tiles")
        if np.isinf(self.scores).any():
            raise ValueError("scores must be finite")
        across, down = self.edges
        if len(across) * len(down) != tiles:
            raise ValueError(f"{tiles} boxes are not a grid of {len(down)} rows and {len(across)} columns")

    @property
    def edges(self) -> tuple[list[list[int]], list[list[int]]]:
        """Left and right of each column, and top and bottom of each row."""
        across = np.unique(self.boxes_ltrb[:, [0, 2]], axis=0)
        down = np.unique(self.boxes_ltrb[:, [1, 3]], axis=0)
        return across.tolist(), down.tolist()


@dataclass(frozen=True, slots=True)
class Looks:
    """What is shown at first; the person may change all of it, and that is kept for the browser session.

    Args:
        heat: opacity of the heat overlay, 0..1; 0 leaves the layer off until it is switched on.
        outlines: draw flags and marks.
        labels: write ranks and labels.
        grid: draw the tile boundaries.
        wipe: start with the before/after slider on.
    """

    heat: float = 0.55
    outlines: bool = True
    labels: bool = True
    grid: bool = False
    wipe: bool = False
