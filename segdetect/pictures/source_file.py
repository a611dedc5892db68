"""A picture file that can be read, wherever it lies."""

from __future__ import annotations

import errno
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from segdetect.errors import SegDetectError, UnreadableImageError
from segdetect.pictures.left_out import LeftOut
from segdetect.pictures.loading import LoadedImage, load_image
from segdetect.pictures.places import Place

_TROUBLES: Final = {
    errno.EIO: "the disk or drive that it lies on cannot read it",
    errno.ELOOP: "it is a link that leads to itself",
    errno.ENAMETOOLONG: "its name is longer than any file's",
    errno.EISDIR: "it is a folder, not a file",
    errno.ESTALE: "the network drive that it lies on has lost it",
    errno.ENOTCONN: "the network drive that it lies on is not there",
}


@dataclass(frozen=True, slots=True, eq=False)
class SourceFile:
    """A picture file that can be read.

    Args:
        name: the path as given, or relative to the folder or ZIP given; no two of one call are equal.
        read: returns the file's bytes; may raise what `data` turns into errors of ours.
        notes: what was assumed about it that the user should know.
        page: the page of it that is meant, 0-based.
        named: it was given by itself, not found in a folder or an archive.
        sha256: hex digest of its bytes, where it is known.
        place: where another process reads it, where it lies on a disk and can be read.
        allowed: as in `LoadedImage`.
    """

    name: str
    read: Callable[[], bytes]
    notes: tuple[str, ...] = ()
    page: int = 0
    named: bool = False
    sha256: str = ""
    place: Place | None = None
    allowed: tuple[tuple[int, int, int, int], ...] = ()

    def data(self) -> bytes:
        """The file's bytes, read now.

        Raises:
            UnreadableImageError: it vanished, may not be read, is encrypted or damaged in its archive.
            ImageTooLargeError: more than a gigabyte.
        """
        try:
            return self.read()
        except SegDetectError as error:
            # What names another file, as a table's row whose picture is missing does, knows better.
            raise type(error)(error.problem, remedy=error.remedy, file=error.file or self.name) from error
        except OSError as error:
            raise unreadable(self.name, error) from error
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
            raise UnreadableImageError(
                "it is damaged inside its archive", remedy="Make the ZIP archive anew", file=self.name
            ) from error
        except (NotImplementedError, RuntimeError) as error:
            raise UnreadableImageError(
                "it is stored in its archive in a way that is not read",
                remedy="Unpack the archive and give the folder instead",
                file=self.name,
            ) from error


def load_source(file: SourceFile) -> LoadedImage:
    """Read and decode a picture, with what was assumed about its name; raises `SegDetectError` where that fails."""
    image = load_image(file.data(), name=file.name, page=file.page, sha256=file.sha256)
    return replace(image, notes=(*file.notes, *image.notes), allowed=file.allowed)


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """The picture files that paths stand for.

    Args:
        files: those that can be read, in order.
        left_out: what else was come across, and why it is none of them.
    """

    files: tuple[SourceFile, ...]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed about names, each said once."""
        return tuple(dict.fromkeys(note for file in self.files for note in file.notes))


def unreadable(name: str, error: OSError) -> UnreadableImageError:
    """What the system said of a file or folder, in words for people."""
    if isinstance(error, PermissionError):
        return UnreadableImageError("it may not be read", remedy="Give yourself the right to read it", file=name)
    if isinstance(error, FileNotFoundError):
        return UnreadableImageError("it is no longer there", remedy="Put it back, or leave it out", file=name)
    problem = _TROUBLES.get(error.errno or 0, "the system does not let it be read")
    return UnreadableImageError(problem, remedy="Check the disk or the network drive", file=name)
