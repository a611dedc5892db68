"""The one way through: pictures are described, compared, scored and decided on."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Final

from segdetect.comparing.banks import Bank, cut_bank
from segdetect.comparing.comparer import Comparer, Scored
from segdetect.comparing.notes import alone_note
from segdetect.comparing.tiled import Picture, cut_as
from segdetect.cores import make_products_exact
from segdetect.deciding.decision import decide
from segdetect.documents.settings import settings_record
from segdetect.engines.base import Engine
from segdetect.engines.registry import choose_engine, default_engines
from segdetect.errors import EngineUnavailableError
from segdetect.grid import TileLayout
from segdetect.inspection import Decision, Floats, Inspection, TileScores
from segdetect.log import event
from segdetect.memo import Budget
from segdetect.message import Message
from segdetect.pictures.loading import LoadedImage
from segdetect.progress import Progress, no_progress, part_of
from segdetect.scoring.allowing import decide_allowing
from segdetect.scoring.look_alikes import LookAlike, look_alikes
from segdetect.settings import EngineName, GridSize, Rule, Scope, Settings

# Where there is a bank, comparing takes about as long as describing; in one picture alone it takes no time to speak of.
_DESCRIBING_SHARE: Final = 0.5


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
        self._comparer = Comparer(budget)

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
            pictures, compared = cut(), cut_bank(bank, settings)
            described = _DESCRIBING_SHARE if compared.members else 1.0
            self._comparer.describe(engine, [*pictures, *compared.pictures], part_of(progress, 0, described))
        share = {name: value / max(1, len(pictures)) for name, value in seconds.items()}
        ends = [described + (1 - described) * i / max(1, len(pictures)) for i in range(len(pictures) + 1)]
        return [
            self._answer(engine, picture, compared, settings, notes, dict(share), part_of(progress, start, stop))
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
        self._comparer.describe(engine, [cut_as(image, replace(settings, grid=grid)) for grid in grids], progress)

    def is_described(self, image: LoadedImage, settings: Settings) -> bool:
        """Whether an inspection in scope self would answer from the cache."""
        engine, _ = self.choose(settings.engine)
        return self._comparer.is_described(engine, cut_as(image, settings))

    def pooled_share(self, image: LoadedImage, inspection: Inspection) -> float | None:
        """The share of a tile's highest points that its score is the mean of.

        None where a cell is a tile, or the picture's description is not remembered, as where the engine of an answer
        from elsewhere cannot run here.
        """
        engine = self.engines.get(inspection.engine)
        if engine is None or inspection.scores.cell_map is None:
            return None
        try:
            described = self._comparer.described(engine, cut_as(image, inspection.settings))
        except EngineUnavailableError:
            return None
        return None if described is None else described.comparison.top_share

    def look_alikes(
        self, image: LoadedImage, inspection: Inspection, tile: int, *, bank: Sequence[LoadedImage] = (), count: int = 4
    ) -> list[LookAlike]:
        """The tiles most like one tile of an inspected picture; `image` and `bank` as they were given to `inspect`."""
        picture = cut_as(image, inspection.settings)
        pictures = [picture, *cut_bank(bank, inspection.settings).of(picture).members]
        embeddings, *rest = self._comparer.describe(self.engines[inspection.engine], pictures)
        return look_alikes(inspection, tile, embeddings, rest, count=count)

    def forget(self, images: Sequence[LoadedImage], settings: Settings, *, bank: Sequence[LoadedImage] = ()) -> None:
        """Let go of what is remembered of inspected pictures, but for those of the bank.

        A run does so with each chunk: its memory is that of a chunk, and what others will ask for again stays.

        Args:
            images: as they were given to `inspect_many`, and so are the other arguments.
            settings: see there.
            bank: see there.
        """
        engine, _ = self.choose(settings.engine)
        compared = cut_bank(bank, settings)
        for image in images:
            self._comparer.forget(engine, cut_as(image, settings), compared)

    def _answer(
        self,
        engine: Engine,
        picture: Picture,
        bank: Bank,
        settings: Settings,
        notes: tuple[str, ...],
        seconds: dict[str, float],
        progress: Progress,
    ) -> Inspection:
        scope = bank.of(picture).scope
        with _timed(seconds, "compare"):
            scored = self._comparer.scores(engine, picture, bank, progress)
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
            notes=(*picture.image.notes, *scored.notes, *allowed_note, *notes, *alone_note(settings.scope, scope)),
            seconds=seconds,
        )
        _log(inspection, len(bank.members))
        return inspection

    def bank_scores(self, image: LoadedImage, settings: Settings, bank: Sequence[LoadedImage]) -> tuple[Floats, ...]:
        """Tile scores `(tiles,)` of each picture of the bank, itself left out; arguments as those of `inspect`."""
        engine, _ = self.choose(settings.engine)
        return self._comparer.scores(engine, cut_as(image, settings), cut_bank(bank, settings)).bank_scores


def _decided(
    scored: Scored, rule: Rule, scope: Scope, engine: EngineName
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


@contextmanager
def _timed(seconds: dict[str, float], step: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[step] = seconds.get(step, 0.0) + time.perf_counter() - start
