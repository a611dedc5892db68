"""The one way through: pictures are described, compared, scored and decided on."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, TypeVar

from segdetect.cores import make_products_exact
from segdetect.deciding.decision import decide
from segdetect.documents import settings_record
from segdetect.engines.base import Embeddings, EmbedRequest, Engine
from segdetect.engines.registry import choose_engine, default_engines
from segdetect.errors import NothingToScoreError
from segdetect.grid import TileLayout, tile_layout
from segdetect.inspection import Decision, Flags, Floats, Inspection, Source, TileScores
from segdetect.log import event
from segdetect.memo import Budget, Memo
from segdetect.message import Message
from segdetect.pictures.loading import LoadedImage
from segdetect.pictures.measured import both
from segdetect.progress import Progress, no_progress, part_of
from segdetect.regions import Regions
from segdetect.scoring.allowing import decide_allowing, explained_tiles, only_within
from segdetect.scoring.cells import (
    CellScores,
    pool,
    pool_scores,
    score_batch,
    score_references,
    score_self,
    typical_distance,
)
from segdetect.scoring.ignoring import without_ignored, without_regions
from segdetect.scoring.look_alikes import LookAlike, look_alikes
from segdetect.settings import EngineName, GridSize, Rule, RuleName, Scope, Settings

# Mutual scoring keeps the lowest 30 % of the distances: of so many pictures that is five.
MAX_BATCH_BANK: Final = 16
# Where there is a bank, comparing takes about as long as describing; in one picture alone it takes no time to speak of.
DESCRIBING_SHARE: Final = 0.5
WAITING: Final = "waiting for the same picture"
# Few references show a part in few positions; they are then also seen turned, once each. Many show it as it comes.
MAX_TURNED_REFERENCES: Final = 4

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture with its tiles and what is not looked at of it.

    `turned` when it is to be described in several positions, as a reference.
    """

    image: LoadedImage
    layout: TileLayout
    turned: bool = False
    ignore: Regions | None = None

    @property
    def source(self) -> Source:
        """What an inspection remembers of it."""
        return Source(self.image.name, self.image.sha256, self.layout, self.image.page)

    @property
    def what_is_left(self) -> LoadedImage:
        """The picture with what is ignored taken for no measurement: for engines that see no more than single tiles."""
        if self.ignore is None:
            return self.image
        return replace(self.image, valid=both(self.image.valid, ~self.ignore.fitted(self.image.size_wh)))


def cut_picture(image: LoadedImage, grid: GridSize, stock: bool, ignore: Regions | None = None) -> Picture:
    """A picture in the grid's tiles.

    Raises:
        GridTooFineError: the tiles would be too small.
        InputError: the regions to ignore have other proportions.
    """
    if ignore is not None:
        ignore.check(image.size_wh, name=image.name)
    return Picture(image, tile_layout(image.size_wh, grid, stock=stock, name=image.name), ignore=ignore)


def cut_as(image: LoadedImage, settings: Settings) -> Picture:
    """A picture as settings have it cut; raises what `cut_picture` does."""
    return cut_picture(image, settings.grid, settings.rule.name is RuleName.STOCK, settings.ignore)


def embedding_keys(engine: Engine, pictures: Sequence[Picture]) -> list[tuple[object, ...]]:
    """Two pictures with equal keys have equal descriptions, in which cells of dense engines may yet be ignored."""
    version = engine.version  # some engines look it up anew each time, which takes as long as deciding does
    keys = [(engine.name, version, picture.turned and engine.dense, *picture.image.key) for picture in pictures]
    if engine.dense:
        return keys
    return [(*key, *p.layout.key, *_ignored(p)) for key, p in zip(keys, pictures, strict=True)]


def _comparing_keys(engine: Engine, pictures: Sequence[Picture]) -> list[tuple[object, ...]]:
    """Two pictures with equal keys are compared alike."""
    keys = embedding_keys(engine, pictures)
    return [(*key, *_ignored(picture)) for key, picture in zip(keys, pictures, strict=True)]


def _ignored(picture: Picture) -> tuple[str, ...]:
    return () if picture.ignore is None else (picture.ignore.sha256,)


def cut_bank(bank: Sequence[LoadedImage], settings: Settings) -> list[Picture]:
    """The pictures to compare with; none in scope self."""
    if settings.scope is Scope.SELF:
        return []
    pictures = [cut_as(image, settings) for image in bank if not image.allowed]
    turned = settings.scope is Scope.REFERENCES and len(pictures) <= MAX_TURNED_REFERENCES
    return [replace(picture, turned=turned) for picture in pictures]


