"""An engine may fail in any way, at any moment: no page shows a traceback, and none is lost.

The engine fails once, at its n-th call of whatever kind. What fails in the page's own run is said in a box, or in the
picture's line of the overview; what fails beside it (self-tests, a second opinion) may be said where that is shown.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.testing.v1 import AppTest

from segdetect.errors import EngineFailedError, SegDetectError
from segdetect.settings import EngineName
from segdetect.ui.shared.process import begin_anew
from tests.support.pages import MissingEngine, errors, explained, open_page, press, upload, viewer_part
from tests.support.pictures import planted, png, weave
from tests.support.tiny_dataset import mvtec_category
from tests.support.tiny_engine import TinyDenseEngine, TinyTileEngine

FILES = [("defect.png", png(planted(2, 3))), ("clean.png", png(weave(seed=1)))]


def _kinds(root: type[SegDetectError]) -> Iterator[type[SegDetectError]]:
    yield root
    for kind in root.__subclasses__():
        yield from _kinds(kind)


KINDS: list[type[Exception]] = [*dict.fromkeys(_kinds(SegDetectError)), RuntimeError, MemoryError]
# These go through all moments one by one; each of the others through every tenth, beginning at another one each.
THOROUGH = (EngineFailedError, RuntimeError)
QUICK = (SegDetectError, MemoryError)
EACH = [pytest.param(kind, marks=[] if kind in QUICK else pytest.mark.slow, id=kind.__name__) for kind in KINDS]


def _moments(kind: type[Exception], *, all_of_them: bool = True) -> range:
    return range(1, 21) if all_of_them and kind in THOROUGH else range(1 + KINDS.index(kind) % 10, 21, 10)


class FailingEngine(TinyDenseEngine):
    """Fails once, at its n-th call."""

    def __init__(self, at: int, kind: type[Exception]) -> None:
        super().__init__()
        self._left, self._kind = at, kind
        self._lock = threading.Lock()
        self.fails_now = False

    def stop_failing(self) -> None:
        with self._lock:
            self._left = 0

    def _call(self) -> None:
        with self._lock:
            self._left -= 1
            fails = self._left == 0
        if fails:
            self.fails_now = get_script_run_ctx(suppress_warning=True) is not None
            raise self._kind("it was told to fail")

    @property
    def version(self) -> str:
        self._call()
        return "failing 1"

    def check(self) -> None:
        self._call()

    def embed(self, *arguments: Any, **options: Any) -> Any:
        self._call()
        return super().embed(*arguments, **options)


@pytest.fixture
def fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[Callable[..., FailingEngine]]:
    """Puts an engine that fails in the place of texture, with nothing in any cache."""
    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SEGDETECT_ROOTS", str(tmp_path))

    def start(at: int, kind: type[Exception]) -> FailingEngine:
        engine = FailingEngine(at, kind)
        engines = {EngineName.FASTDUP: TinyTileEngine(), EngineName.DINOV2: MissingEngine(), EngineName.TEXTURE: engine}
        monkeypatch.setattr("segdetect.pipeline.default_engines", lambda: engines)
        begin_anew()
        return engine

    # Well at first: without it, a page that is opened before would start the real engines.
    start(0, EngineFailedError)
    yield start
    begin_anew()


def _check(app: AppTest, engine: FailingEngine, kind: type[Exception]) -> None:
    """No traceback; the page says what happened, if that happened in its own run; its controls are there."""
    assert not app.exception
    assert app.selectbox
    assert app.slider
    said = [*errors(app), *_failed_lines(app)]
    if _verdicts(app) and not app.title:
        # The heatmap does not ask the engine.
        assert "heatmap" in _charts(app)
    # A batch that fails as a whole is tried once more, picture by picture.
    if engine.fails_now and not _is_whole(app):
        assert said != []
    for message in said:
        assert ("it was told to fail" in message) == issubclass(kind, SegDetectError)
        assert "it was told to fail" in message or "failed" in message
    engine.fails_now = False


def _has_look_alikes(app: AppTest) -> bool:
    """Whether some are shown, in the picture itself or in another."""
    choice = viewer_part(app, "choice")
    return bool(choice["marks"] or choice["nearest"])


def _is_whole(app: AppTest) -> bool:
    """Whether all that the page has to show is there."""
    if app.title:
        return len(_verdicts(app)) == 2
    return (
        len(_verdicts(app)) == 1
        and len(app.dataframe) == 1
        and {"heatmap", "map"} <= _charts(app)
        and _has_look_alikes(app)
    )


def _charts(app: AppTest) -> set[str]:
    return {element.proto.id.rpartition("-")[2] for element in app.get("plotly_chart")}


def _verdicts(app: AppTest) -> list[str]:
    return [element.proto.body for element in app.get("html") if 'class="sd-word"' in element.proto.body]


def _failed_lines(app: AppTest) -> list[str]:
    """What the overview says of pictures that failed."""
    tables = [table.value for table in app.dataframe if "verdict" in table.value]
    return [why for table in tables for why in table.loc[table["verdict"] == "failed", "why"]]


def _expect_recovery(app: AppTest, engine: FailingEngine, kind: type[Exception]) -> None:
    """Two runs with pictures, in one of which it may fail; the next is well."""
    upload(app, *FILES)
    _check(app, engine, kind)
    _check(app.run(), engine, kind)
    engine.stop_failing()
    app.run()
    assert not app.exception
    assert errors(app) == _failed_lines(app) == []
    assert _is_whole(app)
    upload(app)


@pytest.mark.parametrize("kind", EACH)
def test_inspect(fails: Callable[..., FailingEngine], kind: type[Exception]) -> None:
    app = open_page(look="Stability", scope="Batch")
    app.session_state["all"] = True
    for at in _moments(kind):
        _expect_recovery(app, fails(at, kind), kind)


@pytest.mark.parametrize("kind", EACH)
def test_compare(fails: Callable[..., FailingEngine], kind: type[Exception]) -> None:
    app = open_page("pages/compare.py", **{"left-engine": "texture", "right-engine": "texture", "right-grid": "5"})
    for at in _moments(kind):
        _expect_recovery(app, fails(at, kind), kind)


@pytest.mark.parametrize("kind", EACH)
def test_evaluate(fails: Callable[..., FailingEngine], kind: type[Exception], tmp_path: Path) -> None:
    folder = mvtec_category(tmp_path / "cloth", defective=1, clean=1)
    for at in _moments(kind, all_of_them=False):
        fails(at, kind)
        app = open_page("pages/evaluate.py", **{"evaluate-engine": "texture"})
        app.text_input(key="dataset").set_value(str(folder)).run()
        press(app, "Evaluate")
        for _ in range(100):
            assert not app.exception
            if not [button for button in app.button if button.label == "Stop"]:
                break
            time.sleep(0.05)
            app.run()
        said = [*errors(app), *(box.value for box in app.info)]
        assert app.metric or said
        assert [button for button in app.button if button.label == "Evaluate"]


@pytest.mark.parametrize("kind", [EngineFailedError, RuntimeError, MemoryError], ids=lambda kind: kind.__name__)
def test_look_alikes_that_fail_leave_all_else(
    fails: Callable[..., FailingEngine], kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise kind("it was told to fail")

    fails(0, kind)
    monkeypatch.setattr("segdetect.pipeline.Inspector.look_alikes", fail)
    app = upload(open_page(look="Stability"), *FILES)
    assert not app.exception
    assert len(errors(app)) == 1
    assert len(_verdicts(app)) == 1
    assert {"heatmap", "map"} <= _charts(app)
    assert explained(app) == (2, 3)
