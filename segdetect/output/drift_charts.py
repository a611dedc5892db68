"""Whether pictures by a plan become less like the good ones: a chart, and a sentence where they do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import plotly.graph_objects as go

from segdetect.deciding.drift import ControlChart
from segdetect.output.charts import FLAG_COLOUR
from segdetect.output.plan_charts import CALM

_AVERAGE: Final = "#3B78D8"
_SENTENCES: Final = {
    1: "The pictures of the last {span} are less like the good ones than before: light, focus, dirt?",
    -1: "The pictures of the last {span} are more alike than before: does the camera still take new ones, and is it as "
    "sharp and as bright as it was?",
}


def drift_sentence(chart: ControlChart, times: Sequence[datetime], now: datetime) -> str:
    """What a person is told of a drift; empty where there is none.

    Args:
        chart: of the scores.
        times: of each of its values.
        now: the time.
    """
    if not chart.signal:
        return ""
    return _SENTENCES[chart.signal].format(span=span_of(now - times[chart.since]))


def span_of(time: timedelta) -> str:
    """A length of time, as one says it.

    >>> [span_of(timedelta(minutes=minutes)) for minutes in (1, 20, 55, 170, 3000)]
    ['5 minutes', '20 minutes', 'hour', '3 hours', '2 days']
    """
    minutes = time / timedelta(minutes=1)
    if minutes < 45:
        return f"{max(5, round(minutes / 5) * 5)} minutes"
    if minutes < 90:
        return "hour"
    return f"{round(minutes / 60)} hours" if minutes < 36 * 60 else f"{round(minutes / 1440)} days"


def drift_chart(chart: ControlChart, scores: Sequence[float], *, shown: int = 300, height: int = 260) -> go.Figure:
    """The scores of normal pictures in their order, their moving average, and the limits within which it should stay.

    Args:
        chart: of the scores.
        scores: the strongest tile of each picture.
        shown: so many of the last ones are drawn.
        height: in screen pixels.
    """
    begin = max(0, len(scores) - shown)
    number = np.arange(begin + 1, len(scores) + 1)
    figure = go.Figure()
    for name, values in (("limits", chart.upper), ("", chart.lower)):
        figure.add_scatter(
            x=number,
            y=values[begin:],
            mode="lines",
            name=name,
            showlegend=bool(name),
            hoverinfo="skip",
            line={"color": FLAG_COLOUR, "width": 1.5, "dash": "dot"},
        )
    figure.add_scatter(
        x=number,
        y=np.asarray(scores)[begin:],
        mode="markers",
        name="strongest tile of a picture",
        marker={"color": CALM, "size": 5, "opacity": 0.7},
        hovertemplate="picture %{x}: strongest tile %{y:.3f}<extra></extra>",
    )
    figure.add_scatter(
        x=number,
        y=chart.smoothed[begin:],
        mode="lines",
        name="moving average",
        line={"color": _AVERAGE, "width": 2.5},
        hovertemplate="average at picture %{x}: %{y:.3f}<extra></extra>",
    )
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        legend={"orientation": "h", "x": 0, "y": -0.3, "yanchor": "top"},
        xaxis={"title": "normal pictures, in their order"},
        yaxis={"title": "strongest tile"},
    )
    return figure
