"""Decisions on small arrays of scores."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from segdetect.deciding.calibrations import CALIBRATIONS, FALSE_ALARMS
from segdetect.deciding.decision import BORDERLINE, decide, prominence
from segdetect.deciding.prominence import CleanPictures
from segdetect.deciding.stock import stock_flags
from segdetect.grid import tile_layout
from segdetect.inspection import Decision, Floats, TileScores, Verdict
from segdetect.scoring.nearest import neighbour_lists
from segdetect.settings import EngineName, GridSize, Rule, RuleName, Scope

ENGINES = tuple(CALIBRATIONS)
PLANTED = 17
values = st.floats(0, 100, allow_nan=False).map(lambda value: round(value, 6))
score_lists = st.lists(values, min_size=2, max_size=60)


def tile_scores(scores: Sequence[float] | Floats, *, varied: bool = False) -> TileScores:
    array = np.asarray(scores, np.float64)
    count = len(array)
    rows = next(rows for rows in (7, 4, 2, 1) if count % rows == 0)
    layout = tile_layout((1000, 1000), GridSize(rows, count // rows)) if count // rows <= 32 else None
    if layout is None:
        layout = tile_layout((1000, 1000), GridSize(1, 2))
    none = np.full(count, -1)
    return TileScores(layout, array, (), none, none, np.full(count, np.nan), varied=varied)


def even_scores(*, planted: float | None = None) -> Floats:
    """49 scores between 0.95 and 1.05, and one planted."""
    scores = 1 + 0.05 * np.sin(np.arange(49.0))
    if planted is not None:
        scores[PLANTED] = planted
    return scores


def decided(
    scores: Sequence[float] | Floats,
    name: RuleName,
    *,
    scope: Scope = Scope.SELF,
    engine: EngineName = EngineName.DINOV2,
    good: Sequence[Floats] = (),
    threshold: float | None = None,
    false_alarms: float = 0.05,
    varied: bool = False,
) -> Decision:
    rule = Rule(name, threshold=threshold, false_alarms=false_alarms)
    return decide(tile_scores(scores, varied=varied), rule, scope=scope, engine=engine, bank_scores=good)


def clean_pictures(count: int, *, seed: int = 0, spread: float = 0.08) -> list[Floats]:
    """Pictures of one kind: 49 scores each, whose level differs a little from picture to picture."""
    rng = np.random.default_rng(seed)
    return [np.exp(rng.normal(0, spread)) * np.exp(rng.normal(0, 0.1, 49)) for _ in range(count)]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", [RuleName.AUTO, RuleName.GATE, RuleName.FENCE])
class TestOnePicture:
    def test_planted_tile_alone_is_flagged(self, engine: EngineName, name: RuleName) -> None:
        decision = decided(even_scores(planted=5), name, engine=engine)
        assert np.flatnonzero(decision.flags).tolist() == [PLANTED]
        assert decision.verdict is Verdict.ANOMALOUS

    def test_even_scores_flag_nothing(self, engine: EngineName, name: RuleName) -> None:
        decision = decided(even_scores(), name, engine=engine)
        assert not decision.flags.any()
        assert decision.verdict is Verdict.NORMAL

    @pytest.mark.parametrize("level", [1e-9, 0.3, 7.0])
    def test_constant_scores_flag_nothing(self, engine: EngineName, name: RuleName, level: float) -> None:
        assert not decided([level] * 49, name, engine=engine).flags.any()

    def test_one_hugely_odd_tile_among_identical_ones(self, engine: EngineName, name: RuleName) -> None:
        decision = decided([0.0] * 48 + [1e6], name, engine=engine)
        assert np.flatnonzero(decision.flags).tolist() == [48]
        assert np.isfinite(decision.threshold)


class TestGate:
    def test_tiles_most_of_the_way_to_the_strongest_go_with_it(self) -> None:
        scores = even_scores(planted=2.6)
        scores[3] = 1.9
        assert np.flatnonzero(decided(scores, RuleName.GATE).flags).tolist() == [3, PLANTED]
        scores[PLANTED] = 1.0
        assert not decided(scores, RuleName.GATE).flags.any()

    def test_but_not_far_below_a_strong_one(self) -> None:
        scores = even_scores(planted=4)
        scores[[3, 4]] = 1.75, 3
        assert np.flatnonzero(decided(scores, RuleName.GATE).flags).tolist() == [4, PLANTED]

    def test_an_uneven_picture_must_show_more(self) -> None:
        even, uneven = np.ones(49), np.where(np.arange(49) % 3 == 0, 0.75, 1.0)
        threshold = decided(even, RuleName.GATE, engine=EngineName.TEXTURE).threshold
        even[PLANTED] = uneven[PLANTED] = 1.01 * threshold
        assert decided(even, RuleName.GATE, engine=EngineName.TEXTURE).flags[PLANTED]
        assert not decided(uneven, RuleName.GATE, engine=EngineName.TEXTURE).flags.any()

    @pytest.mark.parametrize("engine", ENGINES)
    def test_blank_tiles_do_not_hide_a_defect(self, engine: EngineName) -> None:
        scores = np.where(np.arange(49) % 3 == 0, 0.0, 1.0)
        scores[PLANTED] = 9
        assert np.flatnonzero(decided(scores, RuleName.GATE, engine=engine).flags).tolist() == [PLANTED]

    def test_a_picture_is_at_the_gate_when_its_prominence_is_the_calibrations(self) -> None:
        constants = CALIBRATIONS[EngineName.DINOV2]
        scores = np.append(np.linspace(0.8, 1.1, 143), 2.0)
        at = prominence(scores, constants)
        for gate, flagged in ((at + 0.001, False), (at - 0.001, True)):
            decision = decide(
                tile_scores(scores),
                Rule(false_alarms=0.5),
                scope=Scope.SELF,
                engine=EngineName.DINOV2,
                calibration=replace(constants, surfaces=CleanPictures(tuple(gate + 0.1 * i for i in range(7)))),
            )
            assert decision.flags.any() == flagged

    def test_closed_gate_tells_the_score_that_would_open_it(self) -> None:
        scores = even_scores()
        strongest = scores.argmax()
        threshold = decided(scores, RuleName.GATE).threshold
        scores[strongest] = threshold * 0.999
        assert not decided(scores, RuleName.GATE).flags.any()
        scores[strongest] = threshold * 1.001
        assert decided(scores, RuleName.GATE).flags[strongest]

    @pytest.mark.parametrize("engine", ENGINES)
    def test_the_reason_says_how_far_the_strongest_is_from_the_ordinary_ones(self, engine: EngineName) -> None:
        scores = np.append(np.linspace(1, 2, 49), 10.0)
        decision = decided(scores, RuleName.GATE, engine=engine)
        ordinary = np.quantile(scores, CALIBRATIONS[engine].typical, method="lower")
        said = re.search(r"scores ([\d.]+) times as high as (.+?); it takes", decision.reason)
        assert said is not None
        assert float(said[1]) == pytest.approx(scores.max() / ordinary, rel=0.02)
        fifths = "any of the ordinary tiles (the lower four fifths)"
        assert said[2] == (fifths if CALIBRATIONS[engine].typical == 0.8 else "the typical tile")

    def test_just_past_the_gate_is_suspicious(self) -> None:
        scores = even_scores()
        scores[PLANTED] = decided(scores, RuleName.GATE).threshold * (1 + BORDERLINE) / 2
        decision = decided(scores, RuleName.GATE)
        assert decision.verdict is Verdict.SUSPICIOUS
        assert "close" in decision.reason

    @pytest.mark.parametrize(
        ("scores", "varied", "remedy"),
        [
            pytest.param(even_scores(planted=9), True, "known-good pictures", id="an object"),
            pytest.param([0.0] * 49, False, "Check that the picture", id="a blank picture"),
            pytest.param([1.0, 9.0], False, "finer grid", id="two tiles"),
        ],
    )
    def test_cannot_tell_flags_nothing_and_says_what_to_do(self, scores: Floats, varied: bool, remedy: str) -> None:
        decision = decided(scores, RuleName.AUTO, varied=varied)
        assert decision.verdict is Verdict.CANNOT_TELL
        assert decision.rule is RuleName.GATE
        assert not decision.flags.any()
        assert remedy in decision.reason

    def test_rules_the_user_chose_flag_objects_too(self) -> None:
        scores = even_scores(planted=9)
        for name in (RuleName.FENCE, RuleName.THRESHOLD):
            assert decided(scores, name, threshold=5, varied=True).flags[PLANTED]

    def test_more_tiles_need_more_evidence(self) -> None:
        few, many = np.ones(16), np.ones(400)
        few[3] = many[3] = 2.4
        assert decided(few, RuleName.GATE).flags.any()
        assert not decided(many, RuleName.GATE).flags.any()


class TestStock:
    @pytest.mark.parametrize(("tiles", "flagged"), [(4, 1), (16, 1), (49, 4), (100, 10)])
    def test_always_flags_its_share(self, tiles: int, flagged: int) -> None:
        decision = decided(np.linspace(0.1, 0.2, tiles), RuleName.STOCK, engine=EngineName.TEXTURE)
        assert np.flatnonzero(decision.flags).tolist() == list(range(tiles - flagged, tiles))
        assert decision.verdict is Verdict.CANNOT_TELL
        assert "clean or not" in decision.reason

    def test_a_tile_with_both_neighbours_far_away_takes_two_places(self) -> None:
        lists = np.full((49, 2), 0.9)
        lists[[5, 6, 7, 8], 1] = 0.1, 0.2, 0.3, 0.4
        lists[5, 0] = 0.25
        scores = replace(tile_scores(1 - lists[:, 1]), neighbour_lists=lists)
        decision = decide(scores, Rule(RuleName.STOCK), scope=Scope.SELF, engine=EngineName.FASTDUP)
        assert np.flatnonzero(decision.flags).tolist() == [5, 6, 7]
        assert decision.threshold == pytest.approx(0.7)

    def test_of_equal_edges_the_first_tile_is_flagged(self) -> None:
        vectors = np.eye(8, dtype=np.float32)
        assert np.flatnonzero(stock_flags(neighbour_lists(vectors, 2))).tolist() == [0]

    def test_two_tiles_have_an_edge_each(self) -> None:
        vectors = np.eye(2, dtype=np.float32)
        assert neighbour_lists(vectors, 2).tolist() == [[0], [0]]
        assert np.flatnonzero(stock_flags(neighbour_lists(vectors, 2))).tolist() == [0]


class TestThreshold:
    def test_flags_scores_from_the_threshold_on(self) -> None:
        decision = decided([0.1, 0.3, 0.29, 0.9], RuleName.THRESHOLD, threshold=0.3)
        assert decision.flags.tolist() == [False, True, False, True]
        assert decision.verdict is Verdict.ANOMALOUS

    @pytest.mark.parametrize(
        ("threshold", "verdict"),
        [(0.0, Verdict.ANOMALOUS), (0.85, Verdict.SUSPICIOUS), (0.91, Verdict.NORMAL), (-1.0, Verdict.ANOMALOUS)],
    )
    def test_verdict_follows_the_flags(self, threshold: float, verdict: Verdict) -> None:
        assert decided([0.1, 0.9], RuleName.THRESHOLD, threshold=threshold).verdict is verdict


class TestCalibrated:
    def test_without_good_pictures_it_cannot_tell(self) -> None:
        decision = decided(even_scores(planted=9), RuleName.CALIBRATED, scope=Scope.REFERENCES)
        assert decision.verdict is Verdict.CANNOT_TELL
        assert not decision.flags.any()

    @pytest.mark.parametrize("count", [1, 2, 5, 19, 40])
    def test_finds_a_defect_and_passes_a_clean_picture(self, count: int) -> None:
        good = clean_pictures(count)
        bad = clean_pictures(1, seed=99)[0]
        assert decided(bad, RuleName.AUTO, scope=Scope.REFERENCES, good=good).verdict is Verdict.NORMAL
        bad[PLANTED] = 5
        decision = decided(bad, RuleName.AUTO, scope=Scope.REFERENCES, good=good)
        assert decision.rule is RuleName.CALIBRATED
        assert np.flatnonzero(decision.flags).tolist() == [PLANTED]
        assert decision.verdict is Verdict.ANOMALOUS

    def test_a_larger_budget_lowers_the_threshold(self) -> None:
        good = clean_pictures(3)
        strict, loose = (
            decided(even_scores(), RuleName.AUTO, scope=Scope.REFERENCES, good=good, false_alarms=budget).threshold
            for budget in (0.01, 0.2)
        )
        assert loose < strict

    def test_defective_pictures_in_a_batch_hide_nothing(self) -> None:
        others = clean_pictures(10)
        for picture in others[:4]:
            picture[PLANTED] = 6
        bad = even_scores(planted=3)
        decision = decided(bad, RuleName.AUTO, scope=Scope.BATCH, good=others)
        assert np.flatnonzero(decision.flags).tolist() == [PLANTED]
        assert not decided(even_scores(), RuleName.AUTO, scope=Scope.BATCH, good=others).flags.any()


def any_decision(
    name: RuleName, scores: Sequence[float], good: list[Floats], scope: Scope, engine: EngineName
) -> Decision:
    return decided(scores, name, scope=scope, engine=engine, good=good, threshold=1.0)


@hypothesis_settings(deadline=None)
@given(
    name=st.sampled_from([name for name in RuleName if name is not RuleName.STOCK]),
    scores=score_lists,
    good=st.lists(score_lists.map(np.array), max_size=25),
    scope=st.sampled_from(Scope),
    engine=st.sampled_from(ENGINES),
)
def test_flags_are_the_scores_from_a_finite_threshold_on(
    name: RuleName, scores: list[float], good: list[Floats], scope: Scope, engine: EngineName
) -> None:
    decision = any_decision(name, scores, good, scope, engine)
    assert np.isfinite(decision.threshold)
    assert decision.flags.tolist() == [score >= decision.threshold for score in scores]
    assert (decision.verdict in (Verdict.SUSPICIOUS, Verdict.ANOMALOUS)) == bool(decision.flags.any())
    assert decision.rule is not RuleName.AUTO
    assert decision.reason[0].isupper() or decision.reason[0].isdigit()
    assert decision.reason.endswith(".")
    assert not decision.flags.flags.writeable


@hypothesis_settings(deadline=None)
@example(name=RuleName.FENCE, scores=[9.0, 9.0, 9.0, 10.0, 0.0], tile=0, rise=1.0, engine=EngineName.DINOV2)
@given(
    name=st.sampled_from(RuleName),
    scores=score_lists,
    tile=st.integers(0, 59),
    rise=st.floats(0, 50),
    engine=st.sampled_from(ENGINES),
)
def test_raising_a_score_never_unflags_its_tile(
    name: RuleName, scores: list[float], tile: int, rise: float, engine: EngineName
) -> None:
    tile %= len(scores)
    good = [np.array([1.0, 2.0, 1.5])]
    before = any_decision(name, scores, good, Scope.REFERENCES, engine).flags[tile]
    raised = [score + rise if i == tile else score for i, score in enumerate(scores)]
    assert any_decision(name, raised, good, Scope.REFERENCES, engine).flags[tile] >= before


SURENESS = (Verdict.NORMAL, Verdict.CANNOT_TELL, Verdict.SUSPICIOUS, Verdict.ANOMALOUS)


def batch_decision(scores: Sequence[float], engine: EngineName) -> Decision:
    """In a batch no tile but the two strongest has a say in whether a picture is called; one more has no score."""
    others = [np.array([1.0, 2.0, 1.5]), np.array([1.0, 4.0, 3.9])]
    return decided([*scores, math.nan], RuleName.CALIBRATED, scope=Scope.BATCH, engine=engine, good=others)


@hypothesis_settings(deadline=None)
@given(
    scores=st.lists(values, min_size=1, max_size=60),
    tile=st.integers(0, 59),
    rise=st.floats(0, 5),
    engine=st.sampled_from(ENGINES),
)
def test_raising_a_score_never_makes_a_picture_less_anomalous(
    scores: list[float], tile: int, rise: float, engine: EngineName
) -> None:
    tile %= len(scores)
    raised = [score + rise if i == tile else score for i, score in enumerate(scores)]
    before, after = (SURENESS.index(batch_decision(each, engine).verdict) for each in (scores, raised))
    assert after >= before


@hypothesis_settings(deadline=None)
@given(scores=st.lists(values, min_size=1, max_size=60), tile=st.integers(0, 59), engine=st.sampled_from(ENGINES))
def test_any_tile_that_comes_to_the_threshold_is_flagged_and_the_strongest_not_before(
    scores: list[float], tile: int, engine: EngineName
) -> None:
    decision = batch_decision(scores, engine)
    if decision.flags.any():
        return

    def flagged(at: int, score: float) -> bool:
        return bool(batch_decision([*scores[:at], score, *scores[at + 1 :]], engine).flags[at])

    assert flagged(tile % len(scores), 1.000001 * decision.threshold)
    assert not flagged(int(np.argmax(scores)), max(0.99999 * decision.threshold, *scores))


@hypothesis_settings(deadline=None)
@given(
    scores=score_lists,
    good=st.lists(score_lists.map(np.array), min_size=1, max_size=25),
    scope=st.sampled_from(Scope),
    engine=st.sampled_from(ENGINES),
)
def test_of_more_false_alarms_allowed_none_calls_fewer_pictures(
    scores: list[float], good: list[Floats], scope: Scope, engine: EngineName
) -> None:
    called = [
        bool(decided(scores, RuleName.AUTO, scope=scope, engine=engine, good=good, false_alarms=share).flags.any())
        for share in FALSE_ALARMS
    ]
    assert called == sorted(called)


def unlike(
    scope: Scope, own: float, others: Sequence[float], *, engine: EngineName = EngineName.DINOV2, planted: float = 30.0
) -> Decision:
    """The answer for a picture with a planted tile, in company of pictures that are so unlike each other."""
    scores = replace(tile_scores(even_scores(planted=planted)), unlikeness=own)
    bank = [even_scores() for _ in others]
    return decide(scores, Rule(), scope=scope, engine=engine, bank_scores=bank, bank_unlikeness=others)


def test_pictures_of_different_things_are_not_judged_by_one_another() -> None:
    answer = unlike(Scope.BATCH, 0.35, [0.3, 0.4, 0.25])
    assert (answer.verdict, answer.flags.any()) == (Verdict.CANNOT_TELL, False)
    assert "do not show the same thing" in answer.reason


@pytest.mark.parametrize(("own", "others"), [(0.1, [0.2, 0.15, 0.2]), (0.6, [0.1, 0.1, 0.1]), (math.nan, [0.6, 0.6])])
def test_one_picture_of_another_thing_does_not_spoil_a_batch(own: float, others: list[float]) -> None:
    answer = unlike(Scope.BATCH, own, others)
    assert answer.verdict is Verdict.ANOMALOUS
    assert answer.reason.startswith("Most of it is unlike anything in the other pictures") == (own > 0.4)


def test_a_picture_of_another_part_is_said_to_be_one() -> None:
    answer = unlike(Scope.REFERENCES, 0.5, [0.1, 0.1])
    assert answer.verdict is Verdict.ANOMALOUS
    assert answer.reason.startswith("Most of it is unlike anything in the good pictures")
    assert "unlike anything" not in unlike(Scope.REFERENCES, 0.3, [0.1, 0.1]).reason


def test_engines_that_cannot_tell_things_apart_say_nothing_of_it() -> None:
    for engine in (EngineName.TEXTURE, EngineName.FASTDUP):
        assert "same thing" not in unlike(Scope.BATCH, 0.9, [0.9, 0.9], engine=engine).reason
