"""Charts of a whole run: how its scores lie, whether they drift, and where on the part something was flagged."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from segdetect.inspection import Floats, Verdict
from segdetect.output.charts import FLAG_COLOUR
from segdetect.output.heat import COLOUR_SCALES
from segdetect.settings import GridSize

# Never colour alone: each verdict has a shape of its own. The colours are seen on light and on dark.
_LOOKS: Final = {
    Verdict.NORMAL.value: ("#2e9e52", "circle"),
    Verdict.SUSPICIOUS.value: ("#c98a12", "triangle-up"),
    Verdict.ANOMALOUS.value: ("#e0531f", "square"),
    Verdict.CANNOT_TELL.value: ("#6f8fc0", "diamond"),
}
# More are drawn by the graphics card.
_MANY: Final = 2000
# Places without a pattern that the eye could take for one.
_GOLDEN: Final = (5**0.5 - 1) / 2
_SMOOTHED: Final = 25
_BAR_TICKS: Final = 6
_EXCESS: Final = "highest score over what it takes"
# A defect may score a hundred times as high as it takes, beside which all others would look alike on an even scale.
_LEAST: Final = 0.1
_SCALE: Final = {
    "type": "log",
    "tickvals": [step * 10.0**power for power in range(-1, 5) for step in (1, 2, 5)],
    "tickformat": "~r",
}


def score_strip(table: pd.DataFrame, *, height: int = 220) -> go.Figure:
    """A mark for each picture at its highest score over what it takes; what is right of 1 is flagged.

    Args:
        table: with the columns `line`, `image` (fit to be shown), `verdict` and `excess`.
        height: in screen pixels.
    """
    figure = go.Figure()
    _add_marks(figure, table, x="place", y=lambda part: (part.line * _GOLDEN) % 1)
    figure.add_vline(1, line={"color": FLAG_COLOUR, "width": 2, "dash": "dash"})
    figure.update_xaxes(_SCALE)
    figure.update_yaxes(visible=False, range=[-0.15, 1.15])
    return _laid_out(figure, height, x=_EXCESS)


def score_order(table: pd.DataFrame, *, height: int = 280) -> go.Figure:
    """The same in the order of the run, with the median of each picture's neighbours, which shows a drift.

    Args:
        table: as in `score_strip`, in the order of the run.
        height: in screen pixels.
    """
    figure = go.Figure()
    _add_marks(figure, table, x="number", y=lambda part: part.place)
    known = table[table.excess.notna()]
    if len(known) >= _SMOOTHED:
        figure.add_scatter(
            x=known.line + 1,
            y=_places(known).rolling(_SMOOTHED, center=True, min_periods=_SMOOTHED // 2).median(),
            mode="lines",
            name="median",
            line={"color": "#8892A6", "width": 3},
            hoverinfo="skip",
        )
    figure.add_hline(1, line={"color": FLAG_COLOUR, "width": 2, "dash": "dash"})
    figure.update_yaxes(_SCALE, title="score / needed")
    return _laid_out(figure, height, x="picture, in the order of the run")


def thinned(table: pd.DataFrame, most: int = _MANY) -> pd.DataFrame:
    """About so many pictures of a run, evenly chosen, and all that are not normal."""
    step = max(1, len(table) // most)
    return table[(table.verdict != Verdict.NORMAL.value) | (table.line % step == 0)]


def flag_sums(tiles: Iterable[Sequence[int]], grid: GridSize) -> Floats:
    """`(rows, cols)` in how many pictures each tile was flagged.

    Args:
        tiles: the flagged tiles of each picture.
        grid: of all of them.
    """
    sums = np.zeros(grid.tiles)
    for flagged in tiles:
        sums[[*flagged]] += 1
    return sums.reshape(grid.rows, grid.cols)


def flag_map(sums: Floats, size_wh: tuple[int, int], *, background: str = "", height: int = 360) -> go.Figure:
    """Where on the part something was flagged, over a typical picture.

    Args:
        sums: `(rows, cols)` in how many pictures each tile was flagged; where none was, the picture shows plainly.
        size_wh: width and height of the picture.
        background: its address; none without.
        height: in screen pixels.
    """
    rows, cols = sums.shape
    width, tall = size_wh
    most = max(1, int(sums.max()))
    figure = go.Figure(
        go.Heatmap(
            z=np.where(sums > 0, sums, np.nan),
            x=(np.arange(cols) + 0.5) * width / cols,
            y=(np.arange(rows) + 0.5) * tall / rows,
            customdata=np.dstack(np.broadcast_arrays(np.arange(1, rows + 1)[:, None], np.arange(1, cols + 1)[None])),
            zmin=0,
            zmax=most,
            colorscale=COLOUR_SCALES[0],
            opacity=0.75,
            # Whole pictures: halves of them would be written as the same number twice.
            colorbar={"title": "pictures", "tick0": 0, "dtick": math.ceil(most / _BAR_TICKS), "thickness": 12},
            hovertemplate="row %{customdata[0]}, col %{customdata[1]}: flagged in %{z}<extra></extra>",
            hoverongaps=False,
        )
    )
    if background:
        place = {"x": 0, "y": 0, "sizex": width, "sizey": tall, "xref": "x", "yref": "y"}
        figure.add_layout_image(source=background, sizing="stretch", layer="below", **place)
    figure.update_xaxes(visible=False, range=[0, width], constrain="domain")
    figure.update_yaxes(visible=False, range=[tall, 0], scaleanchor="x", constrain="domain")
    return _laid_out(figure, height, x="")


def _add_marks(figure: go.Figure, table: pd.DataFrame, *, x: str, y: Callable[[pd.DataFrame], pd.Series]) -> None:
    known = table[table.excess.notna()].assign(number=lambda part: part.line + 1, place=_places)
    kind = go.Scattergl if len(known) > _MANY else go.Scatter
    for verdict, (colour, symbol) in _LOOKS.items():
        part = known[known.verdict == verdict]
        if part.empty:
            continue
        figure.add_trace(
            kind(
                x=part[x],
                y=y(part),
                customdata=np.column_stack([part.image, part.excess]),
                mode="markers",
                name=verdict,
                marker={"color": colour, "symbol": symbol, "size": 9 if len(known) < _MANY else 5, "opacity": 0.75},
                hovertemplate="%{customdata[0]}: %{customdata[1]:.2f}<extra>" + verdict + "</extra>",
            )
        )


def _places(table: pd.DataFrame) -> pd.Series:
    """Where pictures are drawn on the scale, which has no zero."""
    return table.excess.clip(lower=_LEAST)


def _laid_out(figure: go.Figure, height: int, *, x: str) -> go.Figure:
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 32, "b": 8},
        showlegend=True,
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.0, "yanchor": "bottom"},
    )
    return figure.update_xaxes(title=x)
