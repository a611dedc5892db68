"""What commands say on stderr beside their answers."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from segdetect.pictures.left_out import LeftOut


def say(text: str) -> None:
    """Say something that is no answer."""
    print(f"segdetect: {text}", file=sys.stderr)


def say_notes(notes: Iterable[str]) -> None:
    """Say what a person should know before the answers."""
    for note in notes:
        say(note)


def say_summary(done: str, left_out: Sequence[LeftOut], *, failed: int = 0, verbose: bool) -> None:
    """Say how many files were inspected, left out, and failed.

    Args:
        done: what was done to how many.
        left_out: what was left out.
        failed: how many failed; why was said when they did.
        verbose: whether to say of each that was left out why.
    """
    if verbose:
        for item in left_out:
            say(f"left out: {item.name}: {item.reason}")
    more = " (-v says which, and why)" if left_out and not verbose else ""
    say(f"{done}, {len(left_out)} left out{more}, {failed} failed.")
