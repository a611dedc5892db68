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
from segdetect.errors import SegDetectError, SettingsError
from segdetect.output.finished import Finished
from segdetect.output.thumbnails import KEPT_SIDE
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
def keeping(options: argparse.Namespace, work: Work, *, started: str) -> Iterator[Keep]:
    """Gives what keeps the pictures of a run, part by part. Trouble is said once, and the run goes on.

    Args:
        options: the command's.
        work: what is done.
        started: when the run in its folder began, so that one that is resumed is continued; empty where it has none.
    """
    history = _history() if _keeps(options) else None
    if history is None:
        yield lambda part: None
        return
    with Keeper(history, _run(options, work, started), tell=_tell) as keeper:

        def keep(part: Iterable[Finished]) -> None:
            for finished in part:
                if finished.result is not None:
                    keeper.add(Finding(result=finished.result, thumbnail=finished.thumbnail or None))
            # What the run's journal has is in the history, too, if the run is killed.
            keeper.flush()

        yield keep


def _keeps(options: argparse.Namespace) -> bool:
    return is_on() and not options.no_history


def _history() -> History | None:
    try:
        return History()
    except SettingsError as error:
        _tell(error)
        return None


def _run(options: argparse.Namespace, work: Work, started: str) -> Run:
    name = ", ".join(map(str, options.paths))[:_LONGEST_NAME]
    run = Run(name=name, settings=work.settings, engine=work.engine.value, engine_version=work.engine_version)
    return replace(run, id=_place(options.out, started)) if started else run


def _place(folder: Path, started: str) -> str:
    """The same for one run in a folder, however often it is resumed."""
    return hashlib.sha256(f"{folder.resolve()} {started}".encode(errors="surrogatepass")).hexdigest()


def _tell(error: SegDetectError) -> None:
    say(f"not kept in the history: {error}")
