"""What commands say on stderr beside their answers."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from typing import Final

from tqdm import tqdm

from segdetect.pictures.left_out import LeftOut
from segdetect.pictures.names import on_one_line
from segdetect.pictures.page_choice import ONLY_FIRST, TOO_MANY

ALL_PAGES: Final = " (--page all takes them all, --page N one of them)"

SECONDS_A_LINE: Final = 30.0


def say(text: str) -> None:
    """Say something that is no answer."""
    print(f"segdetect: {on_one_line(text)}", file=sys.stderr)


class Pace:
    """Says now and then how far a long run is, where nobody looks at a bar.

    Args:
        total: how many pictures there are, as far as that is known.
        done: so many are done already.
    """

    def __init__(self, total: int, done: int = 0) -> None:
        self._total, self._before, self._done = total, done, done
        self._began = self._said = time.monotonic()

    def step(self) -> None:
        """Another picture is done."""
        self._done += 1
        now = time.monotonic()
        if now - self._said >= SECONDS_A_LINE:
            self._said = now
            rate = (self._done - self._before) / (now - self._began)
            left = tqdm.format_interval(max(0, self._total - self._done) / rate)
            say(f"{self._done} of {max(self._total, self._done)} pictures, {_pace(rate)}, {left} left.")


def _pace(rate: float) -> str:
    """How fast it goes, in whichever way has a figure before the point.

    >>> _pace(12.34), _pace(0.02)
    ('12.3 a second', '50.0 s a picture')
    """
    return f"{rate:.1f} a second" if rate >= 1 else f"{1 / rate:.1f} s a picture"


def say_notes(notes: Iterable[str]) -> None:
    """Say what a person should know before the answers."""
    for note in notes:
        say(note)


def say_summary(done: str, left_out: Sequence[LeftOut], *, failed: int = 0, verbose: bool, pages: str = "") -> None:
    """Say how many files were inspected, left out, and failed.

    Args:
        done: what was done to how many.
        left_out: what was left out.
        failed: how many failed; why was said when they did.
        verbose: whether to say of each that was left out why.
        pages: how to ask for the pages that were left out, which are always said.
    """
    told = [item for item in left_out if verbose or item.reason in (ONLY_FIRST, TOO_MANY)]
    for item in told:
        say(f"left out: {item.name}: {item.reason}" + (pages if item.reason in (ONLY_FIRST, TOO_MANY) else ""))
    more = " (-v says which, and why)" if len(left_out) > len(told) else ""
    say(f"{done}, {len(left_out)} left out{more}, {failed} failed.")
