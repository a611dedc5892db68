"""What the history holds of an inspection, and what is asked of it."""

from __future__ import annotations

import hashlib
import json
import uuid
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final

from segdetect import __version__
from segdetect.documents.failures import failure_document, read_failure
from segdetect.documents.inspections import inspection_document, read_inspection
from segdetect.documents.settings import settings_record
from segdetect.errors import InputError
from segdetect.inspection import Failure, Inspection
from segdetect.settings import Settings

FAILED: Final = "failed"
# The largest picture's document is a tenth of it.
_MAX_DOCUMENT_BYTES: Final = 100_000_000
# Beside its document and its thumbnail, with its places in the indexes.
_ROW_BYTES: Final = 700


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Inspections that belong together: those of a command, of a batch, or of a browser tab.

    Args:
        name: for the user.
        settings: what was asked for.
        engine: what ran.
        engine_version: its version.
        account: whose it is; empty for all who have not logged in.
        id: a run of the same id is continued.
        started: when it began.
    """

    name: str
    settings: Settings
    engine: str
    engine_version: str
    account: str = ""
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    def row(self) -> dict[str, Any]:
        """What is kept of it."""
        return {
            "id": self.id,
            "account": storable(self.account),
            "name": storable(self.name),
            "started": self.started,
            "settings": json.dumps(settings_record(self.settings)),
            "engine": self.engine,
            "engine_version": storable(self.engine_version),
            "program_version": __version__,
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Finding:
    """An answer, or why there is none, as it is kept.

    Args:
        result: the answer, or the failure.
        thumbnail: the picture made small with its flagged tiles boxed, as JPEG; None where there is none.
        picture: the picture's own bytes, where the user wants it kept.
        key: what it is told by within its run: one with the key of an earlier one takes its place. Unless given, its
            name, its digest and its page.
        created: when it was inspected.
    """

    result: Inspection | Failure
    thumbnail: bytes | None = None
    picture: bytes | None = None
    key: str = ""
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    @cached_property
    def place(self) -> str:
        """Its key, at the length that the database has room for."""
        result = self.result
        page = result.page if isinstance(result, Inspection) else 0
        text = self.key or f"{result.sha256} {page} {result.image}"
        return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()

    def document(self) -> bytes:
        """All of it, small."""
        result = self.result
        whole = inspection_document(result) if isinstance(result, Inspection) else failure_document(result)
        return zlib.compress(json.dumps(whole, allow_nan=False, separators=(",", ":")).encode())

    def row(self, document: bytes, run: Run) -> dict[str, Any]:
        """What is listed and searched."""
        result = self.result
        # What failed was to be inspected by the plan of its run; a tab's answers may each have another.
        plan = result.settings.plan if isinstance(result, Inspection) else run.settings.plan
        return {
            "key": self.place,
            "image": storable(result.image),
            "folded": storable(result.image).casefold(),
            "sha256": result.sha256,
            "created": self.created,
            "plan": None if plan is None else storable(plan.name),
            "plan_version": None if plan is None else plan.version,
            "picture": result.sha256 if self.picture is not None else None,
            "bytes": len(document) + len(self.thumbnail or b"") + _ROW_BYTES,
            **(_facts(result) if isinstance(result, Inspection) else _failure_facts(result)),
        }


def _facts(inspection: Inspection) -> dict[str, Any]:
    decision = inspection.decision
    width, height = inspection.size_wh
    return {
        "page": inspection.page,
        "width": width,
        "height": height,
        "engine": inspection.engine.value,
        "verdict": decision.verdict.value,
        "reason": storable(decision.reason),
        "flagged": int(decision.flags.sum()),
        "highest": inspection.scores.highest,
        "threshold": inspection.threshold,
        "seconds": inspection.total_seconds,
    }


def _failure_facts(failure: Failure) -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(("page", "width", "height", "flagged", "seconds"), 0)
    missing: dict[str, Any] = dict.fromkeys(("highest", "threshold"))
    return {**empty, **missing, "engine": "", "verdict": FAILED, "reason": storable(str(failure.error))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is listed of an inspection.

    Args:
        id: its number.
        run: id of its run.
        run_name: what that is called.
        image: the picture's name as given.
        sha256: hex digest of its bytes; empty where they could not be read.
        page: the page that was read, 0-based.
        size_wh: width and height in pixels; zeros where it failed.
        engine: the engine that ran; empty where none did.
        verdict: what was said of it, or `FAILED`.
        reason: why, as plain text.
        flagged: how many tiles were.
        highest: the highest score; None where it failed.
        threshold: the lowest score that was flagged; None where there was none.
        seconds: that it took.
        created: when it was inspected.
        plan: name of the plan that it was inspected by; None where there is none.
        plan_version: of that plan.
        has_picture: whether the picture itself was kept.
        thumbnail: JPEG; None where there is none.
    """

    id: int
    run: str
    run_name: str
    image: str
    sha256: str
    page: int
    size_wh: tuple[int, int]
    engine: str
    verdict: str
    reason: str
    flagged: int
    highest: float | None
    threshold: float | None
    seconds: float
    created: datetime
    plan: str | None
    plan_version: int | None
    has_picture: bool
    thumbnail: bytes | None = field(default=None, repr=False)

    @property
    def place(self) -> Place:
        """Where it stands among all."""
        return (self.created, self.id)


# The newest come first; of two of one moment the one that was kept later.
Place = tuple[datetime, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which inspections are asked for: those of an account to which all applies that is given.

    Args:
        account: whose; empty for all who have not logged in.
        name: part of the picture's name, in whichever case.
        verdict: as in `Entry`.
        since: inspected then or later.
        until: inspected before.
        sha256: how the digest begins.
        plan: name of the plan.
        run: id of the run.
    """

    account: str = ""
    name: str = ""
    verdict: str = ""
    since: datetime | None = None
    until: datetime | None = None
    sha256: str = ""
    plan: str = ""
    run: str = ""


def unpacked_document(data: bytes) -> Mapping[str, Any]:
    """The JSON value of what `Finding.document` made.

    Raises:
        InputError: it is something else.
    """
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(data, _MAX_DOCUMENT_BYTES)
        if not unpacker.eof:
            raise ValueError("it has no end")
        document = json.loads(text)
    except (zlib.error, ValueError, RecursionError) as error:
        raise InputError(f"this entry is damaged ({error})", remedy="Delete it") from error
    if not isinstance(document, dict):
        raise InputError("this entry is damaged", remedy="Delete it")
    return document


def result_of(document: Mapping[str, Any]) -> Inspection | Failure:
    """The answer, or the failure, that a document was made of; raises `InputError` where it is damaged."""
    if document.get("document") == "segdetect failure":
        return read_failure(document)
    return read_inspection(document)


def countable(numbers: Iterable[int]) -> list[int]:
    """Those that a database takes, of 64 bits: entries have no others, and whoever asks may.

    >>> countable([7, 2**63, -(10**30)])
    [7]
    """
    return [number for number in numbers if abs(number) < 2**63]


def storable(text: str) -> str:
    """Text that a database takes: names of files may hold what is no character, and PostgreSQL takes no zero bytes."""
    return text.encode(errors="replace").decode().replace("\0", "\ufffd")
