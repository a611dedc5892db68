"""A run in the background whose turn has come: its parts go to the journal, the history and the rows."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from segdetect.errors import CancelledError, SegDetectError
from segdetect.files import hold
from segdetect.output.finished import Finished
from segdetect.output.journal import has_journal, read_journal
from segdetect.output.thumbnails import KEPT_SIDE
from segdetect.progress import Progress
from segdetect.runs.kept import KeptRun, redrawn
from segdetect.runs.queued.files import KeptFiles, read_files
from segdetect.runs.queued.record import RunRecord
from segdetect.runs.queued.rows import Rows, verdict_of
from segdetect.runs.rooms import Room
from segdetect.runs.run import Work
from segdetect.storage.history.entries import Finding, Run
from segdetect.storage.history.history import History
from segdetect.storage.history.keeping import Keeper

Keep = Callable[[Sequence[Finished]], None]


@dataclass(slots=True)
class Going:
    """What one thread does with a run, and others ask of it.

    Args:
        pausing: it is to stop after the part under way.
        cancelled: it is to stop at once.
        since: when its turn came, on the clock of `time.monotonic`; None before.
        share: of its files that were done then.
        done: how many pictures were done since.
        counts: how many pictures have each verdict.
        unkept: why the history does not have all of them, where it was to.
    """

    pausing: bool = False
    cancelled: bool = False
    since: float | None = None
    share: float = 0.0
    done: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    unkept: SegDetectError | None = None

    def miss(self, error: SegDetectError) -> None:
        """Note why the history cannot be written."""
        self.unkept = error


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a run's folder, so that no other process works on it.

    Raises:
        CancelledError: another does.
    """
    with hold(folder, CancelledError("another program works on it")):
        yield


@dataclass(frozen=True, slots=True)
class KeptWork:
    """A run under way.

    Args:
        record: what is known of it.
        folder: its own.
        going: what is asked of it.
        history: keeps what is found; None keeps nothing.
    """

    record: RunRecord
    folder: Path
    going: Going
    history: History | None = None

    def do(self, room: Callable[[], Room], progress: Progress, *, begun: Callable[[int], object]) -> None:
        """Do what is left of it, until it is done or to be paused.

        Args:
            room: opens the place where parts are inspected.
            progress: told the share of files done; may raise `CancelledError`.
            begun: told how many pictures were done before.

        Raises:
            SegDetectError: as `KeptRun`; what was done is kept.
        """
        kept = read_files(self.folder)
        rows = Rows(self.folder)
        with self._keeping() as keep:
            self._catch_up(rows, kept, keep)
            run = KeptRun(self._work(kept), self.folder, resume=True, formats=(), left_out=kept.left_out)
            self.going.counts = Counter(rows.counts())
            self.going.share = run.position.files / max(1, len(kept.files))
            self.going.since = time.monotonic()
            begun(self.going.counts.total())
            progress(self.going.share, "beginning")
            line = rows.end
            with closing(room()) as opened, closing(run.parts(opened, progress)) as parts:
                for part in parts:
                    keep(part)
                    rows.add(enumerate(part, line))
                    line += len(part)
                    self._count(part)
                    progress(run.position.files / len(kept.files), "between two parts")
                    if self.going.pausing:
                        return

    def _work(self, kept: KeptFiles) -> Work:
        return Work(
            files=kept.files,
            settings=self.record.settings,
            engine=self.record.engine,
            engine_version=self.record.engine_version,
            engine_notes=self.record.engine_notes,
            dense=self.record.dense,
            references=kept.references,
            thumbnail=KEPT_SIDE,
        )

    def _count(self, part: Sequence[Finished]) -> None:
        named = [verdict_of(one) for one in part if one.result is not None]
        self.going.counts.update(named)
        self.going.done += len(named)

    def _catch_up(self, rows: Rows, kept: KeptFiles, keep: Keep) -> None:
        """Add what was in the journal alone when the program ended."""
        if not has_journal(self.folder):
            return
        line = rows.end
        for finished in read_journal(self.folder, line):
            drawn = redrawn(finished, kept.files)
            keep([drawn])
            rows.add([(line, drawn)])
            line += 1

    def _keeping(self) -> AbstractContextManager[Keep]:
        return nullcontext(lambda part: None) if self.history is None else self._kept_in(self.history)

    @contextmanager
    def _kept_in(self, history: History) -> Iterator[Keep]:
        """Gives what keeps the pictures of a part in the history; one that cannot be written costs the run nothing."""
        record = self.record
        run = Run(
            id=record.id,
            name=record.name,
            settings=record.settings,
            engine=record.engine.value,
            engine_version=record.engine_version,
            account=record.account,
            started=record.created,
        )
        with Keeper(history, run, tell=self.going.miss) as keeper:

            def keep(part: Sequence[Finished]) -> None:
                for one in part:
                    if one.result is not None:
                        keeper.add(Finding(result=one.result, thumbnail=one.thumbnail or None))
                keeper.flush()

            yield keep
