"""Figures of pixels and of pictures, worked out by hand on made-up answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from segdetect.evaluation.datasets import Category, LabelledPicture
from segdetect.evaluation.figures import CategoryResult, Evaluation, PictureResult, summarise
from segdetect.evaluation.masks import read_mask
from segdetect.evaluation.metrics import PixelFigures, average_precision, pixel_figures
from segdetect.evaluation.operating import operating_points, own_point
from segdetect.evaluation.outlines import TRUTH_RGB, outlined
from segdetect.grid import tile_layout
from segdetect.inspection import Decision, Inspection, TileScores, Verdict
from segdetect.settings import EngineName, GridSize, RuleName, Scope, Settings

# ---- pixels ----------------------------------------------------------------------------------------------------------


def ranked_pixels(count: int = 10_000) -> np.ndarray:
    """A map of 100 rows in which every pixel has a score of its own, the first the lowest."""
    return np.arange(count, dtype=np.float32).reshape(100, -1)


def test_low_scores_are_told_apart_to_a_thousandth_of_the_pixels() -> None:
    """The lowest 20 of 10,000 pixels are clean, all others defective: every pair is in order.

    Levels lie ten pixels apart there; were they forty apart, 20 * 20 / 2 pairs would be undecided: 0.001 of all.
    """
    scores = ranked_pixels()
    figures = pixel_figures([scores], [scores >= 20])
    assert figures is not None
    assert figures.auroc == pytest.approx(1, abs=1e-4)


def test_high_scores_are_told_apart_one_by_one() -> None:
    """One pixel is defective, and four of 9,999 clean ones score more: it is found from a rate of 4 / 9999 on.

    The overlap is averaged up to a rate of 0.3, so that this costs 4 / 9999 / 0.3. Evenly spaced levels would be five
    pixels apart and undecided.
    """
    scores = ranked_pixels()
    figures = pixel_figures([scores], [scores == 9995])
    assert figures is not None
    assert figures.pro == pytest.approx(1 - 4 / 9999 / 0.3, abs=1e-4)


def test_pixels_that_touch_at_a_corner_are_one_region() -> None:
    """A region of two such pixels at the top, and one pixel at the bottom: one of two regions is found at once.

    The other is found with the last of the 97 clean pixels, beyond the rate that counts, except for the line that leads
    there: along it the overlap grows from 1/2 at 0 to 1 at 1, and is on average 1/2 + 0.3 / 4 up to 0.3.
    """
    mask = np.zeros((10, 10), bool)
    mask[0, 0] = mask[1, 1] = mask[8, 8] = True
    scores = np.zeros((10, 10), np.float32)
    scores[0, 0] = scores[1, 1] = 1
    figures = pixel_figures([scores], [mask])
    assert figures is not None
    assert figures.pro == pytest.approx(1 / 2 + 0.3 / 4)
    assert figures.auroc == pytest.approx(2 / 3 + 1 / 3 / 2)  # by pixels: two of three above all clean ones, one level


def test_maps_are_enlarged_bilinearly() -> None:
    """Two cells of 0 and 1 over eight pixels: 0, 0, 1/8, 3/8, 5/8, 7/8, 1, 1.

    The sixth pixel is defective: of the seven others two score more and five less.
    """
    mask = np.zeros((1, 8), bool)
    mask[0, 5] = True
    figures = pixel_figures([np.array([[0, 1]], np.float32)], [mask])
    assert figures is not None
    assert figures.auroc == pytest.approx(5 / 7)
    # Two sevenths of the clean pixels come before it, and the rate that counts goes just beyond: 0.3 less 2/7.
    assert figures.pro == pytest.approx((0.3 - 2 / 7) / 0.3)


def test_average_precision_is_not_interpolated() -> None:
    """Precision falls to 1/2 and rises again to 3/5: what is reached later does not count earlier.

    The defective are first, fourth and fifth: (1 + 2/4 + 3/5) / 3.
    """
    truth = np.array([True, False, False, True, True])
    assert average_precision(truth, np.arange(5.0, 0, -1)) == pytest.approx((1 + 2 / 4 + 3 / 5) / 3)


@pytest.mark.parametrize("value", [1, 127, 255])
def test_any_value_above_zero_marks_a_defect(tmp_path: Path, value: int) -> None:
    Image.fromarray(np.array([[0, value]], np.uint8)).save(tmp_path / "mask.png")
    assert read_mask(tmp_path / "mask.png", name="a").pixels.tolist() == [[False, True]]


# ---- pictures --------------------------------------------------------------------------------------------------------


def result(
    scores: Sequence[float],
    *,
    defective: Sequence[int] | None = None,
    flagged: Sequence[int] = (),
    ap: float | None = None,
    auroc: float | None = None,
    scope: Scope = Scope.SELF,
    share: float = 0.1,
) -> PictureResult:
    """A made-up answer of a row of tiles; clean where none are named defective."""
    tiles = np.arange(len(scores))
    none = np.full(len(scores), -1)
    layout = tile_layout((20 * len(scores), 20), GridSize(1, len(scores)))
    inspection = Inspection(
        image="a",
        sha256="a",
        size_wh=layout.size_wh,
        page=0,
        settings=Settings(),
        engine=EngineName.TEXTURE,
        engine_version="1",
        scope=scope,
        scores=TileScores(layout, np.array(scores, float), (), none, none, np.full(len(scores), np.nan)),
        decision=Decision(RuleName.THRESHOLD, 0.5, np.isin(tiles, flagged), Verdict.NORMAL, "because"),
    )
    masks = () if defective is None else (Path("mask.png"),)
    labelled = LabelledPicture("a", Path("a.png"), masks, "cloth")
    return PictureResult(labelled, inspection, np.isin(tiles, defective or []), share if masks else 0.0, auroc, ap)


def category(*pictures: PictureResult, pixel: PixelFigures | None = None) -> CategoryResult:
    return CategoryResult(Category("cloth", tuple(one.labelled for one in pictures)), pictures, pixel)


def evaluation(*pictures: PictureResult) -> Evaluation:
    return Evaluation(
        dataset="own",
        settings=Settings(),
        engine=EngineName.TEXTURE,
        engine_version="1",
        categories=(category(*pictures),),
        failures=(),
        notes=(),
        started="",
        seconds=0.0,
    )


def test_contrast_is_the_largest_over_the_median_score() -> None:
    assert result([1, 2, 3, 4, 10]).contrast == 10 / 3
    assert result([0, 0, 0, 0, 1e-4]).contrast == pytest.approx(1e-4 / 1e-9)
    assert result([0, 0, 0]).contrast == 0


def test_ranking_figures_are_means_of_means() -> None:
    """Categories of 1 and of 3 pictures: (0.2 + (0.3 + 0.6 + 0.6) / 3) / 2. A clean picture counts in none."""
    one = category(result([1, 2], defective=[0], ap=0.2, auroc=0.4), result([1, 2]))
    three = category(*(result([2, 1], defective=[0], ap=ap, auroc=0.8) for ap in (0.3, 0.6, 0.6)))
    figures = summarise([one, three])
    assert figures.ap == pytest.approx((0.2 + 0.5) / 2)
    assert figures.auroc == pytest.approx((0.4 + 0.8) / 2)
    assert figures.top1 == pytest.approx((0 + 1) / 2)
    assert (figures.pictures, figures.clean) == (4, 1)


def test_flags_count_only_where_a_picture_has_defective_and_other_tiles() -> None:
    """Flags: one right of two on a ranked picture; the flags on a clean and on an all-defective picture are left out.

    Precision 1/2, recall 1/3, and F1 = 2 * 1/2 * 1/3 / (1/2 + 1/3) = 2/5. Half of the ranked pictures have a hit.
    """
    figures = summarise(
        [
            category(
                result([4, 3, 2, 1], defective=[0, 2], flagged=[0, 1], ap=0.5, auroc=0.5),
                result([4, 3, 2, 1], defective=[3], ap=0.5, auroc=0.5),
                result([4, 3, 2, 1], flagged=[0, 1, 2]),
                result([4, 3], defective=[0, 1], flagged=[0]),
            )
        ]
    )
    assert (figures.precision, figures.recall) == (1 / 2, 1 / 3)
    assert figures.f1 == pytest.approx(2 / 5)
    assert figures.hit == 1 / 2
    assert (figures.pictures, figures.clean, figures.clean_unflagged) == (2, 1, 0)


def test_a_wrong_flag_is_no_hit() -> None:
    figures = summarise([category(result([4, 3], defective=[1], flagged=[0], ap=0.5, auroc=0.5))])
    assert (figures.hit, figures.top1) == (0, 0)
    assert (figures.precision, figures.recall, figures.f1) == (0, 0, 0)


def test_pictures_are_told_apart_by_their_largest_score_and_by_their_contrast() -> None:
    """Largest scores 5 and 2 (defective) against 4 and 1: one of four pairs is in the wrong order. Contrasts 5/5, 2/1
    against 4/1 and 1/1: one pair is right, two are wrong, one is even: 1.5 of 4.
    """
    figures = summarise(
        [
            category(
                result([5, 5, 5], defective=[0]),
                result([2, 1, 1], defective=[0]),
                result([4, 1, 1]),
                result([1, 1, 1]),
                result([9, 1, 1], defective=[], share=0.0),  # its mask is empty: nobody knows what it is
            )
        ]
    )
    assert figures.image_auroc == 3 / 4
    assert figures.image_auroc_contrast == pytest.approx(1.5 / 4)


def test_only_pictures_of_the_commonest_scope_are_told_apart() -> None:
    """In scope references both pairs are in order; the one clean picture in scope self would spoil one."""
    figures = summarise(
        [
            category(
                result([3, 1], defective=[0], scope=Scope.REFERENCES),
                result([2, 1], scope=Scope.REFERENCES),
                result([1, 1], scope=Scope.REFERENCES),
                result([9, 1], scope=Scope.SELF),
            )
        ]
    )
    assert figures.image_auroc == 1


def test_figures_of_pixels_are_means_over_the_categories_that_have_some() -> None:
    """Of three; their median would be another."""
    pixels = [PixelFigures(0.5, 0.1), PixelFigures(0.6, 0.2), PixelFigures(1.0, 0.9), None]
    figures = summarise([category(result([1, 2]), pixel=one) for one in pixels])
    assert figures.pixel_auroc == pytest.approx(0.7)
    assert figures.pro == pytest.approx(0.4)


def test_a_miss_has_no_right_flag_however_its_tiles_rank() -> None:
    """The lowest average precision is none where the defect was flagged; ranked perfectly but never flagged is one."""
    low = result([1, 2, 3], defective=[0], flagged=[0], ap=0.2)
    unflagged = result([1, 2, 3], defective=[0], ap=0.4)
    flagged = result([1, 2, 3], defective=[0], flagged=[0], ap=0.4)
    silent = result([3, 2, 1], defective=[0], ap=1.0)
    found = result([3, 2, 1], defective=[0], flagged=[0], ap=1.0)
    whole = result([3, 2, 1], defective=[0, 1, 2])
    run = evaluation(found, silent, flagged, unflagged, low, whole, result([1, 2, 3]))
    assert run.worst_misses() == [unflagged, silent]
    assert run.worst_misses(1) == [unflagged]
    assert run.ranked_late() == [low, flagged]
    assert run.ranked_late(1) == [low]


def test_false_alarms_with_most_flags_come_first_then_those_that_stand_out_most() -> None:
    many = result([1, 1, 1.1], flagged=[1, 2])
    strong = result([1, 1, 9], flagged=[2])
    faint = result([1, 1, 2], flagged=[2])
    right = result([1, 1, 9], defective=[2], flagged=[2], ap=1.0)
    run = evaluation(faint, result([1, 1, 1]), right, strong, many)
    assert run.false_alarms() == [many, strong, faint]
    assert run.false_alarms(2) == [many, strong]


def test_tiles_of_pictures_whose_mask_is_empty_are_left_out() -> None:
    run = evaluation(result([1, 2], defective=[1]), result([5, 6], defective=[], share=0.0), result([3, 4]))
    truth, scores = run.tiles()
    assert truth.tolist() == [False, True, False, False]
    assert scores.tolist() == [1, 2, 3, 4]


# ---- where to cut ----------------------------------------------------------------------------------------------------


def test_lowering_the_cut_trades_misses_for_false_alarms() -> None:
    """Strongest scores over their threshold of 0.5: good 0.5 and 1, defective 0.75, 1.5 and 2."""
    run = evaluation(
        result([0.25, 0]),
        result([0.5, 0], flagged=[0]),
        result([0.375, 0], defective=[0], ap=1.0),
        result([0.75, 0], defective=[0], flagged=[0], ap=1.0),
        result([1, 0], defective=[0], flagged=[0], ap=1.0),
    )
    points = operating_points(run)
    assert points is not None
    assert (points.good, points.defective) == (2, 3)
    told = [(p.cut, round(p.misses, 3), p.false_alarms) for p in (points.at(0), points.at(0.5), points.at(1))]
    assert told == [(1.5, 0.333, 0.0), (0.75, 0.0, 0.5), (0.5, 0.0, 1.0)]
    own = own_point(run)
    assert own is not None
    assert (round(own.misses, 3), own.false_alarms) == (0.333, 0.5)


def test_a_picture_is_held_to_what_its_rule_demands_and_not_to_what_goes_with_its_strongest_tile() -> None:
    """The rules flag from a share of the strongest score on: over that, all pictures that are called are alike."""

    def called(strongest: float, **more: Any) -> PictureResult:
        made = result([strongest, 0], flagged=[0], **more)
        decision = replace(made.inspection.decision, threshold=0.7 * strongest, needed=0.5)
        return replace(made, inspection=replace(made.inspection, decision=decision))

    points = operating_points(evaluation(called(0.6), called(2, defective=[0], ap=1.0)))
    assert points is not None
    assert [(p.cut, p.misses, p.false_alarms) for p in points.points[1:]] == [(4, 0, 0), (1.2, 0, 1)]


def test_there_is_nowhere_to_cut_without_good_or_without_defective_pictures() -> None:
    assert operating_points(evaluation(result([1, 2]))) is None
    assert own_point(evaluation(result([1, 2], defective=[0], ap=1.0))) is None


def test_the_outline_of_a_defect_of_a_few_pixels_is_seen_in_a_small_copy() -> None:
    mask = np.zeros((1000, 800), bool)
    mask[500:502, 400:402] = True
    drawn = np.asarray(outlined(Image.new("RGB", (160, 200), (90, 90, 90)), mask))
    assert (drawn[95:106, 75:86] == TRUTH_RGB).all(axis=-1).any()
    assert (drawn[:80] == 90).all()
