"""The one way through: pictures are described, compared, scored and decided on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from segdetect.decision import decide
from segdetect.engines.base import Comparison, Embeddings, EmbedRequest, Engine, Progress, no_progress
from segdetect.engines.registry import choose_engine, default_engines
from segdetect.explain import LookAlike, look_alikes
from segdetect.grid import TileLayout, tile_layout
from segdetect.homogeneity import homogeneity
from segdetect.images import LoadedImage
from segdetect.inspection import Floats, Inspection, Source, TileScores
from segdetect.memo import Memo
from segdetect.scoring import CellScores, leave_one_out, pool, score_batch, score_references, score_self
from segdetect.settings import EngineName, GridSize, RuleName, Scope, Settings

CACHE_BYTES: Final = 1_000_000_000
# Mutual scoring needs some dozens of other pictures; more cost time and change nothing.
MAX_BATCH_BANK: Final = 32
# Few references show a part in few positions; they are then also seen turned, once each. Many show it as it comes.
MAX_TURNED_REFERENCES: Final = 4

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture with its tiles; `turned` when it is to be described in several positions, as a reference."""

    image: LoadedImage
    layout: TileLayout
    turned: bool = False

    @property
    def source(self) -> Source:
        """What an inspection remembers of it."""
        return Source(self.image.name, self.image.sha256, self.layout)


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Cell scores of one or more pictures, as one value of the cache."""

    items: tuple[CellScores, ...]
    comparison: Comparison

    @property
    def nbytes(self) -> int:
        return sum(32 * item.values.size for item in self.items)


@dataclass(frozen=True, slots=True, eq=False)
class _Scored:
    """All that a decision needs, as one value of the cache: a changed rule costs nothing more."""

    scores: TileScores
    good: tuple[Floats, ...]

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
        self._cells: Memo[_Cells] = Memo(cache_bytes)
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
        return self._inspect(lambda: [_cut(i, settings.grid, stock) for i in images], settings, bank, progress)

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
            others = _cut_bank(bank, settings)
            self.describe(engine, [*pictures, *others], progress)
        share = {name: value / max(1, len(pictures)) for name, value in seconds.items()}
        return [self._answer(engine, picture, others, settings, notes, dict(share)) for picture in pictures]

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
        self.describe(engine, [_cut(image, grid, stock) for grid in grids], progress)

    def is_dense(self, name: EngineName) -> bool:
        """Whether the engine answers any grid from one description."""
        return choose_engine(self.engines, name)[0].dense

    def is_described(self, image: LoadedImage, settings: Settings) -> bool:
        """Whether an inspection in scope self would answer from the cache."""
        engine, _ = choose_engine(self.engines, settings.engine)
        stock = settings.rule.name is RuleName.STOCK
        return _embedding_key(engine, _cut(image, settings.grid, stock)) in self._embeddings

    def look_alikes(
        self, image: LoadedImage, inspection: Inspection, tile: int, *, bank: Sequence[LoadedImage] = (), count: int = 4
    ) -> list[LookAlike]:
        """The tiles most like one tile of an inspected picture; `image` and `bank` as they were given to `inspect`."""
        settings = inspection.settings
        stock = settings.rule.name is RuleName.STOCK
        others = [p for p in _cut_bank(bank, settings) if p.image.sha256 != image.sha256]
        pictures = [_cut(image, settings.grid, stock), *others]
        embeddings, *rest = self.describe(self.engines[inspection.engine], pictures)
        return look_alikes(inspection, tile, embeddings, rest, count=count)

    def describe(
        self, engine: Engine, pictures: Sequence[Picture], progress: Progress = no_progress
    ) -> list[Embeddings]:
        """Descriptions of pictures in their order; those not in the cache are made in one call of the engine."""
        keys = [_embedding_key(engine, picture) for picture in pictures]

        def compute(positions: list[int]) -> list[Embeddings]:
            requests = [EmbedRequest(pictures[p].image, pictures[p].layout, pictures[p].turned) for p in positions]
            return engine.embed(requests, progress)

        found = self._embeddings.get_many(keys, compute, waiting=lambda: progress(0.0, "waiting for the same picture"))
        return [found[key] for key in keys]

    def _answer(
        self,
        engine: Engine,
        picture: Picture,
        bank: Sequence[Picture],
        settings: Settings,
        notes: tuple[str, ...],
        seconds: dict[str, float],
    ) -> Inspection:
        others = [other for other in bank if other.image.sha256 != picture.image.sha256]
        scope = settings.scope if others else Scope.SELF
        if scope is not settings.scope:
            notes = (*notes, _ALONE[settings.scope])
        with _timed(seconds, "compare"):
            key = (scope, *((_embedding_key(engine, p), p.layout.key, p.image.name) for p in (picture, *others)))
            scored = self._scored.get(key, lambda: self._score(engine, picture, others, scope))
        with _timed(seconds, "decide"):
            decision = decide(scored.scores, settings.rule, scope=scope, engine=engine.name, good=scored.good)
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

    def _score(self, engine: Engine, picture: Picture, others: Sequence[Picture], scope: Scope) -> _Scored:
        """Tile scores of one picture, whose look-alikes may lie in itself or in `others`, and those of the others."""
        key = (scope, *(_embedding_key(engine, p) for p in (picture, *others)))

        def compute() -> _Cells:
            embeddings, *rest = self.describe(engine, [picture, *others])
            if scope is Scope.SELF:
                cells = replace(score_self(embeddings), homogeneity=homogeneity(embeddings))
            else:
                cells = _SCORE[scope](embeddings, rest)
            return _Cells((cells,), embeddings.comparison)

        found = self._cells.get(key, compute)
        scores = pool(found.items[0], picture.layout, [p.source for p in (picture, *others)], found.comparison)
        return _Scored(scores, tuple(self._good_scores(engine, others, scope)))

    def _good_scores(self, engine: Engine, others: Sequence[Picture], scope: Scope) -> list[Floats]:
        """Tile scores of the bank's pictures, each compared with the rest of the bank; none in scope self."""
        if scope is Scope.SELF:
            return []
        key = ("good", scope, *(_embedding_key(engine, p) for p in others))

        def compute() -> _Cells:
            embeddings = self.describe(engine, others)
            if scope is Scope.REFERENCES:
                return _Cells(tuple(leave_one_out(embeddings)), embeddings[0].comparison)
            cells = tuple(score_batch(e, embeddings[:i] + embeddings[i + 1 :]) for i, e in enumerate(embeddings))
            return _Cells(cells, embeddings[0].comparison)

        found = self._cells.get(key, compute)
        sources = [[p, *others[:i], *others[i + 1 :]] for i, p in enumerate(others)]
        return [
            pool(cells, pictures[0].layout, [p.source for p in pictures], found.comparison).scores
            for cells, pictures in zip(found.items, sources, strict=True)
        ]


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


def _cut(image: LoadedImage, grid: GridSize, stock: bool) -> Picture:
    return Picture(image, tile_layout(image.size_wh, grid, stock=stock, name=image.name))


def _embedding_key(engine: Engine, picture: Picture) -> tuple[object, ...]:
    base = (engine.name, engine.version, picture.turned and engine.dense, *picture.image.key)
    return base if engine.dense else (*base, *picture.layout.key)


def _cut_bank(bank: Sequence[LoadedImage], settings: Settings) -> list[Picture]:
    """The pictures to compare with; none in scope self."""
    if settings.scope is Scope.SELF:
        return []
    pictures = [_cut(image, settings.grid, settings.rule.name is RuleName.STOCK) for image in bank]
    turned = settings.scope is Scope.REFERENCES and len(pictures) <= MAX_TURNED_REFERENCES
    return [replace(picture, turned=turned) for picture in pictures]


@contextmanager
def _timed(seconds: dict[str, float], step: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[step] = seconds.get(step, 0.0) + time.perf_counter() - start
