"""Runs by the workers of a Dask scheduler."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from distributed import KilledWorker, LocalCluster

from segdetect.engines.base import Engine
from segdetect.errors import CancelledError, ClusterError
from segdetect.memo import Budget
from segdetect.pictures.sources import list_sources
from segdetect.pipeline import Inspector
from segdetect.runs import chunks, cluster
from segdetect.runs import run as run_module
from segdetect.runs.queued.record import State
from segdetect.runs.queued.runs import KeptRuns
from segdetect.runs.queued.state import RunState
from segdetect.runs.room_choice import named_scheduler, open_room
from segdetect.runs.rooms import SCHEDULER_VARIABLE, Here, WorkerLostError
from segdetect.runs.run import Work, inspect_run
from segdetect.settings import EngineName, Settings
from segdetect.storage.history.entries import FAILED
from tests.support.app_server import free_port
from tests.support.background import PATIENCE
from tests.support.pictures import planted, png
from tests.support.tiny_engine import TinyDenseEngine

SETTINGS = Settings(engine=EngineName.TEXTURE)


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "CHUNK_DENSE", 2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Small pictures."""
    home = tmp_path / "pictures"
    home.mkdir()
    for number in range(8):
        (home / f"{number:02}.png").write_bytes(png(planted(2, number % 7, seed=number)))
    return home


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[EngineName, Engine]]:
    """Tiny engines for this process and for workers that are threads of it."""
    engines: dict[EngineName, Engine] = {EngineName.TEXTURE: TinyDenseEngine()}
    monkeypatch.setattr("segdetect.pipeline.default_engines", lambda: engines)
    chunks._own_inspector.cache_clear()
    yield engines
    chunks._own_inspector.cache_clear()


@pytest.fixture
def scheduler() -> Iterator[LocalCluster]:
    """A scheduler that listens on this machine, with two workers that are threads of this process."""
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, protocol="tcp://", dashboard_address=None
    ) as running:
        yield running


def _work(inspector: Inspector, folder: Path) -> Work:
    return Work.by(inspector, list_sources([folder]).files, SETTINGS, annotated=True)


def _told(parts: Any) -> list[tuple[Any, ...]]:
    return [({**one.document, "seconds": None}, one.annotated) for part in parts for one in part]


@pytest.mark.usefixtures("tiny")
def test_workers_answer_as_this_process_does(folder: Path, scheduler: LocalCluster) -> None:
    inspector = Inspector(budget=Budget(1 << 26))
    (folder / "bad.png").write_bytes(b"")
    work = _work(inspector, folder)
    with closing(cluster.connect(scheduler.scheduler_address)) as room:
        assert (room.workers, room.places) == (2, 5)
        assert _told(inspect_run(work, room)) == _told(inspect_run(work, Here(inspector)))


def test_what_a_worker_raises_comes_whole(
    folder: Path, scheduler: LocalCluster, tiny: dict[EngineName, Engine]
) -> None:
    inspector = Inspector({EngineName.TEXTURE: TinyDenseEngine()}, budget=Budget(1 << 26))
    work = _work(inspector, folder)
    tiny[EngineName.TEXTURE].version = "tiny 2"  # type: ignore[misc]
    with (
        closing(cluster.connect(scheduler.scheduler_address)) as room,
        pytest.raises(ClusterError, match=r"has the engine tiny 2, and this run wants tiny 1\. Install the same"),
    ):
        list(inspect_run(work, room))


@pytest.mark.usefixtures("tiny")
def test_a_scheduler_that_is_lost_is_told(
    folder: Path, scheduler: LocalCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "SECONDS_TO_CONNECT", 1.0)
    with closing(cluster.connect(scheduler.scheduler_address)) as room:
        parts = inspect_run(_work(Inspector(budget=Budget(1 << 26)), folder), room)
        assert len(next(parts)) == 2
        scheduler.close()
        with pytest.raises(ClusterError, match="the scheduler was lost in mid-run"):
            list(parts)


