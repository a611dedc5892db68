"""Thresholds and verdicts worked out by hand, with constants that make the sums short; and the constants in use."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from segdetect.deciding.batch import called_in_batch
from segdetect.deciding.calibrations import CALIBRATIONS, Calibration
from segdetect.deciding.decision import decide, gate_scale, prominence
from segdetect.deciding.prominence import SHARES, CleanPictures
from segdetect.deciding.stock import edge_count, stock_flags
from segdetect.grid import tile_layout
from segdetect.inspection import Decision, TileScores, Verdict
from segdetect.settings import EngineName, GridSize, Rule, RuleName, Scope

# From a table: the 95th percentile of the normal distribution.
NORMAL_95 = 1.644853627


def spread_about(middle: float, deviation: float = 0.1) -> CleanPictures:
    """Clean pictures whose prominences are normally distributed."""
    return CleanPictures(tuple(middle + deviation * float(stats.norm.ppf(share)) for share in SHARES))


# The typical tile is the middle one, nothing raises the gate of 2, and nothing is added to the scores.
SIMPLE = Calibration(
    typical=0.5,
    uneven=1,
    growth=0,
    floor=0,
    lone=0,
    first_right=0.5,
    self_ratio=0,
    others_ratio=0,
    prior=8,
    surfaces=spread_about(math.log(2) - 0.1 * NORMAL_95),
    references=spread_about(0),
    batch=spread_about(0),
)


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
    **constants: object,
) -> Decision:
    """The decision on these scores, where the strongest tiles of the bank's pictures have the scores `good`."""
    return decide(
        tile_scores(scores),
        Rule(name, false_alarms=false_alarms),
        scope=scope,
        engine=EngineName.DINOV2,
        bank_scores=[np.array([0, one / 2, one]) for one in good],
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
    found = prominence(scores, replace(SIMPLE, uneven=99, floor=0.5))
    assert found == pytest.approx(math.log(10.5 / 5.5 / (5.5 / 1.5)))


@pytest.mark.parametrize(
    ("strongest", "verdict"),
    [
        (1.81, Verdict.NORMAL),
        (1.82, Verdict.CANNOT_TELL),  # less than a tenth below the gate
        (1.999, Verdict.CANNOT_TELL),
        (2.001, Verdict.SUSPICIOUS),
        (2.19, Verdict.SUSPICIOUS),
        (2.201, Verdict.ANOMALOUS),  # a tenth above it
    ],
)
def test_a_picture_is_called_from_the_gate_on_and_clearly_from_a_tenth_away(strongest: float, verdict: Verdict) -> None:
    decision = decided([1, 1, 1, 1, strongest])
    assert decision.verdict is verdict
    assert ("close call" in decision.reason) == (verdict in (Verdict.CANNOT_TELL, Verdict.SUSPICIOUS))


def test_tiles_half_of_the_way_to_the_strongest_go_with_it() -> None:
    """From the square root of 4 on."""
    assert decided([1, 1, 1, 1, 1, 1.99, 2.01, 4]).flags.tolist() == [False] * 6 + [True] * 2


@pytest.mark.parametrize(
    ("strongest", "constants", "threshold"),
    [
        (1.5, {}, 2),  # closed: the score that would open it
        (1.5, {"floor": 0.5}, 2 * 1.5 - 0.5),
        (16, {}, 4),
        (16, {"self_ratio": 0.2}, 4),  # a fifth is 3.2
        (16, {"self_ratio": 0.5}, 8),
        (16, {"others_ratio": 0.5}, 4),
        (16, {"self_ratio": 1.0}, 16),
        (5.5, {"self_ratio": 0.6, "floor": 0.5}, 0.6 * 6 - 0.5),
        (5.5, {"floor": 0.5}, 3 - 0.5),  # the square root of 1.5 * 6 is 3
    ],
    ids=str,
)
def test_threshold_of_the_gate(strongest: float, constants: dict[str, float], threshold: float) -> None:
    assert decided([1, 1, 1, 1, strongest], **constants).threshold == pytest.approx(threshold)


def test_what_it_takes_is_enough() -> None:
    needed = decided([1, 1, 1, 1, 1.5]).threshold
    assert decided([1, 1, 1, 1, needed]).flags.tolist() == [False] * 4 + [True]
    assert not decided([1, 1, 1, 1, math.nextafter(needed, 0)]).flags.any()


@pytest.mark.parametrize("strongest", [1.5, 4.0, 16.0])
def test_what_it_takes_is_told_apart_from_what_goes_with_the_strongest(strongest: float) -> None:
    """Else all pictures of which much stands out would do so alike: by the strongest over its own share."""
    assert decided([1, 1, 1, 1, strongest]).needed == pytest.approx(2)


@pytest.mark.parametrize(
    ("second", "needed"),
    [
        pytest.param(1.0, 2.4, id="it stands out alone: a fifth more"),
        pytest.param(1.9, 2 * 2 / 1.9, id="the next one lacks a twentieth: a twentieth more"),
        pytest.param(2.0, 2.0, id="two reach it"),
        pytest.param(3.0, 2.0, id="the next one is beyond"),
    ],
)
def test_the_next_tile_counts_against_the_strongest_up_to_a_limit(second: float, needed: float) -> None:
    def answer(strongest: float) -> Decision:
        return decided([1, 1, 1, 1, second, strongest], lone=math.log(1.2))

    assert answer(max(second, 1.001 * needed)).flags[-1]
    if second < needed:
        below = answer(0.999 * needed)
        assert not below.flags.any()
        assert below.threshold == pytest.approx(needed)


@pytest.mark.parametrize("floor", [0.0, 0.5])
def test_so_it_is_in_pictures_compared_with_others(floor: float) -> None:
    # The batch's middle picture scores 4 where it stands out most, and 2 in the next place: sqrt(8) in all.
    batch = {"scope": Scope.BATCH, "name": RuleName.CALIBRATED, "good": [4.0] * 9, "false_alarms": 0.5, "floor": floor}
    needed = decided([1, 1, 1, 1, 1], lone=9.0, **batch).threshold
    peak = (4 + floor) * (2 + floor)
    assert needed + floor == pytest.approx(peak / (1 + floor))
    assert decided([1, 1, 1, 1, 1.001 * needed], lone=9.0, **batch).flags.any()


def test_a_high_score_of_one_tile_says_less_than_of_two() -> None:
    constants = replace(SIMPLE, lone=0.3)
    scores = np.array([1, 1, 1, 1, 1, math.e])
    assert prominence(scores, constants) == pytest.approx(1 - 0.3)
    scores[0] = math.exp(0.8)
    assert prominence(scores, constants) == pytest.approx(0.9)
    assert prominence(np.array([2.0]), constants) == pytest.approx(0)


def test_a_single_tile_is_not_held_to_have_no_other_beside_it() -> None:
    batch = {"scope": Scope.BATCH, "name": RuleName.CALIBRATED, "good": [4.0], "false_alarms": 0.5}
    needed = decided([1], **batch, lone=0.3).threshold
    assert needed == pytest.approx(4 * math.exp(-0.3))
    assert decided([1.001 * needed], **batch, lone=0.3).flags.all()


def test_a_next_tile_beyond_the_gate_does_not_lower_it() -> None:
    """Two that just reach it are a close call."""
    decision = decided([1, 1, 1, 1, 2.15, 2.19], lone=0.3)
    assert decision.verdict is Verdict.SUSPICIOUS
    assert "2.19 times as high as the typical tile; it takes 2.00." in decision.reason


def test_the_reason_counts_the_floor_in() -> None:
    """(1.5 + 0.5) / (1 + 0.5), and 2 * 2 / 1.8 with the next one at (2.2 + 0.5) / (1 + 0.5)."""
    assert "1.33 times as high as the typical tile; it takes 2.00." in decided([1, 1, 1, 1, 1.5], floor=0.5).reason
    two = decided([1, 1, 1, 1, 2.2, 2.3], floor=0.5, lone=0.3).reason
    assert "1.87 times as high as the typical tile; it takes 2.22, with the next one at 1.80." in two


@pytest.mark.parametrize(
    ("second", "lone", "said"),
    [
        pytest.param(0.5, 0.2, "it takes 0.942, with the next one at 0.5.", id="it takes more because of it"),
        pytest.param(0.5, 0.0, "it takes 0.771.", id="it has no say"),
        pytest.param(0.9, 0.2, "it takes 0.771.", id="it comes as far"),
        pytest.param(None, 0.2, "it takes 0.771.", id="there is none"),
    ],
)
def test_the_next_tile_is_named_where_it_takes_more_because_of_it(second: float | None, lone: float, said: str) -> None:
    """The batch's other picture comes to exp(-0.26) = 0.771, where that counts against it by which it stands alone."""
    shown = [0.95] if second is None else [0.1, second, 0.95]
    good = math.exp(lone - 0.26)
    decision = decided(
        shown, RuleName.CALIBRATED, scope=Scope.BATCH, good=[good], lone=lone, batch=spread_about(-0.1 * NORMAL_95)
    )
    assert said in decision.reason


def test_a_tile_alone_counts_the_same_in_good_pictures() -> None:
    """Where all stand out alone, it takes as much as if none counted for less."""
    others = {"name": RuleName.CALIBRATED, "good": [4.0] * 19, "false_alarms": 0.5}
    for scope in (Scope.REFERENCES, Scope.BATCH):
        taken = [decided([0, 1, 2], scope=scope, lone=lone, **others).threshold for lone in (0.0, 0.3)]
        assert taken[1] == pytest.approx(taken[0])


@pytest.mark.parametrize("scope", Scope)
def test_what_it_says_of_clean_pictures_is_what_it_decides_by(scope: Scope) -> None:
    """At what the strongest must reach, as many clean pictures come as far as are allowed."""
    name = RuleName.GATE if scope is Scope.SELF else RuleName.CALIBRATED

    def answer(second: float, strongest: float) -> Decision:
        scores = [0.05, 0.1, 0.1, second, strongest]
        return decided(scores, name, scope=scope, good=[2.0], false_alarms=0.2, lone=0.3, uneven=9)

    alone = answer(0.1, 0.1).threshold
    for second in (0.1, 0.9 * alone / math.exp(0.3)):
        assert "About 20% of clean" in answer(second, answer(second, second).threshold).reason


def test_what_may_be_an_object_is_never_called_normal_by_itself() -> None:
    for strongest, verdict in ((1.1, Verdict.CANNOT_TELL), (4.0, Verdict.ANOMALOUS)):
        shown = replace(tile_scores([1, 1, 1, 1, strongest]), doubtful=True)
        answer = decide(shown, Rule(), scope=Scope.SELF, engine=EngineName.DINOV2, calibration=SIMPLE)
        assert answer.verdict is verdict
        assert ("may show an object" in answer.reason) == (verdict is Verdict.CANNOT_TELL)


def test_what_may_be_an_object_must_stand_out_as_a_fifth_of_the_false_alarms_do() -> None:
    sure = tile_scores([1, 1, 1, 1, 9])
    needed = [
        decide(shown, Rule(false_alarms=share), scope=Scope.SELF, engine=EngineName.DINOV2, calibration=SIMPLE)
        for shown, share in ((sure, 0.01), (sure, 0.05), (replace(sure, doubtful=True), 0.05))
    ]
    assert needed[0].reason != needed[1].reason
    assert needed[2].reason == needed[0].reason


def test_pictures_that_are_all_alike_show_nothing() -> None:
    alike = spread_about(-1)
    assert not decided([0, 0], RuleName.CALIBRATED, scope=Scope.BATCH, good=[0.0], floor=0.01, batch=alike).flags.any()


def test_more_false_alarms_open_the_gate_earlier() -> None:
    """From twice the typical tile with one in twenty; with one in two that is a tenth of 1.6449 lower, as a log."""
    assert decided([1, 1, 1, 1, 1.5], false_alarms=0.5).threshold == pytest.approx(2 * math.exp(-0.1 * NORMAL_95))


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


# ---- pictures compared with others -----------------------------------------------------------------------------------


def compared(strongest: float, good: Sequence[float], **more: float) -> Decision:
    """A picture whose tiles are spread as those of the good ones are, so that only the strongest matters."""
    scores = [0, strongest / 2, strongest]
    return decided(scores, RuleName.CALIBRATED, scope=Scope.REFERENCES, good=good, **more)


@pytest.mark.parametrize(
    ("good", "false_alarms", "rank"),
    [
        (19, 0.05, 19),  # 20 * 0.95 = 19: the largest
        (39, 0.05, 38),  # 40 * 0.95 = 38
        (40, 0.05, 39),  # 41 * 0.95 = 38.95
        (19, 0.3, 14),
        (20, 0.3, 15),  # 21 * 0.7 = 14.7
        (24, 0.44, 14),  # 25 * 0.56 is 14, but 14.000000000000002 in a computer
    ],
)
def test_enough_good_pictures_decide_alone(good: int, false_alarms: float, rank: int) -> None:
    maxima = [float(i + 1) for i in range(good)][::-1]
    assert not compared(rank * 0.9999, maxima, false_alarms=false_alarms).flags.any()
    assert compared(rank * 1.0001, maxima, false_alarms=false_alarms).flags.any()


@pytest.mark.parametrize(("good", "false_alarms"), [(18, 0.1), (19, 0.04)])
def test_fewer_do_not(good: int, false_alarms: float) -> None:
    """Of 18 pictures or for one alarm in 25, what was measured on other kinds still counts."""
    maxima = [float(i + 1) for i in range(good)]
    near = [compared(good * by, maxima, false_alarms=false_alarms).flags.any() for by in (0.9999, 1.0001)]
    assert near != [False, True]


@pytest.mark.parametrize("false_alarms", [0.05, 0.04, 0.02])
def test_rarer_alarms_take_no_less_than_the_good_picture_that_stands_out_most(false_alarms: float) -> None:
    good = [1.0] * 18 + [40.0]
    assert not compared(39.9, good, false_alarms=false_alarms).flags.any()
    assert compared(40.1, good, false_alarms=false_alarms).flags.any()


def good_ones(*prominences: float, floor: float = 0.0) -> list[float]:
    """Strongest scores of pictures with these prominences: log of it, and half the log of 2, is a picture's."""
    assert floor == 0
    return [math.exp(one) / math.sqrt(2) for one in prominences]


@pytest.mark.parametrize(
    ("good", "centre", "widened"),
    [
        # A lone one was compared with itself alone: what was measured on other kinds stands.
        ((0.7,), 0.0, 1.0),
        # Two count for 2 of 10. Their squares about the mean are 0.02, the mean's about 0 counts 1.6 times 0.01 more:
        # 0.036, over the variance of 0.01 that is 3.6 beside the 8 of the prior, over 10.
        ((0.0, 0.2), 0.2 * 0.1, math.sqrt(11.6 / 10)),
        ((0.2, 0.0), 0.2 * 0.1, math.sqrt(11.6 / 10)),
        # Three alike where they are expected make it narrower: 8 over 11.
        ((0.0, 0.0, 0.0), 0.0, math.sqrt(8 / 11)),
        # Eight count for a half: the mean's square of 0.09 counts 4 times, 0.36 over 0.01 is 36, and 44 over 16.
        ((0.3,) * 8, 0.15, math.sqrt(44 / 16)),
    ],
    ids=str,
)
def test_few_good_pictures_are_taken_together_with_other_kinds(
    good: Sequence[float], centre: float, widened: float
) -> None:
    bound = centre + widened * 0.1 * NORMAL_95
    needed = math.exp(bound) / math.sqrt(2)
    below, above = (compared(needed * by, good_ones(*good)) for by in (0.9999, 1.0001))
    assert not below.flags.any()
    assert above.flags.any()


def test_two_good_pictures_in_figures() -> None:
    """Once more without a formula: 0.02 + 1.0770 * 0.16449 = 0.19716, exp(0.19716) / 1.41421 = 0.86123."""
    good = good_ones(0.0, 0.2)
    assert not compared(0.8611, good).flags.any()
    assert compared(0.8614, good).flags.any()


def test_contrast_within_the_picture_counts_half() -> None:
    """At prominence 0.16449 a picture with the middle tile at 1 needs exp(0.16449 / 1.5) = 1.1159."""
    scores = [1, 1, 1, 1.1]
    decision = decided(scores, RuleName.CALIBRATED, scope=Scope.REFERENCES, good=[1.0])
    assert decision.threshold == pytest.approx(1.1159, abs=1e-4)
    assert decision.verdict is Verdict.CANNOT_TELL


@pytest.mark.parametrize(
    ("logs", "level"),
    [
        ([0.0], 0.0),
        ([0.1, 0.0], 0.045),
        ([0.3, 0.0, 0.2, 0.1], 0.135),  # 0.45 * 3 = 1.35 of the way from the first on
        ([0.4, 0.0, 0.2, 0.1, 2.0], 0.18),
    ],
    ids=["one", "two", "four", "five"],
)
@pytest.mark.parametrize("floor", [0.0, 0.5])
def test_the_middle_of_the_good_ones_of_a_batch_stands_for_all(logs: list[float], level: float, floor: float) -> None:
    """One in ten is expected to be defective: of the nine others the middle one is the 45th of a hundred."""
    good = [math.exp(one) - floor for one in logs]
    decision = decided([0.1, 0.1], RuleName.CALIBRATED, scope=Scope.BATCH, good=good, floor=floor)
    assert decision.threshold == pytest.approx(math.exp(level + 0.1 * NORMAL_95) - floor, rel=1e-6)
    assert not decision.flags.any()


@pytest.mark.parametrize(("share", "level"), [(0.0, 0.2), (0.25, 0.15), (0.5, 0.1)])
def test_the_more_are_expected_to_be_defective_the_lower_the_middle_of_the_good_ones(
    share: float, level: float
) -> None:
    others = [np.array([math.exp(one)] * 2) for one in (0.0, 0.1, 0.2, 0.3, 2.0)]
    rule = Rule(RuleName.CALIBRATED, false_alarms=0.05, expected_defective=share)
    decision = decide(
        tile_scores([0.1, 0.1]),
        rule,
        scope=Scope.BATCH,
        engine=EngineName.TEXTURE,
        bank_scores=others,
        calibration=SIMPLE,
    )
    assert decision.threshold == pytest.approx(math.exp(level + 0.1 * NORMAL_95), rel=1e-6)


def test_the_calls_of_a_batch_are_those_of_its_pictures_one_by_one() -> None:
    batch = [np.array([one, 1.0, 1.0, 1.0]) for one in (1.0, 1.02, 1.05, 1.1, 4.0, 5.0, 6.0)]
    unscored = np.full(4, np.nan)
    for share in (0.1, 0.5):
        rule = Rule(expected_defective=share)
        one_by_one = [
            decide(
                tile_scores(batch[at].tolist()),
                rule,
                scope=Scope.BATCH,
                engine=EngineName.DINOV2,
                bank_scores=[*batch[:at], *batch[at + 1 :]],
            ).flags.any()
            for at in range(len(batch))
        ]
        called = called_in_batch(tile_scores(batch[0].tolist()), [*batch[1:], unscored], rule, EngineName.DINOV2)
        assert called == sum(one_by_one)
        assert called >= 3


def test_a_batch_is_never_taken_for_good_pictures_however_large_it_is() -> None:
    decision = decided([1, 1], RuleName.CALIBRATED, scope=Scope.BATCH, good=[1.0] * 40)
    assert decision.threshold == pytest.approx(math.exp(0.1 * NORMAL_95), rel=1e-6)


def test_tiles_go_with_the_strongest_by_the_share_of_their_scope() -> None:
    scores = [1, 1, 1, 2.9, 3.1, 6]
    apart = decided(scores, RuleName.CALIBRATED, scope=Scope.BATCH, good=[1.0], others_ratio=0.5, self_ratio=0.9)
    assert apart.flags.tolist() == [False] * 4 + [True] * 2
    # The reason counts those that are flagged, as the headline does, and not those that the strongest had to reach.
    assert apart.reason.startswith("2 of 6 tiles stand out.")


@pytest.mark.parametrize(
    ("strongest", "good", "said"),
    [
        (9.0, [1.0, 2.0, 3.0], "higher than in all of the 3 good pictures"),
        (2.5, [1.0, 2.0, 3.0], "higher than in 2 of the 3 good pictures"),
        (2.0, [1.0, 2.0, 3.0], "higher than in 1 of the 3 good pictures"),
        (0.5, [1.0, 2.0, 3.0], "no higher than in any of the 3 good pictures"),
    ],
)
def test_it_says_how_many_good_pictures_score_lower(strongest: float, good: list[float], said: str) -> None:
    assert said in compared(strongest, good).reason


def test_a_lone_good_picture_tells_no_rank() -> None:
    assert "higher than in" not in compared(9.0, [1.0]).reason


@pytest.mark.parametrize(
    ("prominence_of_it", "said"),
    [
        (0.1 * 1.281551566, "About 10% of clean pictures of other kinds"),
        (0.1 * NORMAL_95, "About 5% of"),
        (0.1 * 2.4, "Fewer than 1% of"),
        (-0.05, "More than 50% of"),
    ],
)
def test_it_says_how_many_clean_pictures_come_as_far(prominence_of_it: float, said: str) -> None:
    assert said in compared(math.exp(prominence_of_it) / math.sqrt(2), [1.0]).reason


def test_a_bound_lies_between_those_of_the_shares_on_either_side() -> None:
    table = CleanPictures((0, 1, 2, 3, 4, 5, 100))
    assert 4 < table.bound(0.07) < 5 < table.bound(0.03) < 100 < table.bound(0.01)


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
        (EngineName.DINOV2, (0.5, 1.0, 0.08, 0.01, 0.7, 0.7)),
        (EngineName.FASTDUP, (0.8, 1.0, 0.12, 0.001, 0.5, 0.7)),
        (EngineName.TEXTURE, (0.6, 2.2, 0.08, 0.01, 0.5, 0.7)),
    ],
)
def test_what_was_measured_is_what_is_used(engine: EngineName, measured: tuple[float, ...]) -> None:
    """A new measurement changes these figures and those of docs/method.md; a slip does not."""
    used = CALIBRATIONS[engine]
    assert (used.typical, used.uneven, used.growth, used.floor, used.self_ratio, used.others_ratio) == measured
    for table in (used.surfaces, used.references, used.batch):
        assert len(table.prominences) == len(SHARES)
        assert sorted(set(table.prominences)) == list(table.prominences)
