"""What is said of false alarms is true, and promises nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from benchmarks.calibrate import Seen, clean_pictures, hit_rates
from segdetect.deciding.calibrations import CALIBRATIONS, FALSE_ALARMS
from segdetect.deciding.decision import decide
from segdetect.deciding.prominence import SHARES, CleanPictures
from segdetect.grid import tile_layout
from segdetect.inspection import Floats, TileScores
from segdetect.settings import EngineName, GridSize, Rule, RuleName, Scope

ROOT = Path(__file__).parents[3]
LAYOUT = tile_layout((30, 10), GridSize(1, 3))
NONE = np.full(3, -1)
LONG = tile_layout((500, 50), GridSize(2, 25))
MANY = np.full(50, -1)
SETS = 200  # of good pictures; figures must agree within three standard deviations
TABLES = [
    pytest.param(getattr(constants, scope), id=f"{engine}-{scope}")
    for engine, constants in CALIBRATIONS.items()
    for scope in ("surfaces", "references", "batch")
]


def _called(strongest: float, good: Floats, budget: float) -> bool:
    scores = TileScores(LAYOUT, np.array([0.0, 1.0, strongest]), (), NONE, NONE, np.full(3, np.nan))
    bank = [np.array([0.0, 1.0, one]) for one in good]
    rule = Rule(RuleName.CALIBRATED, false_alarms=budget)
    answer = decide(scores, rule, scope=Scope.REFERENCES, engine=EngineName.DINOV2, bank_scores=bank)
    return bool(answer.flags.any())


@pytest.mark.parametrize(("count", "budget"), [(19, 0.05), (39, 0.05), (19, 0.1), (40, 0.2)])
def test_with_enough_good_pictures_no_more_clean_ones_are_called_than_allowed(count: int, budget: float) -> None:
    """Whatever their spread: on average over sets of good pictures, which is why nothing is promised for one set."""
    rng = np.random.default_rng(5)
    called = np.mean([_called(1 + rng.random(), 1 + rng.random(count), budget) for _ in range(SETS)])
    assert called <= budget + 3 * (budget * (1 - budget) / SETS) ** 0.5


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("share", [0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01])
def test_a_bound_is_reached_by_the_share_it_stands_for(table: CleanPictures, share: float) -> None:
    assert table.share_above(table.bound(share)) == pytest.approx(share, rel=1e-6)


@pytest.mark.parametrize("table", TABLES)
def test_fewer_false_alarms_take_more(table: CleanPictures) -> None:
    bounds = [table.bound(share) for share in (0.5, 0.4, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.001)]
    assert bounds == sorted(set(bounds))


def test_between_and_beyond_the_measured_shares_prominences_are_taken_as_normal() -> None:
    table = CleanPictures(tuple(3 + 2 * float(stats.norm.ppf(share)) for share in SHARES))
    for share in (0.6, 0.42, 0.07, 0.001):
        assert table.bound(share) == pytest.approx(3 + 2 * stats.norm.ppf(1 - share))


def _texts() -> list[Path]:
    pages = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "streamlit_app.py", *(ROOT / "docs").rglob("*.md")]
    code = [path for folder in ("segdetect", "pages") for path in (ROOT / folder).rglob("*.*")]
    return pages + [path for path in code if path.suffix in (".py", ".md", ".js", ".html", ".css")]


def test_no_text_promises_a_share_of_false_alarms() -> None:
    """The word stands for a promise that holds for each set, which nobody can give."""
    assert len(_texts()) > 100
    assert [path.name for path in _texts() if "guarant" in path.read_text(encoding="utf-8").lower()] == []


@pytest.mark.parametrize("engine", CALIBRATIONS)
def test_what_is_found_grows_with_the_false_alarms_that_are_allowed(engine: EngineName) -> None:
    for rates in CALIBRATIONS[engine].hits.values():
        assert len(rates) == len(FALSE_ALARMS)
        assert [*rates] == sorted(rates)
        assert 0 <= rates[0] <= rates[-1] <= 1


def test_what_was_not_measured_is_not_known() -> None:
    constants = replace(CALIBRATIONS[EngineName.TEXTURE], hits={Scope.SELF: (0, 0, 0, 0.2, 0.4, 0.4, 0.4, 1)})
    assert constants.hit_rate(Scope.SELF, 0.1) == 0.4
    assert constants.hit_rate(Scope.SELF, 0.075) == pytest.approx(0.3)
    assert constants.hit_rate(Scope.BATCH, 0.1) is None


def test_hit_rates_are_of_defective_pictures_that_are_taken_for_surfaces() -> None:
    def seen(dataset: str, strongest: float, *, odd: bool, varied: bool = False) -> Seen:
        scores = TileScores(
            LONG, np.array([1.0] * 49 + [strongest]), (), MANY, MANY, np.full(50, np.nan), varied=varied
        )
        return Seen(dataset, dataset, Scope.SELF, scores, np.arange(50) == (49 if odd else -1))

    constants = CALIBRATIONS[EngineName.TEXTURE]
    others = [seen("a", 1.1 + step / 100, odd=False) for step in range(5)]
    without = {"c": replace(constants, surfaces=clean_pictures(others, constants))}
    odd = [seen("c", 3.0, odd=True), seen("c", 1.0, odd=True), seen("c", 3.0, odd=True, varied=True)]
    rates = hit_rates(EngineName.TEXTURE, odd, without, Scope.SELF)
    assert rates[FALSE_ALARMS.index(0.1)] == 0.5
    assert hit_rates(EngineName.TEXTURE, odd, without, Scope.BATCH) == [0.0] * len(FALSE_ALARMS)
