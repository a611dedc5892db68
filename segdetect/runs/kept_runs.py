"""Runs that go on in the background, whoever looks: they queue, can be paused, and outlive the program."""

from __future__ import annotations

import logging
import shutil
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from segdetect.errors import CancelledError, ClusterError, InputError, SegDetectError, SettingsError, StorageError
from segdetect.files import hold, home, storage_errors
from segdetect.log import event
from segdetect.pictures.left_out import LeftOut
from segdetect.progress import Progress
from segdetect.runs.kept_files import KeptFiles, write_files
from segdetect.runs.kept_record import RECORD, RunRecord, State, read_run_record
from segdetect.runs.kept_rows import Rows
from segdetect.runs.kept_work import Going, KeptWork, held
from segdetect.runs.long_runs import LongRun, LongRuns
from segdetect.runs.rooms import Room
from segdetect.runs.run import Work
from segdetect.storage.history.history import History
from segdetect.storage.shelf import DAMAGE, Damaged, Shelf

# What a start that was killed left behind is no run; one that is being made is not touched.
_LEFT_SECONDS: Final = 86_400.0
# Which machines these are is for who runs the server, and in its log.
_WITHOUT_WORKERS: Final = "What is done stays. Go on with the run when the scheduler and its workers are there again"
_LOG: Final = logging.getLogger(__name__)


