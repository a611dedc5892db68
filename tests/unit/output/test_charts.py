"""The charts as the browser gets them."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from segdetect.inspection import Inspection
from segdetect.output.charts import (
    FLAG_COLOUR,
    LOOKALIKE_COLOUR,
    SELECTED_COLOUR,
    HeatmapStyle,
    score_heatmap,
    stability_map,
)
from segdetect.output.heat import COLOUR_SCALES, heat_scale
from segdetect.output.run_charts import flag_map, score_order, score_strip
from segdetect.pictures.loading import LoadedImage
from segdetect.settings import GridSize
from tests.support.pictures import answer, picture, weave

PICTURE = "data:image/png;base64,AAAA"
SCORES = [0.1, 0.2, 0.3, 0.4, 0.9, 0.6]


@pytest.fixture(scope="module")
def image() -> LoadedImage:
    return picture(weave((65, 40)))


@pytest.fixture(scope="module")
def inspection(image: LoadedImage) -> Inspection:
    cells = np.arange(20, dtype=np.float32).reshape(4, 5)
    return answer(image, SCORES, grid=GridSize(2, 3), flagged=[4, 5], cell_map=cells)


def _spec(figure: go.Figure) -> Any:
    """As the browser reads it; fails on what is no JSON."""
    return json.loads(figure.to_json())


def _traces(figure: go.Figure, kind: str, **wanted: Any) -> list[Any]:
    traces = [trace for trace in figure.data if trace.type == kind]
    return [trace for trace in traces if all(getattr(trace, name) == value for name, value in wanted.items())]


def _targets(figure: go.Figure) -> Any:
    (targets,) = _traces(figure, "scatter", mode="markers")
    return targets


def test_there_is_one_click_target_per_tile_in_tile_order(inspection: Inspection) -> None:
    targets = _targets(score_heatmap(inspection, background=PICTURE))
    boxes = inspection.scores.layout.boxes_ltrb
    np.testing.assert_array_equal(targets.x, (boxes[:, 0] + boxes[:, 2]) / 2)
    np.testing.assert_array_equal(targets.y, (boxes[:, 1] + boxes[:, 3]) / 2)
    assert targets.marker.opacity == 0


def test_a_target_tells_its_place_from_one_score_rank_and_flag(inspection: Inspection) -> None:
    targets = _targets(score_heatmap(inspection, background=PICTURE))
    assert [tuple(data) for data in targets.customdata] == [
        (1, 1, 0.1, 6, "not flagged"),
        (1, 2, 0.2, 5, "not flagged"),
        (1, 3, 0.3, 4, "not flagged"),
        (2, 1, 0.4, 3, "not flagged"),
        (2, 2, 0.9, 1, "flagged"),
        (2, 3, 0.6, 2, "flagged"),
    ]
    assert "of 6" in targets.hovertemplate


def test_targets_lie_above_everything_else(inspection: Inspection) -> None:
    figure = score_heatmap(inspection, background=PICTURE, selected=[0], lookalikes=[1])
    assert figure.data[-1].mode == "markers"
    assert all(trace.hoverinfo == "skip" for trace in figure.data[:-1])


def test_the_colours_are_the_scores_on_the_tiles(inspection: Inspection) -> None:
    (heat,) = _traces(score_heatmap(inspection, background=PICTURE), "heatmap")
    places = heat_scale(inspection).places_of(np.reshape(SCORES, (2, 3)))
    np.testing.assert_allclose(heat.z, places, atol=1e-4)
    assert (heat.zmin, heat.zmax) == (0, 1)
    boxes = inspection.scores.layout.boxes_ltrb
    assert [*heat.x] == [*boxes[:3, 0].tolist(), 65]
    assert [*heat.y] == [0, 20, 40]
    assert heat.zsmooth is False


def test_smooth_shows_the_fine_map_where_there_is_one(inspection: Inspection, image: LoadedImage) -> None:
    style = HeatmapStyle(smooth=True, opacity=0.3, colour_scale="Viridis")
    (heat,) = _traces(score_heatmap(inspection, background=PICTURE, style=style), "heatmap")
    assert np.shape(heat.z) == (4, 5)
    assert (len(heat.x), len(heat.y), heat.zsmooth, heat.opacity) == (5, 4, "best", 0.3)
    coarse = answer(image, SCORES, grid=GridSize(2, 3))
    (heat,) = _traces(score_heatmap(coarse, background=PICTURE, style=style), "heatmap")
    assert np.shape(heat.z) == (2, 3)


@pytest.mark.parametrize("scale", COLOUR_SCALES)
def test_every_colour_scale_is_known_to_plotly(inspection: Inspection, scale: str) -> None:
    style = HeatmapStyle(colour_scale=scale)
    (heat,) = _traces(score_heatmap(inspection, background=PICTURE, style=style), "heatmap")
    assert len(heat.colorscale) >= 2


def _outlines(figure: go.Figure, colour: str) -> list[list[float]]:
    """The boxes outlined in a colour, as left, top, right, bottom."""
    boxes = []
    for trace in _traces(figure, "scatter", mode="lines"):
        if trace.line.color != colour:
            continue
        xs, ys = (np.reshape(v, (-1, 6)) for v in (trace.x, trace.y))
        assert all(math.isnan(v) for v in xs[:, 5])
        boxes += [[x[0], y[0], x[2], y[2]] for x, y in zip(xs.tolist(), ys.tolist(), strict=True)]
    return boxes


def test_flagged_selected_and_alike_tiles_are_outlined(inspection: Inspection) -> None:
    boxes = inspection.scores.layout.boxes_ltrb.tolist()
    figure = score_heatmap(inspection, background=PICTURE, selected=[0], lookalikes=[1, 3])
    assert _outlines(figure, FLAG_COLOUR) == [boxes[4], boxes[5]]
    assert _outlines(figure, SELECTED_COLOUR) == [boxes[0]]
    assert _outlines(figure, LOOKALIKE_COLOUR) == [boxes[1], boxes[3]]
    lines = [trace.line for trace in _traces(figure, "scatter", mode="lines")]
    assert {line.dash for line in lines if line.color == LOOKALIKE_COLOUR} == {"dash"}


def test_outlines_can_be_left_out(inspection: Inspection) -> None:
    figure = score_heatmap(inspection, background=PICTURE, style=HeatmapStyle(outlines=False))
    assert _traces(figure, "scatter", mode="lines") == []


def test_the_picture_lies_under_it_with_square_pixels_and_row_one_on_top(inspection: Inspection) -> None:
    layout = score_heatmap(inspection, background=PICTURE).layout
    (under,) = layout.images
    assert (under.source, under.sizex, under.sizey, under.layer, under.sizing) == (PICTURE, 65, 40, "below", "stretch")
    assert layout.yaxis.scaleanchor == "x"
    assert [*layout.xaxis.range] == [0, 65]
    assert [*layout.yaxis.range] == [40, 0]
    assert [*layout.xaxis.ticktext] == ["1", "2", "3"]
    assert [*layout.yaxis.ticktext] == ["1", "2"]


def test_a_click_is_an_event_at_once(inspection: Inspection) -> None:
    layout = score_heatmap(inspection, background=PICTURE).layout
    assert (layout.clickmode, layout.hovermode, layout.hoverdistance) == ("event+select", "closest", -1)


def test_many_tiles_get_few_ticks() -> None:
    image = picture(weave((320, 320)))
    figure = score_heatmap(answer(image, np.linspace(0, 1, 1024), grid=GridSize(32, 32)), background=PICTURE)
    assert [*figure.layout.xaxis.ticktext] == [str(i) for i in range(1, 33, 2)]
    assert len(_spec(figure)["data"]) == 2


def test_no_tile_flagged_means_no_outline(image: LoadedImage) -> None:
    figure = score_heatmap(answer(image, SCORES, grid=GridSize(2, 3)), background=PICTURE)
    assert [trace["type"] for trace in _spec(figure)["data"]] == ["heatmap", "scatter"]


# ---- stability -------------------------------------------------------------------------------------------------------


def test_the_stability_map_shows_percent_of_the_cuts_over_the_picture() -> None:
    share = np.array([[0.0, 0.5, 1.0], [0.25, 0.0, 0.0]])
    figure = stability_map(share, (30, 20), background=PICTURE)
    (heat,) = _traces(figure, "heatmap")
    np.testing.assert_array_equal(heat.z, [[0, 50, 100], [25, 0, 0]])
    assert (heat.zmin, heat.zmax) == (0, 100)
    assert [*heat.x] == [5, 15, 25]
    assert heat.colorbar.orientation == "h", "beside the picture it would stand at the edge of the page"
    assert [*figure.layout.yaxis.range] == [20, 0]


@pytest.mark.parametrize(("most", "step"), [(1, 1), (4, 1), (6, 1), (7, 2), (60, 10)])
def test_the_bar_beside_the_map_of_a_run_counts_whole_pictures(most: int, step: int) -> None:
    heat = flag_map(np.array([[0.0, 1.0], [0.0, most]]), (64, 64)).data[0]
    assert (heat.zmin, heat.zmax, heat.colorbar.tick0, heat.colorbar.dtick) == (0, most, 0, step)


def test_a_score_far_above_what_it_takes_leaves_the_others_apart_and_none_is_left_out() -> None:
    some = [("normal", 0.0), ("normal", 0.8), ("anomalous", 1.3), ("anomalous", 100.0), ("cannot tell", None)]
    table = pd.DataFrame(
        [
            {"line": line, "image": "a", "verdict": verdict, "excess": excess}
            for line, (verdict, excess) in enumerate(some)
        ]
    )
    for figure, axis in ((score_strip(table), "x"), (score_order(table), "y")):
        assert getattr(figure.layout, f"{axis}axis").type == "log", "where 0 has no place"
        drawn = {trace.name: list(getattr(trace, axis)) for trace in figure.data}
        assert drawn == {"normal": [0.1, 0.8], "anomalous": [1.3, 100.0]}
        told = [excess for trace in figure.data for _, excess in trace.customdata]
        assert told == [0.0, 0.8, 1.3, 100.0], "as it is, where the pointer rests"
