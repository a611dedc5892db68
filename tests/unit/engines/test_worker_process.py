"""A worker ends with everything that it started, and only at the word of the process that started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from segdetect.engines.fastdup import worker as fastdup_worker
from segdetect.engines.fastdup.worker_process import OUTPUT_TAIL_BYTES, WorkerProcess
from tests.support.processes import lives, wait_until

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at processes in /proc")

PROJECT = Path(__file__).parents[3]

# Starts a process of its own, as a library may, tells its number and then echoes what it is sent.
ECHO = """
    import json, subprocess, sys
    from multiprocessing.connection import Connection

    connection = Connection(int(sys.argv[1]))
    helper = subprocess.Popen(["sleep", "60"])
    print("x" * 100_000 + "the end", flush=True)
    connection.send_bytes(json.dumps({"helper": helper.pid}).encode())
    while True:
        connection.send_bytes(connection.recv_bytes())
"""
# Takes the place of fastdup: its import starts a process, and a run takes for ever.
FASTDUP = """
    import os, subprocess, time
    from pathlib import Path

    helper = subprocess.Popen(["sleep", "60"])
    Path(os.environ["HOME"], "helper").write_text(str(helper.pid))

    def run(tiles, work_dir, run_mode):
        time.sleep(60)
"""

# An import that never ends.
FOLDERS = """
    import os
    from pathlib import Path

    while True:
        Path(os.environ["HOME"], ".config", "plots").mkdir(parents=True, exist_ok=True)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.fixture
def left() -> Iterator[list[int]]:
    """Processes that a failing test may leave behind; they are ended when it is over."""
    pids: list[int] = []
    yield pids
    for pid in pids:
        if lives(pid):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def start(tmp_path: Path, left: list[int]) -> Iterator[Callable[[], tuple[WorkerProcess, int]]]:
    """Starts workers that echo; gives each with the number of the process that it started."""
    script = tmp_path / "echo.py"
    script.write_text(textwrap.dedent(ECHO))
    workers: list[WorkerProcess] = []

    def make() -> tuple[WorkerProcess, int]:
        worker = WorkerProcess(label="echo", script=script, environment={"PATH": os.environ["PATH"]})
        workers.append(worker)
        left.append(worker.pid)
        helper = receive(worker)["helper"]
        left.append(helper)
        return worker, helper

    yield make
    for worker in workers:
        worker.close()


def receive(worker: WorkerProcess) -> dict[str, int]:
    return worker.receive(seconds=20, on_wait=lambda waited: None)


def is_answering(worker: WorkerProcess) -> bool:
    worker.send({"number": "7"})
    return receive(worker) == {"number": "7"}


def test_what_a_worker_started_ends_with_it(start: Callable[[], tuple[WorkerProcess, int]]) -> None:
    worker, helper = start()
    assert lives(helper)
    worker.close()
    wait_until(lambda: not lives(helper))
    assert not lives(worker.pid)
    assert not worker.folder.exists()
    assert not worker.usable


def test_a_forked_copy_of_the_program_leaves_the_worker_alone(
    start: Callable[[], tuple[WorkerProcess, int]],
) -> None:
    """A copy ends, and tidies up, long before the program that it was copied from."""
    worker, helper = start()
    copy = os.fork()
    if copy == 0:
        worker.close()
        os._exit(0)
    os.waitpid(copy, 0)
    assert worker.folder.is_dir()
    assert lives(helper)
    assert worker.usable
    assert is_answering(worker)


def test_a_worker_is_of_use_only_to_the_process_that_started_it(
    start: Callable[[], tuple[WorkerProcess, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, helper = start()
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: worker.pid)
        assert not worker.usable
        worker._child._end()
    assert lives(helper)
    assert worker.folder.is_dir()
    assert lives(worker.pid)
    os.killpg(worker.pid, signal.SIGKILL)  # its finalizer is spent
    worker._child._process.wait()


def test_a_worker_whose_folder_was_tidied_away_is_of_no_use(start: Callable[[], tuple[WorkerProcess, int]]) -> None:
    worker, _ = start()
    assert worker.usable
    worker.folder.rename(worker.folder.with_name("elsewhere"))
    assert not worker.usable


def test_a_dead_workers_number_is_not_killed_again(
    start: Callable[[], tuple[WorkerProcess, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its number may belong to another process by then."""
    worker, _ = start()
    os.killpg(worker.pid, signal.SIGKILL)
    wait_until(lambda: not worker.usable)
    killed: list[int] = []
    monkeypatch.setattr(os, "killpg", lambda pid, sign: killed.append(pid))
    worker.close()
    assert killed == []
    assert not worker.folder.exists()


def test_only_the_end_of_what_a_worker_prints_is_kept(start: Callable[[], tuple[WorkerProcess, int]]) -> None:
    worker, _ = start()
    wait_until(lambda: worker.output.endswith("the end\n"))
    assert len(worker.output) == OUTPUT_TAIL_BYTES


# ---- fastdup's own worker, which must also end by itself -------------------------------------------------------------


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    package = tmp_path / "packages" / "fastdup"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(textwrap.dedent(FASTDUP))
    return package.parent


def environment(packages: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(packages)}


def test_when_its_socket_closes_a_worker_ends_with_what_it_started(packages: Path, left: list[int]) -> None:
    worker = WorkerProcess(label="fastdup", script=Path(fastdup_worker.__file__), environment=environment(packages))
    left.append(worker.pid)
    assert receive(worker) == {"ready": True}
    helper = int((worker.folder / "home" / "helper").read_text())
    left.append(helper)
    worker.send({"tiles": "", "work": ""})  # ends in the middle of a run, too
    worker._connection.close()
    wait_until(lambda: not lives(helper))
    wait_until(lambda: not worker.usable)
    wait_until(lambda: not worker.folder.exists())
    worker.close()


@pytest.mark.parametrize("_", range(4))  # it takes chance for a folder to be made at the wrong moment
def test_a_worker_that_ends_while_it_starts_leaves_no_folder(packages: Path, left: list[int], _: int) -> None:
    """Its import makes folders anew as soon as they are removed."""
    (packages / "fastdup" / "__init__.py").write_text(textwrap.dedent(FOLDERS))
    worker = WorkerProcess(label="fastdup", script=Path(fastdup_worker.__file__), environment=environment(packages))
    left.append(worker.pid)
    wait_until((worker.folder / "home" / ".config" / "plots").is_dir)
    worker._connection.close()
    wait_until(lambda: not lives(worker.pid))
    wait_until(lambda: not worker.folder.exists())
    assert list(worker.folder.parent.iterdir()) == []
    worker.close()


def test_a_worker_ends_with_its_parent_though_a_copy_holds_the_socket(packages: Path, left: list[int]) -> None:
    """The parent forks, which copies its end of the socket, and is killed."""
    program = f"""
        import os, sys, time
        sys.path.insert(0, {str(PROJECT)!r})
        from pathlib import Path
        from segdetect.engines.fastdup import worker, worker_process
        child = worker_process.WorkerProcess(
            label="fastdup", script=Path(worker.__file__), environment={environment(packages)!r}
        )
        child.receive(seconds=20, on_wait=lambda waited: None)
        copy = os.fork()
        if copy:
            print(child.pid, copy, (child.folder / "home" / "helper").read_text(), child.folder, flush=True)
        time.sleep(60)
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    *numbers, folder = parent.stdout.readline().split()
    worker, copy, helper = map(int, numbers)
    left += [worker, copy, helper]
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_until(lambda: not lives(worker) and not lives(helper))
    assert lives(copy)
    wait_until(lambda: not Path(folder).exists())
