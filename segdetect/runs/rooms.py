"""Where a run's parts are inspected: in this process, in others, on other machines. A run knows no more of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Final, Protocol

from segdetect.pictures.image import LoadedImage
from segdetect.pipeline import Inspector
from segdetect.progress import Progress, no_progress
from segdetect.runs.chunks import forget_banks, inspect_chunk

Record = Mapping[str, Any]
# Names the cluster that runs are done by, where nothing else is said.
SCHEDULER_VARIABLE: Final = "SEGDETECT_SCHEDULER"
# What is told of a part while there is nobody to do it; they may come.
NO_WORKERS: Final = "waiting for workers"


class WorkerLostError(Exception):
    """The processes that a part was given to died with it, one after the other."""


class Pending(Protocol):
    """A part under way, as a `concurrent.futures.Future`."""

    def result(self) -> Record:
        """What `inspect_chunk` returned, awaited.

        Raises:
            WorkerLostError: the processes that it was given to died.
            ClusterError: there is nobody any more to do it.
        """
        ...

    def cancel(self) -> bool:
        """Nobody waits for it any more."""
        ...


class Room(Protocol):
    """Where parts of runs are inspected, each by a call of `inspect_chunk`."""

    @property
    def places(self) -> int:
        """How many parts are worth having under way at once, at least 1."""
        ...

    @property
    def workers(self) -> int:
        """How many parts are inspected at the same time, at least 1."""
        ...

    def submit(self, order: Record, files: Sequence[Record], progress: Progress = no_progress) -> Pending:
        """Have a part inspected.

        Args:
            order: the first argument of `inspect_chunk`.
            files: its second.
            progress: told the share of the part that is done, where the room learns it, now or while its result is
                awaited; may raise `CancelledError`.
        """
        ...

    def close(self) -> None:
        """Let go of processes and connections."""
        ...


class Here:
    """This process, by an inspector that is warm already. A part is done when it is submitted.

    Args:
        inspector: what inspects.
        references: those of the run, where they are at hand already.
    """

    places = 1
    workers = 1

    def __init__(self, inspector: Inspector, references: Sequence[LoadedImage] = ()) -> None:
        self._inspector, self._references = inspector, tuple(references)

    def submit(
        self, order: Record, files: Sequence[Record], progress: Progress = no_progress
    ) -> Future[dict[str, Any]]:
        """As `Room.submit`; what goes wrong is raised here."""
        done: Future[dict[str, Any]] = Future()
        answer = inspect_chunk(order, files, inspector=self._inspector, references=self._references, progress=progress)
        done.set_result(answer)
        return done

    def close(self) -> None:
        """Let go of the pictures that were compared with."""
        forget_banks()
