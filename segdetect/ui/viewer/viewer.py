"""Pictures to look into and to choose tiles from, as a Streamlit component.

Everything that is only looking (zoom, pan, wipe, overlays) happens in the browser, without a rerun; only a chosen tile
comes back to Python. Streamlit sends an element that has not changed as a hash, but one that has changed as a whole. So
the viewer is put on the page in parts: an element for its code, one for each distinct picture, both invisible, and the
viewer proper, which carries boxes, scores and marks and is all that a rerun sends again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import streamlit as st

from segdetect.output.heat import HeatScale
from segdetect.ui.shared.page import callback
from segdetect.ui.viewer.messages import ViewerEvent, chosen, grid_tried, painted
from segdetect.ui.viewer.painting import Painting, veil
from segdetect.ui.viewer.picture_bytes import LONGEST_SIDE, EncodedPicture, encode_cells, encode_picture

# A closed line: points (x, y) in pixels of the picture.
Line = tuple[tuple[int, int], ...]
_HERE: Final = Path(__file__).parent
_CODE: Final = "segdetect_viewer_code"
_PICTURE: Final = "segdetect_viewer_picture"
_PART: Final = "segdetect_viewer"
# The files of one component are joined, in this order, and share one module scope in the browser.
_SCRIPTS: Final = {
    _CODE: (
        *("desk.js", "geometry.js", "pooling.js", "heat.js", "drawing.js", "layers.js", "shapes.js", "painting.js"),
        *("keys.js", "panels.js", "controls.js", "deep.js", "pointer.js", "probe.js", "ruler.js", "minimap.js"),
        *(
            "pane.js",
            "gridding.js",
            "viewer.js",
            "verdict.js",
            "part.js",
            "film.js",
            "histogram.js",
            "choice.js",
            "shows.js",
        ),
    ),
    _PICTURE: ("pictures.js",),
    _PART: ("desk.js", "mount.js"),
}


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


def picture_viewer(
    panes: Sequence[Pane],
    *,
    key: str,
    selected: int | Sequence[int] | None = None,
    selected_pane: int | None = None,
    height: int = 520,
    room: int | None = None,
    multiple: bool = False,
    by_choice: bool = False,
    looks: Looks | None = None,
    painting: Painting | None = None,
    tried: float = 0,
    has_values: bool = False,
    on_grid: Callable[[int], None] | None = None,
    on_select: Callable[[ViewerEvent], None] | None = None,
) -> ViewerEvent | None:
    """Show pictures side by side, with zoom and place linked, and let the person choose tiles.

    The choice itself is the page's: keep it in the session state, set it in `on_select`, and pass it as `selected`.

    Args:
        panes: one or more pictures.
        key: unique on the page; zoom, place and looks are remembered under it.
        selected: the tile or tiles to highlight, from wherever they were chosen.
        selected_pane: the pane that `selected` refers to; None for all that are selectable.
        height: of the pictures in pixels; tools and status line come on top of it (about 80 pixels).
        room: on a wide screen the pictures fill the window but for so many pixels of height, which the rest of what is
            to be seen at once takes; None for `height` everywhere.
        multiple: several tiles may be chosen (Shift-drag, Ctrl-click, Shift-arrow).
        by_choice: which tiles are chosen is said, and heard of, by `tile_choice` alone.
        looks: what is shown at first.
        painting: lets regions to ignore be painted on the first picture; None for no such tools.
        tried: the number of the last threshold that this answer knows of, as `threshold_histogram` gave it.
        has_values: the values of the first picture's file are there to be asked for; `values_wanted` then says so.
        on_grid: called with the tiles per side that the person chose by the handle, before the rerun that it causes.
        on_select: called with the event before the rerun that it causes, as the callbacks of Streamlit's widgets are.

    Returns:
        The event that caused this rerun; None where another widget caused it.

    Raises:
        ValueError: no pane.
    """
    if not panes:
        raise ValueError("a viewer needs at least one pane")
    pictures = {picture.digest: picture for pane in panes for picture in _layers(pane).values()}
    data = {
        "kind": "viewer",
        "key": key,
        "seen": last_seen(key),
        "panes": [_describe(pane) for pane in panes],
        "selected": None if by_choice else _as_list(selected),
        "selected_pane": selected_pane,
        "height": height,
        "room": room,
        "tried": tried,
        "values": has_values,
        "tried_grid": st.session_state.get(_grid_key(key), 0),
        "multiple": multiple,
        "looks": _describe_looks(looks or Looks()),
        "painting": painting and {"version": painting.version, "most": painting.most_pixels},
    }
    with st.container(gap=None):
        result = mounted_part()(
            key=key,
            data=data,
            on_select_change=callback(functools.partial(note_selection, key, on_select)),
            on_values_change=callback(functools.partial(_note_wanted, key)),
            on_grid_change=callback(functools.partial(_note_grid, key, on_grid)),
            on_ignore_change=callback(functools.partial(_note_painted, key, painting)),
        )
        _mount(_CODE)(key=f"{key}-code", data={"html": _read("viewer.html"), "css": _read("viewer.css")})
        for slot, picture in enumerate(pictures.values()):
            _mount(_PICTURE)(key=f"{key}-picture-{slot}", data=picture.digest.encode("ascii") + picture.data)
    event = chosen(result.get("select"))
    return None if event is None else event[0]


def note_selection(key: str, on_select: Callable[[ViewerEvent], None] | None) -> None:
    """Callback of a part that was told of a choice: remember which it was, and hand it on."""
    told = chosen(st.session_state[key].get("select"))
    if told is None:
        return
    event, sequence = told
    # Sent back to the browser, which ignores a `selected` that is older than what the person chose since.
    st.session_state[_seen_key(key)] = sequence
    if on_select is not None:
        on_select(event)


def values_wanted(key: str) -> str:
    """The id of the pane whose file's values the browser has asked for; empty for none."""
    return str(st.session_state.get(_wanted_key(key), ""))


