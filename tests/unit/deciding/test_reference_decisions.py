"""Thresholds and verdicts worked out by hand, with constants that make the sums short; and the constants in use."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, replace

import numpy as np
import pytest

from segdetect.deciding.calibrations import CALIBRATIONS, Calibration
from segdetect.deciding.decision import decide, gate_scale, prominence
from segdetect.deciding.stock import edge_count, stock_flags
from segdetect.grid import tile_layout
from segdetect.inspection import Decision, TileScores, Verdict
from segdetect.settings import EngineName, GridSize, Rule, RuleName, Scope

# The typical tile is the middle one, nothing raises the gate, and nothing is added to the scores.
SIMPLE = Calibration(typical=0.5, uneven=1, gate=2, growth=0, share=0.5, floor=0, spread=0.1, alone=1)

# From tables: the 95th and the 75th percentile of the normal distribution, and the 95th of Student's t.
NORMAL_95, NORMAL_75 = 1.644853627, 0.674489750
T_95 = {8: 1.859548038, 9: 1.833112933, 10: 1.812461123}


def tile_scores(scores: Sequence[float], *, varied: bool = False) -> TileScores:
    none = np.full(len(scores), -1)
    layout = tile_layout((1000, 1000), GridSize(2, 2))
    return TileScores(layout, np.array(scores, float), (), none, none, np.full(len(scores), np.nan), varied=varied)


def decided(
    scores: Sequence[float],
    name: RuleName = RuleName.GATE,
    *,
    scope: Scope = Scope.SELF,
    good: Sequence[float] = (),
    false_alarms: float = 0.05,
    lone_object: bool = False,
    **constants: float,
) -> Decision:
    """The decision on these scores, where the strongest tiles of the bank's pictures have the scores `good`."""
    return decide(
        tile_scores(scores),
        Rule(name, false_alarms=false_alarms),
        scope=scope,
        engine=EngineName.DINOV2,
        bank_scores=[np.array([0, one / 2, one]) for one in good],
        lone_object=lone_object,
        calibration=replace(SIMPLE, **constants),
    )


# ---- the gate --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tiles", "scale"),
    [(2, 4 / 7), (4, 4 / 7), (15, 4 / 7), (16, 4 / 7), (25, 5 / 7), (49, 1), (64, 8 / 7), (100, 10 / 7)],
)
def test_the_gate_grows_with_the_tiles_from_sixteen_on(tiles: int, scale: float) -> None:
    """By the square root of the tiles over 49, and of at least 16 over 49."""
    assert gate_scale(np.ones(tiles), replace(SIMPLE, growth=0.5)) == pytest.approx(scale)


@pytest.mark.parametrize(
    ("constants", "scale"),
    [
        ({"uneven": 9.0}, 5 / 1),  # of ten tiles the lowest tenth ends with the first, the lower half with the fifth
        ({"uneven": 3.0}, 3),  # at most so many times
        ({"uneven": 9.0, "floor": 0.5}, 5.5 / 1.5),
        ({"uneven": 9.0, "typical": 0.8}, 8 / 1),
        ({"uneven": 9.0, "typical": 0.99}, 9 / 1),  # 0.99 * 9 = 8.91, counted from 0
        ({"uneven": 9.0, "growth": 2.0}, 5 * (16 / 49) ** 2),
    ],
    ids=str,
)
def test_the_gate_grows_with_the_typical_tile_over_the_lowest_tenth(constants: dict[str, float], scale: float) -> None:
    scores = np.array([10.0, 9, 8, 7, 6, 5, 4, 3, 2, 1])
    assert gate_scale(scores, replace(SIMPLE, **constants)) == pytest.approx(scale)


def test_the_lowest_tenth_of_twenty_tiles_ends_with_the_second() -> None:
    """0.1 * 19 = 1.9 and 0.5 * 19 = 9.5, counted from 0: the second and the tenth."""
    assert gate_scale(np.arange(1.0, 21), replace(SIMPLE, uneven=99)) == pytest.approx(10 / 2)


def test_prominence_is_the_strongest_over_the_typical_tile_over_the_scale() -> None:
    """(10 + 0.5) / (5 + 0.5), over 5.5 / 1.5."""
    scores = np.arange(1.0, 11)
    assert prominence(scores, replace(SIMPLE, uneven=99, floor=0.5)) == pytest.approx(10.5 / 5.5 / (5.5 / 1.5))


@pytest.mark.parametrize(
    ("strongest", "verdict"),
    [
        (1.99, Verdict.NORMAL),
        (2.0, Verdict.SUSPICIOUS),  # at the gate itself
        (2.19, Verdict.SUSPICIOUS),
        (2.2, Verdict.ANOMALOUS),  # a tenth above it
    ],
)
def test_a_picture_is_called_from_the_gate_on_and_clearly_from_a_tenth_above(
    strongest: float, verdict: Verdict
) -> None:
    assert decided([1, 1, 1, 1, strongest]).verdict is verdict


