"""What starting the dashboard says of the folders that its visitors may read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scripts.start import readable_folders


def test_others_may_read_nothing_unless_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEGDETECT_ROOTS", raising=False)
    said = readable_folders("0.0.0.0")
    assert said == "visitors may read no folder of this machine; SEGDETECT_ROOTS=/folder allows one."


def test_the_folders_that_others_may_read_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGDETECT_ROOTS", f"{tmp_path}{os.pathsep}{tmp_path / 'typo'}")
    said = readable_folders("0.0.0.0")
    assert said == f"visitors may read pictures in {tmp_path}, {tmp_path / 'typo'} (not there)."


def test_another_loopback_address_gives_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEGDETECT_ROOTS", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert str(tmp_path) in readable_folders("127.0.0.2")
