"""Who does the work of a command: this process, others, or other machines."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Final

from segdetect.errors import SettingsError
from segdetect.pictures.loading import LoadedImage
from segdetect.pipeline import Inspector
from segdetect.runs.room_choice import named_scheduler, open_room
from segdetect.runs.rooms import SCHEDULER_VARIABLE, Room

MAX_WORKERS: Final = 512


def add_room(parser: argparse.ArgumentParser) -> None:
    """Add the options that say who does the work."""
    parser.add_argument(
        "--workers", type=_count, metavar="N", help="work in so many processes of this machine (default: in this one)"
    )
    parser.add_argument(
        "--scheduler",
        metavar="URL",
        help=f"work on the machines of this Dask scheduler, as tcp://HOST:8786 (default: {SCHEDULER_VARIABLE}, if set)",
    )


@contextmanager
def opened_room(
    options: argparse.Namespace, inspector: Inspector, references: Sequence[LoadedImage] = ()
) -> Iterator[Room]:
    """Where the work is done: in this process, by this inspector, unless the options or `SEGDETECT_SCHEDULER` say else.

    Raises:
        SettingsError: both options were given.
        ClusterError: the workers cannot be had.
    """
    if options.workers is not None and options.scheduler is not None:
        raise SettingsError("--workers was given together with --scheduler", remedy="Give one or the other")
    scheduler = options.scheduler or ("" if options.workers else named_scheduler())
    with closing(open_room(inspector, references, scheduler=scheduler, workers=options.workers or 1)) as room:
        yield room


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:5]) <= MAX_WORKERS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {MAX_WORKERS}")
    return int(text)
