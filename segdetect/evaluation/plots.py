"""Charts of an evaluation, as Plotly figures. Colours are told apart by colour-blind readers (Okabe & Ito)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import plotly.graph_objects as go

from segdetect.evaluation.figures import Evaluation, Figures, PictureResult
from segdetect.evaluation.metrics import precision_recall
from segdetect.evaluation.operating import OperatingPoint, OperatingPoints
from segdetect.inspection import Floats, Ints
from segdetect.settings import GridSize

GOOD_COLOUR: Final = "#0072B2"
DEFECT_COLOUR: Final = "#D55E00"
LINE_COLOURS: Final = (GOOD_COLOUR, DEFECT_COLOUR, "#009E73", "#CC79A7")
LINE_COLOUR: Final = "#7C8AA0"  # seen on a light and on a dark page
MAX_POINTS: Final = 400  # of a curve; more cannot be seen and make the page slow
MAX_BINS: Final = 40
BIN_WIDTHS: Final = (0.05, 0.1, 0.2, 0.25, 0.5, 1.0)  # each ends a bin at the threshold


def precision_recall_chart(evaluation: Evaluation, *, height: int = 340) -> go.Figure:
    """Precision over recall of all tiles pooled, as a threshold falls, and where the rule's own flags lie.

    Args:
        evaluation: the run to show.
        height: of the chart in screen pixels.
    """
    figure = go.Figure()
    truth, scores = evaluation.tiles()
    if truth.any():
        curve = precision_recall(truth, scores)
        shown = _thinned(len(curve.recall))
        figure.add_scatter(
            x=curve.recall[shown],
            y=curve.precision[shown],
            customdata=curve.thresholds[shown],
            mode="lines",
            name="one threshold for all pictures",
            line={"color": GOOD_COLOUR, "width": 2.5},
            hovertemplate="recall %{x:.2f}, precision %{y:.2f}<br>threshold %{customdata:.3g}<extra></extra>",
        )
    overall = evaluation.overall
    if overall.precision is not None and overall.recall is not None:
        figure.add_scatter(
            x=[overall.recall],
            y=[overall.precision],
            mode="markers",
            name="flags of the rule, defective pictures",
            marker={"color": DEFECT_COLOUR, "size": 12, "symbol": "diamond"},
            hovertemplate="recall %{x:.2f}, precision %{y:.2f}<extra></extra>",
        )
    return _laid_out(figure, height, x="recall (share of the defective tiles found)", y="precision", unit=True)


def score_histogram_chart(evaluation: Evaluation, *, height: int = 340) -> go.Figure:
    """How the scores of good and of defective tiles spread around the threshold of their picture.

    Scores are shown as multiples of the picture's threshold, since thresholds differ between pictures: what lies at 1
    or above is flagged.

    Args:
        evaluation: the run to show.
        height: of the chart in screen pixels.
    """
    figure = go.Figure()
    counted = [p for p in evaluation.pictures if not p.has_empty_mask and (p.inspection.threshold or 0.0) > 0]
    ratios = np.concatenate([_ratios(picture) for picture in counted]) if counted else np.zeros(0)
    truth = np.concatenate([picture.truth for picture in counted]) if counted else np.zeros(0, bool)
    # The few largest would squeeze all others into a corner; they are counted in the last bar.
    top = max(2.0, float(np.quantile(ratios, 0.995))) if len(ratios) else 2.0
    width = next((width for width in BIN_WIDTHS if top / width <= MAX_BINS), float(np.ceil(top / MAX_BINS)))
    edges = width * np.arange(np.ceil(top / width) + 1)
    for name, colour, values in (("good", GOOD_COLOUR, ratios[~truth]), ("defective", DEFECT_COLOUR, ratios[truth])):
        counts, _ = np.histogram(np.minimum(values, edges[-1]), edges)
        figure.add_bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=counts / max(1, len(values)),
            width=width,
            name=f"{name} tiles ({len(values)})",
            marker={"color": colour, "opacity": 0.65},
            customdata=counts,
            hovertemplate="%{customdata} " + name + " tiles (%{y:.1%})<br>%{x:.2f} times the threshold<extra></extra>",
        )
    figure.add_vline(
        x=1,
        line={"color": LINE_COLOUR, "width": 2, "dash": "dot"},
        annotation={"text": "flagged from here \u2192", "y": 1, "xanchor": "left", "yanchor": "bottom"},
    )
    figure.update_layout(barmode="overlay", bargap=0)
    figure.update_yaxes(tickformat=".0%")
    _laid_out(figure, height, x="score, as a multiple of its picture's threshold", y="share of tiles")
    # The line's text has the space between the bars and the legend to itself.
    return figure.update_layout(margin={"t": 56}, legend={"y": 1.09})


def operating_chart(
    points: OperatingPoints, *, own: OperatingPoint | None, chosen: OperatingPoint, height: int = 340
) -> go.Figure:
    """Misses over false alarms, of 100 pictures each, as one cut for all pictures is lowered.

    Args:
        points: as `operating_points` found them.
        own: what the rule itself flagged.
        chosen: the point to mark.
        height: of the chart in screen pixels.
    """
    figure = go.Figure()
    figure.add_scatter(
        x=[100 * point.false_alarms for point in points.points],
        y=[100 * point.misses for point in points.points],
        customdata=[point.cut for point in points.points],
        mode="lines",
        line={"color": GOOD_COLOUR, "width": 2.5, "shape": "hv"},
        name="stricter or laxer",
        hovertemplate="%{x:.0f} false alarms, %{y:.0f} misses<br>%{customdata:.2f} x what it takes<extra></extra>",
    )
    marks = [("your choice", chosen, LINE_COLOURS[2], "circle")]
    marks += [] if own is None else [("the rule as it is", own, DEFECT_COLOUR, "diamond")]
    for name, point, colour, symbol in marks:
        figure.add_scatter(
            x=[100 * point.false_alarms],
            y=[100 * point.misses],
            mode="markers",
            name=name,
            marker={"color": colour, "size": 13, "symbol": symbol},
            hovertemplate="%{x:.0f} false alarms, %{y:.0f} misses<extra>" + name + "</extra>",
        )
    _laid_out(figure, height, x="false alarms, of 100 good pictures", y="misses, of 100 defective ones")
    figure.update_xaxes(range=[-2, 102])
    return figure.update_yaxes(range=[-2, 105])


def grid_chart(lines: Mapping[str, Sequence[tuple[GridSize, Figures]]], *, height: int = 340) -> go.Figure:
    """Average precision over the fineness of the grid.

    Args:
        lines: by name, what `evaluation.ap_by_grid` returned.
        height: of the chart in screen pixels.
    """
    figure = go.Figure()
    for number, (name, points) in enumerate(lines.items()):
        figure.add_scatter(
            x=[grid.tiles for grid, _ in points],
            y=[figures.ap for _, figures in points],
            text=[str(grid) for grid, _ in points],
            mode="lines+markers",
            name=name,
            line={"color": LINE_COLOURS[number % len(LINE_COLOURS)], "width": 2.5},
            hovertemplate="%{text} tiles: AP %{y:.3f}<extra>" + name + "</extra>",
        )
    ticks = {grid.tiles: str(grid) for points in lines.values() for grid, _ in points}
    figure.update_xaxes(type="log", tickvals=list(ticks), ticktext=list(ticks.values()))
    return _laid_out(figure, height, x="grid (rows x columns)", y="average precision (AP)", unit=False)


def _ratios(picture: PictureResult) -> Floats:
    return picture.inspection.scores.comparable / picture.inspection.decision.threshold


def _thinned(count: int) -> Ints:
    """At most `MAX_POINTS` indices, the first and the last among them, closest at the start."""
    return np.unique((np.linspace(0, 1, MAX_POINTS) ** 2 * (count - 1)).astype(np.int64))


def _laid_out(figure: go.Figure, height: int, *, x: str, y: str, unit: bool = False) -> go.Figure:
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 32, "b": 8},
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.0, "yanchor": "bottom"},
    )
    figure.update_xaxes(title=x)
    figure.update_yaxes(title=y)
    if unit:
        figure.update_xaxes(range=[0, 1.02])
        figure.update_yaxes(range=[0, 1.05])
    return figure
