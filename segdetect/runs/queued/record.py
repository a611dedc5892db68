"""What is known of a run in the background, whether or not it goes on at present."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from segdetect.documents.failures import failure_document, read_failure
from segdetect.documents.settings import read_settings, settings_record
from segdetect.errors import InputError, SegDetectError
from segdetect.files import storage_errors, write_atomic
from segdetect.inspection import Failure
from segdetect.message import packed, unpacked
from segdetect.settings import EngineName, Settings

RECORD: Final = "record.json"
_ID: Final = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{12}")


class State(StrEnum):
    """Where a run stands; on the disk one that waits or runs is `WAITING`."""

    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A run.

    Args:
        id: its name on the disk.
        account: whose it is; empty for all who have not logged in.
        name: for the visitor.
        settings: what is done with each picture.
        engine: the engine that answers, never `AUTO`.
        engine_version: its version.
        engine_notes: what was said of its choice.
        dense: whether it describes pictures one after the other.
        files: how many files it has.
        created: when it was asked for.
        state: where it stands.
        trouble: why it failed or waits for a click; None where it does neither.
        begun_with: how many pictures were done when it last began; -1 where it did not since it was told to go on.
        counts: how many pictures have each verdict, as far as was known when this was written.
    """

    id: str
    account: str
    name: str
    settings: Settings
    engine: EngineName
    engine_version: str
    engine_notes: tuple[str, ...]
    dense: bool
    files: int
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    state: State = State.WAITING
    trouble: SegDetectError | None = None
    begun_with: int = -1
    counts: Mapping[str, int] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write it in its run's folder; raises `StorageError` where that fails."""
        trouble = self.trouble
        record = {
            "id": self.id,
            "account": self.account,
            "name": self.name,
            "settings": settings_record(self.settings),
            "engine": self.engine.value,
            "engine_version": self.engine_version,
            "engine_notes": packed(self.engine_notes),
            "dense": self.dense,
            "files": self.files,
            "created": self.created.isoformat(),
            "state": self.state.value,
            "trouble": None if trouble is None else failure_document(Failure(self.name, trouble)),
            "begun_with": self.begun_with,
            "counts": dict(self.counts),
        }
        with storage_errors(folder):
            write_atomic(folder / RECORD, json.dumps(record, indent=1).encode())


def read_run_record(file: Path) -> RunRecord:
    """What `RunRecord.write` wrote; raises what `segdetect.storage.shelf.DAMAGE` names where it is damaged."""
    record = json.loads(file.read_bytes())
    if record["id"] != file.parent.name or not _ID.fullmatch(record["id"]):
        raise ValueError(f"{record['id']!r} does not belong here")
    return RunRecord(
        id=record["id"],
        account=str(record["account"]),
        name=str(record["name"]),
        settings=read_settings(record["settings"]),
        engine=EngineName(record["engine"]),
        engine_version=str(record["engine_version"]),
        engine_notes=tuple(unpacked(record["engine_notes"])),
        dense=bool(record["dense"]),
        files=int(record["files"]),
        created=datetime.fromisoformat(record["created"]),
        state=State(record["state"]),
        trouble=_read_trouble(record["trouble"]),
        begun_with=int(record["begun_with"]),
        counts={str(name): int(count) for name, count in record["counts"].items()},
    )


def _read_trouble(document: Mapping[str, Any] | None) -> SegDetectError | None:
    try:
        return None if document is None else read_failure(document).error
    except InputError as error:
        raise ValueError(error.problem) from error
