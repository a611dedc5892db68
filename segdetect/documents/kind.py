"""What a document says that it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from segdetect.errors import InputError

# Raised when a field changes its meaning or goes; a new field that may be absent raises nothing.
VERSION: Final = 1


def check_kind(document: Mapping[str, Any]) -> None:
    """Raises `InputError` where it is no document of an inspection or a failure, or one of a later version."""
    kind = document.get("document") if isinstance(document, Mapping) else None
    if kind not in ("segdetect inspection", "segdetect failure"):
        raise InputError("it is no inspection that SegDetect exported", remedy="Choose a JSON export of SegDetect")
    if document.get("version") != VERSION:
        raise InputError(
            f"it is of version {document.get('version')!r}, and this SegDetect reads version {VERSION}",
            remedy="Install the SegDetect that wrote it, or a newer one",
        )
