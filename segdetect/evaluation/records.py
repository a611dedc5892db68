"""Records of evaluations on this machine: what stays of one when its pictures are no longer in memory."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import pandas as pd

from segdetect.errors import StorageError
from segdetect.evaluation.figures import Evaluation
from segdetect.evaluation.tables import json_bytes
from segdetect.files import file_name, home, storage_errors, write_atomic
from segdetect.storage.shelf import ASIDE, DAMAGE

MAX_LISTED: Final = 50
_FIGURES: Final = ("ap", "top1", "f1", "hit", "clean_unflagged", "clean")


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """What was read of the records.

    Args:
        table: a row per evaluation, the newest first.
        files: the name of each row's file.
        troubles: one for each record that could not be read, with the file's name.
    """

    table: pd.DataFrame
    files: tuple[str, ...]
    troubles: tuple[StorageError, ...]


def records_folder(account: str = "") -> Path:
    """Where the records of an account lie; those of all who have not logged in lie together."""
    folder = home() / "evaluations"
    return folder / file_name(account) if account else folder


def keep_record(evaluation: Evaluation, folder: Path) -> None:
    """Write the evaluation's JSON beside those of earlier runs.

    Raises:
        StorageError: the folder cannot be written, or the disk is full.
    """
    stamp = evaluation.started.replace(":", "").replace("+0000", "")
    # Two evaluations may begin in one second: they are listed in the order in which they ended.
    which = f"{time.time_ns()}-{evaluation.engine}-{evaluation.settings.scope}-{uuid.uuid4().hex[:6]}"
    name = f"{stamp}-{which}.json"
    with storage_errors(folder):
        write_atomic(folder / name, json_bytes(evaluation))


def read_records(folder: Path) -> Records:
    """The newest records of a folder; a damaged one is renamed, named to the user, and never read again."""
    rows, files, troubles = [], [], []
    for path in sorted(folder.glob("*.json"), reverse=True)[:MAX_LISTED]:
        try:
            stat = path.stat()
            rows.append(_row(path, stat.st_size, stat.st_mtime_ns))
            files.append(path.name)
        except OSError as error:
            troubles.append(StorageError(f"it cannot be read ({error.strerror or error})", file=_shown(path)))
        except DAMAGE:
            troubles += _set_aside(path)
    for path in sorted(folder.glob(f"*{ASIDE}")):
        troubles.append(StorageError("it is damaged and was set aside", remedy="Mend or delete it", file=_shown(path)))
    return Records(pd.DataFrame(rows), tuple(files), tuple(troubles))


def read_record(folder: Path, name: str) -> dict[str, Any]:
    """All of a record, as `evaluation_record` made it.

    Raises:
        StorageError: it cannot be read any more.
    """
    try:
        record: dict[str, Any] = json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, *DAMAGE) as error:
        raise StorageError(f"it cannot be read ({error})", file=_shown(folder / name)) from error
    return record


def _shown(path: Path) -> str:
    """Its place below where things are kept: visitors need not know more of the machine."""
    return f"{path.parent.name}/{path.name}"


def _set_aside(path: Path) -> list[StorageError]:
    try:
        path.replace(path.with_name(path.name + ASIDE))
    except OSError as error:
        problem = f"it is damaged and cannot be set aside ({error.strerror or error})"
        return [StorageError(problem, remedy="Delete it or move it away", file=_shown(path))]
    return []


@lru_cache(maxsize=4 * MAX_LISTED)
def _row(path: Path, size: int, changed: int) -> dict[str, Any]:
    """A record's row; size and time of change are there so that a changed file is read again, and no other."""
    record = json.loads(path.read_text(encoding="utf-8"))
    grid, rule = record["settings"]["grid"], record["settings"]["rule"]
    return {
        "started": datetime.fromisoformat(record["started"]),
        "data set": record["dataset"],
        "engine": record["engine"],
        "scope": record["settings"]["scope"],
        "rule": rule["name"],
        "grid": f"{grid['rows']} x {grid['cols']}",
        **{name: record["overall"][name] for name in _FIGURES},
    }
