"""Failures as JSON values, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from segdetect import errors
from segdetect.documents.checked import DAMAGE, text
from segdetect.documents.kind import VERSION, check_kind
from segdetect.errors import InputError, SegDetectError
from segdetect.inspection import Failure
from segdetect.message import packed, unpacked


def failure_document(failure: Failure) -> dict[str, Any]:
    """A failure as JSON values."""
    error = failure.error
    return {
        "document": "segdetect failure",
        "version": VERSION,
        "image": failure.image,
        "sha256": failure.sha256,
        "kind": type(error).__name__,
        "problem": packed(error.problem),
        "remedy": packed(error.remedy),
        "file": error.file,
    }


def read_failure(document: Mapping[str, Any]) -> Failure:
    """The failure that a document was made of.

    Raises:
        InputError: it is no such document, or one of a later version.
    """
    check_kind(document)
    try:
        kind = getattr(errors, document["kind"])
        if not (isinstance(kind, type) and issubclass(kind, SegDetectError)):
            raise ValueError(f"{document['kind']} is no kind of failure")
        error = kind(
            text(unpacked(document["problem"])),
            remedy=text(unpacked(document["remedy"])),
            file=text(document["file"]),
        )
        return Failure(text(document["image"]), error, text(document["sha256"]))
    except DAMAGE as error:
        raise InputError(f"this failure is damaged ({error})", remedy="Run it again") from error
