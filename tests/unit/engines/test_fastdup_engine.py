"""The fastdup engine: its process, its folders, its errors; the real fastdup where it runs."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segdetect.engines.base import Embeddings, EmbedRequest
from segdetect.engines.fastdup import FastdupEngine, worker_process
from segdetect.engines.fastdup.files import split_in_runs
from segdetect.engines.fastdup.worker_process import FOLDER_PREFIX, remove_stale_folders, temporary_root
from segdetect.errors import (
    CancelledError,
    EngineError,
    EngineExpiredError,
    EngineFailedError,
    EngineKilledError,
    EngineMissingError,
    EngineTimeoutError,
    EngineUnavailableError,
    StorageError,
)
from segdetect.grid import TileLayout, tile_layout
from segdetect.pictures.loading import LoadedImage
from segdetect.settings import GridSize
from tests.support.fake_fastdup import FATAL_LINE, WORKING, install_fake

PROJECT = Path(__file__).parents[3]


def image(name: str = "picture.png", seed: int = 0, side: int = 140) -> LoadedImage:
    """Fine noise with one striped patch in the middle tile of a 7 x 7 grid."""
    pixels = np.random.default_rng(seed).integers(90, 130, (side, side, 3), dtype=np.uint8)
    start, stop = side * 3 // 7, side * 4 // 7
    pixels[start:stop:4, start:stop] = (255, 0, 0)
    return LoadedImage(name, f"{name}-{seed}", pixels)


def request(picture: LoadedImage | None = None, rows: int = 7, cols: int = 7) -> EmbedRequest:
    picture = picture or image()
    return EmbedRequest(picture, tile_layout(picture.size_wh, GridSize(rows, cols)))


def second_neighbour_scores(embeddings: Embeddings) -> np.ndarray:
    similarity = embeddings.layers[0] @ embeddings.layers[0].T
    np.fill_diagonal(similarity, -2)
    return 1 - np.sort(similarity, axis=1)[:, -2]


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary folder of this test alone."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.fixture
def fake(tmp_path: Path, temporary: Path) -> Iterator[Callable[..., FastdupEngine]]:
    """An engine whose child finds another fastdup, with `behaviour` as the body of what its run does first."""
    engines = []

    def make(behaviour: str = "pass", *, package: str = WORKING, **options: float) -> FastdupEngine:
        place = install_fake(tmp_path / "packages", behaviour, package=package)
        engine = FastdupEngine(python_path=[place], environment={"FLAG": str(tmp_path / "flag")}, **options)
        engines.append(engine)
        return engine

    yield make
    for engine in engines:
        engine.close()


@pytest.fixture(scope="module")
def real() -> Iterator[FastdupEngine]:
    engine = FastdupEngine()
    try:
        engine.check()
    except EngineUnavailableError as error:
        pytest.skip(str(error))
    yield engine
    engine.close()


def process_lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def test_an_expired_version_is_named_with_its_date(fake: Callable[..., FastdupEngine], tmp_path: Path) -> None:
    engine = fake(f"print({FATAL_LINE!r}, flush=True)\nraise RuntimeError('Fastdup execution failed')")
    library = tmp_path / "packages" / "fastdup" / "libfastdup_shared.so"
    library.write_bytes(b"\x7fELF\0Jan  5 2025\0other\0")
    for call in (engine.check, lambda: engine.embed([request()]), engine.check):
        with pytest.raises(EngineExpiredError, match=r"expired on 2025-05-05\. .*pip install -U fastdup"):
            call()


def test_without_a_build_date_an_expired_version_is_still_named(fake: Callable[..., FastdupEngine]) -> None:
    engine = fake(f"print({FATAL_LINE!r}, flush=True)\nreturn 1")
    with pytest.raises(EngineExpiredError, match="has expired"):
        engine.check()


def test_an_expiry_in_use_is_remembered(fake: Callable[..., FastdupEngine]) -> None:
    engine = fake(f"if not once():\n    print({FATAL_LINE!r}, flush=True)\n    raise RuntimeError('failed')")
    engine.check()
    with pytest.raises(EngineExpiredError):
        engine.embed([request()])
    with pytest.raises(EngineExpiredError):
        engine.check()


def test_a_missing_fastdup_is_found_missing_without_an_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "prefix", "/nowhere")
    engine = FastdupEngine()
    for call in (engine.check, lambda: engine.embed([request()])):
        with pytest.raises(EngineMissingError, match="fastdup is not installed"):
            call()
    engine.warm_up()
    assert engine.version == "fastdup"
    assert "fastdup" not in sys.modules


def test_another_python_is_told_where_fastdup_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "prefix", "/nowhere")
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    with pytest.raises(
        EngineMissingError, match=r"no build for .* aarch64\. Use Python 3\.11 or 3\.12 on Linux x86-64"
    ):
        FastdupEngine().check()


def test_a_broken_installation_cannot_be_used(fake: Callable[..., FastdupEngine], temporary: Path) -> None:
    engine = fake(package="raise ImportError('GLIBC_2.31 not found')")
    with pytest.raises(EngineUnavailableError, match=r"does not start: ImportError: GLIBC_2\.31"):
        engine.check()
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("behaviour", "error", "says"),
    [
        ("time.sleep(60)", EngineTimeoutError, "did not answer within"),
        ("os.kill(os.getpid(), signal.SIGKILL)", EngineKilledError, "was killed"),
        ("os._exit(3)", EngineKilledError, "exit code 3"),
    ],
    ids=["hangs", "killed", "exits"],
)
def test_a_run_that_never_answers_is_cleared_away_and_the_next_one_works(
    fake: Callable[..., FastdupEngine], temporary: Path, behaviour: str, error: type[EngineError], says: str
) -> None:
    engine = fake(f"if once():\n    {behaviour}", seconds_per_run=0.5)
    with pytest.raises(error, match=says):
        engine.embed([request(rows=1, cols=2)])
    assert list(temporary.iterdir()) == []
    assert engine.embed([request(rows=1, cols=2)])[0].layers[0].shape == (2, 576)


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        ("raise ValueError('no tile could be read')", "no tile could be read"),
        ("print('[ERROR] all tiles are bad', flush=True)\nreturn 1", r"\[ERROR\] all tiles are bad"),
    ],
    ids=["raises", "returns"],
)
def test_a_reported_failure_is_passed_on(fake: Callable[..., FastdupEngine], behaviour: str, says: str) -> None:
    engine = fake(behaviour)
    with pytest.raises(EngineFailedError, match=says):
        engine.embed([request()])


def test_a_lost_tile_is_noticed(fake: Callable[..., FastdupEngine]) -> None:
    engine = fake(package=WORKING.replace(".splitlines()", ".splitlines()[1:]"))
    with pytest.raises(EngineFailedError, match="described 48 of 49 tiles"):
        engine.embed([request()])


def test_features_that_are_not_numbers_are_refused(fake: Callable[..., FastdupEngine]) -> None:
    engine = fake(package=WORKING.replace("row.random()", "float('nan')"))
    with pytest.raises(EngineFailedError, match="not numbers"):
        engine.embed([request()])


def test_an_all_zero_feature_stays_finite(fake: Callable[..., FastdupEngine]) -> None:
    engine = fake(package=WORKING.replace("row.random()", "0.0"))
    assert not engine.embed([request()])[0].layers[0].any()


def test_flooding_output_does_not_block_a_run(fake: Callable[..., FastdupEngine]) -> None:
    engine = fake("print('x' * 1_000_000)\nprint('y' * 1_000_000, file=sys.stderr)")
    assert len(engine.embed([request()])) == 1


def test_cancelling_stops_the_run_and_the_next_one_works(fake: Callable[..., FastdupEngine], temporary: Path) -> None:
    engine = fake("if once():\n    time.sleep(60)")

    def cancel(share: float, doing: str) -> None:
        if doing.startswith("describing"):
            raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        engine.embed([request()], cancel)
    assert list(temporary.iterdir()) == []
    assert len(engine.embed([request()])) == 1


def test_runs_queue_first_come_first_served_and_may_leave_the_queue(
    fake: Callable[..., FastdupEngine], tmp_path: Path
) -> None:
    engine = fake(f"while not os.path.exists({str(tmp_path / 'go')!r}):\n    time.sleep(0.01)")
    told: dict[str, list[str]] = {"first": [], "second": [], "third": []}
    done: list[str] = []

    def inspect(name: str) -> None:
        def progress(share: float, doing: str) -> None:
            told[name].append(doing)
            if name == "second" and tell_second_to_stop.is_set():
                raise CancelledError("stopped")

        try:
            engine.embed([request()], progress)
            done.append(name)
        except CancelledError:
            done.append(f"{name} cancelled")

    tell_second_to_stop = threading.Event()
    threads = []
    for name, first_word in (
        ("first", "describing 49 tiles"),
        ("second", "waiting: 1 run ahead"),
        ("third", "waiting"),
    ):
        threads.append(threading.Thread(target=inspect, args=(name,)))
        threads[-1].start()
        wait_until(lambda name=name, word=first_word: any(text.startswith(word) for text in told[name]))
    assert told["third"][0] == "waiting: 2 runs ahead"
    tell_second_to_stop.set()
    wait_until(lambda: told["third"][-1] == "waiting: 1 run ahead")
    (tmp_path / "go").touch()
    for thread in threads:
        thread.join(10)
    assert done == ["second cancelled", "first", "third"]


def test_a_full_disk_is_told_and_leaves_nothing_behind(
    fake: Callable[..., FastdupEngine], temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segdetect.engines.self_test.FIRST_PAUSE_SECONDS", 0.0)
    engine = fake()

    def full(self: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(StorageError, match=f"{temporary}.* is full. Free some space, or set TMPDIR"):
            engine.embed([request()])
        with pytest.raises(EngineUnavailableError, match=r"self-test: the disk is full \(the folder"):
            engine.check()
    engine.check()
    assert not list(temporary.glob("*/run-*"))
    assert len(engine.embed([request()])) == 1
    engine.close()
    assert list(temporary.iterdir()) == []


def test_temporary_folders_with_odd_names_are_not_used(tmp_path: Path) -> None:
    odd = [tmp_path / name for name in ("with space", "$(touch x)", "it's", "é")]
    for folder in odd:
        folder.mkdir()
    plain = tmp_path / "plain"
    plain.mkdir()
    (tmp_path / "link").symlink_to(odd[0])
    candidates = [str(folder) for folder in (*odd, tmp_path / "absent", tmp_path / "link")]
    assert temporary_root([*candidates, str(plain)]) == plain.resolve()
    with pytest.raises(StorageError, match="Set TMPDIR"):
        temporary_root(candidates)


def test_the_child_has_its_own_surroundings(
    fake: Callable[..., FastdupEngine], tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_PASSWORD", "secret")
    engine = fake(package="import json, os, sys\njson.dump(dict(os.environ), open(os.environ['FLAG'], 'w'))")
    engine.warm_up()
    wait_until(lambda: (tmp_path / "flag").exists() and (tmp_path / "flag").read_text().endswith("}"))
    environment = json.loads((tmp_path / "flag").read_text())
    (folder,) = temporary.iterdir()
    assert environment["SENTRY_OPT_OUT"] == environment["FASTDUP_PRODUCTION"] == "1"
    assert environment["HOME"] == str(folder / "home")
    assert environment["TMPDIR"] == str(folder / "tmp")
    assert "SOME_PASSWORD" not in environment


def test_folders_left_by_a_killed_program_are_removed(fake: Callable[..., FastdupEngine], temporary: Path) -> None:
    stale, starting = (temporary / f"{FOLDER_PREFIX}{name}" for name in ("stale", "starting"))
    for folder in (stale, starting):
        (folder / "run-000001").mkdir(parents=True)
    (stale / "lock").touch()
    engine = fake()
    engine.warm_up()
    assert not stale.exists()
    assert starting.exists()  # it may have been made a moment ago by a program that is about to lock it
    mine = {folder for folder in temporary.iterdir() if folder != starting}
    other = FastdupEngine()
    other.warm_up()
    assert mine <= set(temporary.iterdir())
    other.close()


@pytest.mark.parametrize("aged", [0, 3600])
def test_another_process_that_tidies_at_any_step_leaves_a_new_folder_alone(
    temporary: Path, monkeypatch: pytest.MonkeyPatch, aged: int
) -> None:
    steps = 0
    now = time.time
    tidying = False

    def interleaved(name: str) -> Callable[..., Any]:
        real = getattr(worker_process, name) if name == "_lock" else getattr(Path, name)

        def step(*arguments: Any, **options: Any) -> Any:
            nonlocal steps, tidying
            if not tidying:
                steps, tidying = steps + 1, True
                monkeypatch.setattr(time, "time", lambda: now() + aged)
                remove_stale_folders(temporary)
                tidying = False
            return real(*arguments, **options)

        return step

    for name in ("open", "mkdir", "rename"):
        monkeypatch.setattr(Path, name, interleaved(name))
    monkeypatch.setattr(worker_process, "_lock", interleaved("_lock"))
    folder, lock = worker_process._new_folder()
    monkeypatch.undo()
    remove_stale_folders(temporary)
    assert steps >= 5
    assert sorted(path.name for path in folder.iterdir()) == ["home", "lock", "tmp"]
    lock.close()
    remove_stale_folders(temporary)
    assert list(temporary.iterdir()) == []


def _make_folders(root: Path) -> None:
    tempfile.tempdir = str(root)
    for _ in range(150):
        folder, lock = worker_process._new_folder()
        assert (folder / "home").is_dir()
        assert (folder / "tmp").is_dir()
        lock.close()


def test_processes_that_make_and_tidy_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    makers = [context.Process(target=_make_folders, args=(tmp_path,)) for _ in range(3)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert [maker.exitcode for maker in makers] == [0, 0, 0]


def test_a_folder_that_was_never_finished_is_removed_after_a_day(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unfinished = temporary / f"{worker_process.UNFINISHED_PREFIX}x"
    unfinished.mkdir()
    (temporary / f"{FOLDER_PREFIX}file").touch()
    remove_stale_folders(temporary)
    assert unfinished.exists()
    tomorrow = time.time() + 90_000
    monkeypatch.setattr(time, "time", lambda: tomorrow)
    remove_stale_folders(temporary)
    assert not unfinished.exists()


def test_a_passing_kill_in_the_self_test_is_tried_again_and_found_to_be_over(
    fake: Callable[..., FastdupEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segdetect.engines.self_test.FIRST_PAUSE_SECONDS", 0.5)
    engine = fake("if once():\n    os.kill(os.getpid(), signal.SIGKILL)")
    for _ in range(2):
        with pytest.raises(EngineUnavailableError, match="was killed"):
            engine.check()
    time.sleep(0.6)
    engine.check()
    assert len(engine.embed([request()])) == 1


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at processes in /proc")
def test_nothing_survives_a_program_that_is_killed(fake: Callable[..., FastdupEngine], temporary: Path) -> None:
    fake("time.sleep(60)")
    packages = temporary.parent / "packages"
    program = f"""
        import sys, tempfile
        sys.path.insert(0, {str(PROJECT)!r}); sys.path.insert(0, {str(Path(__file__).parent)!r})
        tempfile.tempdir = {str(temporary)!r}
        from test_fastdup_engine import FastdupEngine, request
        engine = FastdupEngine(python_path=[{str(packages)!r}])
        def tell(share, doing):
            print(engine._worker.pid if engine._worker else "", doing, flush=True)
        engine.embed([request()], tell)
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    line = next(line for line in parent.stdout if "describing" in line)
    worker = int(line.split()[0])
    assert process_lives(worker)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_until(lambda: not process_lives(worker))
    wait_until(lambda: not list(temporary.iterdir()))


