"""The computer's clock jumps, forward and back, in the midst of use."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from unittest.mock import Mock

import pytest

from segdetect.engines.base import EmbedRequest
from segdetect.engines.fastdup import FastdupEngine
from segdetect.engines.fastdup.worker_process import remove_stale_folders
from segdetect.engines.self_test import SelfTest
from segdetect.errors import EngineExpiredError
from segdetect.grid import tile_layout
from segdetect.pictures.loading import LoadedImage
from segdetect.pictures.sources import list_sources
from segdetect.pipeline import Inspector
from segdetect.runs.queued.record import State
from segdetect.runs.queued.runs import KeptRuns
from segdetect.runs.rooms import Here
from segdetect.runs.run import Work
from segdetect.settings import EngineName, GridSize, Settings
from segdetect.storage.history import retention
from segdetect.storage.history.entries import Search
from segdetect.storage.history.history import History
from segdetect.storage.history.keeping import Keeper
from segdetect.storage.history.retention import Limits
from tests.support.background import PATIENCE
from tests.support.fake_fastdup import FATAL_LINE, install_fake
from tests.support.faults import fault, told
from tests.support.findings import NOON, finding, run
from tests.support.pictures import planted, png, weave
from tests.support.tiny_engine import TinyDenseEngine

IMAGE = LoadedImage("a.png", "0", weave((40, 30)))
REQUEST = EmbedRequest(IMAGE, tile_layout(IMAGE.size_wh, GridSize(1, 2)))
YEARS = 10 * 366 * 86_400.0
HELD = "no folder in use is taken for an old one, the process stays warm, a run that waited goes on to its end"


class Jumping(TinyDenseEngine):
    """The clock jumps while it describes a picture."""

    def __init__(self, jump: Callable[[], None]) -> None:
        super().__init__()
        self._jump = jump

    def embed(self, requests: object, progress: object = None) -> object:  # type: ignore[override]
        self._jump()
        return super().embed(requests)  # type: ignore[arg-type]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Callable[[str], FastdupEngine]]:
    """An engine whose child finds another fastdup."""
    engines: list[FastdupEngine] = []

    def make(behaviour: str) -> FastdupEngine:
        place = install_fake(tmp_path / "packages", behaviour)
        engines.append(FastdupEngine(python_path=[place], environment={"FLAG": str(tmp_path / "flag")}))
        return engines[-1]

    yield make
    for one in engines:
        one.close()


@pytest.mark.parametrize(
    "seconds",
    [
        pytest.param(YEARS, id="forward", marks=fault("clock jumps forward", injected="by 10 years", held=HELD)),
        pytest.param(-YEARS, id="back", marks=fault("clock jumps back", injected="by 10 years", held=HELD)),
    ],
)
def test_a_clock_that_jumps(
    engine: Callable[[str], FastdupEngine],
    seconds: float,
    tmp_path: Path,
    temporary: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = time.time

    def jump() -> None:
        monkeypatch.setattr(time, "time", lambda: real() + seconds)

    warm = engine("pass")
    warm.embed([REQUEST])
    worker = warm._worker
    (tmp_path / "many").mkdir()
    (tmp_path / "many" / "a.png").write_bytes(png(planted(2, 3)))
    inspector = Inspector({EngineName.TEXTURE: Jumping(jump)})
    runs = KeptRuns(lambda: Here(inspector), folder=tmp_path / "runs")
    with runs.new_folder() as folder:
        work = Work.by(inspector, list_sources([tmp_path / "many"]).files, Settings(engine=EngineName.TEXTURE))
        id = runs.start(folder, work, name="many")
    assert runs._places[id].task.wait(PATIENCE)
    remove_stale_folders(temporary)
    warm.embed([REQUEST])
    assert warm._worker is worker
    again = KeptRuns(lambda: Here(inspector), folder=tmp_path / "runs").get("", id)
    assert again is not None
    assert (again.state, again.pictures) == (State.DONE, 1)


@fault(
    "computer's date wrong for a day",
    injected="it leaps by 10 years while the history keeps 90 days, then is set right",
    held="nothing that was kept goes",
)
def test_a_date_that_leaps_empties_no_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history = History(f"sqlite:///{tmp_path}/history.sqlite3")
    history.start()
    history.set_limits(Limits(days=90))
    for seconds in (0.0, YEARS, 86_400.0):
        now = NOON + timedelta(seconds=seconds)
        monkeypatch.setattr(retention, "datetime", Mock(now=lambda zone, now=now: now))
        with Keeper(history, run(), tell=pytest.fail) as keeper:
            keeper.add(finding(f"{seconds:g}.png", seed=int(seconds) % 999, minutes=round(seconds / 60)))
    assert history.count(Search()) == 3


@fault(
    "computer's date wrong at the start",
    injected="fastdup refuses as expired; then the date is set right",
    held="said with its remedy; it works again without a restart",
)
def test_a_date_that_was_wrong(engine: Callable[[str], FastdupEngine]) -> None:
    subject = engine(f"if once():\n    print({FATAL_LINE!r}, flush=True)\n    raise RuntimeError('failed')")
    today = date(2036, 1, 1)
    subject._self_test = SelfTest(subject._describe_tiny_tiles, today=lambda: today)
    for _ in range(2):
        told(subject.check, EngineExpiredError, "has expired")
    today = date(2026, 12, 1)
    subject.check()


@fault("process folder tidied away", injected="a tidying service removes all of /tmp between two pictures")
def test_a_temporary_folder_that_is_tidied(engine: Callable[[str], FastdupEngine], temporary: Path) -> None:
    subject = engine("pass")
    subject.embed([REQUEST])
    assert subject._worker is not None
    subject._worker.folder.rename(temporary.parent / "elsewhere")
    assert subject.embed([REQUEST])[0].layers[0].shape == (2, 576)
