"""What the colours of a heat map mean: one scale for every view."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image

from segdetect.inspection import Inspection, Verdict
from segdetect.output.charts import HeatmapStyle, score_heatmap
from segdetect.output.heat import COLOUR_SCALES, heat_colours, heat_over, heat_rgba, heat_scale
from segdetect.pictures.loading import LoadedImage
from segdetect.settings import GridSize
from segdetect.ui.viewer.panes import inspection_pane
from tests.support.pictures import answer, picture, weave

SCORES = [0.0, 0.25, 0.5, 0.75, 1.0, 5.0]
GRID = GridSize(2, 3)


@pytest.fixture(scope="module")
def image() -> LoadedImage:
    return picture(weave((65, 40)))


@pytest.fixture(scope="module")
def odd(image: LoadedImage) -> Inspection:
    return answer(image, SCORES, grid=GRID, flagged=[2, 3, 4, 5], threshold=0.5)


@pytest.fixture(scope="module")
def unknown(image: LoadedImage) -> Inspection:
    """As where there was nothing to learn from: the threshold is the lowest number that no tile reaches."""
    return answer(image, SCORES, grid=GRID, threshold=math.nextafter(5.0, math.inf), verdict=Verdict.CANNOT_TELL)


def test_the_brightest_third_begins_at_the_threshold(odd: Inspection) -> None:
    scale = heat_scale(odd)
    np.testing.assert_allclose(scale.places_of(np.array(SCORES)), [0, 0.2, 2 / 3, 1, 1, 1])
    assert scale.labels == ("0", "0.25", "threshold 0.5", "0.75+")
    assert not scale.stretched


def test_a_picture_in_which_nothing_stands_out_is_nowhere_bright(image: LoadedImage) -> None:
    calm = answer(image, SCORES, grid=GRID, threshold=6.0, verdict=Verdict.NORMAL)
    assert heat_scale(calm).places_of(calm.scores.scores).max() < 2 / 3
    stretched = heat_scale(calm, stretch=True)
    assert [*stretched.places_of(np.array([0.0, 5.0]))] == [0, 1]
    assert stretched.labels == ("lowest 0", "highest 5")


def test_without_a_threshold_the_scale_is_that_of_the_picture(
    image: LoadedImage, unknown: Inspection, odd: Inspection
) -> None:
    assert unknown.threshold is None
    assert heat_scale(unknown).stretched
    assert odd.threshold == 0.5
    every = answer(image, SCORES, grid=GRID, flagged=range(6), threshold=0.0)
    assert heat_scale(every).stretched, "of a threshold of zero there is no share"
    same = answer(image, [0.3] * 6, grid=GRID, threshold=0.3)
    assert [*heat_scale(same, stretch=True).places_of(same.scores.scores)] == [0] * 6


def test_the_stretch_of_the_fine_map_is_its_own(image: LoadedImage) -> None:
    cells = np.arange(20, dtype=np.float32).reshape(4, 5)
    cells[0, 0] = np.nan
    fine = answer(image, SCORES, grid=GRID, flagged=[5], threshold=5.0, cell_map=cells)
    scale = heat_scale(fine, stretch=True, smooth=True)
    assert (scale.scores[0], scale.scores[-1]) == (1, 19)
    assert np.isnan(scale.places_of(cells)[0, 0])


@pytest.mark.parametrize("name", COLOUR_SCALES)
def test_every_scale_goes_from_dark_to_bright(name: str) -> None:
    luminance = heat_colours(name) @ np.array([0.2126, 0.7152, 0.0722])
    assert luminance.shape == (256,)
    assert (np.diff(luminance) > -0.6).all(), "rounding aside, it only grows"
    assert luminance[-1] - luminance[0] > 150


def test_what_has_no_score_has_no_colour() -> None:
    rgba = heat_rgba(np.array([[0.0, 1.0, np.nan]]), "Greys")
    assert rgba.tolist() == [[[0, 0, 0, 255], [255, 255, 255, 255], [0, 0, 0, 0]]]
    over = heat_over(Image.new("RGB", (3, 1), (100, 100, 100)), np.array([[0.0, 1.0, np.nan]]), "Greys", opacity=0.5)
    assert [over.getpixel((x, 0))[0] for x in range(3)] == pytest.approx([50, 178, 100], abs=1)  # type: ignore[index]


@pytest.mark.parametrize("stretch", [False, True])
def test_chart_and_viewer_show_the_same_colours(odd: Inspection, image: LoadedImage, stretch: bool) -> None:
    style = HeatmapStyle(stretch=stretch, colour_scale="Viridis")
    heat = score_heatmap(odd, background="", style=style).data[0]
    pane = inspection_pane(image, odd, style=style)
    assert pane.heat is not None
    places = pane.heat.scale.places_of(pane.scores.reshape(np.shape(heat.z)))
    np.testing.assert_allclose(places, heat.z, atol=1e-4)
    assert heat.colorscale[-1][1] == "rgb({},{},{})".format(*pane.heat.colours[-1])
    assert (pane.heat.notch is None) == stretch
    assert (pane.heat.tied is None) == stretch
    assert [*heat.colorbar.tickvals] == ([0, 1] if stretch else [0, 0.2, 2 / 3, 1])
