"""The second opinion on the page: shared by visitors, tried again where it failed, asked anew of a changed engine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from segdetect.engines.base import Embeddings, EmbedRequest
from segdetect.errors import EngineFailedError
from segdetect.progress import Progress, no_progress
from segdetect.settings import EngineName
from segdetect.ui.inspect.bar import DISAGREE
from segdetect.ui.inspect.second_opinion import Dispute
from segdetect.ui.shared.jobs import foreground, spare_jobs
from segdetect.ui.shared.process import begin_anew
from tests.support.pages import MissingEngine, banner, captions, open_page, press, reasons, viewer_part
from tests.support.tiny_engine import TinyDenseEngine, TinyTileEngine


class Moody(TinyTileEngine):
    """Fails or takes its time while it is told to, and counts how often it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.fails, self.slow, self.calls = False, False, 0

    def embed(self, requests: Sequence[EmbedRequest], progress: Progress = no_progress) -> list[Embeddings]:
        self.calls += 1
        if self.slow:
            time.sleep(1)
        if self.fails:
            raise EngineFailedError("it is in a mood")
        return super().embed(requests, progress)


@pytest.fixture
def moody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Moody]:
    engine = Moody()
    engines = {EngineName.FASTDUP: engine, EngineName.DINOV2: MissingEngine(), EngineName.TEXTURE: TinyDenseEngine()}
    monkeypatch.setattr("segdetect.pipeline.default_engines", lambda: engines)
    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path))
    begin_anew()
    yield engine
    begin_anew()


def _open() -> AppTest:
    return open_page(sample="Broken wire mesh")


def _with(app: AppTest, text: str) -> AppTest:
    """The page once its small print or a warning says this."""
    for _ in range(100):
        said = "\n".join([captions(app), *(warning.value for warning in app.warning)])
        if text in said:
            assert not app.exception
            return app
        time.sleep(0.05)
        app.run()
    raise AssertionError(said)


def test_one_that_failed_says_why_and_can_be_tried_again(moody: Moody) -> None:
    moody.fails = True
    app = _with(_open(), "it is in a mood")
    calls = moody.calls
    app.run()
    assert moody.calls == calls, "a failed one is not repeated by every rerun"
    moody.fails = False
    press(app, "Try again")
    _with(app, "Second opinion by **fastdup**")
    assert "Try again" not in [button.label for button in app.button]


def test_two_visitors_share_one(moody: Moody) -> None:
    _with(_open(), "Second opinion by **fastdup**")
    calls = moody.calls
    _with(_open(), "Second opinion by **fastdup**")
    assert moody.calls == calls


def test_a_changed_engine_is_asked_anew(moody: Moody) -> None:
    app = _with(_open(), "Second opinion by **fastdup**")
    calls = moody.calls
    moody.version = "tiny 2"  # as where its weights are replaced
    app.run()
    for _ in range(100):
        if moody.calls > calls:
            break
        time.sleep(0.05)
    assert moody.calls > calls
    _with(app, "Second opinion by **fastdup**")


def test_it_lets_go_first_what_somebody_waits_for(moody: Moody, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segdetect.runs.jobs._TOLD_AFTER_SECONDS", 0.0)
    with foreground().work():
        app = _with(_open(), "fastdup waits: the server is busy")
        assert moody.calls == 0
    _with(app, "Second opinion by **fastdup**")


def test_who_is_not_alone_looks_less_often(moody: Moody, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[float] = []
    monkeypatch.setattr(
        "segdetect.ui.inspect.second_opinion.poll", lambda draw, *, until, seconds: looks.append(seconds)
    )
    moody.slow = True
    _open()
    assert looks == [1.0]
    begin_anew()
    with foreground().work():
        _open()
        assert looks == [1.0, 3.0]


@pytest.mark.usefixtures("page_engines")
def test_another_grid_of_a_picture_that_a_dense_engine_described_is_answered_with_the_page() -> None:
    app = _with(open_page(sample="Broken wire mesh", engine="fastdup"), "Second opinion by **texture**")
    with foreground().work():
        app.slider(key="grid").set_value(6).run()
        assert "fastdup \u00b7 6 x 6 tiles" in captions(app)
        assert "Second opinion by **texture**" in captions(app), "it was not asked in the background"


def _other_picture(app: AppTest) -> None:
    app.selectbox(key="sample").select_index(1).run()


def _no_picture(app: AppTest) -> None:
    app.selectbox(key="sample").select(None).run()


def _other_page(app: AppTest) -> None:
    app.switch_page("pages/method.py").run()


@pytest.mark.parametrize(("go", "wanted"), [(_other_picture, 1), (_no_picture, 0), (_other_page, 0)])
def test_one_that_nobody_looks_at_any_more_is_not_done(
    moody: Moody, go: Callable[[AppTest], None], wanted: int
) -> None:
    with foreground().work():
        app = _with(_open(), "asking fastdup")
        assert spare_jobs().standing() == (0, 1)
        go(app)
        assert not app.exception
        assert spare_jobs().standing() == (0, wanted)
        assert moody.calls == 0


def test_the_button_takes_the_whole_page_to_the_other_engine(moody: Moody) -> None:
    app = press(_with(_open(), "Second opinion by **fastdup**"), "Switch to fastdup")
    assert not app.exception
    assert "fastdup · 7 x 7 tiles" in captions(app)


def test_what_can_be_told_where_the_first_cannot_stands_beside_it(
    moody: Moody, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segdetect.ui.inspect.second_opinion.disputed", lambda first, second: None)
    monkeypatch.setattr(
        "segdetect.ui.inspect.second_opinion.more_telling", lambda first, second: f"{second.engine} <can tell>"
    )
    app = _with(_open(), "Second opinion by **fastdup**")
    (body,) = [element.proto.body for element in app.get("html") if 'class="sd-word"' in element.proto.body]
    told = "fastdup &lt;can tell&gt;"
    assert f'<span title="{told}" class="sd-beside">{told}</span>' in body


@pytest.mark.parametrize("engine", [EngineName.FASTDUP, EngineName.TEXTURE])
def test_of_two_that_disagree_the_page_says_where_to_look(
    moody: Moody, monkeypatch: pytest.MonkeyPatch, engine: EngineName
) -> None:
    dispute = Dispute(engine, (8, 0), f"look there: flagged by {engine} alone")
    monkeypatch.setattr("segdetect.ui.inspect.second_opinion.disputed", lambda first, second: dispute)
    app = _with(_open(), "Second opinion by **fastdup**")
    assert banner(app) == (DISAGREE, dispute.told)
    assert all(f"{one}: " in reasons(app) for one in ("texture", "fastdup")), "both reasons"
    (pane,) = viewer_part(app, "viewer")["panes"]
    marked = [(mark["box"][:2], mark["label"]) for mark in pane["marks"] if mark["role"] == "second"]
    across, down = pane["edges"]
    label = "fastdup" if engine is EngineName.FASTDUP else ""
    assert marked == [([across[1][0], down[1][0]], label), ([across[0][0], down[0][0]], label)]
    assert pane["by_other"] == ({"engine": "fastdup", "tiles": [8, 0]} if label else None)
