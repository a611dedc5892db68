"""A worker of a Dask scheduler is lost in mid-run, and then the scheduler itself."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from segdetect.output.journal import has_journal, read_journal
from tests.support.app_server import ROOT, free_port
from tests.support.faults import fault, one_sentence
from tests.support.pictures import planted, png
from tests.support.processes import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PICTURES = 60
PATIENCE = 240.0


class Machines:
    """A scheduler and two workers, each a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.address = f"tcp://127.0.0.1:{free_port()}"
        self._environment = os.environ | {"SEGDETECT_HOME": str(folder / "home"), "PYTHONPATH": str(ROOT)}
        port = self.address.rpartition(":")[2]
        self.scheduler = self._started("scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard")
        alone = ("--no-nanny", "--nthreads", "1", "--no-dashboard", "--local-directory", str(folder / "temporary"))
        self.workers = [self._started("worker", self.address, *alone) for _ in range(2)]

    def _started(self, what: str, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *words]
        return subprocess.Popen(
            command, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT
        )

    def inspecting(self, folder: Path, *more: str) -> subprocess.Popen[str]:
        """The command in mid-run."""
        words = ["inspect", str(folder / "many"), "--engine", "texture", "--out", str(folder / "out"), *more]
        return subprocess.Popen(
            [sys.executable, "-m", "segdetect", *words],
            env=self._environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@pytest.fixture
def machines(tmp_path: Path, temporary: Path) -> Iterator[Machines]:
    (tmp_path / "many").mkdir()
    for number in range(PICTURES):
        (tmp_path / "many" / f"{number:02}.png").write_bytes(png(planted(2, number % 7, seed=number)))
    machines = Machines(tmp_path)
    yield machines
    machines.close()
    for path in temporary.glob("dask-*"):  # of workers that were killed, which have no say in this
        subprocess.run(["rm", "-r", str(path)], check=True)


def done(folder: Path) -> int:
    return sum(1 for _ in read_journal(folder / "out")) if has_journal(folder / "out") else 0


@fault("Dask worker lost", injected="SIGKILL of one of two workers in mid-run", held="the other does all; none is lost")
def test_a_worker_that_is_lost(machines: Machines, tmp_path: Path) -> None:
    command = machines.inspecting(tmp_path, "--scheduler", machines.address)
    wait_until(lambda: done(tmp_path) > 0 or command.poll() is not None, PATIENCE)
    machines.workers[0].kill()
    _, err = command.communicate(timeout=PATIENCE)
    assert command.returncode == 0, err
    assert done(tmp_path) == PICTURES
    one_sentence(err, f"{PICTURES} inspected, 0 left out, 0 failed.")


@fault(
    "Dask scheduler lost",
    injected="SIGKILL of the scheduler in mid-run",
    held="said with its remedy; what is done stays; --resume goes on without it",
)
def test_a_scheduler_that_is_lost(machines: Machines, tmp_path: Path) -> None:
    command = machines.inspecting(tmp_path, "--scheduler", machines.address)
    wait_until(lambda: done(tmp_path) > 0 or command.poll() is not None, PATIENCE)
    machines.scheduler.kill()
    _, err = command.communicate(timeout=PATIENCE)
    assert command.returncode == 1, err
    one_sentence(err, "the scheduler was lost in mid-run. With --resume the run goes on from what is done.")
    before = done(tmp_path)
    assert 0 < before < PICTURES
    again = machines.inspecting(tmp_path, "--resume")
    _, err = again.communicate(timeout=PATIENCE)
    assert again.returncode == 0, err
    assert done(tmp_path) == PICTURES
