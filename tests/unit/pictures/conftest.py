"""Pictures are decoded within the tests' own process, where they can look inside; `isolated` is for the others."""

from __future__ import annotations

import pytest

from segdetect.pictures.isolation import ISOLATE_VARIABLE


@pytest.fixture(autouse=True)
def within(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ISOLATE_VARIABLE, "0")


@pytest.fixture
def isolated(within: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are decoded as for users, in processes of their own."""
    monkeypatch.delenv(ISOLATE_VARIABLE)
