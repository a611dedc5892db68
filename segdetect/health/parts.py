"""What the program does its work with: engines, history, plans, workers; and one picture that goes all the way."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date
from typing import Final

import cv2
import numpy as np

from segdetect.engines.base import Elsewhere, Engine
from segdetect.engines.expiry import Expiry, first_expiry
from segdetect.engines.registry import AUTO_ORDER
from segdetect.errors import EngineExpiredError, EngineMissingError, EngineUnavailableError
from segdetect.health.check import Check, State
from segdetect.message import Message, counted
from segdetect.pictures.loading import load_image
from segdetect.pipeline import Inspector
from segdetect.runs.room_choice import named_scheduler, open_room
from segdetect.settings import EngineName, GridSize, Settings
from segdetect.storage.history.database import Database
from segdetect.storage.history.history import is_on
from segdetect.storage.history.schema import form_of
from segdetect.storage.history.tables import HEAD
from segdetect.storage.plans.plans import Plans

_ODD_TILE: Final = 6
_NAMED: Final = 5
_ENDING: Final = "the Plans page says what becomes of each plan, and shows another engine beside it while it still runs"


def engines(inspector: Inspector) -> Iterator[Check]:
    """Each engine with its self-test, and what `auto` takes."""
    working = []
    for name in AUTO_ORDER:
        engine = inspector.engines[name]
        trouble = _trouble(engine)
        if trouble is None:
            working.append(name)
        yield _engine(engine, trouble)
    if working:
        yield Check(name="auto", said=f"means {working[0]} here", figures={"engine": working[0].value})
    else:
        remedy = "Install what requirements.txt names: make setup"
        yield Check(name="auto", state=State.WRONG, said="no engine can run, so nothing is inspected", remedy=remedy)


def _trouble(engine: Engine) -> EngineUnavailableError | None:
    try:
        engine.check()
    except EngineUnavailableError as error:
        return error
    return None


def _engine(engine: Engine, trouble: EngineUnavailableError | None) -> Check:
    name = f"engine {engine.name}"
    place = engine.place if isinstance(engine, Elsewhere) else ""
    if trouble is None:
        version = engine.version
        return Check(name=name, said=f"passed its self-test, {version}", place=place, figures={"version": version})
    # What is not there, or not any more, is not missed where another engine does the work.
    known = isinstance(trouble, (EngineMissingError, EngineExpiredError))
    state = State.NOTE if known else State.WRONG
    return Check(name=name, state=state, said=trouble.problem, remedy=trouble.remedy, place=trouble.file or place)


def expiry(inspector: Inspector, today: date) -> Iterator[Check]:
    """When an engine stops of itself, with the days that are left; nothing where none does."""
    found = first_expiry(inspector.engines.values())
    if found is None:
        return
    left = found.days_left(today)
    is_told = left <= 0 or found.is_near(today)
    yield Check(
        name="expiry",
        state=State.NOTE if is_told else State.FINE,
        said=found.sentence(today),
        remedy=_ending(found) if is_told else "",
        figures={"days_left": left, "day": found.day.isoformat()},
    )


def _ending(expiry: Expiry) -> str:
    command = f" with '{expiry.update}'" if expiry.update else ""
    return f"Look for a newer version{command}; {_ENDING}"


def history() -> Check:
    """Whether the history's database can be reached, and the form of its tables, which stays as it is.

    Raises:
        SettingsError: there is no such kind of database.
        StorageError: it cannot be read, or a newer SegDetect has been at it.
    """
    if not is_on():
        return Check(name="history", said="turned off (SEGDETECT_HISTORY)")
    database = Database()
    place = str(database.file) if database.is_file else database.name
    if database.is_file and not database.file.exists():
        return Check(name="history", said="nothing has been kept yet", place=place)
    form = form_of(database)
    with database.writing():  # which finds out whether it can be written, and changes nothing
        pass
    figures = {"form": form, "bytes": database.file.stat().st_size if database.is_file else None}
    if form == HEAD:
        return Check(
            name="history", said=f"can be read and written, tables of form {form}", place=place, figures=figures
        )
    told = f"tables of form {form or 'none'}, which are brought to form {HEAD} when it is next used"
    return Check(name="history", state=State.NOTE, said=told, place=place, figures=figures)


def plans(inspector: Inspector) -> Check:
    """Whether all plans can be read, and the engines that they name can run; raises `StorageError`."""
    kept = Plans()
    found = kept.kept()
    figures = {"plans": len(found.whole), "damaged": len(found.damaged)}
    if found.damaged:
        error = found.damaged[0].error
        told = f"{len(found.damaged)} cannot be read ({error})"
        remedy = "Look at the Plans page, which offers to set them aside"
        return Check(name="plans", state=State.WRONG, said=told, remedy=remedy, figures=figures)
    stuck = [plan.name for plan in found.whole if _is_stuck(inspector, plan.settings.engine)]
    if stuck:
        return Check(
            name="plans",
            state=State.WRONG,
            said=f"{_listed(stuck)} {'asks' if len(stuck) == 1 else 'ask'} for an engine that cannot run",
            remedy="Give them another engine: 'segdetect plan make PLAN --update --engine NAME'",
            figures=figures | {"stuck": len(stuck)},
        )
    count = len(found.whole)
    return Check(name="plans", said=f"{counted(count, 'plan')}, all can be used", figures=figures)


def _is_stuck(inspector: Inspector, wanted: EngineName) -> bool:
    return wanted is not EngineName.AUTO and _trouble(inspector.engines[wanted]) is not None


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def scheduler(inspector: Inspector) -> Check:
    """The workers of the scheduler, where one is named; raises `ClusterError` where they cannot be had."""
    address = named_scheduler()
    if not address:
        return Check(name="scheduler", said="none is named, so this machine does the work")
    with closing(open_room(inspector, scheduler=address)) as room:
        told = f"answers, with {counted(room.workers, 'worker')}"
        return Check(name="scheduler", said=told, place=address, figures={"workers": room.workers})


def one_picture(inspector: Inspector) -> Check:
    """A picture that is made here goes all the way, as a visitor's would; raises what an inspection raises."""
    began = time.monotonic()
    image = load_image(_picture(), name="doctor.png")
    inspection = inspector.inspect(image, Settings(grid=GridSize(4, 4)))
    seconds = time.monotonic() - began
    figures = {"seconds": round(seconds, 3), "engine": inspection.engine.value}
    strongest = int(np.nanargmax(inspection.scores.scores))
    if strongest != _ODD_TILE:
        return Check(
            name="one picture",
            state=State.WRONG,
            said=f"{inspection.engine} ranks tile {strongest} first in place of the odd one, tile {_ODD_TILE}",
            remedy="Install the engine's packages again, or choose another engine",
            figures=figures,
        )
    told = Message(
        "its odd tile ranks first, by {engine}, in {seconds:.1f} s", engine=inspection.engine, seconds=seconds
    )
    return Check(name="one picture", said=told, figures=figures)


def _picture() -> bytes:
    """Stripes of 256 x 256 pixels, with noise in one of their 4 x 4 tiles."""
    down, across = np.mgrid[:256, :256]
    pixels = (128 + 90 * np.sin(across * np.pi / 8) * np.cos(down * np.pi / 16)).astype(np.uint8)
    top, left = 64 * (_ODD_TILE // 4), 64 * (_ODD_TILE % 4)
    pixels[top : top + 64, left : left + 64] = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    return bytes(cv2.imencode(".png", pixels)[1])
