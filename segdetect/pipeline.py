"""The one way through: pictures are described, compared, scored and decided on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from segdetect.cuts import Picture, cut_bank, cut_picture, embedding_keys, without
from segdetect.decision import decide
from segdetect.engines.base import Embeddings, EmbedRequest, Engine, Progress, no_progress
from segdetect.engines.registry import choose_engine, default_engines
from segdetect.explain import LookAlike, look_alikes
from segdetect.grid import TileLayout
from segdetect.images import LoadedImage
from segdetect.inspection import Floats, Inspection, TileScores
from segdetect.memo import Memo, Sized
from segdetect.scoring import (
    CellScores,
    pool,
    pool_scores,
    score_batch,
    score_references,
    score_self,
    typical_distance,
)
from segdetect.settings import EngineName, GridSize, RuleName, Scope, Settings

CACHE_BYTES: Final = 1_000_000_000
# Mutual scoring keeps the lowest 30 % of the distances: of so many pictures that is five.
MAX_BATCH_BANK: Final = 16
# Where there is a bank, comparing takes about as long as describing; in one picture alone it takes no time to speak of.
DESCRIBING_SHARE: Final = 0.5
WAITING: Final = "waiting for the same picture"

T = TypeVar("T")
S = TypeVar("S", bound=Sized)


@dataclass(frozen=True, slots=True, eq=False)
class _Scored:
    """All that a decision needs, as one value of the cache: a changed rule costs nothing more."""

    scores: TileScores
    good: tuple[Floats, ...]
    lone_object: bool

    @property
    def nbytes(self) -> int:
        return 64 * len(self.scores.scores) + sum(scores.nbytes for scores in self.good)


class Inspector:
    """Inspects pictures and remembers what is costly: descriptions and comparisons, never decisions.

    One instance serves all threads of a process, so that what one user computed is there for the next.

    Args:
        engines: the engines by name; all that the project has, if left out.
        cache_bytes: memory for descriptions and for comparisons, each.
    """

    def __init__(self, engines: Mapping[EngineName, Engine] | None = None, *, cache_bytes: int = CACHE_BYTES) -> None:
        self.engines = default_engines() if engines is None else dict(engines)
        self._embeddings: Memo[Embeddings] = Memo(cache_bytes)
        self._cells: Memo[CellScores] = Memo(cache_bytes)
        self._typical: Memo[Floats] = Memo(cache_bytes)
        self._scored: Memo[_Scored] = Memo(cache_bytes)

    def inspect(
        self,
        image: LoadedImage,
        settings: Settings,
        *,
        bank: Sequence[LoadedImage] = (),
        progress: Progress = no_progress,
    ) -> Inspection:
        """Answer for one picture.

        Args:
            image: the picture.
            settings: what to do.
            bank: the known-good pictures, or the other pictures of the batch, as `settings.scope` says; the picture
                itself is left out of it. Where none remains, it is compared with itself, and a note says so.
            progress: told what is going on; may raise `CancelledError`.

        Raises:
            SegDetectError: the grid does not fit a picture, or the engine cannot run or failed.
        """
        return self.inspect_many([image], settings, bank=bank, progress=progress)[0]

    def inspect_many(
        self,
        images: Sequence[LoadedImage],
        settings: Settings,
        *,
        bank: Sequence[LoadedImage] = (),
        progress: Progress = no_progress,
    ) -> list[Inspection]:
        """Answer for several pictures, described together (fastdup's fixed cost is paid once). See `inspect`."""
        stock = settings.rule.name is RuleName.STOCK
        return self._inspect(lambda: [cut_picture(i, settings.grid, stock) for i in images], settings, bank, progress)

    def inspect_layouts(
        self,
        image: LoadedImage,
        settings: Settings,
        layouts: Sequence[TileLayout],
        *,
        bank: Sequence[LoadedImage] = (),
        progress: Progress = no_progress,
    ) -> list[Inspection]:
        """Answer for one picture cut in several ways, described together; `settings.grid` cuts only the bank."""
        return self._inspect(lambda: [Picture(image, layout) for layout in layouts], settings, bank, progress)

    def _inspect(
        self,
        cut: Callable[[], list[Picture]],
        settings: Settings,
        bank: Sequence[LoadedImage],
        progress: Progress,
    ) -> list[Inspection]:
        engine, notes = choose_engine(self.engines, settings.engine)
        seconds: dict[str, float] = {}
        with _timed(seconds, "describe"):
            pictures = cut()
            others = cut_bank(bank, settings)
            described = DESCRIBING_SHARE if others else 1.0
            self.describe(engine, [*pictures, *others], _part(progress, 0, described))
        share = {name: value / max(1, len(pictures)) for name, value in seconds.items()}
        ends = [described + (1 - described) * i / max(1, len(pictures)) for i in range(len(pictures) + 1)]
        return [
            self._answer(engine, picture, others, settings, notes, dict(share), _part(progress, start, stop))
            for picture, start, stop in zip(pictures, ends, ends[1:], strict=False)
        ]

    def prepare(
        self,
        image: LoadedImage,
        settings: Settings,
        grids: Sequence[GridSize],
        *,
        progress: Progress = no_progress,
    ) -> None:
        """Describe a picture for other grids ahead of time, in one run, so that they answer at once later."""
        engine, _ = choose_engine(self.engines, settings.engine)
        stock = settings.rule.name is RuleName.STOCK
        self.describe(engine, [cut_picture(image, grid, stock) for grid in grids], progress)

    def is_dense(self, name: EngineName) -> bool:
        """Whether the engine answers any grid from one description."""
        return choose_engine(self.engines, name)[0].dense

    def is_described(self, image: LoadedImage, settings: Settings) -> bool:
        """Whether an inspection in scope self would answer from the cache."""
        engine, _ = choose_engine(self.engines, settings.engine)
        stock = settings.rule.name is RuleName.STOCK
        (key,) = embedding_keys(engine, [cut_picture(image, settings.grid, stock)])
        return key in self._embeddings

    def look_alikes(
        self, image: LoadedImage, inspection: Inspection, tile: int, *, bank: Sequence[LoadedImage] = (), count: int = 4
    ) -> list[LookAlike]:
        """The tiles most like one tile of an inspected picture; `image` and `bank` as they were given to `inspect`."""
        settings = inspection.settings
        stock = settings.rule.name is RuleName.STOCK
        picture = cut_picture(image, settings.grid, stock)
        pictures = [picture, *without(picture, cut_bank(bank, settings))]
        embeddings, *rest = self.describe(self.engines[inspection.engine], pictures)
        return look_alikes(inspection, tile, embeddings, rest, count=count)

    def describe(
        self, engine: Engine, pictures: Sequence[Picture], progress: Progress = no_progress
    ) -> list[Embeddings]:
        """Descriptions of pictures in their order; those not in the cache are made in one call of the engine."""
        keys = embedding_keys(engine, pictures)

        def compute(positions: list[int]) -> list[Embeddings]:
            requests = [EmbedRequest(pictures[p].image, pictures[p].layout, pictures[p].turned) for p in positions]
            return engine.embed(requests, progress)

        found = self._embeddings.get_many(keys, compute, waiting=lambda: progress(0.0, WAITING))
        return [found[key] for key in keys]

    def _answer(
        self,
        engine: Engine,
        picture: Picture,
        bank: Sequence[Picture],
        settings: Settings,
        notes: tuple[str, ...],
        seconds: dict[str, float],
        progress: Progress,
    ) -> Inspection:
        scope = settings.scope if without(picture, bank) else Scope.SELF
        if scope is not settings.scope:
            notes = (*notes, _ALONE[settings.scope])
        with _timed(seconds, "compare"):
            pictures = [picture, *bank]
            key = (scope, *embedding_keys(engine, pictures), *((p.layout.key, p.image.name) for p in pictures))
            scored = _remembered(
                self._scored, key, lambda: self._score(engine, picture, bank, scope, progress), progress
            )
        with _timed(seconds, "decide"):
            decision = decide(
                scored.scores,
                settings.rule,
                scope=scope,
                engine=engine.name,
                good=scored.good,
                lone_object=scored.lone_object,
            )
        return Inspection(
            image=picture.image.name,
            sha256=picture.image.sha256,
            size_wh=picture.image.size_wh,
            page=picture.image.page,
            settings=settings,
            engine=engine.name,
            engine_version=engine.version,
            scope=scope,
            scores=scored.scores,
            decision=decision,
            notes=(*picture.image.notes, *notes),
            seconds=seconds,
        )

    def _score(
        self, engine: Engine, picture: Picture, bank: Sequence[Picture], scope: Scope, progress: Progress
    ) -> _Scored:
        """Tile scores of one picture, whose look-alikes may lie in itself or in the bank, and those of the bank.

        Each picture of the bank is compared with the rest of it, whichever picture is inspected: a picture's answer and
        what it tells of the others are one comparison, and the bank costs the square of its size once.
        """
        others = without(picture, bank)
        embeddings = self.describe(engine, [picture, *others])
        steps = 1 + len(others)
        cells = self._compare(engine, picture, others, scope, _part(progress, 0, 1 / steps))
        scores = pool(cells, picture.layout, [p.source for p in (picture, *others)], embeddings)
        # A lone reference is judged by itself alone, as the rule for lone references expects.
        known = others if scope is Scope.REFERENCES and len(others) == 1 else bank
        good = []
        lone_object = False
        for step, other in enumerate(others, start=1):
            doing = f"learning what is normal from picture {step} of {len(others)}"
            tell = _part(progress, step / steps, (step + 1) / steps, doing)
            cells = self._compare(engine, other, without(other, known), scope, tell)
            good.append(pool_scores(cells, other.layout, embeddings[0].comparison)[0])
            lone_object = len(others) == 1 and cells.varied
        return _Scored(scores, tuple(good), lone_object)

    def _compare(
        self, engine: Engine, picture: Picture, others: Sequence[Picture], scope: Scope, progress: Progress
    ) -> CellScores:
        """Cell scores of one picture; how it looks turned plays no part in them."""
        key = (scope, *embedding_keys(engine, [replace(picture, turned=False), *others]))

        def compute() -> CellScores:
            embeddings, *rest = self.describe(engine, [picture, *others])
            if scope is Scope.SELF:
                return score_self(embeddings)
            typical = self._typical_distances(engine, others, rest) if engine.dense else None
            return _SCORE[scope](embeddings, rest, typical=typical, progress=progress)

        return _remembered(self._cells, key, compute, progress)

    def _typical_distances(
        self, engine: Engine, pictures: Sequence[Picture], embeddings: Sequence[Embeddings]
    ) -> list[Floats]:
        keys = embedding_keys(engine, pictures)
        found = self._typical.get_many(keys, lambda positions: [typical_distance(embeddings[p]) for p in positions])
        return [found[key] for key in keys]


_SCORE: Final = {Scope.REFERENCES: score_references, Scope.BATCH: score_batch}
_ALONE: Final = {
    Scope.REFERENCES: "There is no known-good picture other than this one, so it was compared with itself.",
    Scope.BATCH: "There is no other picture in the batch, so it was compared with itself.",
}


def batch_bank(images: Sequence[T]) -> list[T]:
    """The pictures of a batch that the others are compared with: all, or evenly chosen ones of many.

    >>> batch_bank([])
    []
    """
    step = max(1.0, len(images) / MAX_BATCH_BANK)
    return [images[int(i * step)] for i in range(min(len(images), MAX_BATCH_BANK))]


def _part(progress: Progress, start: float, stop: float, doing: str = "") -> Progress:
    """For a part of the work, which may say what it does in other words."""
    return lambda share, what: progress(start + (stop - start) * share, doing or what)


def _remembered(memo: Memo[S], key: tuple[object, ...], compute: Callable[[], S], progress: Progress) -> S:
    return memo.get_many([key], lambda _: [compute()], waiting=lambda: progress(0.0, WAITING))[key]


@contextmanager
def _timed(seconds: dict[str, float], step: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[step] = seconds.get(step, 0.0) + time.perf_counter() - start
