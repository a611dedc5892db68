"""The chart of normal pictures over time, and the sentence where they have changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from segdetect.deciding.drift import control_chart
from segdetect.output.drift_charts import drift_chart, drift_sentence

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
LEARNT = [1.0, 1.1, 0.9, 1.05, 0.95] * 6


def test_a_change_is_said_with_the_time_it_has_lasted() -> None:
    values = [*LEARNT, *[1.5] * 50]
    times = [NOW - timedelta(minutes=len(values) - number) for number in range(len(values))]
    chart = control_chart(LEARNT, values)
    assert drift_sentence(chart, times, NOW).startswith("The pictures of the last hour are less like the good ones")
    assert "more alike" in drift_sentence(control_chart(LEARNT, [0.5] * 9), times[-9:], NOW)
    assert drift_sentence(control_chart(LEARNT, LEARNT), times, NOW) == ""


def test_the_last_ones_are_drawn_with_their_limits() -> None:
    chart = control_chart(LEARNT, LEARNT)
    figure = drift_chart(chart, LEARNT, shown=10)
    upper, lower, scores, average = figure.data
    assert np.array_equal(scores.x, np.arange(21, 31))
    assert np.array_equal(scores.y, LEARNT[-10:])
    assert np.array_equal(average.y, chart.smoothed[-10:])
    assert (upper.y > average.y).all()
    assert (lower.y < average.y).all()
