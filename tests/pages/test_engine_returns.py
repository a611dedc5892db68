"""An engine that failed its self-test and came back is offered again without a restart."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from segdetect.engines.self_test import SelfTest
from segdetect.engines.texture import TextureEngine
from segdetect.errors import EngineUnavailableError
from segdetect.settings import EngineName
from segdetect.ui.shared import session
from segdetect.ui.shared.process import begin_anew
from tests.support.pages import MissingEngine, captions, open_page
from tests.support.tiny_engine import TinyTileEngine


class PassingEngine(TinyTileEngine):
    """As fastdup whose process was killed in its first self-test."""

    def __init__(self) -> None:
        super().__init__()
        self.killed = True
        self._self_test = SelfTest(self._try)

    def check(self) -> None:
        self._self_test.check()

    def _try(self) -> None:
        if self.killed:
            raise EngineUnavailableError("its process was killed", remedy="Inspect again")


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PassingEngine]:
    monkeypatch.setattr("segdetect.engines.self_test.FIRST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(session, "ASK_AGAIN_SECONDS", 0.0)
    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path))
    engine = PassingEngine()
    engines = {
        EngineName.FASTDUP: engine,
        EngineName.DINOV2: MissingEngine(),
        EngineName.TEXTURE: TextureEngine(),
    }
    monkeypatch.setattr("segdetect.pipeline.default_engines", lambda: engines)
    begin_anew()
    yield engine
    begin_anew()


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_it_is_offered_again(engine: PassingEngine) -> None:
    app = open_page(engine="auto")
    until(lambda: session.engines().tested)
    assert "auto is texture on this machine" in captions(app.run())
    assert EngineName.FASTDUP in session.engines().troubles
    engine.killed = False
    until(lambda: EngineName.FASTDUP in session.engines().ready)
    assert "auto is fastdup on this machine" in captions(app.run())


def test_asking_ends_when_no_page_is_read(engine: PassingEngine) -> None:
    session.engines()
    until(lambda: session.engines().tested)
    before = {thread.ident for thread in threading.enumerate()}
    time.sleep(0.3)
    assert not {thread.ident for thread in threading.enumerate()} - before
