"""Whose runs a visitor sees."""

from __future__ import annotations

from typing import Any

import pytest
import streamlit as st

from segdetect.ui.shared.jobs import account

ANNA = {"is_logged_in": True, "iss": "https://id.example", "sub": "1", "email": "anna@example.org"}


@pytest.mark.parametrize("user", [{}, {"is_logged_in": False}, {"email": "nobody@example.org"}])
def test_all_who_have_not_logged_in_share_theirs(user: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "user", user)
    assert account() == ""


def test_an_account_is_what_its_provider_calls_it(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = set()
    for user in (ANNA, ANNA | {"sub": "2"}, ANNA | {"iss": "https://other.example"}, ANNA | {"sub": None}):
        monkeypatch.setattr(st, "user", user)
        seen.add(account())
    assert len(seen) == 4
    assert "" not in seen
    monkeypatch.setattr(st, "user", ANNA | {"email": "anna@elsewhere.org"})
    assert account() in seen
