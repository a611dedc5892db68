"""What commands keep in the history."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from segdetect.cli.saying import say
from segdetect.errors import SegDetectError, SettingsError, StorageError
from segdetect.output.finished import Finished
from segdetect.output.thumbnails import KEPT_SIDE
from segdetect.runs.kept import KeptRun, redrawn
from segdetect.runs.run import Work
from segdetect.storage.history.entries import Finding, Run
from segdetect.storage.history.history import History, is_on
from segdetect.storage.history.keeping import Keeper

_LONGEST_NAME: Final = 200
Keep = Callable[[Iterable[Finished]], None]


def add_history(parser: argparse.ArgumentParser) -> None:
    """Add the option that keeps nothing."""
    parser.add_argument("--no-history", action="store_true", help="keep nothing of this run in the history")


def thumbnail_side(options: argparse.Namespace) -> int:
    """The longest side of the small pictures that are kept; 0 where nothing is."""
    return KEPT_SIDE if _keeps(options) else 0


@contextmanager
def keeping(options: argparse.Namespace, work: Work, kept: KeptRun | None) -> Iterator[Keep]:
    """Gives what keeps the pictures of a run, part by part. Trouble is said once, and the run goes on.

    Args:
        options: the command's.
        work: what is done.
        kept: the run in its folder, where it has one, so that one that is resumed is continued.
    """
    history = _history() if _keeps(options) else None
    if history is None:
        yield lambda part: None
        return
    run = _run(options, work, "" if kept is None else kept.id)
    with Keeper(history, run, tell=_tell) as keeper:

        def keep(part: Iterable[Finished]) -> None:
            for finding in map(_finding, part):
                if finding is not None:
                    keeper.add(finding)
            # What the run's journal has is in the history, too, if the run is killed.
            keeper.flush()

        if kept is not None:
            keep(redrawn(finished, work.files) for finished in _missed(history, run, kept))
        yield keep


def _finding(finished: Finished) -> Finding | None:
    result = finished.result
    return None if result is None else Finding(result=result, thumbnail=finished.thumbnail or None)


def _missed(history: History, run: Run, kept: KeptRun) -> list[Finished]:
    """What was done when the run was taken up, and does not stand in the history: it was killed, or the disk was full.

    Only what comes after all that does: an entry in between was deleted.
    """
    try:
        places = history.places(run)
    except StorageError:  # which is said when the next is to be kept
        return []
    missed: list[Finished] = []
    for finished in kept.done():
        finding = _finding(finished)
        missed.append(finished)
        if finding is not None and finding.place in places:
            missed.clear()
    return missed


def _keeps(options: argparse.Namespace) -> bool:
    return is_on() and not options.no_history


def _history() -> History | None:
    try:
        return History()
    except SettingsError as error:
        _tell(error)
        return None


def _run(options: argparse.Namespace, work: Work, id: str) -> Run:
    name = ", ".join(map(str, options.paths))[:_LONGEST_NAME]
    run = Run(name=name, settings=work.settings, engine=work.engine.value, engine_version=work.engine_version)
    return replace(run, id=_place(options.out, id)) if id else run


def _place(folder: Path, id: str) -> str:
    """The same for one run in a folder, however often it is resumed."""
    return hashlib.sha256(f"{folder.resolve()} {id}".encode(errors="surrogatepass")).hexdigest()


def _tell(error: SegDetectError) -> None:
    say(f"not kept in the history: {error}")
