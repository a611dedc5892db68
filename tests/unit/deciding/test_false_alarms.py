"""What the rule `calibrated` says of false alarms is true, and its thresholds are what they were."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from segdetect.deciding.decision import decide
from segdetect.grid import tile_layout
from segdetect.inspection import Decision, Floats, TileScores
from segdetect.settings import EngineName, GridSize, Rule, RuleName, Scope

ROOT = Path(__file__).parents[3]
LAYOUT = tile_layout((20, 20), GridSize(1, 2))
NONE = np.full(2, -1)
SETS = 1000  # of good pictures; figures must agree within three standard deviations


def calibrated(
    maxima: Sequence[float] | Floats,
    *,
    budget: float = 0.05,
    scope: Scope = Scope.REFERENCES,
    engine: EngineName = EngineName.DINOV2,
    lone_object: bool = False,
) -> Decision:
    """The decision on a picture that scores nothing, where the good pictures' strongest tiles score this much."""
    scores = TileScores(LAYOUT, np.zeros(2), (), NONE, NONE, np.full(2, np.nan))
    good = [np.array([0.0, one]) for one in maxima]
    rule = Rule(RuleName.CALIBRATED, false_alarms=budget)
    return decide(scores, rule, scope=scope, engine=engine, bank_scores=good, lone_object=lone_object)


def claimed(decision: Decision) -> tuple[float, float]:
    """The shares of clean pictures that are said to be flagged at most: on average, and with nine sets in ten."""
    shares = r"at most ([\d.]+)% do by mistake on average .* at most ([\d.]+)% with nine sets in ten"
    said = re.search(shares, decision.reason)
    assert said is not None
    return float(said[1]) / 100, float(said[2]) / 100


def spread_out(count: int) -> Floats:
    """Different scores about 1, the same on every machine."""
    return 1 + np.arange(count) * 7 % 61 / 128


# The scores are exact in binary, and so are the thresholds that are their ranks.
@pytest.mark.parametrize(
    ("count", "budget", "threshold"),
    [
        (19, 0.05, 1.453125),
        (19, 0.1, 1.4375),
        (20, 0.05, 1.453125),
        (39, 0.05, 1.453125),
        (60, 0.05, 1.453125),
        (60, 0.2, 1.375),
        (4, 0.2, 1.1640625),
    ],
)
def test_ranks_give_the_thresholds_that_they_gave(count: int, budget: float, threshold: float) -> None:
    assert calibrated(spread_out(count), budget=budget).threshold == np.nextafter(threshold, np.inf)


@pytest.mark.parametrize(
    ("engine", "count", "scope", "lone_object", "threshold"),
    [
        (EngineName.DINOV2, 1, Scope.REFERENCES, False, 1.3747589724742482),
        (EngineName.DINOV2, 1, Scope.REFERENCES, True, 0.7239222554113515),
        (EngineName.FASTDUP, 3, Scope.REFERENCES, False, 1.5092180342058856),
        (EngineName.TEXTURE, 18, Scope.REFERENCES, False, 1.5529780854406652),
        (EngineName.DINOV2, 5, Scope.BATCH, False, 1.423102569953179),
        (EngineName.TEXTURE, 60, Scope.BATCH, False, 1.662962106697669),
    ],
)
def test_estimates_give_the_thresholds_that_they_gave(
    engine: EngineName, count: int, scope: Scope, lone_object: bool, threshold: float
) -> None:
    found = calibrated(spread_out(count), engine=engine, scope=scope, lone_object=lone_object)
    assert found.threshold == pytest.approx(threshold, rel=1e-14)


@pytest.mark.parametrize(("count", "budget"), [(19, 0.05), (30, 0.05), (60, 0.05), (9, 0.1), (40, 0.2)])
def test_what_is_claimed_of_false_alarms_is_true_over_sets_of_good_pictures(count: int, budget: float) -> None:
    """Where good and clean pictures' strongest tiles are spread evenly over 0..1, a clean one reaches t with 1 - t."""
    rng = np.random.default_rng(5)
    decisions = [calibrated(rng.random(count), budget=budget) for _ in range(SETS)]
    shares = 1 - np.array([decision.threshold for decision in decisions])
    average, most = claimed(decisions[0])
    assert average == budget
    assert shares.mean() <= average + 3 * shares.std() / SETS**0.5
    assert (shares <= most).mean() == pytest.approx(0.9, abs=3 * (0.9 * 0.1 / SETS) ** 0.5)


def test_the_budget_is_no_bound_for_a_single_set() -> None:
    """With 19 good pictures, 38 sets in 100 have more false alarms than the average that is claimed."""
    rng = np.random.default_rng(5)
    shares = 1 - np.array([calibrated(rng.random(19)).threshold for _ in range(SETS)])
    assert (shares > 0.05).mean() == pytest.approx(0.95**19, abs=3 * (0.38 * 0.62 / SETS) ** 0.5)


def test_what_is_claimed_is_true_of_good_pictures_that_are_scored_against_one_another() -> None:
    """A good picture is compared with the others, a new one with all: the scores are not quite exchangeable."""
    rng = np.random.default_rng(5)
    shares = []
    for _ in range(200):
        good, new = rng.normal(size=(19, 8, 3)), rng.normal(size=(60, 8, 3))
        decision = calibrated([_strongest(good[i], np.delete(good, i, axis=0)) for i in range(len(good))])
        shares.append(np.mean([_strongest(one, good) >= decision.threshold for one in new]))
    average, most = claimed(decision)
    assert np.mean(shares) <= average + 3 * np.std(shares) / len(shares) ** 0.5
    assert np.mean(np.array(shares) <= most) >= 0.9 - 3 * (0.9 * 0.1 / len(shares)) ** 0.5


def _strongest(picture: Floats, bank: Floats) -> float:
    """The largest distance of a cell to its nearest one in the bank."""
    cells = bank.reshape(-1, bank.shape[-1])
    squares = (picture**2).sum(axis=1)[:, None] + (cells**2).sum(axis=1) - 2 * picture @ cells.T
    return float(np.sqrt(squares.min(axis=1).max()))


@pytest.mark.parametrize(("count", "budget", "reached"), [(19, 0.05, "none"), (39, 0.05, "1"), (60, 0.05, "2")])
def test_it_says_how_many_good_pictures_reach_the_threshold(count: int, budget: float, reached: str) -> None:
    maxima = spread_out(count)
    decision = calibrated(maxima, budget=budget)
    assert f"learnt from {count} good pictures, {reached} of which reach" in decision.reason
    assert int((maxima >= decision.threshold).sum()) == int(reached.replace("none", "0"))


@pytest.mark.parametrize(("budget", "said"), [(0.001, "about 0.1%"), (0.025, "about 2.5%"), (0.05, "about 5%")])
def test_a_share_is_said_as_it_was_chosen(budget: float, said: str) -> None:
    assert said in calibrated([1.0, 1.1], budget=budget).reason


def _texts() -> list[Path]:
    pages = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "streamlit_app.py", *(ROOT / "docs").rglob("*.md")]
    code = [path for folder in ("segdetect", "pages") for path in (ROOT / folder).rglob("*.*")]
    return pages + [path for path in code if path.suffix in (".py", ".md", ".js", ".html", ".css")]


def test_no_text_promises_a_share_of_false_alarms() -> None:
    """The word stands for a promise that holds for each set, which nobody can give."""
    assert len(_texts()) > 100
    assert [path.name for path in _texts() if "guarant" in path.read_text(encoding="utf-8").lower()] == []
