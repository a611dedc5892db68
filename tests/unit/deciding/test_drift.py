"""The EWMA chart gives the published figures, hears a lasting change, and is quiet where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from segdetect.deciding.drift import LEARNT, chart_of, control_chart

# NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.4: lambda .3, mean 50, s 2.0539, and the chart's averages.
VALUES = [52.0, 47.0, 53.0, 49.3, 50.1, 47.0, 51.0, 50.1, 51.2, 50.5, 49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4]
VALUES += [53.6, 52.1]
SMOOTHED = [50.60, 49.52, 50.56, 50.18, 50.16, 49.21, 49.75, 49.85, 50.26, 50.33, 50.11, 49.36, 49.52, 50.05, 49.38]
SMOOTHED += [49.92, 50.73, 51.23, 51.94, 51.99]


def test_the_worked_example_of_the_handbook() -> None:
    chart = chart_of(50.0, 2.0539, VALUES, smoothing=0.3, limit=3.0)
    assert chart.smoothed == pytest.approx(SMOOTHED, abs=0.006)
    # The handbook draws the limits that the exact ones come to.
    assert (chart.lower[-1], chart.upper[-1]) == pytest.approx((47.4115, 52.5884), abs=0.0003)
    assert chart.upper[0] == pytest.approx(50 + 3 * 2.0539 * 0.3)
    assert (chart.signal, chart.since) == (0, len(VALUES))


def process(count: int, *, shift: float = 0.0, seed: int = 0) -> list[float]:
    """Strongest tiles' scores, skewed as these are."""
    drawn = np.random.default_rng(seed).gamma(8.0, 0.15, count) + shift
    return list(map(float, drawn))


@pytest.mark.parametrize(("shift", "signal"), [(0.5, 1), (-0.5, -1)], ids=["less alike", "more alike"])
def test_a_lasting_change_is_heard_with_its_beginning(shift: float, signal: int) -> None:
    values = [*process(100, seed=1), *process(60, shift=shift, seed=2)]
    chart = control_chart(process(LEARNT * 4), values)
    assert chart.signal == signal
    assert 100 <= chart.since <= 120


def test_a_single_odd_value_is_no_drift() -> None:
    assert control_chart(process(LEARNT), [*process(40, seed=3), 2.2]).signal == 0


def test_a_process_that_does_not_change_seldom_signals() -> None:
    charts = [control_chart(process(1000, seed=seed), process(200, seed=1000 + seed)) for seed in range(100)]
    beyond = [bool(((chart.smoothed > chart.upper) | (chart.smoothed < chart.lower)).any()) for chart in charts]
    # Once in 500 values on average, in runs of some values: a third of the charts of 200.
    assert 0.1 < np.mean(beyond) < 0.55
    assert np.mean([chart.signal != 0 for chart in charts]) < 0.06


def test_values_without_any_spread_still_have_limits() -> None:
    chart = control_chart([1.0] * LEARNT, [1.0, 1.001, 2.0, 2.0])
    assert (chart.signal, chart.since) == (1, 2)
    assert control_chart([1.0, 2.0], []).signal == 0
    assert control_chart([0.0, 0.0], [0.0]).signal == 0
