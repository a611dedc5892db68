"""All checks, one after another; whatever one of them comes upon is its answer, and the others go on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import partial
from typing import Final

from segdetect.errors import SegDetectError
from segdetect.health.check import Check, Health, State
from segdetect.health.parts import engines, expiry, history, one_picture, plans, scheduler
from segdetect.health.surroundings import data_folder, log, machine, packages, temporary_folder
from segdetect.pipeline import Inspector
from segdetect.progress import Progress, no_progress

_LOG: Final = logging.getLogger(__name__)
Look = Callable[[], Check | Iterable[Check]]


def examine(inspector: Inspector, *, today: date | None = None, progress: Progress = no_progress) -> Health:
    """Look at all that the program needs; of the network it asks a scheduler and a database alone, where one is named.

    Args:
        inspector: whose engines are tested, and who inspects the one picture.
        today: the day that an engine's expiry is counted from; the computer's by default.
        progress: told what is looked at; may raise `CancelledError`.
    """
    looks: dict[str, Look] = {
        "machine": machine,
        "packages": packages,
        "engines": partial(engines, inspector),
        "expiry": partial(expiry, inspector, today or date.today()),
        "data folder": data_folder,
        "temporary folder": temporary_folder,
        "log": log,
        "history": history,
        "plans": partial(plans, inspector),
        "scheduler": partial(scheduler, inspector),
        "one picture": partial(one_picture, inspector),
    }
    found: list[Check] = []
    for at, (name, look) in enumerate(looks.items()):
        progress(at / len(looks), f"looking at {name}")
        found += _answers(name, look)
    return Health(tuple(found))


def _answers(name: str, look: Look) -> Iterator[Check]:
    try:
        found = look()
        yield from [found] if isinstance(found, Check) else found
    except SegDetectError as error:
        yield Check(name=name, state=State.WRONG, said=error.problem, remedy=error.remedy, place=error.file)
    except Exception as error:
        # Nobody foresaw it, which is what a doctor is there to find.
        _LOG.exception("The look at %s failed", name)
        remedy = "It is a fault of the program or of what it is installed with: make setup installs that again"
        yield Check(name=name, state=State.WRONG, said=f"{type(error).__name__}: {error}", remedy=remedy)
