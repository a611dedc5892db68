"""The fastdup engine: tiles go to fastdup's own process as PNG files, features come back.

Nothing here imports fastdup; `worker.py` does, in a child process (see there why). One child is kept warm,
because its import takes over a second; each run in it takes at least one more, so many pictures and grids share a run.
"""

from __future__ import annotations

import errno
import os
import shutil
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np

from segdetect.engines.base import Comparison, Embeddings, EmbedRequest, Vectors
from segdetect.engines.cells import unit_rows
from segdetect.engines.expiry import Expiry
from segdetect.engines.fastdup.build_date import LIFETIME
from segdetect.engines.fastdup.errors import expired_error, missing_error
from segdetect.engines.fastdup.files import TILE_LIST, WORK_FOLDER, read_features, save_list, save_tiles, split_in_runs
from segdetect.engines.fastdup.installation import Installation, find_installation
from segdetect.engines.fastdup.remedies import OTHER_ENGINE, RETRY
from segdetect.engines.fastdup.worker_process import WorkerProcess, temporary_storage_error
from segdetect.engines.self_test import SelfTest
from segdetect.engines.turns import Turns
from segdetect.errors import EngineError, EngineFailedError, EngineUnavailableError, StorageError
from segdetect.grid import tile_layout
from segdetect.message import Message, counted
from segdetect.pictures.loading import LoadedImage
from segdetect.progress import Progress, no_progress, part_of
from segdetect.settings import EngineName, GridSize

COMPARISON: Final = Comparison(neighbours=2, kth_only=True, uniform=0.65)

# For the progress shown: a run sleeps for a second while it works, 12-14 ms of one core per tile (2 cores, 2026).
FIXED_SECONDS: Final = 1.0
CORE_SECONDS_PER_TILE: Final = 0.013
SAVING_SHARE: Final = 0.05
SELF_TEST: Final = "fastdup failed its self-test"
# For the time limit: about 20 times what one core needs, as the computer may be busy.
LIMIT_SECONDS_PER_TILE: Final = 0.25

# What fastdup needs of its surroundings; credentials and settings of other programs are not handed on.
ENVIRONMENT_NAMES: Final = (
    "PATH",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "OMP_NUM_THREADS",
    "FASTDUP_CORE_LIMIT",
)
# They say where this program's own Python finds things; another one would find what is not made for it.
OWN_NAMES: Final = ("PYTHONHOME", "PYTHONPATH")
# Without these two it asks a registry for its newest version at import and reports each run to its maker.
PRIVATE: Final = {"SENTRY_OPT_OUT": "1", "FASTDUP_PRODUCTION": "1"}


