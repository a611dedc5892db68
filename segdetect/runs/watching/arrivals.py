"""Files that come into a folder, each told once, when it is fully written, in their order.

On Linux the system says when a program has closed a file or renamed it into place. Elsewhere, and on network drives,
where it does not tell what other machines write, a file counts as written when it looked the same for a while.
"""

from __future__ import annotations

import queue
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from watchdog.events import (
    DirCreatedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from segdetect.errors import InputError
from segdetect.files import is_on_network
from segdetect.pictures.left_out import is_unfinished, left_behind
from segdetect.pictures.sniffing import is_no_picture
from segdetect.pictures.walking import walk

POLL_SECONDS: Final = 2.0
# After it was closed: some programs close a file and go on with it at once, which the size tells soon.
_CLOSED_SECONDS: Final = 0.02
# Where nothing says that it was closed; longer where that would have been said.
_STILL_SECONDS: Final = 1.0
_OPEN_SECONDS: Final = 3.0
# What was changed longer ago than this is written, unless two machines' clocks are further apart. On a disk of this
# machine there is one clock, and what was changed `_OPEN_SECONDS` ago has looked the same for as long.
_OLD_SECONDS: Final = 60.0
_TICK_SECONDS: Final = 0.02
# The system forgets events where too many come at once.
_SEARCH_SECONDS: Final = 60.0
_AGAIN_SECONDS: Final = 5.0
_EVENTS: Final[list[type[FileSystemEvent]]] = [
    *(FileCreatedEvent, FileModifiedEvent, FileClosedEvent, FileMovedEvent, DirCreatedEvent, DirMovedEvent)
]


class Stamp(NamedTuple):
    """How a file looks from outside: its size in bytes, and when it was last changed, in nanoseconds."""

    size: int
    changed: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that is fully written.

    Args:
        path: where it lies.
        stamp: how it looked then.
    """

    path: Path
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class _Coming:
    """A file that may still be being written: since when it has looked so, and whether it is known to be closed."""

    stamp: Stamp
    since: float
    closed: bool


def stamp_of(path: Path) -> Stamp | None:
    """How a file looks now; None where there is none, or it is no file."""
    try:
        found = path.stat()
        return Stamp(found.st_size, found.st_mtime_ns) if path.is_file() else None
    except (OSError, ValueError):
        return None


class Arrivals:
    """What comes into a folder and the folders in it. Use as a context manager, in one thread.

    What lies there already comes first, in the order in which it was last changed.

    Args:
        folder: where to look.
        is_done: whether a file that looks so has been dealt with.
        poll: search the folder so often, in seconds, and ask the system for nothing; None to do so only where the
            system cannot tell.
        outside: folders in it in which nothing is looked for.

    Attributes:
        trouble: why the folder cannot be searched at present; None where it can.
    """

    def __init__(
        self,
        folder: Path,
        *,
        is_done: Callable[[Path, Stamp], bool],
        poll: float | None = None,
        outside: Sequence[Path] = (),
    ) -> None:
        self._folder, self._is_done = folder, is_done
        self._outside = tuple(place.resolve() for place in outside)
        self._poll = POLL_SECONDS if poll is None and is_on_network(folder) else poll
        self._events: queue.SimpleQueue[FileSystemEvent] = queue.SimpleQueue()
        self._coming: dict[Path, _Coming] = {}
        self._no_pictures: dict[Path, Stamp] = {}
        self._observer: BaseObserver | None = None
        self._heard: tuple[int, int] | None = None
        self._searched = -float("inf")
        self.trouble: InputError | None = None

    def __enter__(self) -> Self:
        self._search_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._let_go()

    @property
    def is_polling(self) -> bool:
        """Whether the folder is searched again and again, since the system does not tell what comes."""
        return self._poll is not None

    @property
    def waiting(self) -> int:
        """How many files have come and were not taken yet."""
        return len(self._coming)

    def next(self, seconds: float) -> Arrival | None:
        """The next file, which is not told again unless it is changed; None where none comes within this time."""
        end = time.monotonic() + seconds
        while True:
            self._look()
            arrival = self._ripe()
            left = end - time.monotonic()
            if arrival is not None or left <= 0:
                return arrival
            with suppress(queue.Empty):
                self._note(self._events.get(timeout=min(left, _TICK_SECONDS if self._coming else self._usual)))

    def again(self, arrival: Arrival) -> None:
        """Tell a file once more when it is written: it was changed while it was read."""
        self._see(arrival.path, closed=False)

    def _look(self) -> None:
        """Take notice of what has happened."""
        while True:
            try:
                self._note(self._events.get_nowait())
            except queue.Empty:
                break
        if self._is_deaf or time.monotonic() - self._searched >= self._usual:
            self._search_all()

    @property
    def _usual(self) -> float:
        """The time between two searches of the whole folder, in seconds."""
        if self.trouble is not None:
            return _AGAIN_SECONDS
        return _SEARCH_SECONDS if self._poll is None else self._poll

    def _note(self, event: FileSystemEvent) -> None:
        moved = isinstance(event, FileMovedEvent | DirMovedEvent)
        path = Path(str(event.dest_path if moved else event.src_path))
        if not path.name or (moved and not event.dest_path):
            return  # it was moved away
        if event.is_directory:
            self._search(path)
        else:
            self._see(path, closed=moved or isinstance(event, FileClosedEvent))

    def _see(self, path: Path, *, closed: bool) -> None:
        self._coming.pop(path, None)
        stamp = stamp_of(path) if self._is_looked_at(path) else None
        if stamp is not None and self._is_new(path, stamp):
            self._coming[path] = _Coming(stamp, time.monotonic(), closed and stamp.size > 0)

    def _is_new(self, path: Path, stamp: Stamp) -> bool:
        return self._no_pictures.get(path) != stamp and not self._is_done(path, stamp)

    def _is_looked_at(self, path: Path) -> bool:
        try:
            inner = path.relative_to(self._folder)
        except ValueError:
            return False
        *folders, name = inner.parts
        if is_unfinished(name) or left_behind(name, folder=False) or any(left_behind(f, folder=True) for f in folders):
            return False
        return not self._is_outside(path)

    def _is_outside(self, path: Path) -> bool:
        return bool(self._outside) and any(path.resolve().is_relative_to(place) for place in self._outside)

    def _ripe(self) -> Arrival | None:
        """The first file that is fully written."""
        now = time.monotonic()
        for path, seen in list(self._coming.items()):
            if now - seen.since < self._rest(seen):
                continue
            stamp = stamp_of(path)
            if stamp is None:
                del self._coming[path]
            elif stamp != seen.stamp:
                self._coming[path] = _Coming(stamp, now, False)
            else:
                del self._coming[path]
                if not is_no_picture(path):
                    return Arrival(path, stamp)
                self._no_pictures[path] = stamp
        return None

    def _rest(self, seen: _Coming) -> float:
        if seen.closed:
            return _CLOSED_SECONDS
        return max(_STILL_SECONDS, self._poll or 0.0) if not self._hears_closing else _OPEN_SECONDS

    @property
    def _hears_closing(self) -> bool:
        return self._observer is not None and sys.platform == "linux"

    def _search_all(self) -> None:
        """Search the whole folder, which may have been away."""
        self._searched = time.monotonic()
        if self._is_deaf:
            self._let_go()
        if not self._folder.is_dir():
            self.trouble = InputError(
                "the watched folder is not there at present", remedy="Bring it back", file=str(self._folder)
            )
            return
        self._listen()
        self.trouble = None
        self._search(self._folder)

    def _search(self, folder: Path) -> None:
        found = [(stamp, path) for path in _files(folder) if (stamp := stamp_of(path)) and path not in self._coming]
        new = [(s, path) for s, path in found if self._is_looked_at(path) and self._is_new(path, s)]
        now, today = time.monotonic(), time.time()
        for stamp, path in sorted(new, key=lambda one: (one[0].changed, one[1].name)):
            self._coming[path] = _Coming(stamp, now - self._age(today - stamp.changed / 1e9), False)

    def _age(self, seconds: float) -> float:
        """How long a file that was found has surely looked so, in seconds, by the time since it was changed."""
        if self._hears_closing:
            return max(0.0, seconds)
        return float("inf") if seconds > _OLD_SECONDS else 0.0

    @property
    def _is_deaf(self) -> bool:
        """Whether what is listened to is not the folder any more: it has gone, or another has taken its place."""
        if self._observer is None:
            return False
        # A new folder may have the number of the one that was removed; that one's emitter has ended then.
        has_ended = not all(emitter.should_keep_running() for emitter in self._observer.emitters)
        return has_ended or _identity(self._folder) != self._heard

    def _listen(self) -> None:
        if self._poll is not None or self._observer is not None:
            return
        observer: BaseObserver | None = None
        try:
            self._heard = _identity(self._folder)
            observer = _observer()
            observer.schedule(_Listener(self._events), str(self._folder), recursive=True, event_filter=_EVENTS)
            observer.start()
            self._observer = observer
        except OSError:
            # As where too many folders are watched on this machine.
            self._poll = POLL_SECONDS
            if observer is not None:
                observer.unschedule_all()

    def _let_go(self) -> None:
        observer, self._observer = self._observer, None
        if observer is not None:
            observer.stop()
            observer.join()


class _Listener(FileSystemEventHandler):
    """Hands on what the system tells."""

    def __init__(self, events: queue.SimpleQueue[FileSystemEvent]) -> None:
        self._events = events

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Called in a thread of its own."""
        self._events.put(event)


def _identity(folder: Path) -> tuple[int, int] | None:
    """What tells a folder from another that has its path later; None where there is none."""
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _observer() -> BaseObserver:
    if sys.platform == "linux":
        from watchdog.observers.inotify import InotifyObserver

        # What was renamed into the folder from elsewhere is then told from what has only been begun.
        return InotifyObserver(generate_full_events=True)
    return Observer()


def _files(folder: Path) -> Iterator[Path]:
    return (found.path for found in walk(folder) if not (found.reason or found.error or found.folder))
