"""Many pictures: one that fails does not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from segdetect.engines.base import Embeddings, EmbedRequest
from segdetect.errors import (
    CancelledError,
    EngineExpiredError,
    EngineUnavailableError,
    GridTooFineError,
    UnreadableImageError,
)
from segdetect.inspection import Failure
from segdetect.pipeline import Inspector
from segdetect.progress import Progress, no_progress
from segdetect.runs import batch
from segdetect.runs.batch import Answer, inspect_files
from segdetect.settings import EngineName, Scope, Settings
from tests.support.pictures import picture, planted, png, weave
from tests.support.tiny_engine import TinyDenseEngine, TinyTileEngine

SETTINGS = Settings(engine=EngineName.FASTDUP)


@dataclass(frozen=True)
class File:
    name: str
    read: Callable[[], bytes]

    def data(self) -> bytes:
        return self.read()


class Calls(TinyTileEngine):
    """Remembers the pictures of each call."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[list[str]] = []

    def embed(self, requests: Sequence[EmbedRequest], progress: Progress = no_progress) -> list[Embeddings]:
        self.calls.append([request.image.name for request in requests])
        return super().embed(requests, progress)


@pytest.fixture
def engine() -> Calls:
    return Calls()


@pytest.fixture
def inspector(engine: Calls) -> Inspector:
    return Inspector({EngineName.FASTDUP: engine})


def _file(name: str, data: bytes) -> File:
    return File(name, lambda: data)


def _defect(name: str, column: int) -> File:
    return _file(name, png(planted(2, column, seed=column)))


def _clean(name: str, seed: int) -> File:
    return _file(name, png(weave(seed=seed)))


def _summary(results: Sequence[Answer | Failure]) -> list[tuple[str, int | str]]:
    """Name and strongest tile, or name and kind of error."""
    return [
        (r.image, type(r.error).__name__) if isinstance(r, Failure) else (r.image.name, r.inspection.strongest_tile)
        for r in results
    ]


def _unreadable() -> bytes:
    raise UnreadableImageError("it vanished", file="gone.png")


def test_broken_pictures_are_reported_in_their_place_and_the_others_answered(inspector: Inspector) -> None:
    files = [
        _defect("a.png", 1),
        _file("empty.png", b""),
        File("gone.png", _unreadable),
        _file("tiny.png", png(weave((40, 40)))),
        _defect("b.png", 5),
    ]
    results = list(inspect_files(inspector, files, SETTINGS))
    assert _summary(results) == [
        ("a.png", 2 * 7 + 1),
        ("empty.png", "UnreadableImageError"),
        ("gone.png", "UnreadableImageError"),
        ("tiny.png", "GridTooFineError"),
        ("b.png", 2 * 7 + 5),
    ]


def test_a_failure_knows_the_digest_of_what_could_be_read(inspector: Inspector) -> None:
    small = png(weave((40, 40)))
    empty, tiny = inspect_files(inspector, [_file("empty.png", b""), _file("tiny.png", small)], SETTINGS)
    assert isinstance(empty, Failure)
    assert empty.sha256 == ""
    assert isinstance(tiny, Failure)
    assert isinstance(tiny.error, GridTooFineError)
    assert tiny.sha256 == picture(weave((40, 40))).sha256


def test_pictures_go_in_together(inspector: Inspector, engine: Calls) -> None:
    list(inspect_files(inspector, [_clean(f"{i}.png", i) for i in range(5)], SETTINGS))
    assert engine.calls == [[f"{i}.png" for i in range(5)]]


def test_where_the_engine_fails_each_picture_is_tried_alone(inspector: Inspector, engine: Calls) -> None:
    files = [_defect("a.png", 1), _defect("broken.png", 2), _defect("c.png", 3)]
    results = list(inspect_files(inspector, files, SETTINGS))
    assert _summary(results) == [("a.png", 15), ("broken.png", "EngineFailedError"), ("c.png", 17)]
    assert engine.calls == [["a.png", "broken.png", "c.png"], ["a.png"], ["broken.png"], ["c.png"]]


def test_an_engine_that_cannot_run_at_all_stops_everything(inspector: Inspector, engine: Calls) -> None:
    def expired() -> None:
        raise EngineExpiredError("fastdup expired")

    engine.check = expired  # type: ignore[method-assign]
    with pytest.raises(EngineExpiredError):
        list(inspect_files(inspector, [_clean("a.png", 1)], SETTINGS))


