"""Runs that go on in the background, whoever looks: they queue, can be paused, and outlive the program."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from segdetect.errors import CancelledError, ClusterError, InputError, SegDetectError, StorageError
from segdetect.files import home, storage_errors
from segdetect.log import event
from segdetect.pictures.left_out import LeftOut
from segdetect.progress import Progress
from segdetect.runs.long_runs import LongRun, LongRuns
from segdetect.runs.queued.files import KeptFiles, write_files
from segdetect.runs.queued.folder import RunsFolder
from segdetect.runs.queued.record import RunRecord, State
from segdetect.runs.queued.state import RunState, state_under_way
from segdetect.runs.queued.troubles import did_nothing, fault, without_resume, without_workers
from segdetect.runs.queued.work import Going, KeptWork, held
from segdetect.runs.rooms import Room
from segdetect.runs.run import Work
from segdetect.storage.history.history import History
from segdetect.storage.shelf import DAMAGE, Damaged

_LOG: Final = logging.getLogger(__name__)


@dataclass(slots=True)
class _Place:
    """Where a run stands in the queue, and what is asked of it."""

    going: Going
    task: LongRun[str, None]


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
        self._folder = RunsFolder(folder or home() / "runs")
        self._queue: LongRuns[str, None] = LongRuns(kept=0)
        self._lock = threading.RLock()
        self._places: dict[str, _Place] = {}
        contents = self._folder.contents()
        self._records = {record.id: record for record in contents.whole}
        # Runs that another program has and was not seen to work on: it may have them in its queue.
        self._theirs: set[str] = set()
        self.damaged: Sequence[Damaged] = contents.damaged
        self._folder.remove_left()
        with self._lock:
            for record in sorted(contents.whole, key=lambda one: one.created):
                self._take_up(record)

    def new_folder(self) -> AbstractContextManager[Path]:
        """Gives the folder of a run to come, for files that only the visitor has; it goes if none is started.

        Raises:
            StorageError: it cannot be written.
        """
        return self._folder.new()

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
        return self._folder.of(self._records[id].id)

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
            self._folder.delete(state.record)
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
        for record in list(self._folder.begun_since(self._records)):
            self._records[record.id] = record
            self._theirs.add(record.id)
        for id, known in list(self._records.items()):
            if known.state is not State.WAITING or self._going(id) is not None:
                continue
            try:
                self._records[id] = self._folder.record(id)
            except FileNotFoundError:
                del self._records[id]
                self._theirs.discard(id)
                continue
            except DAMAGE:
                # As at a network drive's bad moment: the next look will tell.
                continue
            if id in self._theirs and self._folder.is_held(id):
                self._theirs.remove(id)
            if id not in self._theirs:
                self._take_up(self._records[id])

    def _stop(self, id: str, place: _Place, state: State) -> None:
        self._queue.stop(place.task.account, place.task.name)
        if place.task.ended and self._records[id].state is State.WAITING:
            self._settle(id, state)

    def _state(self, record: RunRecord) -> RunState:
        place = self._places.get(record.id)
        if record.state is State.WAITING and self._going(record.id) is None:
            return RunState(record=record, state=State.WAITING, counts=self._folder.counts(record))
        if place is None or record.state is not State.WAITING:
            unkept = None if place is None else place.going.unkept
            return RunState(record=record, state=record.state, counts=record.counts, unkept=unkept)
        return state_under_way(record, place.going, place.task, ahead=self._queue.ahead(place.task))

    def _take_up(self, record: RunRecord) -> None:
        """Go on with a run that had not ended."""
        if record.state is not State.WAITING or self._folder.is_held(record.id):
            return
        if self._folder.came_on(record):
            self._queue_up(record)
        else:
            self._settle(record.id, State.PAUSED, did_nothing())

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
            self._settle(id, State.PAUSED, without_workers(error))
            raise
        except SegDetectError as error:
            self._settle(id, State.FAILED, without_resume(error))
            raise
        except Exception as error:
            self._settle(id, State.FAILED, fault(error))
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
