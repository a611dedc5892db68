"""A folder that is watched: what comes is inspected, told, kept and moved, one file after the other."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Final

from segdetect.errors import SegDetectError, SettingsError
from segdetect.files import hold, storage_errors
from segdetect.inspection import Failure
from segdetect.pictures.isolation import warm_up
from segdetect.pictures.names import as_text
from segdetect.pictures.places import Place, read_file
from segdetect.pictures.source_file import SourceFile
from segdetect.pictures.walking import walk
from segdetect.pipeline import Inspector
from segdetect.progress import Progress
from segdetect.runs.watching.arrivals import Arrival, Arrivals, Stamp, stamp_of
from segdetect.runs.watching.inspecting import Inspecting, Picture
from segdetect.runs.watching.ledger import Ledger
from segdetect.runs.watching.moving import move
from segdetect.runs.watching.sinks import Answered, Sinks
from segdetect.runs.watching.wishes import Wish, state_folder
from segdetect.storage.history.history import History

# How long the end of it may have to wait, and how soon a change of the folder itself is seen.
LOOK_SECONDS: Final = 0.2
# From so many on that wait it is said, and said again when twice as many do.
BACKLOG: Final = 3
WATCHING: Final = "watching"


@dataclass(slots=True)
class Standing:
    """What one thread does with a watched folder, and others look at.

    Args:
        ready: the engine is warm, and it looks for pictures.
        waiting: so many files have come and were not inspected yet.
        polling: the folder is searched again and again.
        said: what went wrong lately, the newest last: in the folder, the history, the webhook.
    """

    ready: bool = False
    waiting: int = 0
    polling: bool = False
    said: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Note what went wrong."""
        self.said = [*self.said, text][-5:]