def test_many_pictures_are_read_a_chunk_at_a_time(
    inspector: Inspector, engine: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "CHUNK_PICTURES", 2)
    read: list[str] = []

    def file(i: int) -> File:
        return File(f"{i}.png", lambda: read.append(f"{i}.png") or png(weave(seed=i)))

    results = inspect_files(inspector, [file(i) for i in range(5)], SETTINGS)
    next(results)
    assert read == ["0.png", "1.png"]
    assert len(list(results)) == 4
    assert [len(call) for call in engine.calls] == [2, 2, 1]


def test_large_pictures_make_smaller_chunks(
    inspector: Inspector, engine: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "CHUNK_PIXELS", 2 * 112 * 112)
    list(inspect_files(inspector, [_clean(f"{i}.png", i) for i in range(3)], SETTINGS))
    assert [len(call) for call in engine.calls] == [2, 1]


def test_in_scope_batch_each_is_compared_with_the_others(inspector: Inspector) -> None:
    """All have an odd tile at the same place, but one has another one: that one stands out."""
    files = [_file(f"{i}.png", png(planted(4, 1, seed=i))) for i in range(4)] + [_defect("odd.png", 5)]
    settings = Settings(engine=EngineName.FASTDUP, scope=Scope.BATCH)
    results = [r for r in inspect_files(inspector, [*files, _file("bad.png", b"")], settings) if isinstance(r, Answer)]
    assert [result.inspection.scope for result in results] == [Scope.BATCH] * 5
    names = [{source.name for source in result.inspection.scores.sources[1:]} for result in results]
    assert names == [{f.name for f in files} - {file.name} for file in files]
    assert not any(result.inspection.scores.varied for result in results)


def test_in_scope_batch_a_picture_alone_is_compared_with_itself(inspector: Inspector) -> None:
    settings = Settings(engine=EngineName.FASTDUP, scope=Scope.BATCH)
    (result,) = inspect_files(inspector, [_defect("alone.png", 1)], settings)
    assert isinstance(result, Answer)
    assert result.inspection.scope is Scope.SELF
    assert result.inspection.notes


def test_a_large_batch_is_compared_with_some_of_it_only(inspector: Inspector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segdetect.comparing.banks.MAX_BATCH_BANK", 3)
    settings = Settings(engine=EngineName.FASTDUP, scope=Scope.BATCH)
    results = list(inspect_files(inspector, [_clean(f"{i}.png", i) for i in range(6)], settings))
    counts = {len(r.inspection.scores.sources) - 1 for r in results if isinstance(r, Answer)}
    assert counts == {2, 3}


def test_references_are_the_bank_in_scope_references(inspector: Inspector) -> None:
    good = picture(weave(seed=9), "good.png")
    settings = Settings(engine=EngineName.FASTDUP, scope=Scope.REFERENCES)
    (result,) = inspect_files(inspector, [_defect("a.png", 1)], settings, references=[good])
    assert isinstance(result, Answer)
    assert [source.name for source in result.inspection.scores.sources] == ["a.png", "good.png"]
    assert result.inspection.strongest_tile == 15


def test_progress_counts_pictures_failed_ones_included(inspector: Inspector) -> None:
    told: list[tuple[float, str]] = []
    files = [_clean("a.png", 1), _file("bad.png", b""), _clean("b.png", 2)]
    list(inspect_files(inspector, files, SETTINGS, progress=lambda share, doing: told.append((share, doing))))
    counted = [(round(share, 3), doing) for share, doing in told if doing.endswith("pictures")]
    assert counted == [(0.333, "1 of 3 pictures"), (0.667, "2 of 3 pictures"), (1.0, "3 of 3 pictures")]


def test_progress_may_stop_the_run(inspector: Inspector) -> None:
    def stop(share: float, doing: str) -> None:
        raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        list(inspect_files(inspector, [_clean("a.png", 1)], SETTINGS, progress=stop))


def test_an_engine_that_comes_back_does_not_answer_from_the_middle_of_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "CHUNK_PICTURES", 1)
    first, other = TinyTileEngine(), TinyDenseEngine()
    troubles = [EngineUnavailableError("its process was killed")]

    def check() -> None:
        if troubles:
            raise troubles.pop()

    monkeypatch.setattr(first, "check", check)
    inspector = Inspector({EngineName.FASTDUP: first, EngineName.TEXTURE: other})
    answers = list(inspect_files(inspector, [_clean(f"{seed}.png", seed) for seed in (1, 2, 3)], Settings()))
    assert [a.inspection.engine for a in answers if isinstance(a, Answer)] == [EngineName.TEXTURE] * 3
    assert inspector.choose(EngineName.AUTO)[0] is first
