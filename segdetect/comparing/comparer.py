"""Describes pictures and compares them, and remembers both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from segdetect.comparing.banks import Bank, without
from segdetect.comparing.keys import Key, cells_key, comparing_keys, embedding_keys, scored_key
from segdetect.comparing.notes import nothing_to_score, unscored_note, unused_note
from segdetect.comparing.tiled import Picture
from segdetect.engines.base import Embeddings, EmbedRequest, Engine
from segdetect.inspection import Flags, Floats, TileScores
from segdetect.memo import Budget, Memo
from segdetect.progress import Progress, no_progress, part_of
from segdetect.scoring.allowing import explained_tiles, only_within
from segdetect.scoring.cells import CellScores, score_batch, score_references, score_self
from segdetect.scoring.distances import typical_distance
from segdetect.scoring.ignoring import without_ignored, without_regions
from segdetect.scoring.tiles import pool, pool_scores
from segdetect.settings import Scope

_WAITING: Final = "waiting for the same picture"
_SCORE: Final = {Scope.REFERENCES: score_references, Scope.BATCH: score_batch}

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """All that a decision needs, as one value of the cache: a changed rule costs nothing more.

    Args:
        scores: of the picture's tiles.
        bank_scores: `(tiles,)` of each picture of its bank, compared with the others.
        bank_unlikeness: how unlike the others each of these is.
        notes: what is to be said of it.
        explained: `(tiles,)` those that look like what is allowed; None where nothing is.
    """

    scores: TileScores
    bank_scores: tuple[Floats, ...]
    bank_unlikeness: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()
    explained: Flags | None = None


class Comparer:
    """Describes pictures and compares them with their banks; what it did once, it remembers. Serves all threads.

    Args:
        budget: memory for descriptions and comparisons; the process's one if left out.
    """

    def __init__(self, budget: Budget | None = None) -> None:
        self._embeddings: Memo[Embeddings] = Memo(budget)
        self._cells: Memo[CellScores] = Memo(budget)
        self._typical: Memo[Floats] = Memo(budget)
        self._scored: Memo[Scored] = Memo(budget)

    def describe(
        self, engine: Engine, pictures: Sequence[Picture], progress: Progress = no_progress
    ) -> list[Embeddings]:
        """Descriptions of pictures in their order; those not in the cache are made in one call of the engine."""
        keys = embedding_keys(engine, pictures)

        def compute(positions: list[int]) -> list[Embeddings]:
            requests = [_asked(engine, pictures[position]) for position in positions]
            described = zip(requests, engine.embed(requests, progress), strict=True)
            return [without_ignored(embeddings, request.image.valid) for request, embeddings in described]

        found = self._embeddings.get_many(keys, compute, waiting=lambda: progress(0.0, _WAITING))
        if not engine.dense:
            return [found[key] for key in keys]
        return [without_regions(found[key], picture.ignore) for key, picture in zip(keys, pictures, strict=True)]

    def is_described(self, engine: Engine, picture: Picture) -> bool:
        """Whether its description is remembered."""
        return embedding_keys(engine, [picture])[0] in self._embeddings

    def described(self, engine: Engine, picture: Picture) -> Embeddings | None:
        """A picture's description as the engine made it, if it is remembered: all cells, also those to ignore."""
        return self._embeddings.find(embedding_keys(engine, [picture])[0])

    def scores(self, engine: Engine, picture: Picture, bank: Bank, progress: Progress = no_progress) -> Scored:
        """Tile scores of one picture against what is left of the bank for it, and those of the bank.

        Raises:
            SegDetectError: no tile of the picture can have a score, or the engine failed.
        """
        key = scored_key(engine, picture, bank)
        return _remembered(self._scored, key, lambda: self._score(engine, picture, bank, progress), progress)

    def forget(self, engine: Engine, picture: Picture, bank: Bank) -> None:
        """Let go of what is remembered of a picture, but for what others of the bank still need of it."""
        own = bank.of(picture)
        self._scored.forget([scored_key(engine, picture, bank)])
        if len(own.members) == len(bank.members):
            self._cells.forget([cells_key(engine, picture, own)])
            if len(without(picture, bank.allowed)) == len(bank.allowed):
                self._embeddings.forget(embedding_keys(engine, [picture]))

    def _score(self, engine: Engine, picture: Picture, bank: Bank, progress: Progress) -> Scored:
        """Tile scores of one picture, whose look-alikes may lie in itself or in the bank, and those of the bank."""
        own = bank.of(picture)
        embeddings = self.describe(engine, [picture, *own.members])
        share = 1 / (1 + len(own.members))
        cells = self._compare(engine, picture, own, part_of(progress, 0, share))
        scores = pool(cells, picture.layout, [p.source for p in (picture, *own.members)], embeddings)
        explained = explained_tiles(cells, picture.layout, embeddings[0].comparison)
        if not scores.scored.any():
            raise nothing_to_score(picture)
        bank_scores, unlikeness = [], []
        for member, cells in self._compared_members(engine, own, bank, part_of(progress, share, 1)):
            bank_scores.append(pool_scores(cells, member.layout, embeddings[0].comparison)[0])
            unlikeness.append(cells.unlikeness)
        notes = unscored_note(scores, picture.ignore) + unused_note(own.members, embeddings[1:])
        return Scored(scores, tuple(bank_scores), tuple(unlikeness), notes, explained)

    def _compared_members(
        self, engine: Engine, own: Bank, bank: Bank, progress: Progress
    ) -> Iterator[tuple[Picture, CellScores]]:
        """Each picture that is left of a bank, with the scores of its cells against the rest.

        The rest is that of the whole bank, whichever picture is inspected: a picture's answer and what it says of the
        others are one comparison, and the bank costs the square of its size once. What is allowed plays no part in
        these: allowing a place must not make others be flagged.
        """
        # A lone reference is judged by itself alone, as the rule for lone references expects.
        whole = own if own.scope is Scope.REFERENCES and len(own.members) == 1 else bank
        count = len(own.members)
        for index, member in enumerate(own.members):
            doing = f"learning what is normal from picture {index + 1} of {count}"
            rest = Bank(own.scope, without(member, whole.members))
            step = part_of(progress, index / count, (index + 1) / count, doing)
            yield member, self._compare(engine, member, rest, step)

    def _compare(self, engine: Engine, picture: Picture, bank: Bank, progress: Progress) -> CellScores:
        """Cell scores of one picture against the whole of a bank; how it looks turned plays no part in them."""

        def compute() -> CellScores:
            embeddings, *rest = self.describe(engine, [picture, *bank.members])
            described = self.describe(engine, bank.allowed)
            places = [only_within(one, p.image.allowed) for one, p in zip(described, bank.allowed, strict=True)]
            if bank.scope is Scope.SELF:
                return score_self(embeddings, allowed=places)
            typical = self._typical_distances(engine, bank.members, rest) if engine.dense else None
            return _SCORE[bank.scope](embeddings, rest, typical=typical, allowed=places, progress=progress)

        return _remembered(self._cells, cells_key(engine, picture, bank), compute, progress)

    def _typical_distances(
        self, engine: Engine, pictures: Sequence[Picture], embeddings: Sequence[Embeddings]
    ) -> list[Floats]:
        keys = comparing_keys(engine, pictures)
        found = self._typical.get_many(keys, lambda positions: [typical_distance(embeddings[p]) for p in positions])
        return [found[key] for key in keys]


def _asked(engine: Engine, picture: Picture) -> EmbedRequest:
    """What the engine is asked; a dense one sees the picture as it is, whatever is ignored of it."""
    return EmbedRequest(picture.image if engine.dense else picture.what_is_left, picture.layout, picture.turned)


def _remembered(memo: Memo[T], key: Key, compute: Callable[[], T], progress: Progress) -> T:
    return memo.get_many([key], lambda _: [compute()], waiting=lambda: progress(0.0, _WAITING))[key]
