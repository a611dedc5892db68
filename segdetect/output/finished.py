"""A picture that a run is done with: what a worker sends, what the journal keeps, and what files are written from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from segdetect.documents.failures import failure_document, read_failure
from segdetect.documents.inspections import inspection_document, read_inspection
from segdetect.errors import InputError
from segdetect.inspection import Failure, Inspection
from segdetect.message import packed, unpacked
from segdetect.pictures.left_out import LeftOut
from segdetect.pictures.places import State


@dataclass(frozen=True, eq=False)
class Finished:
    """A picture that a run is done with, or a file of which it took none.

    Args:
        record: all that is known of it, as JSON values.
        annotated: the annotated picture as PNG; empty for a failure, and where none was asked for.
        thumbnail: the same, small, as JPEG; empty likewise.
    """

    record: Mapping[str, Any]
    annotated: bytes = b""
    thumbnail: bytes = b""

    @classmethod
    def of(
        cls,
        result: Inspection | Failure | None,
        *,
        file: int,
        last: bool = True,
        notes: tuple[str, ...] = (),
        left_out: tuple[LeftOut, ...] = (),
        state: State | None = None,
        annotated: bytes = b"",
        thumbnail: bytes = b"",
    ) -> Self:
        """Put it down.

        Args:
            result: the picture's answer; None where no page of the file was taken.
            file: the file's number in the run, from 0 on.
            last: no other picture of this file comes after it.
            notes: what was assumed about the picture or done to it.
            left_out: with the last picture of a file, its pages that were not taken.
            state: how the file looked that it was read from, where it lies on a disk.
            annotated: see above.
            thumbnail: see above.
        """
        document = (
            inspection_document(result)
            if isinstance(result, Inspection)
            else None
            if result is None
            else failure_document(result)
        )
        record = {
            "file": file,
            "last": last,
            "document": document,
            "notes": packed(notes),
            "left_out": [[item.name, item.reason, item.maybe_picture] for item in left_out],
            "state": None if state is None else [state.size, state.changed],
        }
        return cls(record, annotated, thumbnail)

    @property
    def document(self) -> Mapping[str, Any] | None:
        """The answer as JSON values, as `documents.py` has them; None where no page of the file was taken."""
        document: Mapping[str, Any] | None = self.record["document"]
        return document

    @cached_property
    def result(self) -> Inspection | Failure | None:
        """The answer.

        Raises:
            InputError: the record is damaged.
        """
        document = self.document
        if document is None:
            return None
        is_failure = isinstance(document, Mapping) and document.get("document") == "segdetect failure"
        return read_failure(document) if is_failure else read_inspection(document)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed about the picture or done to it."""
        return tuple(unpacked(self.record["notes"]))

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Pages of its file that were not taken, said with the last that was."""
        return tuple(LeftOut(name, reason, maybe) for name, reason, maybe in self.record["left_out"])

    @property
    def state(self) -> State | None:
        """How the file looked that it was read from; None where only the sender had it."""
        return None if self.record["state"] is None else State(*self.record["state"])

    @property
    def file(self) -> int:
        """The file's number in the run, from 0 on."""
        return int(self.record["file"])

    @property
    def last(self) -> bool:
        """No other picture of this file comes after it."""
        return bool(self.record["last"])


def read_finished(record: Any) -> Finished:
    """What was put down in a record that may come from anywhere.

    Raises:
        InputError: it is no such record.
    """
    try:
        finished = Finished(
            {
                "file": int(record["file"]),
                "last": bool(record["last"]),
                "document": record["document"],
                "notes": record["notes"],
                "left_out": record["left_out"],
                "state": record["state"],
            }
        )
        _ = finished.result, finished.notes, finished.left_out, finished.state
    except (LookupError, TypeError, ValueError) as error:
        raise InputError(f"this picture's record is damaged ({error})", remedy="Run it again") from error
    return finished
