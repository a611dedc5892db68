"""Inspections as JSON, one or a run of them, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from segdetect.documents.failures import failure_document, read_failure
from segdetect.documents.inspections import inspection_document, read_inspection
from segdetect.documents.settings import settings_record
from segdetect.errors import InputError
from segdetect.files import Draft
from segdetect.inspection import Failure, Inspection
from segdetect.message import Message
from segdetect.output.run import Opener, Run

# Raised when a field of a run changes its meaning or goes; its results have versions of their own.
RUN_VERSION: Final = 1
# About a thousand inspections; reading takes ten times as much memory.
MAX_EXPORT_BYTES: Final = 32_000_000
_KIND: Final = "segdetect run"


class JsonFile:
    """Writes `inspections.json`; see `Format`."""

    def __init__(self, folder: Path, run: Run) -> None:
        self._draft = Draft(folder / "inspections.json")
        self._separator = b""
        head = {"document": _KIND, "version": RUN_VERSION, **run.record, "settings": settings_record(run.settings)}
        self._draft.file.write(_encoded(head)[:-1] + b', "results": [\n')

    def add(self, inspection: Inspection, load: Opener) -> None:
        """Write its document."""
        self._write(inspection_document(inspection))

    def add_failure(self, failure: Failure) -> None:
        """Write its document."""
        self._write(failure_document(failure))

    def end(self) -> None:
        """Close the list and put the file in its place."""
        with self._draft.ending() as file:
            file.write(b"\n]}\n")

    def _write(self, document: Mapping[str, Any]) -> None:
        self._draft.file.write(self._separator + _encoded(document))
        self._separator = b",\n"


def json_bytes(inspection: Inspection) -> bytes:
    """One inspection as a JSON file."""
    return _encoded(inspection_document(inspection)) + b"\n"


def is_export(name: str, data: bytes) -> bool:
    """Whether a file means to be one of ours, by its name or by how it begins."""
    return name.lower().endswith(".json") or data[:64].lstrip().startswith(b'{"document": "segdetect')


def read_export(data: bytes, *, name: str = "") -> Sequence[Inspection | Failure]:
    """What a JSON file holds: one inspection, or the results of a run in their order.

    Args:
        data: the file's bytes.
        name: its name, for errors.

    Raises:
        InputError: it is damaged, none of ours, of a later version, or larger than 32 megabytes.
    """
    try:
        return [_result(document) for document in _documents(_decoded(data))]
    except InputError as error:
        raise InputError(error.problem, remedy=error.remedy, file=name) from error


def read_inspections(data: bytes, *, name: str = "") -> tuple[list[Inspection], list[Failure]]:
    """The inspections that a JSON file holds, in their order and at least one, and what failed beside them.

    Args:
        data: the file's bytes.
        name: its name, for errors.

    Raises:
        InputError: as `read_export`, or none of its pictures could be inspected.
    """
    results = read_export(data, name=name)
    failed = [result for result in results if isinstance(result, Failure)]
    if len(failed) == len(results):
        raise InputError(
            Message("it holds no inspection, only what failed ({which})", which=which_failed(failed)),
            remedy="Inspect its pictures again",
            file=name,
        )
    return [result for result in results if isinstance(result, Inspection)], failed


def which_failed(failed: Sequence[Failure]) -> Message:
    """The first of what failed, at least one, with its reason, and how many more there are."""
    first, more = failed[0], f", and {len(failed) - 1} more" if len(failed) > 1 else ""
    return Message("{image}: {problem}{more}", image=first.image, problem=first.error.problem, more=more)


def _documents(document: Any) -> Sequence[Any]:
    if not (isinstance(document, Mapping) and document.get("document") == _KIND):
        return [document]
    if document.get("version") != RUN_VERSION:
        raise InputError(
            f"it is a run of version {document.get('version')!r}, and this SegDetect reads version {RUN_VERSION}",
            remedy="Install the SegDetect that wrote it, or a newer one",
        )
    results = document.get("results")
    if not isinstance(results, list) or not results:
        raise InputError("it is a run without results", remedy="Export it again")
    return results


def _result(document: Any) -> Inspection | Failure:
    if isinstance(document, Mapping) and document.get("document") == "segdetect failure":
        return read_failure(document)
    return read_inspection(document)


def _decoded(data: bytes) -> Any:
    if len(data) > MAX_EXPORT_BYTES:
        raise InputError(
            f"it is larger than {MAX_EXPORT_BYTES // 1_000_000} megabytes", remedy="Export fewer pictures at once"
        )
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError("it is no whole JSON file", remedy="Export it again, or choose another file") from error


def _encoded(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, allow_nan=False).encode()