@dataclass(slots=True)
class _Place:
    """Where a run stands in the queue, and what is asked of it."""

    going: Going
    task: LongRun[str, None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """A run as it stands at this moment.

    Args:
        record: what is known of it.
        state: where it stands.
        is_stopping: it was told to pause or to stop and has not come to it yet.
        ahead: so many runs come before it.
        share: of its files that are done, 0..1, while it runs.
        doing: what is going on, in words.
        counts: how many pictures have each verdict.
        per_second: pictures a second since its turn came; None while that is not known.
        seconds_left: until it is done, at this pace; None likewise.
        unkept: why the history does not have all of it, where it was to.
    """

    record: RunRecord
    state: State
    is_stopping: bool = False
    ahead: int = 0
    share: float = 0.0
    doing: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    per_second: float | None = None
    seconds_left: float | None = None
    unkept: SegDetectError | None = None

    @property
    def pictures(self) -> int:
        """How many pictures are done, those that failed included."""
        return sum(self.counts.values())

    @property
    def goes_on(self) -> bool:
        """Whether it waits for its turn or has it."""
        return self.state in (State.WAITING, State.RUNNING)

    @property
    def is_elsewhere(self) -> bool:
        """Whether another program has it."""
        return self.state is State.WAITING and not self.doing


class KeptRuns:
    """The runs of all accounts. One works at a time, the others wait.

    A run lives in a folder of its own: what was asked for, the visitor's files, the journal, the rows with their
    thumbnails. Those that had not ended when the program did go on by themselves, since whoever started one may not
    look again before it should be done. One that did nothing since it last began waits for a click instead: it may be
    what ended the program.

    Several programs may have one folder: what another has begun since is listed, too. It is gone on with here only if
    that program began to work on it and ended.

    Args:
        room: opens the place where parts are inspected; closed when a run ends.
        folder: where the runs are; `runs` in the folder for what is kept, if left out.
        history: keeps what is found; None keeps nothing.
    """

    def __init__(self, room: Callable[[], Room], *, folder: Path | None = None, history: History | None = None) -> None:
        self._room, self._history = room, history
        self._folder = folder or home() / "runs"
        self._queue: LongRuns[str, None] = LongRuns(kept=0)
        self._lock = threading.RLock()
        self._places: dict[str, _Place] = {}
        contents = Shelf(self._folder, f"*/{RECORD}", read_run_record).contents()
        self._records = {record.id: record for record in contents.whole}
        # Runs that another program has and was not seen to work on: it may have them in its queue.
        self._theirs: set[str] = set()
        self.damaged: Sequence[Damaged] = contents.damaged
        self._remove_left()
        with self._lock:
            for record in sorted(contents.whole, key=lambda one: one.created):
                self._take_up(record)

    @contextmanager
    def new_folder(self) -> Iterator[Path]:
        """Gives the folder of a run to come, for files that only the visitor has; it goes if none is started.

        Raises:
            StorageError: it cannot be written.
        """
        folder = self._folder / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:12]}"
        try:
            with storage_errors(self._folder):
                folder.mkdir(parents=True)
                yield folder
        finally:
            if folder.name not in self._records:
                shutil.rmtree(folder, ignore_errors=True)

    def start(self, folder: Path, work: Work, *, name: str, account: str = "", left_out: Sequence[LeftOut] = ()) -> str:
        """Begin a run, or queue it.

        Args:
            folder: from `new_folder`.
            work: what is to be done.
            name: for the visitor.
            account: whose it is.
            left_out: what the search for its files left out.

        Returns:
            Its id.

        Raises:
            InputError: there is no picture.
            StorageError: its folder cannot be written.
        """
        if not work.files:
            raise InputError("there is no picture in it", remedy="Choose pictures, a folder with some, or a ZIP")
        record = RunRecord(
            id=folder.name,
            account=account,
            name=name,
            settings=work.settings,
            engine=work.engine,
            engine_version=work.engine_version,
            engine_notes=work.engine_notes,
            dense=work.dense,
            files=len(work.files),
        )
        with storage_errors(folder):
            write_files(folder, KeptFiles(work.files, work.references, left_out))
        with self._lock:  # or the look at what others began would find it first
            record.write(folder)
            self._records[record.id] = record
            self._queue_up(record)
        return record.id

    def of(self, account: str) -> list[RunState]:
        """The runs of an account, the newest first."""
        with self._lock:
            self._look_elsewhere()
            records = [record for record in self._records.values() if record.account == account]
            return [self._state(record) for record in sorted(records, key=lambda one: one.created, reverse=True)]

    def standing(self) -> tuple[int, int]:
        """How many runs of all accounts are under way, and how many wait for their turn."""
        with self._lock:
            self._look_elsewhere()
            going = [state for state in map(self._state, self._records.values()) if state.goes_on]
        waiting = sum(state.state is State.WAITING for state in going)
        return len(going) - waiting, waiting

    def get(self, account: str, id: str) -> RunState | None:
        """A run by its id; None where the account has none of this id, or no more."""
        with self._lock:
            self._look_elsewhere()
            record = self._records.get(id)
            return self._state(record) if record is not None and record.account == account else None

    def folder(self, id: str) -> Path:
        """Where a run's files lie."""
        return self._folder / self._records[id].id

    def pause(self, account: str, id: str) -> None:
        """Stop a run after the part under way; at once where its turn has not come."""
        with self._lock:
            place = self._place(account, id)
            if place is not None:
                place.going.pausing = True
                if place.task.is_waiting:
                    self._stop(id, place, State.PAUSED)

    def resume(self, account: str, id: str) -> None:
        """Go on with a run that was paused or stopped or that failed; it queues behind the others."""
        with self._lock:
            state = self.get(account, id)
            if state is None or state.state is State.DONE:
                return
            if state.goes_on:
                self._places[id].going.pausing = False
            else:
                self._queue_up(self._settle(id, State.WAITING))

    def cancel(self, account: str, id: str) -> None:
        """Stop a run at once; what is done stays."""
        with self._lock:
            state, place = self.get(account, id), self._place(account, id)
            if place is not None:
                place.going.cancelled = True
                self._stop(id, place, State.CANCELLED)
            elif state is not None and state.state is State.PAUSED:
                self._settle(id, State.CANCELLED)

    def delete(self, account: str, id: str) -> None:
        """Delete a run that does not go on, with all its files.

        Raises:
            StorageError: they cannot be deleted, or another program works on it.
        """
        with self._lock:
            state = self.get(account, id)
            if state is None or state.goes_on:
                return
            folder = self.folder(id)
            with storage_errors(folder), hold(folder, _busy(state.record.name)):
                # Without its record it is no run any more, should the rest not go in one go.
                (folder / RECORD).unlink(missing_ok=True)
                shutil.rmtree(folder)
            del self._records[id]
            self._places.pop(id, None)
            self._theirs.discard(id)

    def _place(self, account: str, id: str) -> _Place | None:
        """The place in the queue of an account's run that goes on here."""
        state = self.get(account, id)
        return self._going(id) if state is not None and state.goes_on else None

    def _going(self, id: str) -> _Place | None:
        """The place of a run that has not ended here; one that another program works on has ended here."""
        place = self._places.get(id)
        return None if place is None or place.task.ended else place

    def _look_elsewhere(self) -> None:
        """See what runs another program has, what became of them, and go on with what that left."""
        self._find_theirs()
        for id, known in list(self._records.items()):
            if known.state is not State.WAITING or self._going(id) is not None:
                continue
            try:
                self._records[id] = read_run_record(self.folder(id) / RECORD)
            except FileNotFoundError:
                del self._records[id]
                self._theirs.discard(id)
            except DAMAGE:
                # As at a network drive's bad moment: the next look will tell.
                continue
            if id in self._theirs and _is_held(self.folder(id)):
                self._theirs.remove(id)
            if id not in self._theirs:
                self._take_up(self._records[id])

    def _find_theirs(self) -> None:
        """List the runs that another program has begun since this one looked last."""
        for folder in self._folder.glob("*-*-*") if self._folder.is_dir() else ():
            if folder.name in self._records:
                continue
            # It is being made, or was set aside as damaged.
            with suppress(OSError, *DAMAGE):
                self._records[folder.name] = read_run_record(folder / RECORD)
                self._theirs.add(folder.name)

    def _stop(self, id: str, place: _Place, state: State) -> None:
        self._queue.stop(place.task.account, place.task.name)
        if place.task.ended and self._records[id].state is State.WAITING:
            self._settle(id, state)

    def _state(self, record: RunRecord) -> RunState:
        place = self._places.get(record.id)
        if record.state is State.WAITING and self._going(record.id) is None:
            return RunState(record=record, state=State.WAITING, counts=self._counts(record))
        if place is None or record.state is not State.WAITING:
            unkept = None if place is None else place.going.unkept
            return RunState(record=record, state=record.state, counts=record.counts, unkept=unkept)
        going, task = place.going, place.task
        seconds = None if going.since is None or not going.done else max(1e-3, time.monotonic() - going.since)
        gained = task.share - going.share
        return RunState(
            record=record,
            state=State.WAITING if task.is_waiting else State.RUNNING,
            is_stopping=going.pausing or going.cancelled,
            ahead=self._queue.ahead(task),
            share=task.share,
            doing=task.doing,
            counts=dict(going.counts),
            per_second=going.done / seconds if seconds else None,
            seconds_left=seconds * (1 - task.share) / gained if seconds and gained > 0 else None,
            unkept=going.unkept,
        )

    def _counts(self, record: RunRecord) -> Mapping[str, int]:
        """How far another program is with a run; what its record says where its table cannot be read."""
        try:
            return Rows(self.folder(record.id)).counts()
        except StorageError:
            # As on a full disk, where the list of runs is to be seen all the same.
            return record.counts

    def _remove_left(self) -> None:
        """Remove what is left of runs that were being made, or deleted, when the program was killed."""
        for folder in self._folder.glob("*-*-*") if self._folder.is_dir() else ():
            with suppress(OSError):
                if not (folder / RECORD).exists() and time.time() - folder.stat().st_mtime > _LEFT_SECONDS:
                    shutil.rmtree(folder)

    def _take_up(self, record: RunRecord) -> None:
        """Go on with a run that had not ended."""
        if record.state is not State.WAITING or _is_held(self.folder(record.id)):
            return
        done = sum(Rows(self.folder(record.id)).counts().values()) if record.begun_with >= 0 else 0
        if done == record.begun_with:
            trouble = StorageError(
                "the program ended before this run had done anything more",
                remedy="Go on with it. If the program ends again, leave out the pictures that come next",
            )
            self._settle(record.id, State.PAUSED, trouble)
        else:
            self._queue_up(record)

    def _queue_up(self, record: RunRecord) -> None:
        going = Going(counts=Counter(record.counts))
        task = self._queue.start(record.account, record.id, partial(self._work, record.id, going))
        self._places[record.id] = _Place(going, task)

    def _settle(self, id: str, state: State, trouble: SegDetectError | None = None) -> RunRecord:
        """Note where a run stands; on the disk too, if that can be written."""
        with self._lock:
            place = self._places.get(id)
            known = self._records[id].counts if place is None else place.going.counts
            record = replace(self._records[id], state=state, trouble=trouble, counts=dict(known))
            if state is State.WAITING:
                # Somebody said that it is to go on, whatever its last beginning came to.
                record = replace(record, begun_with=-1)
            self._records[id] = record
            _log(record)
            # On a full disk it is taken up again after a restart, which does no harm.
            with suppress(StorageError):
                record.write(self.folder(id))
            return record

    def _work(self, id: str, going: Going, progress: Progress) -> None:
        """Do a run, or what is left of it."""
        folder = self.folder(id)
        try:
            with held(folder):
                work = KeptWork(self._records[id], folder, going, self._history)
                work.do(self._room, progress, begun=partial(self._begun, id))
        except CancelledError:
            # Neither is true when the program ends: then it is gone on with.
            if going.cancelled or going.pausing:
                self._settle(id, State.CANCELLED if going.cancelled else State.PAUSED)
            raise
        except ClusterError as error:
            _LOG.warning("A run waits: %s", error)
            # Nothing is wrong with the run: it waits until somebody says that the workers are there again.
            self._settle(id, State.PAUSED, ClusterError(error.problem, remedy=_WITHOUT_WORKERS))
            raise
        except SegDetectError as error:
            self._settle(id, State.FAILED, _without_resume(error))
            raise
        except Exception as error:
            self._settle(id, State.FAILED, _fault(error))
            raise
        self._settle(id, State.PAUSED if going.pausing else State.DONE)

    def _begun(self, id: str, done: int) -> None:
        with self._lock:
            self._records[id] = replace(self._records[id], begun_with=done, trouble=None)
            event("run began", run=id, files=self._records[id].files, done=done)
            self._records[id].write(self.folder(id))


def _log(record: RunRecord) -> None:
    trouble = "" if record.trouble is None else str(record.trouble.problem)
    event("run " + record.state.value, run=record.id, pictures=dict(record.counts), trouble=trouble)


def _busy(name: str) -> StorageError:
    return StorageError(
        "another program works on this run", remedy="Wait until that is done, or stop it there", file=name
    )


def _is_held(folder: Path) -> bool:
    try:
        with held(folder):
            return False
    except CancelledError:
        return True


def _without_resume(error: SegDetectError) -> SegDetectError:
    """What a run that is gone on with finds changed, in words for who has no command line."""
    if not isinstance(error, SettingsError):
        return error
    return SettingsError(error.problem, remedy="Start it anew; what is done stays in this one", file=error.file)


def _fault(error: Exception) -> SegDetectError:
    return SegDetectError(
        f"the run failed ({type(error).__name__}), which is a fault of the program and not of your pictures",
        remedy="Go on with it once more. What the server wrote in its log helps to mend it",
    )