def test_at_the_gate_itself_tiles_half_of_the_way_go_with_the_strongest() -> None:
    """From the square root of 2 on, where the gate is 2."""
    assert decided([1, 1, 1, 1, 1, 1.41, 1.42, 2]).flags.tolist() == [False] * 6 + [True] * 2


@pytest.mark.parametrize(
    ("strongest", "constants", "threshold"),
    [
        (1.5, {}, 2),  # closed: the score that would open it
        (1.5, {"floor": 0.5}, 2 * 1.5 - 0.5),
        (4, {"share": 0.25}, math.sqrt(2)),  # the square root of the gate, 4 ** 0.25 being as much
        (16, {"share": 0.1}, math.sqrt(2)),  # 16 ** 0.1 is 1.32
        (16, {"share": 0.5}, 4),
        (5.5, {"share": 0.5, "floor": 0.5}, 2 * 1.5 - 0.5),  # (5.5 + 0.5) / 1.5 is 4, its root 2
        (4, {"gate": 3.0, "share": 0}, math.sqrt(3)),
    ],
    ids=str,
)
def test_threshold_of_the_gate(strongest: float, constants: dict[str, float], threshold: float) -> None:
    assert decided([1, 1, 1, 1, strongest], **constants).threshold == pytest.approx(threshold)


@pytest.mark.parametrize(("tiles", "can_tell"), [(3, False), (4, True)])
def test_four_tiles_are_enough(tiles: int, can_tell: bool) -> None:
    assert (decided([1] * tiles).verdict is not Verdict.CANNOT_TELL) == can_tell


@pytest.mark.parametrize(
    ("largest", "scope", "can_tell"),
    [
        (1e-6, Scope.SELF, False),
        (1.1e-6, Scope.SELF, True),
        (1e-6, Scope.REFERENCES, True),  # as good as the references: no reason to say that nothing shows
        (0.0, Scope.BATCH, True),
    ],
)
def test_scores_up_to_a_millionth_are_alike_in_a_picture_compared_with_itself(
    largest: float, scope: Scope, can_tell: bool
) -> None:
    decision = decided([0, 0, 0, 0, largest], scope=scope, floor=0.01)
    assert (decision.verdict is not Verdict.CANNOT_TELL) == can_tell


def test_without_a_bank_the_automatic_rule_is_the_gate() -> None:
    assert decided([1, 1, 1, 9], RuleName.AUTO, scope=Scope.BATCH).rule is RuleName.GATE
    assert decided([1, 1, 1, 9], RuleName.AUTO, scope=Scope.BATCH, good=[1]).rule is RuleName.CALIBRATED
    assert decided([1, 1, 1, 9], RuleName.AUTO, scope=Scope.SELF, good=[1]).rule is RuleName.GATE


# ---- the fence -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scores", "floor", "fence"),
    [
        # The quartiles of ten are the third, 0.25 * 9 = 2.25 counted from 0, and the seventh.
        ([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], 0, 7 * (7 / 3) ** 3),
        ([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], 0.5, 7.5 * (7.5 / 3.5) ** 3 - 0.5),
        # Of nine they are the third and the seventh as well.
        ([1, 2, 3, 4, 5, 6, 7, 8, 9], 0, 7 * (7 / 3) ** 3),
    ],
)
def test_the_fence_lies_three_times_the_quartiles_apart_beyond_the_upper(
    scores: list[float], floor: float, fence: float
) -> None:
    assert decided(scores, RuleName.FENCE, floor=floor).threshold == pytest.approx(fence)


def test_the_fence_of_equal_scores_is_a_millionth_above_them() -> None:
    assert decided([0.25] * 8, RuleName.FENCE, floor=0.01).threshold == math.nextafter(0.25 + 1e-6, 1)


def test_rounding_never_puts_the_fence_on_the_upper_quartile() -> None:
    for step in range(1, 100):
        level = step * 0.0137
        scores = [0, *[level] * 8, 9 * level]
        assert decided(scores, RuleName.FENCE, floor=0.01).flags.tolist() == [False] * 9 + [True]


