"""What starting the dashboard says of the folders that its visitors may read, and what goes on when it serves."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from scripts.start import readable_folders
from segdetect.runs.watching.ledger import Ledger
from segdetect.runs.watching.watchers import WatcherRecord
from segdetect.runs.watching.wishes import state_folder
from segdetect.settings import EngineName, Settings
from segdetect.storage.plans.plan import Plan
from segdetect.storage.plans.plans import Plans
from tests.support.app_server import running_app
from tests.support.pictures import png, weave


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


@pytest.mark.slow
def test_a_watcher_goes_on_at_once_though_nobody_opens_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, folder = tmp_path / "home", tmp_path / "line"
    monkeypatch.setenv("SEGDETECT_HOME", str(home))
    folder.mkdir()
    (folder / "part.png").write_bytes(png(weave()))
    Plans().keep(Plan(name="Cloth", settings=Settings(engine=EngineName.TEXTURE)))
    place = state_folder(folder)
    place.mkdir(parents=True)
    WatcherRecord(id=place.name, account="", folder=str(folder), plan="Cloth").write(place)
    with running_app(home, streamlit="segdetect.ui.server"):
        end = time.monotonic() + 40
        while not Ledger(place).last():
            assert time.monotonic() < end
            time.sleep(0.1)
        assert [seen.name for seen in Ledger(place).last()] == ["part.png"]
