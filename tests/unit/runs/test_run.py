"""Runs of many pictures, whoever inspects them: order, pages, what is not seen, what is lost."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from segdetect.engines.base import Embeddings, EmbedRequest
from segdetect.errors import ClusterError, EngineKilledError, UnreadableImageError
from segdetect.inspection import Failure, Inspection
from segdetect.memo import Budget
from segdetect.pictures import sources
from segdetect.pictures.page_choice import PageChoice
from segdetect.pictures.sources import list_sources
from segdetect.pictures.uploads import list_uploads
from segdetect.pipeline import Inspector
from segdetect.progress import Progress, no_progress
from segdetect.runs import batch, run
from segdetect.runs.chunks import inspect_chunk
from segdetect.runs.rooms import Here, Record, WorkerLostError
from segdetect.runs.run import Position, Work, inspect_run
from segdetect.settings import EngineName, Scope, Settings
from tests.support.pictures import planted, png, tiff, weave
from tests.support.tiny_engine import TinyDenseEngine

SETTINGS = Settings(engine=EngineName.TEXTURE)


class Elsewhere:
    """Inspects as a worker would: by what travels alone, here with an inspector of its own.

    Args:
        blind: it sees no files.
        deadly: it dies of files with this in their names.
    """

    places = 3
    workers = 2

    def __init__(self, *, blind: bool = False, deadly: str = "") -> None:
        self.inspector = Inspector({EngineName.TEXTURE: TinyDenseEngine()}, budget=Budget(1 << 26))
        self._blind, self._deadly = blind, deadly
        self.deaths = 0
        self.sent: list[list[str]] = []

    def submit(self, order: Record, files: Sequence[Record], progress: Progress = no_progress) -> Future[Any]:
        done: Future[Any] = Future()
        order, files = pickle.loads(pickle.dumps((order, files)))
        self.sent.append([file["name"] for file in files])
        if self._deadly and any(self._deadly in file["name"] for file in files):
            self.deaths += 1
            done.set_exception(WorkerLostError())
            return done
        if self._blind:
            for file in (*files, *order["bank"]):
                file["state"] = {"size": -1, "changed": 0}
        done.set_result(pickle.loads(pickle.dumps(inspect_chunk(order, files, inspector=self.inspector))))
        return done

    def close(self) -> None:
        """Nothing to close."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pictures, some in archives, a file of several pages, and one that is damaged."""
    home = tmp_path / "pictures"
    home.mkdir()
    for number in range(5):
        (home / f"{number}.png").write_bytes(png(planted(2, number, seed=number)))
    (home / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    (home / "scan.tif").write_bytes(tiff(weave(seed=7), planted(1, 1, seed=8), weave(seed=9)))
    with ZipFile(home / "inner.zip", "w") as inner:
        inner.writestr("deep.png", png(planted(3, 3, seed=4)))
    with ZipFile(home / "more.zip", "w") as archive:
        archive.writestr("folder/", b"")
        archive.writestr("notes.txt", b"no picture")
        archive.writestr("a.png", png(planted(4, 4, seed=5)))
        archive.write(home / "inner.zip", "inner.zip")
    (home / "inner.zip").unlink()
    return home


NAMES = [
    *(f"{number}.png" for number in range(5)),
    *("bad.png", "more.zip/a.png", "more.zip/inner.zip/deep.png", "scan.tif#1", "scan.tif#2", "scan.tif#3"),
]


def _told(parts: Iterator[list[Any]]) -> dict[str, Any]:
    """Name and answer of each picture, in order, without the seconds that it took."""
    told = {}
    for part in parts:
        for finished in part:
            document = dict(finished.document)
            document.pop("seconds", None)
            told[document["image"]] = (document, finished.annotated, finished.notes, finished.last)
    return told


def _run(inspector: Inspector, folder: Path, settings: Settings = SETTINGS, **options: Any) -> Work:
    return Work.by(inspector, list_sources([folder]).files, settings, annotated=True, **options)


def _references(folder: Path) -> Iterator[sources.SourceFile]:
    yield from list_sources([folder / "1.png", folder / "2.png"]).files


@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize("room", [Elsewhere, lambda: Elsewhere(blind=True)], ids=["sees", "blind"])
def test_everybody_answers_alike(
    folder: Path, inspector: Inspector, monkeypatch: pytest.MonkeyPatch, scope: Scope, room: Callable[[], Elsewhere]
) -> None:
    monkeypatch.setattr(run, "CHUNK_DENSE", 2)
    settings = Settings(engine=EngineName.TEXTURE, scope=scope)
    references = tuple(_references(folder)) if scope is Scope.REFERENCES else ()
    work = _run(inspector, folder, settings, references=references)
    here = _told(inspect_run(work, Here(inspector)))
    assert list(here) == NAMES
    assert here == _told(inspect_run(work, room()))


def test_a_run_goes_on_anywhere(folder: Path, inspector: Inspector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "CHUNK_PICTURES", 1)
    work, position, told = _run(inspector, folder), Position(), {}
    for _ in NAMES:
        parts = inspect_run(work, Here(inspector), begin=position)
        (finished,) = next(parts)
        parts.close()
        position = position.after(finished)
        told[finished.document["image"] if finished.document else ""] = finished.result
    assert list(told) == NAMES
    assert position == Position(len(work.files))
    assert list(inspect_run(work, Here(inspector), begin=position)) == []


@pytest.mark.parametrize("pictures", [1, 3, 40])
def test_a_run_does_not_say_more_is_done_than_has_answers(
    folder: Path, inspector: Inspector, monkeypatch: pytest.MonkeyPatch, pictures: int
) -> None:
    monkeypatch.setattr(batch, "CHUNK_PICTURES", pictures)
    work, shares = _run(inspector, folder), [0.0]
    done = Position()
    for part in inspect_run(work, Here(inspector), progress=lambda share, doing: shares.append(share)):
        for finished in part:
            done = done.after(finished)
        assert shares[-1] < (done.files + (done.pages > 0)) / len(work.files)
    assert shares == sorted(shares)


def test_nothing_is_asked_for_while_nobody_takes_an_answer(
    folder: Path, inspector: Inspector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "CHUNK_DENSE", 1)
    room = Elsewhere()
    parts = inspect_run(_run(inspector, folder), room)
    next(parts)
    assert len(room.sent) == room.places
    parts.close()
    assert len(room.sent) == room.places


def test_a_picture_that_kills_is_found_and_the_others_are_answered(folder: Path, inspector: Inspector) -> None:
    room = Elsewhere(deadly="3.png")
    results = [finished.result for part in inspect_run(_run(inspector, folder), room) for finished in part]
    (killer,) = [result for result in results if isinstance(result, Failure) and result.image == "3.png"]
    assert isinstance(killer.error, EngineKilledError)
    assert [result.image for result in results if result] == NAMES
    assert sum(isinstance(result, Inspection) for result in results) == len(NAMES) - 2
    assert room.deaths <= 4


def test_a_file_that_goes_meanwhile_is_a_failure(folder: Path, inspector: Inspector) -> None:
    work = _run(inspector, folder)
    (folder / "2.png").unlink()
    told = {f.result.image: f.result for part in inspect_run(work, Here(inspector)) for f in part if f.result}
    assert list(told) == NAMES
    assert isinstance(told["2.png"], Failure)
    assert isinstance(told["2.png"].error, UnreadableImageError)


def test_what_lies_nowhere_is_sent(inspector: Inspector) -> None:
    files = list_uploads([("a.png", png(weave())), ("b.png", png(planted(2, 3)))]).files
    work = Work.by(inspector, files, SETTINGS, thumbnail=32)
    finished = [one for part in inspect_run(work, Elsewhere()) for one in part]
    assert [one.result.image for one in finished if one.result] == ["a.png", "b.png"]
    assert all(one.thumbnail.startswith(b"\xff\xd8") for one in finished)
    assert not any(one.annotated for one in finished)


def test_pages_that_are_not_taken_are_told(folder: Path, inspector: Inspector) -> None:
    work = _run(inspector, folder, pages=PageChoice(number=1))
    finished = [one for part in inspect_run(work, Here(inspector)) for one in part]
    assert [one.result.image for one in finished if isinstance(one.result, Inspection)] == ["scan.tif#2"]
    assert [item.name for one in finished for item in one.left_out] == NAMES[:8]


@pytest.mark.parametrize(("what", "value"), [("segdetect", "0.1"), ("engine_version", "tiny 2")])
def test_a_worker_of_another_version_is_no_worker(folder: Path, inspector: Inspector, what: str, value: str) -> None:
    class Other(Elsewhere):
        def submit(self, order: Record, files: Sequence[Record], progress: Progress = no_progress) -> Future[Any]:
            return super().submit({**order, what: value}, files, progress)

    with pytest.raises(ClusterError, match="Install the same versions"):
        list(inspect_run(_run(inspector, folder), Other()))


class Watching(TinyDenseEngine):
    """Notes how much its inspector remembers whenever it describes."""

    def __init__(self, budget: Budget) -> None:
        super().__init__()
        self._budget = budget
        self.held: list[int] = []

    def embed(self, requests: Sequence[EmbedRequest], progress: Progress = no_progress) -> list[Embeddings]:
        self.held.append(self._budget.used_bytes)
        return super().embed(requests, progress)


@pytest.mark.parametrize("scope", [Scope.SELF, Scope.BATCH])
def test_only_the_bank_is_remembered_from_part_to_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scope: Scope
) -> None:
    monkeypatch.setattr(run, "CHUNK_DENSE", 1)
    monkeypatch.setattr("segdetect.comparing.banks.MAX_BATCH_BANK", 2)
    for number in range(8):
        (tmp_path / f"{number}.png").write_bytes(png(planted(2, number % 7, seed=number)))
    budget = Budget(1 << 26)
    engine = Watching(budget)
    inspector = Inspector({EngineName.TEXTURE: engine}, budget=budget)
    parts = inspect_run(_run(inspector, tmp_path, Settings(engine=EngineName.TEXTURE, scope=scope)), Here(inspector))
    assert sum(len(part) for part in parts) == 8
    # Each picture is described once, those of the bank included.
    assert sorted(engine.described) == [f"{number}.png" for number in range(8)]
    assert engine.held[-1] <= engine.held[2]
    assert (budget.used_bytes == 0) == (scope is Scope.SELF)
