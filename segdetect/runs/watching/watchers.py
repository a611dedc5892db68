"""Watchers in the background: whoever starts one may leave, and they go on when the program is there again."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final

from segdetect.errors import CancelledError, InputError, SegDetectError, SettingsError
from segdetect.files import home, storage_errors, write_atomic
from segdetect.pictures.source_file import SourceFile
from segdetect.pipeline import Inspector
from segdetect.progress import Progress
from segdetect.runs.long_runs import LongRun, LongRuns
from segdetect.runs.queued.files import within
from segdetect.runs.watching.ledger import Ledger
from segdetect.runs.watching.watch import Standing, Watch
from segdetect.runs.watching.wishes import Wish, state_folder
from segdetect.settings import PlanVersion
from segdetect.storage.history.history import History
from segdetect.storage.plans.plans import Plans
from segdetect.storage.roots import Roots
from segdetect.storage.shelf import Shelf

# Each holds an engine's attention for as long as pictures come.
MOST: Final = 8
_RECORD: Final = "watcher.json"
# So soon a new version of its plan is in use.
_VERSION_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WatcherRecord:
    """A watcher, as it is kept.

    Args:
        id: its name on the disk.
        account: whose it is; empty for all who have not logged in.
        folder: what it watches.
        plan: name of the plan that it inspects by, in its newest version.
        on: whether it is to watch, also after a restart of the program.
    """

    id: str
    account: str
    folder: str
    plan: str
    on: bool = True

    def write(self, folder: Path) -> None:
        """Write it in its own folder; raises `StorageError` where that fails."""
        values = {"account": self.account, "folder": self.folder, "plan": self.plan, "on": self.on}
        with storage_errors(folder):
            write_atomic(folder / _RECORD, json.dumps(values).encode())


def _read_record(file: Path) -> WatcherRecord:
    record = json.loads(file.read_bytes())
    texts = {name: str(record[name]) for name in ("account", "folder", "plan")}
    return WatcherRecord(id=file.parent.name, on=bool(record["on"]), **texts)


@dataclass(slots=True)
class Going:
    """What one thread does with a watcher, and others look at.

    Args:
        standing: of the folder.
        version: of the plan that is in use; None before it is known.
    """

    standing: Standing = field(default_factory=Standing)
    version: PlanVersion | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WatcherState:
    """Where a watcher stands.

    Args:
        record: what is kept of it.
        goes_on: it watches, or is about to.
        trouble: why it does not, although it was to.
        standing: of the folder, while it goes on.
        version: of the plan that is in use, likewise.
    """

    record: WatcherRecord
    goes_on: bool = False
    trouble: SegDetectError | None = None
    standing: Standing = field(default_factory=Standing)
    version: PlanVersion | None = None


class _ChangedError(CancelledError):
    """The plan has a new version."""


class Watchers:
    """The watchers of all accounts, each in a thread of its own.

    Those that were on when the program ended go on at once.

    Args:
        inspector: gives what inspects, when it is needed.
        plans: the kept plans.
        roots: gives the folders that may be read.
        history: keeps what is found; None keeps nothing.
    """

    def __init__(
        self,
        inspector: Callable[[], Inspector],
        *,
        plans: Callable[[], Plans] = Plans,
        roots: Callable[[], Roots],
        history: History | None = None,
    ) -> None:
        self._inspector, self._plans, self._roots, self._history = inspector, plans, roots, history
        self._lock = threading.RLock()
        self._going: dict[str, Going] = {}
        self._tasks: dict[str, LongRun[str, None]] = {}
        contents = Shelf(home() / "watched", f"*/{_RECORD}", _read_record).contents()
        self._records = {record.id: record for record in contents.whole}
        self.damaged = contents.damaged
        for record in contents.whole:
            if record.on:
                self._begin(record)

    def start(self, folder: Path, plan: str, *, account: str = "") -> str:
        """Watch a folder by a plan from now on; one that is watched already goes on by this plan.

        Returns:
            The watcher's id.

        Raises:
            SegDetectError: there is no such folder or plan, another account watches it, or too many are watched.
        """
        with self._lock:
            place = state_folder(folder)
            record = WatcherRecord(id=place.name, account=account, folder=str(folder.resolve()), plan=plan)
            self._check(record)
            with storage_errors(place):
                place.mkdir(parents=True, exist_ok=True)
            self._end(record.id)
            record.write(place)
            self._begin(record)
        return record.id

    def stop(self, account: str, id: str) -> None:
        """End a watcher, until somebody starts it again."""
        with self._lock:
            state = self.get(account, id)
            if state is not None:
                self._end(id)
                self._records[id] = replace(state.record, on=False)
                self._records[id].write(self._place(id))

    def forget(self, account: str, id: str) -> None:
        """Forget a watcher that does not go on, with what it has seen: all pictures in its folder are new again.

        Raises:
            StorageError: it cannot be removed.
        """
        with self._lock:
            state = self.get(account, id)
            if state is None or state.goes_on:
                return
            with storage_errors(self._place(id)):
                shutil.rmtree(self._place(id))
            del self._records[id]

    def of(self, account: str) -> Sequence[WatcherState]:
        """The watchers of an account, by folder."""
        with self._lock:
            found = [record for record in self._records.values() if record.account == account]
            return [self._state(record) for record in sorted(found, key=lambda one: one.folder)]

    def get(self, account: str, id: str) -> WatcherState | None:
        """A watcher by its id; None where the account has none of this id."""
        return next((state for state in self.of(account) if state.record.id == id), None)

    def ledger(self, id: str) -> Ledger:
        """What was seen by a watcher."""
        return Ledger(self._place(id))

    def _place(self, id: str) -> Path:
        return home() / "watched" / id

    def _check(self, record: WatcherRecord) -> None:
        known = self._records.get(record.id)
        if known is not None and known.account != record.account:
            raise SettingsError(
                "another account has a watcher for this folder", remedy="Ask whose it is", file=record.folder
            )
        others = [id for id, task in self._tasks.items() if id != record.id and not task.ended]
        if len(others) >= MOST:
            raise SettingsError(f"{MOST} folders are watched already", remedy="Stop a watcher first")
        self._wish(record)

    def _wish(self, record: WatcherRecord) -> Wish:
        folder = self._roots().checked(record.folder)
        return Wish(folder=folder, plan=self._plans().open(record.plan), account=record.account)

    def _state(self, record: WatcherRecord) -> WatcherState:
        task, going = self._tasks.get(record.id), self._going.get(record.id, Going())
        if task is None:
            return WatcherState(record=record)
        error = None if isinstance(task.error, CancelledError) else task.error
        trouble = error if isinstance(error, SegDetectError) or error is None else _fault(error)
        goes_on = not (task.ended or task.is_stopping)
        return WatcherState(
            record=record, goes_on=goes_on, trouble=trouble, standing=going.standing, version=going.version
        )

    def _begin(self, record: WatcherRecord) -> None:
        going = Going()
        self._records[record.id], self._going[record.id] = record, going
        # A queue of its own, since a watcher ends only when it is told to.
        queue: LongRuns[str, None] = LongRuns(kept=0)
        self._tasks[record.id] = queue.start(record.account, record.id, partial(self._work, record, going))

    def _end(self, id: str) -> None:
        task = self._tasks.pop(id, None)
        if task is not None:
            task.stop()
            # What it holds is let go of before another begins; the picture under way may take a while.
            task.wait(10.0)

    def _work(self, record: WatcherRecord, going: Going, progress: Progress) -> None:
        while True:
            with suppress(_ChangedError):
                self._watch(record, going, progress)

    def _watch(self, record: WatcherRecord, going: Going, progress: Progress) -> None:
        progress(0.0, "beginning")
        wish = self._wish(record)
        watch = Watch(wish, self._inspector(), history=self._history, shown=True, checked=self._checked)
        going.standing, going.version = watch.standing, wish.plan.plan.applied.plan
        looked = time.monotonic()

        def report(share: float, doing: str) -> None:
            nonlocal looked
            progress(share, doing)
            if time.monotonic() - looked > _VERSION_SECONDS:
                looked = time.monotonic()
                if self._plans().get(record.plan).version != wish.plan.plan.version:
                    raise _ChangedError("its plan has a new version")

        watch.run(report)

    def _checked(self, file: SourceFile) -> SourceFile:
        return within(self._roots(), [file])[0]


def _fault(error: Exception) -> SegDetectError:
    return InputError(
        f"the watcher failed ({type(error).__name__}), which is a fault of the program and not of your pictures",
        remedy="Start it once more. What the server wrote in its log helps to mend it",
    )
