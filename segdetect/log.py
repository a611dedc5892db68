"""What happened, a line of JSON for each event, in a file that all processes of this machine's user share.

It holds what took how long, with which settings and which verdict, and what went wrong; of a picture no more than its
digest and size. Nothing depends on it: where it cannot be written, the work goes on without it.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from contextlib import suppress
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from segdetect import __version__
from segdetect.errors import SettingsError
from segdetect.files import home

SWITCH: Final = "SEGDETECT_LOG"
LEVEL_VARIABLE: Final = "SEGDETECT_LOG_LEVEL"
FILE: Final = "segdetect.log"
LEVELS: Final = ("debug", "info", "warning", "error")
MAX_BYTES: Final = 5_000_000
KEPT: Final = 5
# A line takes less than a millisecond: who waits longer has met a disk that hangs, and goes on without it.
_WAIT_SECONDS: Final = 1.0
_OURS: Final = logging.getLogger("segdetect")
_EVENTS: Final = logging.getLogger("segdetect.events")
_beginning = threading.Lock()


def log_folder() -> Path:
    """Where the log is."""
    return home() / "log"


def is_on() -> bool:
    """Whether events are written: `SEGDETECT_LOG=0` turns that off."""
    return os.environ.get(SWITCH, "").strip().lower() not in ("0", "off", "no", "false")


def level_name() -> str:
    """The least that is written, one of `LEVELS`.

    Raises:
        SettingsError: `SEGDETECT_LOG_LEVEL` is something else.
    """
    chosen = os.environ.get(LEVEL_VARIABLE, "").strip().lower() or "info"
    if chosen not in LEVELS:
        raise SettingsError(
            f"{LEVEL_VARIABLE} is {chosen[:40]!r}", remedy=f"Set it to one of {', '.join(LEVELS)}, or unset it"
        )
    return chosen


def begin_log(program: str) -> None:
    """Write the events of this process from now on, as the environment says; nothing more the second time.

    Args:
        program: what this process is: "dashboard", "command" or "worker".

    Raises:
        SettingsError: as `level_name`.
    """
    level = level_name()
    wanted = (program, log_folder(), level) if is_on() else None
    with _beginning:
        former = next((one for one in _OURS.handlers if isinstance(one, _Lines)), None)
        if (None if former is None else former.made_for) == wanted:
            return
        end_log()
        if wanted is not None:
            _OURS.addHandler(_Lines(*wanted))
            _OURS.addHandler(_Terminal(logging.WARNING))
            _OURS.setLevel(level.upper())
            # Some libraries show every record on the terminal: that is no place for each event.
            _OURS.propagate = False
    event("began", segdetect=__version__)


def end_log() -> None:
    """Write no more."""
    for handler in [one for one in _OURS.handlers if isinstance(one, (_Lines, _Terminal))]:
        _OURS.removeHandler(handler)
        handler.close()
    _OURS.setLevel(logging.NOTSET)
    _OURS.propagate = True


def event(name: str, *, level: int = logging.INFO, **fields: Any) -> None:
    """Write an event, where this process has begun a log; else nothing happens.

    Args:
        name: what happened, in a word or two.
        level: of the module `logging`.
        fields: what is known of it, as JSON values.
    """
    if any(isinstance(handler, _Lines) for handler in _OURS.handlers):
        _EVENTS.log(level, name, extra={"fields": fields})


class _Lines(RotatingFileHandler):
    """Adds a line for each record; of all processes one at a time, which also puts a file aside that is full."""

    def __init__(self, program: str, folder: Path, level: str) -> None:
        super().__init__(folder / FILE, maxBytes=MAX_BYTES, backupCount=KEPT, encoding="ascii", delay=True)
        self.made_for = (program, folder, level)
        self._turn = FileLock(folder / ".lock", timeout=_WAIT_SECONDS)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, or nothing where that cannot be done: it is not worth failing for."""
        with suppress(OSError, Timeout):
            self.made_for[1].mkdir(parents=True, exist_ok=True)
            with self._turn:
                super().emit(record)
                # Another process may put the file aside before the next line.
                self._let_go()

    def format(self, record: logging.LogRecord) -> str:
        """A record as a line of JSON."""
        told = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "program": self.made_for[0],
            "pid": record.process,
        }
        fields = getattr(record, "fields", None)
        if fields is None:
            told |= {"event": "said", "by": record.name, "text": record.getMessage()}
        else:
            told |= {"event": record.msg, **fields}
        if record.exc_info:
            told["trace"] = logging.Formatter().formatException(record.exc_info)
        return json.dumps(told, default=str)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """What goes wrong is not told on the terminal of who inspects pictures; `doctor` finds it."""

    def _open(self) -> TextIOWrapper:
        stream = super()._open()
        # A disk that was full may have cut the last line off.
        if not _ends_with_a_line(Path(self.baseFilename)):
            stream.write("\n")
        return stream

    def _let_go(self) -> None:
        stream, self.stream = self.stream, None
        if stream is not None:
            stream.close()


class _Terminal(logging.Handler):
    """What Python itself does with warnings and errors where nobody else does anything with them."""

    def emit(self, record: logging.LogRecord) -> None:
        """Say it on stderr, but for events, which are not for people."""
        if logging.lastResort is not None and not hasattr(record, "fields"):
            logging.lastResort.handle(record)


def _ends_with_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"
