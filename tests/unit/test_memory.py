"""How much memory there is for caches, and that what a value is said to hold is what it holds."""

from __future__ import annotations

import gc
import io
import mmap
import os
import pickle
import tracemalloc
from collections.abc import Callable, Hashable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segdetect import memory
from segdetect.engines.base import Engine
from segdetect.engines.texture import TextureEngine
from segdetect.errors import SettingsError
from segdetect.evaluation.datasets import read_dataset
from segdetect.memo import Budget, Memo
from segdetect.memory import (
    ASSUMED_MEMORY,
    LEAST_CACHE,
    MOST_CACHE,
    cache_limit,
    held_bytes,
    machine_memory,
    return_freed,
)
from segdetect.output.thumbnails import display_uri
from segdetect.pictures.loading import load_image
from segdetect.pipeline import Inspector
from segdetect.settings import GridSize, Scope, Settings
from segdetect.ui.shared.session import Upload
from segdetect.ui.viewer.picture_bytes import encode_picture
from tests.support.pictures import picture, png, tiff, weave
from tests.support.tiny_dataset import manifest_dataset
from tests.support.tiny_engine import TinyDenseEngine, TinyTileEngine

GIGABYTE = 1_000_000_000


@pytest.fixture(autouse=True, scope="module")
def _collected_alone() -> Iterator[None]:
    """A collection goes over what these tests made, not over all that others left in the process: seconds a test."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


# ---- what a value holds ----------------------------------------------------------------------------------------------


class CopyPickler(pickle.Pickler):
    """Pickles arrays so that their copies own their memory, as those of the program do."""

    def reducer_override(self, value: object) -> Any:
        if isinstance(value, np.ndarray):
            return own_array, (value.tobytes(), value.dtype.str, value.shape)
        return NotImplemented


def own_array(data: bytes, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    return np.frombuffer(data, dtype).reshape(shape).copy()


def allocated(work: Callable[[], object]) -> int:
    """The bytes that the interpreter and numpy hold after some work more than before it."""
    work()  # what is made but once for the whole process
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        kept = work()
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0] - before
        del kept
        return taken
    finally:
        tracemalloc.stop()


def assert_holds_what_is_counted(key: Hashable, value: object) -> None:
    """Fill a cache with copies that share nothing, of small values with many, since freed memory is used again."""
    file = io.BytesIO()
    CopyPickler(file, 5).dump((key, value))
    data = file.getvalue()
    times = max(1, min(150, 1_000_000 // len(data)))
    budgets: list[Budget] = []

    def fill() -> Budget:
        budget = Budget(GIGABYTE)
        memo: Memo[object] = Memo(budget)
        for i in range(times):
            copied_key, copy = pickle.loads(data)
            memo.get((i + 1000, copied_key), lambda copy=copy: copy)
        budgets[:] = [budget]
        return budget

    taken = allocated(fill)
    assert budgets[0].used_bytes == pytest.approx(taken, rel=0.1)


def entries_of(engine: Engine, scope: Scope, side: int) -> Iterator[tuple[str, tuple[Hashable, object]]]:
    """All that an inspector remembers of a batch of three, each with its key."""
    budget = Budget(GIGABYTE)
    inspector = Inspector({engine.name: engine}, budget=budget)
    images = [picture(weave((330, 330), seed=seed), f"{seed}.png") for seed in range(3)]
    settings = Settings(engine=engine.name, scope=scope, grid=GridSize(side, side))
    inspector.inspect_many(images, settings, bank=images)
    for (_, key), entry in budget._entries.items():
        yield type(entry.value).__name__, (key, entry.value)


@pytest.mark.parametrize("side", [2, pytest.param(32, marks=pytest.mark.slow)])
@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize(
    "engine",
    [
        pytest.param(TinyDenseEngine(), id="dense"),
        pytest.param(TinyTileEngine(), id="tile", marks=pytest.mark.slow),
        pytest.param(TextureEngine(), id="own", marks=pytest.mark.slow),
    ],
)
def test_descriptions_and_comparisons_hold_what_is_counted(engine: Engine, scope: Scope, side: int) -> None:
    kinds = dict(entries_of(engine, scope, side))
    with_bank = {"ndarray"} if engine.dense and scope is not Scope.SELF else set()
    assert kinds.keys() == {"Embeddings", "CellScores", "Scored"} | with_bank
    for entry in kinds.values():
        assert_holds_what_is_counted(*entry)


PICTURES = {
    "tiny": lambda: picture(weave((20, 20))),
    "small": lambda: picture(weave((112, 112))),
    "large": lambda: picture(weave((1500, 1200))),
    "deep": lambda: load_image(tiff(np.arange(40_000, dtype=np.uint16).reshape(200, 200)), name="deep.tif"),
}


@pytest.mark.parametrize("kind", list(PICTURES))
def test_pictures_hold_what_is_counted(kind: str) -> None:
    image = PICTURES[kind]()
    upload = Upload(image.name, png(image.pixels))
    for value in (image, upload, encode_picture(image.pixels), display_uri(image)):
        assert_holds_what_is_counted(image.key, value)


@pytest.mark.parametrize("kind", ["small", "large", "deep"])
def test_a_picture_as_it_is_loaded_holds_what_is_counted(kind: str) -> None:
    image = PICTURES[kind]()
    assert held_bytes(image) == pytest.approx(allocated(PICTURES[kind]), rel=0.1)


def test_a_data_set_holds_what_is_counted(tmp_path: Path) -> None:
    manifest_dataset(tmp_path)
    taken = allocated(lambda: [read_dataset(tmp_path) for _ in range(20)])
    assert 20 * held_bytes(read_dataset(tmp_path)) == pytest.approx(taken, rel=0.1)


def test_a_view_holds_the_whole_array_and_a_shared_one_counts_once() -> None:
    pixels = np.zeros((1000, 1000), np.uint8)
    assert held_bytes(pixels[:2]) > 1_000_000
    assert held_bytes(np.frombuffer(bytes(1_000_000), np.uint8)[3:5]) > 1_000_000
    assert held_bytes(np.frombuffer(memoryview(bytes(1_000_000)), np.uint8)) > 1_000_000
    assert held_bytes(np.frombuffer(memoryview(mmap.mmap(-1, 1_000_000))[5:9], np.uint8)) > 1_000_000
    image = picture(weave())
    assert held_bytes(image, replace(image, name="again")) < 1.1 * held_bytes(image)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the system does not tell what a process holds")
def test_freed_memory_goes_back_to_the_system() -> None:
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    kept = [bytearray(b"x" * 60_000) for _ in range(3000)]
    between = kept[::100]  # what stays keeps the freed blocks from being at the end of the heap
    full = resident()
    del kept
    return_freed()
    assert full - resident() > 100_000_000
    assert len(between) == 30


# ---- how much there is -----------------------------------------------------------------------------------------------


def with_files(root: Path, **texts: str) -> Path:
    for place, text in texts.items():
        path = root / place.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_the_lowest_limit_of_the_control_groups_counts(tmp_path: Path) -> None:
    whole = machine_memory(tmp_path)
    assert whole > 100_000_000
    groups = tmp_path / "sys/fs/cgroup"
    with_files(tmp_path, proc__self__cgroup="0::/user/app\n")
    assert machine_memory(tmp_path) == whole
    (groups / "user/app").mkdir(parents=True)
    (groups / "user/app/memory.max").write_text("max\n")
    assert machine_memory(tmp_path) == whole
    (groups / "user/memory.max").write_text("90000000\n")
    assert machine_memory(tmp_path) == 90_000_000
    (groups / "user/app/memory.max").write_text("50000000\n")
    assert machine_memory(tmp_path) == 50_000_000


@pytest.mark.parametrize("place", ["docker/4f1a", ""], ids=["by its path", "at the top of a container"])
def test_version_1_of_control_groups_counts_too(tmp_path: Path, place: str) -> None:
    with_files(tmp_path, proc__self__cgroup="5:cpu,cpuacct:/\n4:memory:/docker/4f1a\n0::/\n")
    folder = tmp_path / "sys/fs/cgroup/memory" / place
    folder.mkdir(parents=True)
    (folder / "memory.limit_in_bytes").write_text("70000000\n")
    assert machine_memory(tmp_path) == 70_000_000


def test_a_system_that_tells_nothing_is_taken_for_a_small_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.sysconf")
    assert machine_memory(tmp_path) == ASSUMED_MEMORY


@pytest.mark.parametrize(
    ("machine", "limit"),
    [(8 * GIGABYTE, 2 * GIGABYTE), (200_000_000, LEAST_CACHE), (1000 * GIGABYTE, MOST_CACHE)],
    ids=["a quarter", "never too little", "never too much"],
)
def test_the_limit_is_a_quarter_of_the_memory(monkeypatch: pytest.MonkeyPatch, machine: int, limit: int) -> None:
    monkeypatch.delenv("SEGDETECT_CACHE_MB", raising=False)
    monkeypatch.setattr(memory, "machine_memory", lambda: machine)
    found, origin = cache_limit()
    assert found == limit
    assert "memory" in origin


@pytest.mark.parametrize("text", ["1", "512", " 0800 "])
def test_the_environment_sets_the_limit(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SEGDETECT_CACHE_MB", text)
    assert cache_limit() == (int(text) * 1_000_000, "by SEGDETECT_CACHE_MB")


@pytest.mark.parametrize("text", ["0", "-5", "1.5", "1 GB", "many", "٣", "9" * 5000])
def test_a_wrong_limit_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SEGDETECT_CACHE_MB", text)
    with pytest.raises(SettingsError, match="whole number of megabytes") as caught:
        cache_limit()
    assert "SEGDETECT_CACHE_MB" in str(caught.value)
    assert len(str(caught.value)) < 300