def _note_wanted(key: str) -> None:
    wanted = st.session_state[key].get("values")
    if isinstance(wanted, str):
        st.session_state[_wanted_key(key)] = wanted


def _wanted_key(key: str) -> str:
    return f"{key}-values-wanted"


def _note_grid(key: str, on_grid: Callable[[int], None] | None) -> None:
    told = grid_tried(st.session_state[key].get("grid"))
    if told is None or on_grid is None:
        return
    parts, sequence = told
    st.session_state[_grid_key(key)] = sequence
    on_grid(parts)


def _grid_key(key: str) -> str:
    return f"{key}-grid-tried"


def _note_painted(key: str, painting: Painting | None) -> None:
    found = painted(st.session_state[key].get("ignore"))
    if found is not None and painting is not None:
        painting.on_change(*found)


def last_seen(key: str) -> int:
    """The number of the last choice that a part told of; 0 for none."""
    return int(st.session_state.get(_seen_key(key), 0))


def _seen_key(key: str) -> str:
    return f"{key}-seen"


def _as_list(selected: int | Sequence[int] | None) -> list[int]:
    if selected is None:
        return []
    return [int(tile) for tile in selected] if isinstance(selected, Sequence) else [int(selected)]


def _layers(pane: Pane) -> dict[str, EncodedPicture]:
    layers = {"picture": encode_picture(pane.picture)}
    if pane.heat is not None and pane.heat.cells is not None:
        layers["cells"] = encode_cells(pane.heat.cells)
    if pane.pool is not None:
        layers["fine"] = encode_cells(pane.pool.cells)
    if pane.ignored is not None:
        layers["ignored"] = encode_picture(veil(pane.ignored))
    if pane.good is not None:
        layers["good"] = encode_picture(pane.good.picture)
    if pane.values is not None:
        layers["values"] = pane.values
    return layers


def _describe(pane: Pane) -> dict[str, Any]:
    layers = _layers(pane)
    digests = {layer: picture.digest for layer, picture in layers.items()}
    return {
        "id": pane.id,
        "title": pane.title,
        "alt": pane.alt,
        "size": [int(side) for side in pane.size_wh],
        **dict.fromkeys(("picture", "cells", "fine", "ignored", "good", "values")),
        **digests,
        "good_title": pane.good and pane.good.title,
        "heat": pane.heat and _describe_heat(pane.heat),
        "edges": pane.edges,
        # Exact, since a threshold that is tried flags by them what it flags on the server.
        "scores": [None if np.isnan(score) else float(score) for score in pane.scores],
        "ranks": [int(rank) for rank in pane.ranks],
        "threshold": pane.threshold,
        "nearest": [int(tile) for tile in pane.nearest],
        "similar": [None if np.isnan(value) else round(float(value), 3) for value in pane.similar],
        "flagged": np.flatnonzero(pane.flags).tolist(),
        "marks": described_marks(pane.marks),
        "selectable": pane.selectable,
        "mm_per_pixel": pane.mm_per_pixel,
        "truth": pane.truth,
        "window": pane.window,
        "pool": pane.pool and {"share": pane.pool.share, "most": pane.pool.most},
        "exact": layers["picture"].lossless and max(pane.size_wh) <= LONGEST_SIDE,
    }


def described_marks(marks: Sequence[Mark]) -> list[dict[str, Any]]:
    """Marks as the browser takes them."""
    return [{"box": list(mark.box_ltrb), "role": mark.role, "label": mark.label} for mark in marks]


def _describe_heat(heat: Heat) -> dict[str, Any]:
    return {
        "marks": heat.scale.scores,
        "places": heat.scale.places,
        "tied": heat.tied,
        "palette": heat.colours.tobytes().hex(),
        "smooth": heat.smooth,
        "notch": heat.notch,
        "words": heat.words,
    }


def _describe_looks(looks: Looks) -> dict[str, float | bool]:
    return {
        "heat": looks.heat,
        "outlines": looks.outlines,
        "labels": looks.labels,
        "grid": looks.grid,
        "wipeOn": looks.wipe,
    }


def mounted_part() -> Any:
    """The component that hands its data over to the viewer's code, which shows what its `kind` names."""
    return _mount(_PART)


@functools.cache
def _mount(name: str) -> Any:
    """Register a component once per process; a second registration under its name would only log a warning."""
    return st.components.v2.component(name, js="\n".join(_read(part) for part in _SCRIPTS[name]))


@functools.cache
def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