# ---- what good pictures do not reach ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("good", "false_alarms", "rank"),
    [
        (19, 0.05, 19),  # 20 * 0.95 = 19: the largest
        (39, 0.05, 38),  # 40 * 0.95 = 38
        (40, 0.05, 39),  # 41 * 0.95 = 38.95
        (9, 0.1, 9),
        (9, 0.3, 7),
        (10, 0.3, 8),  # 11 * 0.7 = 7.7
        (24, 0.44, 14),  # 25 * 0.56 is 14, but 14.000000000000002 in a computer
        (1, 0.5, 1),
    ],
)
def test_with_enough_good_pictures_the_threshold_is_just_above_one_of_theirs(
    good: int, false_alarms: float, rank: int
) -> None:
    maxima = [float(i + 1) for i in range(good)]
    decision = decided(
        [rank, rank + 0.5],
        RuleName.CALIBRATED,
        scope=Scope.REFERENCES,
        good=maxima[::-1],
        false_alarms=false_alarms,
        floor=0.5,
    )
    assert decision.threshold == math.nextafter(rank, math.inf)
    assert decision.flags.tolist() == [False, True]


def test_of_nineteen_good_pictures_nine_sets_in_ten_are_better_than_a_ninth() -> None:
    """The largest of 19 exceeds all but a share x of clean pictures in 1 - (1 - x) ** 19 of the sets: 0.9 of them where
    x is 1 - 0.1 ** (1 / 19) = 0.1141.
    """
    good = [float(i + 1) for i in range(19)]
    assert "11.4%" in decided([1, 2], RuleName.CALIBRATED, scope=Scope.REFERENCES, good=good).reason


@pytest.mark.parametrize(
    ("good", "freedom", "variance", "centre"),
    [
        # The prior counts for 8 pictures with a variance of 0.1 ** 2 = 0.01 each, that is 0.08 in all.
        ([1.0], 8, 0.08 / 8, 0.0),
        # The logs 0 and 0.2 are 0.1 from their mean: 0.02 more, over 8 + 2 - 1.
        ([1.0, math.exp(0.2)], 9, (0.08 + 0.02) / 9, 0.1),
        # The logs 0, 0 and 0.3 are 0.1, 0.1 and 0.2 from their mean: 0.06 more, over 8 + 3 - 1. Their median is 0.
        ([1.0, 1.0, math.exp(0.3)], 10, (0.08 + 0.06) / 10, 0.1),
    ],
    ids=["one", "two", "three"],
)
@pytest.mark.parametrize("alone", [1.0, 0.5])
def test_few_good_pictures_predict_the_next_one(
    good: list[float], freedom: int, variance: float, centre: float, alone: float
) -> None:
    """Student's t with so many degrees of freedom; the mean is uncertain as well, by the variance over their number."""
    upper = centre + T_95[freedom] * math.sqrt(variance) * math.sqrt(1 + 1 / len(good))
    shown = [0.9 * math.exp(upper), 1.1 * math.exp(upper)]
    plain = decided(shown, RuleName.CALIBRATED, scope=Scope.REFERENCES, good=good, alone=alone)
    assert plain.threshold == pytest.approx(math.exp(upper), rel=1e-7)
    assert plain.flags.tolist() == [False, True]
    lone = decided(shown, RuleName.CALIBRATED, scope=Scope.REFERENCES, good=good, alone=alone, lone_object=True)
    assert lone.threshold == pytest.approx(alone * math.exp(upper), rel=1e-7)
    floor = decided(
        shown, RuleName.CALIBRATED, scope=Scope.REFERENCES, good=[one - 0.5 for one in good], floor=0.5, alone=alone
    )
    assert floor.threshold == pytest.approx(math.exp(upper) - 0.5, rel=1e-7)


def test_two_good_pictures_in_figures() -> None:
    """Once more without a formula: 1.83311 * sqrt(0.1 / 9) * sqrt(1.5) = 0.23666, and exp(0.1 + 0.23666) = 1.40026."""
    decision = decided([1, 1.5], RuleName.CALIBRATED, scope=Scope.REFERENCES, good=[1.0, math.exp(0.2)])
    assert decision.threshold == pytest.approx(1.40026, abs=1e-5)


@pytest.mark.parametrize(
    ("logs", "quartile"),
    [
        ([0.0], 0.0),
        ([0.3, 0.0, 0.2, 0.1], 0.075),  # three quarters of the way from the first to the second
        ([0.4, 0.0, 0.2, 0.1, 2.0], 0.1),
        ([0.4, 0.0, 0.2, 0.1, 2.0, 3.0], 0.125),
    ],
    ids=["one", "four", "five", "six"],
)
@pytest.mark.parametrize("floor", [0.0, 0.5])
def test_the_lower_quartile_of_a_batch_stands_for_all(logs: list[float], quartile: float, floor: float) -> None:
    """The mean of a normal distribution lies 0.6745 standard deviations above its lower quartile; from there on it is
    1.6449 of them to the 95th percentile, and a little more for the uncertainty of the mean. One is 0.1."""
    reach = NORMAL_75 + NORMAL_95 * math.sqrt(1 + 1 / len(logs))
    good = [math.exp(one) - floor for one in logs]
    decision = decided([0.1, 99], RuleName.CALIBRATED, scope=Scope.BATCH, good=good, floor=floor)
    assert decision.threshold == pytest.approx(math.exp(quartile + 0.1 * reach) - floor, rel=1e-6)
    assert decision.flags.tolist() == [False, True]