def cut_allowed(bank: Sequence[LoadedImage], settings: Settings) -> list[Picture]:
    """The pictures among those of the bank that are there for what is allowed in them."""
    return [cut_as(image, settings) for image in bank if image.allowed]


def without(picture: Picture, bank: Sequence[Picture]) -> list[Picture]:
    """The pictures of the bank other than this one; another page of its file is another picture."""
    return [member for member in bank if member.image.identity != picture.image.identity]


@dataclass(frozen=True, slots=True, eq=False)
class _Scored:
    """All that a decision needs, as one value of the cache: a changed rule costs nothing more."""

    scores: TileScores
    bank_scores: tuple[Floats, ...]
    bank_unlikeness: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()
    explained: Flags | None = None


class Inspector:
    """Inspects pictures and remembers what is costly: descriptions and comparisons, never decisions.

    One instance serves all threads of a process, so that what one user computed is there for the next.

    Args:
        engines: the engines by name; all that the project has, if left out.
        budget: memory for descriptions and comparisons; the process's one if left out.
    """

    def __init__(self, engines: Mapping[EngineName, Engine] | None = None, *, budget: Budget | None = None) -> None:
        make_products_exact()
        self.engines = default_engines() if engines is None else dict(engines)
        self._settled: dict[EngineName, tuple[Engine, tuple[str, ...]]] = {}
        self._embeddings: Memo[Embeddings] = Memo(budget)
        self._cells: Memo[CellScores] = Memo(budget)
        self._typical: Memo[Floats] = Memo(budget)
        self._scored: Memo[_Scored] = Memo(budget)

    def choose(self, wanted: EngineName) -> tuple[Engine, tuple[str, ...]]:
        """The engine to use and what to say of the choice, as `choose_engine`."""
        return self._settled.get(wanted) or choose_engine(self.engines, wanted)

    def settled(self, wanted: EngineName) -> Inspector:
        """This inspector, its caches included, for a run whose answers must all be by one engine.

        Otherwise one that comes back, or other weights, would answer from the middle of the run on.

        Raises:
            EngineUnavailableError: as `choose_engine`.
        """
        return self._settled_on(wanted, *self.choose(wanted))

    def settled_as(self, wanted: EngineName, engine: EngineName, notes: tuple[str, ...]) -> Inspector:
        """As `settled`, with the choice that another process made.

        Args:
            wanted: what the settings name.
            engine: the one that runs.
            notes: what `choose` said of the choice.

        Raises:
            EngineUnavailableError: it cannot run in this process.
        """
        self.engines[engine].check()
        return self._settled_on(wanted, self.engines[engine], notes)

    def _settled_on(self, wanted: EngineName, engine: Engine, notes: tuple[str, ...]) -> Inspector:
        settled = copy.copy(self)
        settled._settled = {wanted: (engine, notes)}
        return settled

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
                itself is left out of it. Where none remains, it is compared with itself, and a note says so. In every
                scope, also the pictures that are `allowed` in places: what is flagged must be unlike those, too.
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
        return self._inspect(lambda: [cut_as(image, settings) for image in images], settings, bank, progress)

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
        pictures = [Picture(image, layout, ignore=settings.ignore) for layout in layouts]
        return self._inspect(lambda: pictures, settings, bank, progress)

    def _inspect(
        self,
        cut: Callable[[], list[Picture]],
        settings: Settings,
        bank: Sequence[LoadedImage],
        progress: Progress,
    ) -> list[Inspection]:
        engine, notes = self.choose(settings.engine)
        seconds: dict[str, float] = {}
        with _timed(seconds, "describe"):
            pictures = cut()
            members, allowed = cut_bank(bank, settings), cut_allowed(bank, settings)
            described = DESCRIBING_SHARE if members else 1.0
            self.describe(engine, [*pictures, *members, *allowed], part_of(progress, 0, described))
        share = {name: value / max(1, len(pictures)) for name, value in seconds.items()}
        ends = [described + (1 - described) * i / max(1, len(pictures)) for i in range(len(pictures) + 1)]
        return [
            self._answer(
                engine, picture, members, allowed, settings, notes, dict(share), part_of(progress, start, stop)
            )
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
        engine, _ = self.choose(settings.engine)
        self.describe(engine, [cut_as(image, replace(settings, grid=grid)) for grid in grids], progress)

    def is_dense(self, name: EngineName) -> bool:
        """Whether the engine answers any grid from one description."""
        return self.choose(name)[0].dense

    def is_described(self, image: LoadedImage, settings: Settings) -> bool:
        """Whether an inspection in scope self would answer from the cache."""
        engine, _ = self.choose(settings.engine)
        (key,) = embedding_keys(engine, [cut_as(image, settings)])
        return key in self._embeddings

    def pooled_share(self, image: LoadedImage, inspection: Inspection) -> float | None:
        """The share of a tile's highest points that its score is the mean of.

        None where a cell is a tile, or the picture's description is not remembered any more.
        """
        engine = self.engines.get(inspection.engine)
        if engine is None or inspection.scores.cell_map is None:
            return None
        described = self._embeddings.find(embedding_keys(engine, [cut_as(image, inspection.settings)])[0])
        return None if described is None else described.comparison.top_share

    def look_alikes(
        self, image: LoadedImage, inspection: Inspection, tile: int, *, bank: Sequence[LoadedImage] = (), count: int = 4
    ) -> list[LookAlike]:
        """The tiles most like one tile of an inspected picture; `image` and `bank` as they were given to `inspect`."""
        settings = inspection.settings
        picture = cut_as(image, settings)
        pictures = [picture, *without(picture, cut_bank(bank, settings))]
        embeddings, *rest = self.describe(self.engines[inspection.engine], pictures)
        return look_alikes(inspection, tile, embeddings, rest, count=count)

    def describe(
        self, engine: Engine, pictures: Sequence[Picture], progress: Progress = no_progress
    ) -> list[Embeddings]:
        """Descriptions of pictures in their order; those not in the cache are made in one call of the engine."""
        keys = embedding_keys(engine, pictures)

        def compute(positions: list[int]) -> list[Embeddings]:
            requests = [_asked(engine, pictures[position]) for position in positions]
            described = zip(requests, engine.embed(requests, progress), strict=True)
            return [without_ignored(embeddings, request.image.valid) for request, embeddings in described]

        found = self._embeddings.get_many(keys, compute, waiting=lambda: progress(0.0, WAITING))
        if not engine.dense:
            return [found[key] for key in keys]
        return [without_regions(found[key], picture.ignore) for key, picture in zip(keys, pictures, strict=True)]

    def forget(self, images: Sequence[LoadedImage], settings: Settings, *, bank: Sequence[LoadedImage] = ()) -> None:
        """Let go of what is remembered of inspected pictures, but for those of the bank.

        A run does so with each chunk: its memory is that of a chunk, and what others will ask for again stays.

        Args:
            images: as they were given to `inspect_many`, and so are the other arguments.
            settings: see there.
            bank: see there.
        """
        engine, _ = self.choose(settings.engine)
        members, allowed = cut_bank(bank, settings), cut_allowed(bank, settings)
        for image in images:
            picture = cut_as(image, settings)
            own_bank = without(picture, members)
            scope = settings.scope if own_bank else Scope.SELF
            self._scored.forget([_scored_key(engine, [picture, *members], allowed, scope)])
            if len(own_bank) == len(members):
                self._cells.forget([_cells_key(engine, picture, own_bank, allowed, scope)])
                if len(without(picture, allowed)) == len(allowed):
                    self._embeddings.forget(embedding_keys(engine, [picture]))

    def _answer(
        self,
        engine: Engine,
        picture: Picture,
        bank: Sequence[Picture],
        allowed: Sequence[Picture],
        settings: Settings,
        notes: tuple[str, ...],
        seconds: dict[str, float],
        progress: Progress,
    ) -> Inspection:
        scope = settings.scope if without(picture, bank) else Scope.SELF
        if scope is not settings.scope:
            notes = (*notes, _ALONE[settings.scope])
        with _timed(seconds, "compare"):
            scored = self._scores(engine, picture, bank, allowed, scope, progress)
        with _timed(seconds, "decide"):
            scores, decision, allowed_note = _decided(scored, settings.rule, scope, engine.name)
        inspection = Inspection(
            image=picture.image.name,
            sha256=picture.image.sha256,
            size_wh=picture.image.size_wh,
            page=picture.image.page,
            settings=settings,
            engine=engine.name,
            engine_version=engine.version,
            scope=scope,
            scores=scores,
            decision=decision,
            notes=(*picture.image.notes, *scored.notes, *allowed_note, *notes),
            seconds=seconds,
        )
        _log(inspection, len(bank))
        return inspection

    def bank_scores(self, image: LoadedImage, settings: Settings, bank: Sequence[LoadedImage]) -> tuple[Floats, ...]:
        """Tile scores `(tiles,)` of each picture of the bank, itself left out; arguments as those of `inspect`."""
        engine, _ = self.choose(settings.engine)
        picture = cut_as(image, settings)
        members, allowed = cut_bank(bank, settings), cut_allowed(bank, settings)
        scope = settings.scope if without(picture, members) else Scope.SELF
        return self._scores(engine, picture, members, allowed, scope, no_progress).bank_scores

    def _scores(
        self,
        engine: Engine,
        picture: Picture,
        bank: Sequence[Picture],
        allowed: Sequence[Picture],
        scope: Scope,
        progress: Progress,
    ) -> _Scored:
        key = _scored_key(engine, [picture, *bank], allowed, scope)

        def compute() -> _Scored:
            return self._score(engine, picture, bank, allowed, scope, progress)

        return _remembered(self._scored, key, compute, progress)

    def _score(
        self,
        engine: Engine,
        picture: Picture,
        bank: Sequence[Picture],
        allowed: Sequence[Picture],
        scope: Scope,
        progress: Progress,
    ) -> _Scored:
        """Tile scores of one picture, whose look-alikes may lie in itself or in the bank, and those of the bank.

        Each picture of the bank is compared with the rest of it, whichever picture is inspected: a picture's answer and
        what it says of the others are one comparison, and the bank costs the square of its size once. What is allowed
        plays no part in these: allowing a place must not make others be flagged.
        """
        own_bank = without(picture, bank)
        embeddings = self.describe(engine, [picture, *own_bank])
        steps = 1 + len(own_bank)
        cells = self._compare(engine, picture, own_bank, allowed, scope, part_of(progress, 0, 1 / steps))
        scores = pool(cells, picture.layout, [p.source for p in (picture, *own_bank)], embeddings)
        explained = explained_tiles(cells, picture.layout, embeddings[0].comparison)
        if not scores.scored.any():
            raise _nothing_to_score(picture)
        # A lone reference is judged by itself alone, as the rule for lone references expects.
        whole_bank = own_bank if scope is Scope.REFERENCES and len(own_bank) == 1 else bank
        bank_scores, unlikeness = [], []
        for step, member in enumerate(own_bank, start=1):
            doing = f"learning what is normal from picture {step} of {len(own_bank)}"
            report = part_of(progress, step / steps, (step + 1) / steps, doing)
            cells = self._compare(engine, member, without(member, whole_bank), (), scope, report)
            bank_scores.append(pool_scores(cells, member.layout, embeddings[0].comparison)[0])
            unlikeness.append(cells.unlikeness)
        notes = _unscored_note(scores, picture.ignore) + _unused_note(own_bank, embeddings[1:])
        return _Scored(scores, tuple(bank_scores), tuple(unlikeness), notes, explained)

    def _compare(
        self,
        engine: Engine,
        picture: Picture,
        bank: Sequence[Picture],
        allowed: Sequence[Picture],
        scope: Scope,
        progress: Progress,
    ) -> CellScores:
        """Cell scores of one picture; how it looks turned plays no part in them."""
        key = _cells_key(engine, picture, bank, allowed, scope)

        def compute() -> CellScores:
            embeddings, *rest = self.describe(engine, [picture, *bank])
            described = self.describe(engine, allowed)
            places = [only_within(one, p.image.allowed) for one, p in zip(described, allowed, strict=True)]
            if scope is Scope.SELF:
                return score_self(embeddings, allowed=places)
            typical = self._typical_distances(engine, bank, rest) if engine.dense else None
            return _SCORE[scope](embeddings, rest, typical=typical, allowed=places, progress=progress)

        return _remembered(self._cells, key, compute, progress)

    def _typical_distances(
        self, engine: Engine, pictures: Sequence[Picture], embeddings: Sequence[Embeddings]
    ) -> list[Floats]:
        keys = _comparing_keys(engine, pictures)
        found = self._typical.get_many(keys, lambda positions: [typical_distance(embeddings[p]) for p in positions])
        return [found[key] for key in keys]


def _decided(
    scored: _Scored, rule: Rule, scope: Scope, engine: EngineName
) -> tuple[TileScores, Decision, tuple[str, ...]]:
    """The scores as they were decided on, the decision, and what to say of what is allowed."""
    ask = partial(
        decide,
        rule=rule,
        scope=scope,
        engine=engine,
        bank_scores=scored.bank_scores,
        bank_unlikeness=scored.bank_unlikeness,
    )
    if scored.explained is None:
        return scored.scores, ask(scored.scores), ()
    scores, decision, lifted = decide_allowing(scored.scores, scored.explained, ask)
    count = int(lifted.sum())
    said = Message("{count} tiles look like places that its plan allows, and are taken for typical ones.", count=count)
    return scores, decision, (said,) if count else ()


def _log(inspection: Inspection, bank: int) -> None:
    settings = inspection.settings
    event(
        "inspected",
        # The mask is part of what a picture shows.
        settings=settings_record(replace(settings, ignore=None)),
        ignored=0.0 if settings.ignore is None else round(settings.ignore.share, 4),
        engine=inspection.engine.value,
        engine_version=inspection.engine_version,
        scope=inspection.scope.value,
        compared_with=bank,
        sha256=inspection.sha256,
        size_wh=list(inspection.size_wh),
        page=inspection.page,
        verdict=inspection.decision.verdict.value,
        flagged=int(inspection.decision.flags.sum()),
        seconds={name: round(value, 4) for name, value in inspection.seconds.items()},
    )


def _scored_key(
    engine: Engine, pictures: Sequence[Picture], allowed: Sequence[Picture], scope: Scope
) -> tuple[object, ...]:
    names = ((picture.layout.key, picture.image.name) for picture in pictures)
    return (scope, *_comparing_keys(engine, pictures), *names, *_allowed_keys(engine, allowed))


def _cells_key(
    engine: Engine, picture: Picture, bank: Sequence[Picture], allowed: Sequence[Picture], scope: Scope
) -> tuple[object, ...]:
    compared = _comparing_keys(engine, [replace(picture, turned=False), *bank])
    return (scope, *compared, *_allowed_keys(engine, allowed))


def _allowed_keys(engine: Engine, allowed: Sequence[Picture]) -> list[tuple[object, ...]]:
    """Two pictures with equal keys allow the same."""
    keys = _comparing_keys(engine, allowed)
    return [("allowed", *key, *picture.image.allowed) for key, picture in zip(keys, allowed, strict=True)]


def _asked(engine: Engine, picture: Picture) -> EmbedRequest:
    """What the engine is asked; a dense one sees the picture as it is, whatever is ignored of it."""
    return EmbedRequest(picture.image if engine.dense else picture.what_is_left, picture.layout, picture.turned)


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


def _nothing_to_score(picture: Picture) -> NothingToScoreError:
    name = picture.image.name
    if picture.ignore is not None:
        problem = "no tile of it has enough left to look at: the rest is ignored, is padding or stands for no data"
        return NothingToScoreError(problem, remedy="Ignore less of it, or choose a finer grid", file=name)
    return NothingToScoreError(
        "no tile of it holds enough that was measured: the rest is padding or stands for no data",
        remedy="Choose a finer grid or another picture",
        file=name,
    )


def _unscored_note(scores: TileScores, ignore: Regions | None) -> tuple[str, ...]:
    unscored = int((~scores.scored).sum())
    ignored = () if ignore is None else (Message("{share:.3g} % of it is ignored.", share=100 * ignore.share),)
    if not unscored:
        return ignored
    if ignored:
        return (*ignored, f"{unscored} of its {len(scores.scores)} tiles have too little left and have no score.")
    return (f"{unscored} of its {len(scores.scores)} tiles hold hardly anything that was measured and have no score.",)


def _unused_note(bank: Sequence[Picture], embeddings: Sequence[Embeddings]) -> tuple[str, ...]:
    names = [member.image.name for member, one in zip(bank, embeddings, strict=True) if not len(one.counted)]
    if not names:
        return ()
    return (f"It was not compared with {', '.join(names)}: no part of that holds enough that was measured.",)


def _remembered(memo: Memo[T], key: tuple[object, ...], compute: Callable[[], T], progress: Progress) -> T:
    return memo.get_many([key], lambda _: [compute()], waiting=lambda: progress(0.0, WAITING))[key]


@contextmanager
def _timed(seconds: dict[str, float], step: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[step] = seconds.get(step, 0.0) + time.perf_counter() - start
