"""Pictures that users wanted kept, each once under its digest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from segdetect.errors import StorageError
from segdetect.files import changing, home, storage_errors, write_atomic


class Pictures:
    """The folder that they are in.

    Args:
        folder: made when one is first kept; by default one in the user's data folder.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or home() / "pictures"

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold it, so that nobody removes what another is just about to need.

        Raises:
            StorageError: it cannot be written.
        """
        with storage_errors(self.folder), changing(self.folder):
            yield

    def put(self, data: bytes, sha256: str) -> None:
        """Keep one, unless it is there already; the folder is held."""
        file = self._file(sha256)
        if not file.exists() or file.stat().st_size != len(data):
            write_atomic(file, data)

    def get(self, sha256: str) -> bytes | None:
        """Its bytes; None where it is not kept on this machine.

        Raises:
            StorageError: it cannot be read, or is damaged.
        """
        data = self.found(sha256)
        if data is not None and hashlib.sha256(data).hexdigest() != sha256:
            raise StorageError("this picture is damaged", remedy="Drop the picture in again", file=sha256)
        return data

    def found(self, sha256: str) -> bytes | None:
        """What lies in its place, damaged or not; None where nothing does.

        Raises:
            StorageError: it cannot be read.
        """
        file = self._file(sha256)
        try:
            return file.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            problem = f"it cannot be read ({error.strerror or error})"
            raise StorageError(problem, remedy="Check the disk or the network drive", file=file.name) from error

    def remove(self, digests: Iterable[str]) -> None:
        """Remove those of these digests; the folder is held."""
        for sha256 in digests:
            self._file(sha256).unlink(missing_ok=True)

    def _file(self, sha256: str) -> Path:
        # A digest from a database that others may write to becomes part of a path only if it is one.
        if len(sha256) != 64 or set(sha256) - set("0123456789abcdef"):
            raise StorageError("this entry names no picture", remedy="Delete it", file=sha256[:80])
        return self.folder / sha256
