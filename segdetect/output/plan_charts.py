"""The chart of what a plan's good pictures taught it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import plotly.graph_objects as go

from segdetect.inspection import Flags, Floats
from segdetect.message import Message
from segdetect.output.charts import FLAG_COLOUR, OUTLINE_COLOUR

CALM: Final = "#7C8AA0"
# So many times the typical score and more are drawn on a logarithmic axis, which begins at that share of it.
_WIDE: Final = 8.0
_LOWEST: Final = 10.0


def strip_of_strengths(
    names: Sequence[str], strongest: Sequence[float], odd: Sequence[bool], threshold: float | None, *, height: int = 170
) -> go.Figure:
    """Each good picture's strongest tile as a point on one line, and what a strongest tile must reach as another.

    Args:
        names: of the pictures, fit to stand in HTML.
        strongest: their highest scores.
        odd: which are pointed out: they have a shape of their own, too.
        threshold: None where nothing was learnt.
        height: in pixels.
    """
    values, marked = np.array(strongest), np.array(odd, bool)
    # One that is far off would push all others together; one that repeats another scores nothing, which has no log.
    least = float(np.median(values)) / _LOWEST
    spread = bool(least > 0 and values.max() > _WIDE * np.median(values))
    figure = go.Figure()
    _add_pictures(figure, names, values, marked, np.maximum(values, least) if spread else values)
    if threshold is not None:
        _add_threshold(figure, threshold, spread)
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 44, "b": 8},
        legend={"orientation": "h", "x": 0, "y": -0.35, "yanchor": "top"},
        xaxis={"type": "log", "dtick": 1} if spread else {"rangemode": "tozero"},
        yaxis={"visible": False, "range": [-0.4, 1.4]},
    )
    return figure


def _add_pictures(figure: go.Figure, names: Sequence[str], values: Floats, marked: Flags, across: Floats) -> None:
    """Add the points: `values` are told, `across` is where they stand."""
    looks: Mapping[str, tuple[Flags, str, str]] = {
        "as good as the others": (~marked, CALM, "circle"),
        "is this one really good?": (marked, FLAG_COLOUR, "diamond"),
    }
    for label, (chosen, colour, symbol) in looks.items():
        at = np.flatnonzero(chosen)
        figure.add_scatter(
            x=across[at],
            # Points of nearly the same score stay apart.
            y=[(number * 0.37) % 1 for number in at],
            name=label,
            mode="markers",
            text=[names[number] for number in at],
            customdata=values[at],
            marker={"color": colour, "symbol": symbol, "size": 12, "line": {"color": OUTLINE_COLOUR, "width": 1}},
            hovertemplate="%{text}<br>strongest tile %{customdata:.3f}<extra></extra>",
        )


def _add_threshold(figure: go.Figure, threshold: float, spread: bool) -> None:
    figure.add_vline(x=threshold, line={"color": FLAG_COLOUR, "width": 2, "dash": "dot"})
    # On a logarithmic axis annotations are placed by the logarithm, and lines are not.
    figure.add_annotation(
        x=math.log10(threshold) if spread else threshold,
        y=1,
        yref="paper",
        yanchor="bottom",
        showarrow=False,
        text=Message("threshold {threshold:.3f}", threshold=threshold),
    )