class Watch:
    """A watched folder.

    Args:
        wish: what is wanted.
        inspector: what inspects.
        history: keeps what is found; None keeps nothing.
        tell: told of each picture as soon as there is an answer.
        say: told what else a person should know, in sentences.
        shown: whether pictures are kept to be shown.
        checked: what is done with each file before it is read: where some may not be read.

    Raises:
        SegDetectError: as `Inspecting`, or the ledger cannot be used.
    """

    def __init__(
        self,
        wish: Wish,
        inspector: Inspector,
        *,
        history: History | None = None,
        tell: Callable[[Picture], object] = lambda picture: None,
        say: Callable[[str], object] = lambda text: None,
        shown: bool = False,
        checked: Callable[[SourceFile], SourceFile] = lambda file: file,
    ) -> None:
        self._wish, self._shown, self._checked = wish, shown, checked
        self._tell, self._say_aloud = tell, say
        self._inspecting = Inspecting(wish.plan, inspector)
        self._place = state_folder(wish.folder)
        self._ledger = Ledger(self._place)
        self._history = history
        self._said_waiting = 0
        self._unmoved = False
        self.standing = Standing()

    @property
    def engine_notes(self) -> tuple[str, ...]:
        """What is to be said of the engine's choice."""
        return self._inspecting.engine_notes

    def run(self, progress: Progress) -> None:
        """Watch until `progress`, which is called several times a second, raises.

        Raises:
            SettingsError: another watcher looks after this folder, or what was written to `out` is of another kind.
            StorageError: what is found cannot be kept.
            EngineUnavailableError: the engine cannot run any more.
        """
        wish = self._wish
        arrivals = Arrivals(wish.folder, is_done=self._is_done, poll=wish.poll, outside=wish.outside)
        with self._held(), self._sinks() as sinks:
            warm_up()
            self._inspecting.warm_up()
            self._move_what_is_left()
            with arrivals:
                self.standing.ready, self.standing.polling = True, arrivals.is_polling
                for arrival in self._arriving(arrivals, progress):
                    answered = self._answered(arrival, arrivals)
                    if answered is not None:
                        sinks.keep(answered)
                        self._move(answered.inner)

    def _sinks(self) -> Sinks:
        return Sinks(self._wish, self._inspecting, self._ledger, self._history, shown=self._shown, say=self._say)

    @contextmanager
    def _held(self) -> Iterator[None]:
        busy = SettingsError(
            "another watcher looks after this folder already", remedy="Stop that one", file=str(self._wish.folder)
        )
        with storage_errors(self._place):
            self._place.mkdir(parents=True, exist_ok=True)
        with hold(self._place, busy):
            yield

    def _arriving(self, arrivals: Arrivals, progress: Progress) -> Iterator[Arrival]:
        trouble: SegDetectError | None = None
        while True:
            progress(0.0, WATCHING)
            arrival = arrivals.next(LOOK_SECONDS)
            if arrivals.trouble is not None and trouble is None:
                self._say(f"{arrivals.trouble} It is looked for again and again.")
            if arrivals.trouble is None and trouble is not None:
                self._say(f"{self._wish.folder}: the watched folder is there again.")
            trouble = arrivals.trouble
            self._count(arrivals.waiting)
            if arrival is not None:
                yield arrival

    def _count(self, waiting: int) -> None:
        self.standing.waiting = waiting
        if waiting >= max(BACKLOG, 2 * self._said_waiting):
            self._said_waiting = waiting
            self._say_aloud(f"{waiting} more pictures wait.")
        elif not waiting:
            self._said_waiting = 0

    def _say(self, text: str) -> None:
        self.standing.note(text)
        self._say_aloud(text)

    def _inner(self, path: Path) -> str:
        return path.relative_to(self._wish.folder).as_posix()

    def _is_done(self, path: Path, stamp: Stamp) -> bool:
        return self._ledger.is_done(self._inner(path), stamp)

    def _answered(self, arrival: Arrival, arrivals: Arrivals) -> Answered | None:
        """What came of a file, told already; None where it is to be read once more, or has gone."""
        inner = self._inner(arrival.path)
        file = self._checked(
            SourceFile(as_text(inner), lambda: read_file(arrival.path), place=Place(str(arrival.path)))
        )
        try:
            data, failure = file.data(), None
        except SegDetectError as error:
            data, failure = b"", error
        stamp = stamp_of(arrival.path)
        if stamp != arrival.stamp:
            if stamp is not None:
                arrivals.again(arrival)
            return None
        if failure is not None:
            return Answered(inner, stamp, "", self._told([Picture(Failure(self._ledger.name_of(inner), failure))]))
        sha256 = hashlib.sha256(data).hexdigest()
        if self._ledger.is_the_same(inner, stamp, sha256, self._wish.folder):
            return Answered(inner, stamp, sha256, ())
        pictures = self._inspecting.pictures(SourceFile(self._ledger.name_of(inner), lambda: data, sha256=sha256))
        first = list(islice(pictures, 1))
        if first and isinstance(first[0].result, Failure) and stamp_of(arrival.path) != stamp:
            # It was closed half written, and has been gone on with since.
            arrivals.again(arrival)
            return None
        return Answered(inner, stamp, sha256, self._told(chain(first, pictures)))

    def _told(self, pictures: Iterable[Picture]) -> tuple[Picture, ...]:
        """The pictures, each told as soon as it is there."""
        answered = []
        for picture in pictures:
            self._tell(picture)
            answered.append(picture)
        return tuple(answered)

    def _move(self, inner: str) -> None:
        if self._wish.move_to is None:
            return
        try:
            move(self._wish.folder / inner, self._wish.move_to / inner)
        except FileNotFoundError:
            return  # whoever took it away wanted it
        except OSError as error:
            if not self._unmoved:
                reason = error.strerror or error
                self._say(
                    f"{as_text(inner)} cannot be moved to {self._wish.move_to} ({reason}). "
                    "It stays where it is until a watcher is started that can move it."
                )
            self._unmoved = True

    def _move_what_is_left(self) -> None:
        """Move what an earlier watcher was done with and did not come to move.

        Raises:
            StorageError: there cannot be such a folder.
        """
        if self._wish.move_to is None:
            return
        with storage_errors(self._wish.move_to):
            self._wish.move_to.mkdir(parents=True, exist_ok=True)
        for found in walk(self._wish.folder):
            stamp = None if found.reason or found.error or found.folder else stamp_of(found.path)
            if stamp is not None and self._is_done(found.path, stamp) and not self._is_outside(found.path):
                self._move(self._inner(found.path))

    def _is_outside(self, path: Path) -> bool:
        return any(path.resolve().is_relative_to(place.resolve()) for place in self._wish.outside)