class FastdupEngine:
    """Describes each tile by fastdup's 576 features. Threads may share it: runs queue, first come first served.

    Args:
        python_path: folders searched before all others for fastdup, by this program's own Python.
        environment: variables added to the child's environment.
        seconds_to_start: time limit for importing fastdup.
        seconds_per_run: time limit for a run, to which a share per tile is added.
    """

    name: ClassVar[EngineName] = EngineName.FASTDUP
    dense: ClassVar[bool] = False

    def __init__(
        self,
        *,
        python_path: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        seconds_to_start: float = 120.0,
        seconds_per_run: float = 60.0,
    ) -> None:
        self._python_path = tuple(python_path)
        self._environment = dict(environment or {})
        self._seconds_to_start = seconds_to_start
        self._seconds_per_run = seconds_per_run
        self._turns = Turns()
        self._worker: WorkerProcess | None = None
        self._worker_lock = threading.Lock()
        self._self_test = SelfTest(self._describe_tiny_tiles)
        self._runs = 0
        self._seconds_per_tile = CORE_SECONDS_PER_TILE / (os.cpu_count() or 1)  # then as the last run had it

    @property
    def version(self) -> str:
        """For example `fastdup 2.54`; read from the installed package's metadata."""
        python = self._python_if_any()
        return "fastdup" if python is None else python.version

    @property
    def place(self) -> str:
        """The path of the Python that it runs in, where that is not the program's own."""
        python = self._python_if_any()
        return "" if python is None else python.place

    @property
    def expiry(self) -> Expiry | None:
        """When it stops working, as its library's build date tells; None where that is not known."""
        python = self._python_if_any()
        built = None if python is None else python.built
        if python is None or built is None:
            return None
        return Expiry(python.version, built + LIFETIME, update=python.update)

    def warm_up(self) -> None:
        """Start the child process if fastdup is installed, without waiting until it is ready.

        Raises:
            StorageError: no temporary folder can be made.
        """
        python = self._python_if_any()
        if python is not None and python.spec is not None:
            self._live_worker(python)

    def check(self) -> None:
        """Describe a few tiny tiles, once; later calls answer from it, and a failure that may pass is tried again.

        Raises:
            EngineUnavailableError: it cannot run here, with the reason and the remedy.
        """
        self._self_test.check()

    def embed(self, requests: Sequence[EmbedRequest], progress: Progress = no_progress) -> list[Embeddings]:
        """Describe the tiles of pictures, in one run of fastdup for each 4000 tiles or 100 megapixels.

        Returns:
            One `Embeddings` for each request: one layer `(tiles, 576)` float32, rows of unit length (or all zero), its
            lattice the grid, its boxes the layout's.

        Raises:
            EngineError: fastdup is missing, has expired, failed, died or took too long.
            StorageError: the temporary files could not be written.
            CancelledError: `progress` raised it; a run in progress is stopped.
        """
        answers: list[Embeddings] = []
        total = sum(len(request.layout.boxes_ltrb) for request in requests)
        done = 0
        for batch in split_in_runs(requests):
            tiles = sum(len(request.layout.boxes_ltrb) for request in batch)
            vectors = self._run(batch, part_of(progress, done / total, (done + tiles) / total))
            done += tiles
            answers.extend(_as_embeddings(batch, vectors))
        return answers

    def close(self) -> None:
        """End the child process and remove its files. A later call of `embed` starts another."""
        with self._worker_lock:
            if self._worker is not None:
                self._worker.close()
            self._worker = None

    def _run(self, batch: Sequence[EmbedRequest], progress: Progress) -> Vectors:
        def waiting(ahead: int) -> None:
            progress(0, f"waiting: {counted(ahead, 'run')} ahead")

        python = self._python()
        if python.spec is None:
            raise missing_error(python)
        with self._turns.turn(waiting):
            worker = self._ready_worker(python, progress)
            self._runs += 1
            folder = worker.folder / f"run-{self._runs:06d}"
            try:
                files = _save_batch(batch, folder, progress)
                self._extract(worker, folder, len(files), progress)
                return read_features(folder / WORK_FOLDER, files)
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def _ready_worker(self, python: Installation, progress: Progress) -> WorkerProcess:
        worker = self._live_worker(python)
        if not worker.ready:
            answer = worker.receive(
                seconds=self._seconds_to_start, on_wait=lambda waited: progress(0, "starting fastdup")
            )
            if "error" in answer:
                worker.close()
                raise EngineUnavailableError(
                    f"{python.version} is installed but does not start: {answer['error']}",
                    remedy=f"Install it again with `{python.repair}`, {OTHER_ENGINE}",
                )
            worker.ready = True
        return worker

    def _extract(self, worker: WorkerProcess, folder: Path, tiles: int, progress: Progress) -> None:
        expected = FIXED_SECONDS + self._seconds_per_tile * tiles
        started = time.monotonic()
        worker.send({"tiles": str(folder / TILE_LIST), "work": str(folder / WORK_FOLDER)})
        answer = worker.receive(
            seconds=self._seconds_per_run + LIMIT_SECONDS_PER_TILE * tiles,
            on_wait=lambda waited: progress(
                SAVING_SHARE + (1 - SAVING_SHARE) * _share_after(waited / expected), f"describing {tiles} tiles"
            ),
        )
        self._seconds_per_tile = max(0.0, time.monotonic() - started - FIXED_SECONDS) / tiles
        if answer.get("code") != 0:
            raise self._failure(answer, worker.output, folder)

    def _failure(self, answer: Mapping[str, Any], output: str, folder: Path) -> EngineError | StorageError:
        if "version is deprecated" in output:
            python = self._python()
            trouble = expired_error(python.version, python.spec, update=python.update)
            self._self_test.fail(trouble)
            return trouble
        try:
            if shutil.disk_usage(folder).free < 1_000_000:
                return temporary_storage_error(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), folder)
        except OSError as error:  # somebody tidied it away under the run
            return temporary_storage_error(error, folder)
        lines = [line for line in output.splitlines() if "[ERROR]" in line or "[FATAL]" in line]
        reason = answer.get("error") or (lines[-1] if lines else f"code {answer.get('code')}")
        return EngineFailedError(f"{self.version} reported a failure: {reason}", remedy=RETRY)

    def _live_worker(self, python: Installation) -> WorkerProcess:
        with self._worker_lock:
            if self._worker is None or not self._worker.usable:
                if self._worker is not None:
                    self._worker.close()
                script = Path(__file__).with_name("worker.py")
                self._worker = WorkerProcess(
                    label="fastdup", script=script, environment=self._child_environment(python), python=python.command
                )
            return self._worker

    def _child_environment(self, python: Installation) -> dict[str, str]:
        names = ENVIRONMENT_NAMES if python.place else ENVIRONMENT_NAMES + OWN_NAMES
        inherited = {name: os.environ[name] for name in names if name in os.environ}
        if self._python_path:
            paths = [*self._python_path, inherited.get("PYTHONPATH", "")]
            inherited["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
        return {**inherited, **self._environment, **PRIVATE}

    def _python(self) -> Installation:
        """Looked for at each call: what is installed meanwhile is found."""
        return find_installation(self._python_path)

    def _python_if_any(self) -> Installation | None:
        try:
            return self._python()
        except EngineUnavailableError:
            return None

    def _describe_tiny_tiles(self) -> None:
        try:
            vectors = self.embed([_self_test_request()])[0].layers[0]
        except EngineUnavailableError:
            raise
        except StorageError as error:
            problem = Message("{test}: {problem} ({file})", test=SELF_TEST, problem=error.problem, file=error.file)
            raise EngineUnavailableError(problem, remedy=error.remedy) from error
        except EngineError as error:
            problem = Message("{test}: {problem}", test=SELF_TEST, problem=error.problem)
            raise EngineUnavailableError(problem, remedy=error.remedy) from error
        same, odd = vectors[0] @ vectors[1], vectors[0] @ vectors[3]
        if not np.array_equal(vectors[0], vectors[1]) or odd >= same:
            raise EngineUnavailableError(
                f"{SELF_TEST}: {self.version} described equal tiles differently, or different tiles equally",
                remedy=f"Install it again with `{self._python().repair}`, {OTHER_ENGINE}",
            )


def _self_test_request() -> EmbedRequest:
    # Two flat tiles, then two of noise: the first pair is equal, the last tile is unlike them.
    noise = np.random.default_rng(0).integers(0, 256, (16, 32, 3), dtype=np.uint8)
    pixels = np.concatenate([np.full((16, 32, 3), 128, np.uint8), noise], axis=1)
    return EmbedRequest(LoadedImage("self-test", "", pixels), tile_layout((64, 16), GridSize(1, 4)))


def _share_after(waited: float) -> float:
    """How much of a run is done after so many times the seconds it was expected to take.

    A busy machine takes several times as long: the share goes on growing, and never says that all is done.

    >>> _share_after(0.5), _share_after(1.0), round(_share_after(4.0), 3)
    (0.45, 0.9, 0.975)
    """
    return 0.9 * waited if waited <= 1 else 1 - 0.1 / waited


def _save_batch(batch: Sequence[EmbedRequest], folder: Path, progress: Progress) -> list[str]:
    files: list[str] = []
    try:
        (folder / "tiles").mkdir(parents=True)
    except OSError as error:
        raise temporary_storage_error(error, folder) from error
    for number, request in enumerate(batch):
        progress(SAVING_SHARE * number / len(batch), "saving tiles")
        files += save_tiles(request, folder / "tiles", len(files))
    save_list(files, folder / TILE_LIST)
    return files


def _as_embeddings(batch: Sequence[EmbedRequest], features: Vectors) -> Iterator[Embeddings]:
    unit = unit_rows(features)
    start = 0
    for request in batch:
        layout = request.layout
        vectors = unit[start : start + len(layout.boxes_ltrb)].copy()  # a view would keep the whole run in memory
        vectors.flags.writeable = False
        start += len(vectors)
        yield Embeddings((vectors,), (layout.grid.rows, layout.grid.cols), layout.boxes_ltrb, False, COMPARISON)
