"""A clock that stands still."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Self

import pytest

from segdetect.output import run


class _Stopped(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls(2026, 11, 26, 12, tzinfo=UTC).astimezone(tz)


def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """All runs that write to folders begin in one second."""
    monkeypatch.setattr(run, "datetime", _Stopped)
