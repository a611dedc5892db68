"""What all tests of pages have."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What gives way begins at once: a test draws the whole page each moment, where a browser looks at a part of it."""
    monkeypatch.setattr("segdetect.runs.jobs._QUIET_SECONDS", 0.0)