def test_four_peers_in_figures() -> None:
    """0.67449 + 1.64485 * sqrt(1.25) = 2.51349, and exp(0.075 + 0.251349) = 1.385900."""
    good = [math.exp(one) for one in (0.3, 0.0, 0.2, 0.1)]
    decision = decided([1, 2], RuleName.CALIBRATED, scope=Scope.BATCH, good=good)
    assert decision.threshold == pytest.approx(1.38590, abs=1e-5)


def test_a_batch_is_never_taken_for_good_pictures_however_large_it_is() -> None:
    """Of twenty equal peers the bound is that of the quartile: 0.67449 + 1.64485 * sqrt(1.05) = 2.35997."""
    decision = decided([1, 2], RuleName.CALIBRATED, scope=Scope.BATCH, good=[1.0] * 20)
    assert decision.threshold == pytest.approx(math.exp(0.235997), rel=1e-5)


# ---- a number of one's own -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("threshold", "verdict"),
    [
        (2.0, Verdict.ANOMALOUS),  # 2.2 is a tenth above it
        (2.01, Verdict.SUSPICIOUS),
        (2.2, Verdict.SUSPICIOUS),
        (2.21, Verdict.NORMAL),
        (0.0, Verdict.ANOMALOUS),
    ],
)
def test_verdict_of_a_threshold(threshold: float, verdict: Verdict) -> None:
    rule = Rule(RuleName.THRESHOLD, threshold=threshold)
    decision = decide(tile_scores([1, 2.2]), rule, scope=Scope.SELF, engine=EngineName.DINOV2)
    assert decision.verdict is verdict


def test_scores_of_nothing_reach_a_threshold_of_nothing() -> None:
    rule = Rule(RuleName.THRESHOLD, threshold=0.0)
    decision = decide(tile_scores([0, 0]), rule, scope=Scope.SELF, engine=EngineName.DINOV2)
    assert decision.verdict is Verdict.ANOMALOUS


# ---- fastdup's own rule ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edges", "count"), [(2, 1), (20, 1), (39, 1), (40, 2), (98, 4), (119, 5), (120, 6), (200, 10)]
)
def test_one_edge_in_twenty_is_an_outlier_rounded_down(edges: int, count: int) -> None:
    assert edge_count(edges) == count


def test_of_equal_edges_the_first_tiles_are_flagged() -> None:
    """Forty tiles have eighty edges, of which four are outliers: both of the first tile, one of the second's lower."""
    lists = np.full((40, 2), 0.9)
    lists[[30, 5, 7, 39], 1] = 0.1
    lists[[5, 7], 0] = 0.1
    assert np.flatnonzero(stock_flags(lists)).tolist() == [5, 7]
    lists[[5, 7], 0] = 0.9
    lists[[20, 21, 22], 1] = 0.1
    assert np.flatnonzero(stock_flags(lists)).tolist() == [5, 7, 20, 21]


def test_without_lists_two_edges_a_tile_and_equal_scores_in_order() -> None:
    """Twenty tiles have forty edges: two are flagged, the highest and the first of the next three."""
    scores = [0.1] * 20
    scores[4] = scores[9] = scores[12] = 0.5
    scores[15] = 0.6
    decision = decided(scores, RuleName.STOCK)
    assert np.flatnonzero(decision.flags).tolist() == [4, 15]
    assert decision.threshold == 0.5


# ---- the constants in use --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("engine", "measured"),
    [
        (EngineName.DINOV2, (0.6, 1.4, 1.3, 0.08, 0.5, 0.01, 0.12, 0.53)),
        (EngineName.FASTDUP, (0.8, 1.0, 1.95, 0.12, 0.25, 0.001, 0.19, 1.0)),
        (EngineName.TEXTURE, (0.6, 2.2, 1.65, 0.08, 0.5, 0.01, 0.17, 0.5)),
    ],
)
def test_what_was_measured_is_what_is_used(engine: EngineName, measured: tuple[float, ...]) -> None:
    """A new measurement changes these figures, the benchmark's and those of docs/method.md; a slip does not."""
    names = ("typical", "uneven", "gate", "growth", "share", "floor", "spread", "alone")
    assert asdict(CALIBRATIONS[engine]) == dict(zip(names, measured, strict=True))