def test_large_batches_are_split_in_order() -> None:
    small, large = request(image(), 20 // 2, 10), request(image(side=400), 32, 32)
    batch = [large, large, large, small, small, large, small]
    runs = list(split_in_runs(batch))
    assert [item for run in runs for item in run] == batch
    assert [sum(item.layout.grid.tiles for item in run) for run in runs] == [3272, 1124]
    assert list(split_in_runs([])) == []


def test_progress_never_goes_back_over_several_runs(
    fake: Callable[..., FastdupEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segdetect.engines.fastdup.files.MAX_RUN_TILES", 100)
    shares: list[float] = []
    answers = fake().embed([request(image(seed=i)) for i in range(5)], lambda share, doing: shares.append(share))
    assert len(answers) == 5
    assert shares == sorted(shares)
    assert 0 <= shares[0] < shares[-1] <= 1


def test_on_a_busy_machine_it_never_says_that_all_is_done(
    fake: Callable[..., FastdupEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segdetect.engines.fastdup.engine.FIXED_SECONDS", 0.01)
    monkeypatch.setattr("segdetect.engines.fastdup.engine.CORE_SECONDS_PER_TILE", 0.0)
    shares: list[float] = []
    fake("time.sleep(1)").embed([request()], lambda share, doing: shares.append(share))
    assert 0.95 < shares[-1] < 1
    assert shares == sorted(shares)


def test_no_picture_is_no_work() -> None:
    assert FastdupEngine().embed([]) == []


@pytest.mark.fastdup
def test_the_odd_tile_has_the_highest_score(real: FastdupEngine) -> None:
    asked = request()
    answer = real.embed([asked])[0]
    vectors = answer.layers[0]
    assert vectors.shape == (49, 576)
    assert vectors.dtype == np.float32
    assert not vectors.flags.writeable
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert (answer.lattice, answer.dense, answer.boxes_ltrb) == ((7, 7), False, asked.layout.boxes_ltrb)
    assert int(np.argmax(second_neighbour_scores(answer))) == 24
    assert real.version.startswith("fastdup 2.")


@pytest.mark.fastdup
def test_many_pictures_and_grids_in_one_run_are_the_same_bits_as_apart(real: FastdupEngine) -> None:
    black = LoadedImage("black.png", "black", np.zeros((60, 80, 3), np.uint8))
    asked = [request(black, 2, 3), request(), request(rows=3, cols=5)]
    together = real.embed(asked)
    for one, answer in zip(asked[1:], together[1:], strict=True):
        np.testing.assert_array_equal(real.embed([one])[0].layers[0], answer.layers[0])
    assert np.isfinite(together[0].layers[0]).all()


@pytest.mark.fastdup
def test_threads_at_once_each_get_their_own_answer(real: FastdupEngine) -> None:
    asked = [request(image(seed=seed), rows=seed + 2) for seed in range(2)]
    alone = real.embed(asked)
    answers: dict[int, Embeddings] = {}
    threads = [
        threading.Thread(target=lambda i=i, one=one: answers.update({i: real.embed([one])[0]}))
        for i, one in enumerate(asked)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for i, expected in enumerate(alone):
        np.testing.assert_array_equal(answers[i].layers[0], expected.layers[0])


@pytest.mark.fastdup
def test_a_picture_named_like_a_command_is_only_a_name(
    real: FastdupEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = ("$(touch x)", "`touch x`.png", "../../x", "a'b\"c; touch x", "\0\n")
    answers = real.embed([request(image(name), 2, 2) for name in names])
    for answer in answers[1:]:
        np.testing.assert_array_equal(answer.layers[0], answers[0].layers[0])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.fastdup
def test_killed_in_mid_run_it_leaves_nothing_and_starts_again(real: FastdupEngine) -> None:
    killed: list[int] = []

    def kill(share: float, doing: str) -> None:
        worker = real._worker
        if doing.startswith("describing") and worker is not None and not killed:
            killed.append(worker.pid)
            folders.append(worker.folder)
            os.kill(worker.pid, signal.SIGKILL)

    folders: list[Path] = []
    with pytest.raises(EngineKilledError, match="killed"):
        real.embed([request()], kill)
    assert not folders[0].exists()
    assert len(real.embed([request(rows=2, cols=2)])) == 1


@pytest.mark.fastdup
def test_tiles_too_small_for_fastdup_are_a_failure(real: FastdupEngine) -> None:
    boxes = np.array([[0, 0, 5, 5], [5, 0, 10, 5]], np.int32)
    with pytest.raises(EngineFailedError):
        real.embed([EmbedRequest(image(), TileLayout(GridSize(1, 2), (140, 140), boxes))])
    mixed = np.array([[0, 0, 5, 5], [5, 0, 70, 50], [0, 50, 80, 90]], np.int32)
    with pytest.raises(EngineFailedError):
        real.embed([EmbedRequest(image(), TileLayout(GridSize(1, 3), (140, 140), mixed))])
