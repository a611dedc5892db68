"""The interactive charts, as Plotly figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import plotly.graph_objects as go

from segdetect.grid import Boxes
from segdetect.inspection import Floats, Inspection
from segdetect.output.heat import COLOUR_SCALES, HeatScale, heat_colours, heat_scale, heat_values
from segdetect.output.thumbnails import hatching_uri
from segdetect.regions import Regions

FLAG_COLOUR: Final = "#FF5C28"
HALO_COLOUR: Final = "#101018"
SELECTED_COLOUR: Final = "#FFFFFF"
PICKED_COLOUR: Final = "#CBA6FF"
LOOKALIKE_COLOUR: Final = "#56B4E9"
OUTLINE_COLOUR: Final = "#A33208"  # seen against `FLAG_COLOUR` and against a light and a dark page
_MAX_TICKS: Final = 16
_BAR_PX: Final = 280
_MARGIN: Final = {"l": 8, "r": 8, "t": 8, "b": 8}


@dataclass(frozen=True, slots=True)
class HeatmapStyle:
    """How the heatmap looks.

    Args:
        opacity: of the colours over the picture, 0..1.
        colour_scale: one of `COLOUR_SCALES`.
        smooth: show the fine map of a dense engine, or blend from tile to tile, in place of plain tiles.
        outlines: outline flagged tiles.
        stretch: spread the colours over this picture's own scores in place of tying them to the threshold.
    """

    opacity: float = 0.55
    colour_scale: str = COLOUR_SCALES[0]
    smooth: bool = False
    outlines: bool = True
    stretch: bool = False


PLAIN_HEATMAP: Final = HeatmapStyle()


def score_heatmap(
    inspection: Inspection,
    *,
    background: str,
    style: HeatmapStyle = PLAIN_HEATMAP,
    selected: Sequence[int] = (),
    picked: Sequence[int] = (),
    lookalikes: Sequence[int] = (),
    height: int = 520,
) -> go.Figure:
    """The score of each tile over the picture; hover tells the figures, a click selects the tile.

    Tiles without a score have no colour; regions that were ignored are hatched.

    A `go.Heatmap` never reports clicks in Streamlit, so invisible markers lie over it, one per tile in tile order: a
    selected point's index is its tile.

    Args:
        inspection: the answer to show.
        background: address of the picture (a `data:` URI).
        style: how it looks.
        selected: tiles to outline in white.
        picked: tiles to outline in lilac dots, which were picked together.
        lookalikes: tiles to outline in blue dashes.
        height: of the chart in screen pixels.
    """
    boxes = inspection.scores.layout.boxes_ltrb
    figure = go.Figure()
    _add_picture(figure, inspection.size_wh, background)
    _add_scores(figure, inspection, style)
    if inspection.settings.ignore is not None:
        _add_regions(figure, inspection.settings.ignore, inspection.size_wh)
    if style.outlines:
        _add_outlines(figure, boxes[inspection.flagged_tiles], FLAG_COLOUR, "solid", name="flagged")
    _add_outlines(figure, boxes[list(lookalikes)], LOOKALIKE_COLOUR, "dash")
    _add_outlines(figure, boxes[list(picked)], PICKED_COLOUR, "dot")
    _add_outlines(figure, boxes[list(selected)], SELECTED_COLOUR, "solid")
    _add_targets(figure, inspection)
    _lay_out(figure, inspection, height)
    return figure


def stability_map(share: Floats, size_wh: tuple[int, int], *, background: str, height: int = 460) -> go.Figure:
    """The share of cuts in which each spot is flagged, over the picture.

    Args:
        share: `(rows, cols)` 0..1, spread evenly over the picture.
        size_wh: the picture's width and height in pixels.
        background: address of the picture (a `data:` URI).
        height: of the chart in screen pixels.
    """
    width_px, height_px = size_wh
    figure = go.Figure()
    _add_picture(figure, size_wh, background)
    rows, cols = share.shape
    figure.add_heatmap(
        z=np.round(share * 100),
        x=_centres(width_px, cols),
        y=_centres(height_px, rows),
        zmin=0,
        zmax=100,
        colorscale="Cividis",
        opacity=0.6,
        hovertemplate="flagged in %{z:.0f} % of the cuts<extra></extra>",
        colorbar={
            # Below the picture: beside it, the bar would stand at the edge of the page, far from a square picture.
            "orientation": "h",
            "thickness": 10,
            "outlinewidth": 0,
            "ticksuffix": " %",
            "len": _BAR_PX,
            "lenmode": "pixels",
            "y": -0.02,
            "yanchor": "top",
        },
    )
    hidden = {"visible": False, "constrain": "domain"}
    figure.update_xaxes(range=[0, width_px], **hidden)
    figure.update_yaxes(range=[height_px, 0], scaleanchor="x", **hidden)
    figure.update_layout(margin=_MARGIN | {"b": 44}, height=height, dragmode="pan")
    return figure


def _add_picture(figure: go.Figure, size_wh: tuple[int, int], background: str) -> None:
    figure.add_layout_image(
        {"source": background, "x": 0, "y": 0, "sizex": size_wh[0], "sizey": size_wh[1], "xref": "x", "yref": "y"},
        sizing="stretch",
        layer="below",
    )


def _add_regions(figure: go.Figure, regions: Regions, size_wh: tuple[int, int]) -> None:
    figure.add_layout_image(
        {"source": hatching_uri(regions, size_wh), "x": 0, "y": 0, "sizex": size_wh[0], "sizey": size_wh[1]},
        xref="x",
        yref="y",
        sizing="stretch",
        layer="above",
    )


def _add_scores(figure: go.Figure, inspection: Inspection, style: HeatmapStyle) -> None:
    layout = inspection.scores.layout
    boxes, cols = layout.boxes_ltrb, layout.grid.cols
    values = heat_values(inspection, smooth=style.smooth)
    xs = [*boxes[:cols, 0].tolist(), int(boxes[-1, 2])]
    ys = [*boxes[::cols, 1].tolist(), int(boxes[-1, 3])]
    if style.smooth:
        xs, ys = (_centres(side, parts) for side, parts in zip(inspection.size_wh, values.shape[::-1], strict=True))
    scale = heat_scale(inspection, stretch=style.stretch, smooth=style.smooth)
    figure.add_heatmap(
        z=np.round(scale.places_of(values), 4),
        zmin=0,
        zmax=1,
        x=xs,
        y=ys,
        zsmooth="best" if style.smooth else False,
        colorscale=_colorscale(style.colour_scale),
        opacity=style.opacity,
        hoverinfo="skip",
        colorbar=_legend(scale),
    )


def _colorscale(name: str) -> list[tuple[float, str]]:
    colours = heat_colours(name)[::5]
    return [(i / (len(colours) - 1), f"rgb({r},{g},{b})") for i, (r, g, b) in enumerate(colours.tolist())]


def _legend(scale: HeatScale) -> dict[str, object]:
    return {
        "orientation": "h",
        "y": -0.02,
        "yanchor": "top",
        "thickness": 10,
        "outlinewidth": 0,
        "len": 0.7,
        "tickvals": scale.places,
        "ticktext": scale.labels,
        "ticks": "outside",
        "ticklen": 4,
    }


def _centres(length: int, parts: int) -> list[float]:
    return [(i + 0.5) * length / parts for i in range(parts)]


def _add_outlines(figure: go.Figure, boxes_ltrb: Boxes, colour: str, dash: str, *, name: str | None = None) -> None:
    """All boxes in one trace each for halo and line: shapes would be slow for a thousand tiles."""
    if not len(boxes_ltrb):
        return
    left, top, right, bottom = boxes_ltrb.T.astype(float)
    gap = np.full(len(boxes_ltrb), np.nan)
    x = np.stack([left, right, right, left, left, gap], axis=1).ravel()
    y = np.stack([top, top, bottom, bottom, top, gap], axis=1).ravel()
    for line in ({"color": HALO_COLOUR, "width": 5}, {"color": colour, "width": 2.5, "dash": dash}):
        figure.add_scatter(x=x, y=y, mode="lines", line=line, name=name, hoverinfo="skip", showlegend=False)


def _add_targets(figure: go.Figure, inspection: Inspection) -> None:
    scores = inspection.scores
    left, top, right, bottom = scores.layout.boxes_ltrb.T
    cols = scores.layout.grid.cols
    ranks, flags = scores.ranks, inspection.decision.flags.tolist()
    state = {True: "flagged", False: "not flagged"}
    hover = {
        True: "Row %{customdata[0]}, col %{customdata[1]}<br>score %{customdata[2]:.3f}"
        f"<br>rank %{{customdata[3]}} of {scores.scored.sum()}, %{{customdata[4]}}<extra></extra>",
        False: "Row %{customdata[0]}, col %{customdata[1]}<br>not scored<extra></extra>",
    }
    figure.add_scatter(
        x=(left + right) / 2,
        y=(top + bottom) / 2,
        mode="markers",
        showlegend=False,
        marker={"symbol": "square", "opacity": 0, "size": 6},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        customdata=[
            (tile // cols + 1, tile % cols + 1, float(scores.scores[tile]), int(ranks[tile]), state[flags[tile]])
            for tile in range(len(flags))
        ],
        hovertemplate=hover[True] if scores.scored.all() else [hover[bool(ok)] for ok in scores.scored],
    )


def _lay_out(figure: go.Figure, inspection: Inspection, height: int) -> None:
    width_px, height_px = inspection.size_wh
    layout = inspection.scores.layout
    boxes, cols = layout.boxes_ltrb, layout.grid.cols
    x_centres = (boxes[:cols, 0] + boxes[:cols, 2]) / 2
    y_centres = (boxes[::cols, 1] + boxes[::cols, 3]) / 2
    figure.update_xaxes(range=[0, width_px], constrain="domain", side="top", **_ticks(x_centres))
    figure.update_yaxes(range=[height_px, 0], scaleanchor="x", constrain="domain", **_ticks(y_centres))
    figure.update_layout(
        hovermode="closest",
        hoverdistance=-1,
        clickmode="event+select",
        dragmode="pan",
        margin=_MARGIN,
        height=height,
    )


def _ticks(centres: Floats) -> dict[str, object]:
    """Rows and columns counted from 1, thinned out where there are many."""
    step = -(-len(centres) // _MAX_TICKS)
    return {
        "tickvals": centres[::step].tolist(),
        "ticktext": [str(i + 1) for i in range(0, len(centres), step)],
        "ticks": "",
        "showgrid": False,
        "zeroline": False,
    }
