"""Many pictures in their order, in bounded memory, whoever inspects them; what is lost on the way is done again."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final, Self

from segdetect.comparing.banks import batch_bank
from segdetect.errors import EngineKilledError
from segdetect.inspection import Failure
from segdetect.output.finished import Finished
from segdetect.pictures.page_choice import DEFAULT_PAGES, PageChoice, like_pages
from segdetect.pictures.source_file import SourceFile
from segdetect.pipeline import Inspector
from segdetect.progress import Progress, no_progress
from segdetect.runs.batch import CHUNK_PICTURES
from segdetect.runs.chunks import Part, read_part
from segdetect.runs.orders import Order, Wanted
from segdetect.runs.rooms import Pending, Room, WorkerLostError
from segdetect.settings import EngineName, Scope, Settings

# A dense engine describes pictures one after the other: what is done is to be seen, and saved, soon.
CHUNK_DENSE: Final = 8
# With workers to wait for, no fewer: each fastdup run costs a second whatever it holds.
CHUNK_LEAST: Final = 8
# Files of a part together, unless it is one file: their bytes may have to be sent.
CHUNK_BYTES: Final = 32_000_000


@dataclass(frozen=True, slots=True)
class Position:
    """How far a run has come.

    Args:
        files: so many files are done with.
        pages: so many pictures of the file after these.
    """

    files: int = 0
    pages: int = 0

    def after(self, finished: Finished) -> Position:
        """The position when this picture is done, too."""
        return Position(finished.file + 1) if finished.last else Position(self.files, self.pages + 1)


@dataclass(frozen=True, eq=False, kw_only=True)
class Work:
    """Pictures and what is to be done with them.

    Args:
        files: the pictures' files, in order.
        settings: what to do with each.
        engine: the engine that answers, never `AUTO`.
        engine_version: its version.
        engine_notes: what was said of its choice.
        dense: whether it describes pictures one after the other.
        references: the known-good pictures by their pages, for scope references, and those with places that are
            allowed.
        pages: which pages of files are taken.
        annotated: whether annotated pictures are wanted.
        thumbnail: the longest side of small annotated pictures that are wanted, in pixels; 0 for none.
    """

    files: Sequence[SourceFile]
    settings: Settings
    engine: EngineName
    engine_version: str
    engine_notes: tuple[str, ...] = ()
    dense: bool = False
    references: Sequence[SourceFile] = ()
    pages: PageChoice = DEFAULT_PAGES
    annotated: bool = False
    thumbnail: int = 0

    @classmethod
    def by(
        cls,
        inspector: Inspector,
        files: Sequence[SourceFile],
        settings: Settings,
        *,
        references: Sequence[SourceFile] = (),
        pages: PageChoice = DEFAULT_PAGES,
        annotated: bool = False,
        thumbnail: int = 0,
    ) -> Self:
        """A run by the engine that the settings come to here.

        Raises:
            EngineUnavailableError: it cannot run.
        """
        engine, notes = inspector.choose(settings.engine)
        return cls(
            files=files,
            settings=settings,
            engine=engine.name,
            engine_version=engine.version,
            engine_notes=notes,
            dense=engine.dense,
            references=references,
            pages=pages,
            annotated=annotated,
            thumbnail=thumbnail,
        )


def inspect_run(
    work: Work, room: Room, *, begin: Position = Position(), progress: Progress = no_progress
) -> Generator[list[Finished], None, None]:
    """Inspect the pictures of a run, a part after the other, in their order.

    Nothing is asked of the room while nobody asks for the next part, but for the few that are under way: who stops
    asking pauses the run, who closes the iterator cancels it.

    Args:
        work: what is to be done.
        room: where.
        begin: what is done already.
        progress: told the share of files done; may raise `CancelledError`.

    Yields:
        The pictures of a part, each with its answer or the reason why there is none.

    Raises:
        EngineUnavailableError: the engine cannot run.
        ClusterError: the room is lost.
    """
    return _Progress(work, room, progress).parts(begin)


@dataclass(slots=True)
class _Asked:
    """Files that are inspected together, and the part that they are once the room was asked."""

    files: Sequence[Wanted]
    pending: Pending | None = None


class _Progress:
    """A run under way."""

    def __init__(self, work: Work, room: Room, progress: Progress) -> None:
        self._work, self._room, self._tell = work, room, progress
        self._order = _order_of(work)
        self._record = self._order.record()
        self._asked: deque[_Asked] = deque()
        self._done = 0
        # Once a worker has not seen a file, it and others will hardly see the next.
        self._sends_bytes = False

    def parts(self, begin: Position) -> Generator[list[Finished], None, None]:
        self._done = begin.files
        coming = _in_parts(self._wanted(begin), _part_size(self._work, self._room))
        try:
            while self._ask(coming):
                finished = self._next()
                if finished:
                    yield finished
        finally:
            for asked in self._asked:
                if asked.pending is not None:
                    asked.pending.cancel()

    def _ask(self, coming: Iterator[Sequence[Wanted]]) -> bool:
        """Have as many parts under way as the room has places; False where none is left."""
        self._asked.extend(map(_Asked, islice(coming, max(0, self._room.places - len(self._asked)))))
        for asked in self._asked:
            if asked.pending is None:
                asked.pending = self._submit(asked.files)
        return bool(self._asked)

    def _wanted(self, begin: Position) -> Iterator[Wanted]:
        for number, file in enumerate(islice(self._work.files, begin.files, None), begin.files):
            wanted = Wanted.of(number, file)
            wanted = replace(wanted, done=begin.pages) if number == begin.files else wanted
            yield wanted.with_bytes(file) if self._sends_bytes and wanted.data is None else wanted

    def _submit(self, files: Sequence[Wanted]) -> Pending:
        total = max(1, len(self._work.files))

        def report(share: float, doing: str) -> None:
            # Where several parts are under way, others may be done since this one was asked for.
            self._tell(min(1.0, (self._done + share * len(files)) / total), doing)

        return self._room.submit(self._record, [file.record() for file in files], report)

    def _next(self) -> list[Finished]:
        """What came of the first part that was asked for; what is left of it comes next."""
        asked = self._asked.popleft()
        assert asked.pending is not None
        try:
            part = read_part(asked.pending.result())
        except WorkerLostError:
            return self._halved(asked.files)
        if part.unseen or part.unseen_bank:
            self._again(self._sent(asked.files, part))
            return []
        rest = asked.files[part.files :]
        if rest:
            self._again([replace(rest[0], done=part.pages), *rest[1:]])
        self._done += part.files
        return list(part.finished)

    def _again(self, *parts: Sequence[Wanted]) -> None:
        self._asked.extendleft(map(_Asked, reversed(parts)))

    def _halved(self, files: Sequence[Wanted]) -> list[Finished]:
        """Ask for both halves of a part whose workers died with it; a file alone is what they died of."""
        if len(files) > 1:
            self._again(files[: len(files) // 2], files[len(files) // 2 :])
            return []
        (file,) = files
        self._done += 1
        error = EngineKilledError(
            "the processes that inspected it died, one after the other",
            remedy="Try it alone, in smaller parts, or with another engine",
            file=file.name,
        )
        return [Finished.of(Failure(file.name, error), file=file.number)]

    def _sent(self, files: Sequence[Wanted], part: Part) -> list[Wanted]:
        """The same with the bytes of what the worker does not see."""
        if part.unseen_bank:
            bank = _bank_files(self._work)
            sent = {number: self._order.bank[number].with_bytes(bank[number]) for number in part.unseen_bank}
            self._order = replace(self._order, bank=tuple(sent.get(one.number, one) for one in self._order.bank))
            self._record = self._order.record()
        self._sends_bytes |= len(part.unseen) == len(files)
        return [
            file.with_bytes(self._work.files[file.number]) if file.number in part.unseen else file for file in files
        ]


def _order_of(work: Work) -> Order:
    return Order(
        settings=work.settings,
        engine=work.engine,
        engine_version=work.engine_version,
        engine_notes=work.engine_notes,
        bank=tuple(Wanted.of(number, file) for number, file in enumerate(_bank_files(work))),
        pages=work.pages,
        page_names=tuple(like_pages(file.name for file in work.files)),
        annotated=work.annotated,
        thumbnail=work.thumbnail,
    )


def _bank_files(work: Work) -> Sequence[SourceFile]:
    """The references, or in scope batch the files that the others are compared with; and what is allowed."""
    if work.settings.scope is Scope.REFERENCES:
        return work.references
    allowed = [file for file in work.references if file.allowed]
    return [*(batch_bank(work.files) if work.settings.scope is Scope.BATCH else ()), *allowed]


def _part_size(work: Work, room: Room) -> int:
    """How many files are asked for together: as many as go in together, fewer where each worker is to have some."""
    if work.dense:
        return CHUNK_DENSE
    share = -(-len(work.files) // room.workers)
    return max(CHUNK_LEAST, min(CHUNK_PICTURES, share))


def _in_parts(files: Iterator[Wanted], most: int) -> Iterator[list[Wanted]]:
    part: list[Wanted] = []
    size = 0
    for file in files:
        if part and (len(part) >= most or size + file.size > CHUNK_BYTES):
            yield part
            part, size = [], 0
        part.append(file)
        size += file.size
    if part:
        yield part
