"""The pictures of a run in the background: where they lie, and what only the visitor has, kept until the run goes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from segdetect.errors import InputError, StorageError
from segdetect.files import write_atomic
from segdetect.pictures.left_out import LeftOut
from segdetect.pictures.places import Place
from segdetect.pictures.source_file import SourceFile, Sources
from segdetect.pictures.sources import list_stored
from segdetect.runs.orders import Wanted, read_wanted
from segdetect.storage.roots import Roots

_LIST: Final = "files.json"
_UPLOADS: Final = "uploads"
_REFERENCES: Final = "references"
OUTSIDE: Final = "it is a link to what may not be read from here"


@dataclass(frozen=True, slots=True, eq=False)
class KeptFiles:
    """The pictures of a run.

    Args:
        files: what is inspected, in order.
        references: the known-good pictures by their pages.
        left_out: what the search for the files left out.
    """

    files: Sequence[SourceFile]
    references: Sequence[SourceFile] = ()
    left_out: Sequence[LeftOut] = ()


def store_uploads(folder: Path, uploads: Sequence[tuple[str, bytes]]) -> Sources:
    """Write files that came from a visitor, `(name, data)`, and list what is in them; a ZIP stands for its members.

    Raises:
        OSError: they cannot be written.
    """
    place = folder / _UPLOADS
    place.mkdir(parents=True, exist_ok=True)
    stored = []
    for number, (name, data) in enumerate(uploads):
        path = place / f"{number:06d}"
        path.write_bytes(data)
        stored.append((name, path))
    return list_stored(stored)


def within(roots: Roots, files: Sequence[SourceFile]) -> list[SourceFile]:
    """The same files, where those that links lead to from outside of what may be read fail with that reason."""
    return [file if _is_within(roots, file) else _refused(file) for file in files]


def _is_within(roots: Roots, file: SourceFile) -> bool:
    return file.place is None or roots.inside(Path(file.place.path)) is not None


def _refused(file: SourceFile) -> SourceFile:
    def read() -> bytes:
        raise InputError(OUTSIDE, remedy="Put a copy of it in the folder")

    return replace(file, read=read, place=None)


def write_files(folder: Path, kept: KeptFiles) -> None:
    """Write which pictures a run has, with the bytes of what lies on no disk.

    Raises:
        OSError: it cannot be written.
    """
    record = {
        "files": [_record(number, file, folder) for number, file in enumerate(kept.files)],
        "references": [_record(number, file, folder / _REFERENCES) for number, file in enumerate(kept.references)],
        "left_out": [[item.name, item.reason, item.maybe_picture] for item in kept.left_out],
    }
    write_atomic(folder / _LIST, json.dumps(record, separators=(",", ":")).encode())


def read_files(folder: Path) -> KeptFiles:
    """What `write_files` wrote.

    Raises:
        StorageError: it cannot be read, or is damaged.
    """
    try:
        record = json.loads((folder / _LIST).read_bytes())
        files, references = ([read_wanted(one).file() for one in record[name]] for name in ("files", "references"))
        return KeptFiles(files, references, [LeftOut(*item) for item in record["left_out"]])
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise StorageError(
            f"the list of the run's pictures is damaged ({error})", remedy="Start it anew", file=folder.name
        ) from error


def _record(number: int, file: SourceFile, folder: Path) -> dict[str, Any]:
    wanted = Wanted.of(number, file)
    if wanted.data is not None:
        # The pages of a file, and files of equal content, are kept once.
        path = folder / (file.sha256 or f"{number:06d}")
        write_atomic(path, wanted.data)
        wanted = replace(wanted, data=None, place=Place(str(path.absolute())))
    return wanted.record()