def test_a_scheduler_that_does_not_find_the_program_is_told(folder: Path, tmp_path: Path) -> None:
    """Started elsewhere than in the project's folder, as its own command is."""
    address = f"tcp://127.0.0.1:{free_port()}"
    elsewhere = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    words = {
        "scheduler": ("--host", "127.0.0.1", "--port", address.rpartition(":")[2], "--no-dashboard"),
        "worker": (address, "--no-nanny", "--no-dashboard", "--local-directory", str(tmp_path)),
    }
    with ExitStack() as started:
        for what, more in words.items():
            command = [sys.executable, "-P", "-m", f"distributed.cli.dask_{what}", *more]
            process = started.enter_context(
                subprocess.Popen(command, cwd=tmp_path, env=elsewhere, stderr=subprocess.DEVNULL)
            )
            started.callback(process.kill)
        room = started.enter_context(closing(cluster.connect(address)))
        with pytest.raises(ClusterError, match=r"the scheduler lacks what it needs \(No module named 'segdetect"):
            list(inspect_run(_work(Inspector(budget=Budget(1 << 26)), folder), room))


def test_a_scheduler_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "SECONDS_TO_CONNECT", 0.5)
    with pytest.raises(ClusterError, match="no scheduler answers there"):
        cluster.connect("tcp://127.0.0.1:9")


@pytest.mark.parametrize("address", ["nonsense://127.0.0.1:9", "tcp://127.0.0.1"])
def test_what_is_no_address_of_a_scheduler_is_told(address: str) -> None:
    with pytest.raises(ClusterError, match="no address of a scheduler"):
        cluster.connect(address)


def test_a_scheduler_without_workers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "SECONDS_TO_CONNECT", 0.5)
    with (
        LocalCluster(n_workers=0, processes=False, protocol="tcp://", dashboard_address=None) as empty,
        pytest.raises(ClusterError, match="the scheduler has no workers"),
    ):
        cluster.connect(empty.scheduler_address)


@pytest.mark.slow
def test_processes_that_die_cost_no_picture_but_the_one_that_kills(folder: Path) -> None:
    inspector = Inspector(budget=Budget(1 << 26))
    work = _work(inspector, folder)
    here = _told(inspect_run(work, Here(inspector)))
    with closing(cluster.local(2)) as room:
        first, _ = room._client.run(os.getpid).values()
        parts = inspect_run(work, room)
        told = _told([next(parts)])
        os.kill(first, signal.SIGKILL)
        assert told + _told(parts) == here


def test_dask_gave_up_on_a_part_whose_workers_died() -> None:
    class Dead:
        def add_done_callback(self, call: Any) -> None:
            call(self)

        def result(self) -> Any:
            raise KilledWorker("inspect_chunk", None, 1)  # type: ignore[no-untyped-call]

    with pytest.raises(WorkerLostError):
        cluster.Part(Dead(), None).result()  # type: ignore[arg-type]


def test_a_part_that_nobody_wants_any_more_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless:
        def add_done_callback(self, call: Any) -> None:
            pass

    class Busy:
        def waiting_for(self, seconds: float) -> str:
            return "the workers are at it"

    def stopped(share: float, doing: str) -> None:
        raise CancelledError(doing)

    monkeypatch.setattr(cluster, "_SECONDS_TO_CHECK", 0.01)
    with pytest.raises(CancelledError, match="the workers are at it"):
        cluster.Part(Endless(), Busy(), stopped).result()  # type: ignore[arg-type]


@pytest.mark.usefixtures("tiny")
def test_runs_in_the_background_are_done_by_the_scheduler_that_is_named(
    folder: Path, scheduler: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SCHEDULER_VARIABLE, scheduler.scheduler_address)
    here = Inspector({EngineName.TEXTURE: TinyDenseEngine()}, budget=Budget(1 << 26))
    runs = KeptRuns(lambda: open_room(here, scheduler=named_scheduler()), folder=tmp_path / "runs")
    (folder / "bad.png").write_bytes(b"")
    work = Work.by(here, list_sources([folder]).files, SETTINGS)

    def ended() -> RunState:
        with runs.new_folder() as place:
            run = runs.start(place, work, name="shift")
        assert runs._places[run].task.wait(PATIENCE)
        state = runs.get("", run)
        assert state is not None
        return state

    done = ended()
    assert (done.state, done.pictures, done.counts[FAILED]) == (State.DONE, len(work.files), 1)
    monkeypatch.setattr(cluster, "SECONDS_TO_CONNECT", 0.5)
    scheduler.close()
    waits = ended()
    assert (waits.state, waits.pictures) == (State.PAUSED, 0)
    assert "no scheduler answers there" in str(waits.record.trouble)
