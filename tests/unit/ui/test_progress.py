from __future__ import annotations

from types import SimpleNamespace

import pytest

from segdetect.ui.shared import progress
from segdetect.ui.shared.progress import Progressing


class _Bar:
    def __init__(self) -> None:
        self.said: list[str] = []

    def progress(self, share: float, *, text: str) -> None:
        self.said.append(text)


@pytest.fixture
def shown(monkeypatch):
    """A bar that notes what it says, with a clock that stands still in between."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: clock.now))
    report, bar = Progressing(SimpleNamespace()), _Bar()
    report._bar = bar

    def tell(at: float, share: float, doing: str) -> list[str]:
        clock.now = at
        report(share, doing)
        return bar.said

    return tell


def test_what_is_said_ten_times_a_second_is_drawn_once_a_second(shown):
    for tenth in range(5, 50):
        said = shown(tenth / 10, 0.0, "waiting: 2 pictures ahead")
    assert 4 <= len(said) <= 5


def test_who_waits_long_sees_the_seconds_counted_less_often(shown):
    for tenth in range(600, 1200):
        said = shown(tenth / 10, 0.0, "waiting: 2 pictures ahead")
    assert 6 <= len(said) <= 11


def test_news_is_drawn_soon(shown):
    shown(5.0, 0.0, "waiting: 2 pictures ahead")
    said = shown(5.1, 0.0, "waiting: 1 picture ahead")
    assert len(said) == 1, "a change so soon after the last is not drawn"
    said = shown(5.4, 0.0, "waiting: 1 picture ahead")
    assert "1 picture ahead (5 s)" in said[-1]
    assert len(shown(5.8, 0.5, "describing picture")) == 3
    assert len(shown(6.2, 0.505, "describing picture")) == 3, "half a hundredth cannot be seen"
