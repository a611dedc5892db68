"""What was told to users already, so that it is told once a day and not at every click."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from datetime import date
from typing import Final

from segdetect.errors import StorageError
from segdetect.files import home, storage_errors, write_atomic

FILE: Final = "told.json"
_lock = threading.Lock()
_told: dict[str, str] = {}


def is_due(what: str, today: date) -> bool:
    """Whether something has not been told on this day yet; from now on it has.

    Where that cannot be noted on the disk, it is told again after a restart, which does no harm.

    Args:
        what: tells apart what is told, and to whom.
        today: the day.
    """
    day = today.isoformat()
    with _lock, suppress(StorageError):
        if _told.get(what) == day:
            return False
        _told[what] = day
        folder = home()
        with storage_errors(folder):
            known = _read()
            if known.get(what) == day:
                return False
            # Of other days nothing is worth keeping.
            kept = {name: at for name, at in known.items() if at == day} | {what: day}
            write_atomic(folder / FILE, json.dumps(kept).encode())
    return True


def _read() -> dict[str, str]:
    try:
        known = json.loads((home() / FILE).read_bytes())
    except (FileNotFoundError, ValueError):  # none yet, or damaged: it is written anew
        return {}
    return {str(name): str(at) for name, at in known.items()} if isinstance(known, dict) else {}
