"""Pictures and masks of a data set, found in its folders and matched by their places."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from segdetect.errors import DatasetError
from segdetect.pictures.formats import SUFFIXES
from segdetect.pictures.left_out import NO_PICTURE, LeftOut
from segdetect.pictures.names import as_text, folded
from segdetect.pictures.walking import walk
from segdetect.storage.roots import Roots


@dataclass(frozen=True, slots=True)
class Search:
    """Looks for pictures below a folder of the data set.

    Args:
        root: what names begin below.
        allowed: as in `read_dataset`.
        left_out: gets what is no picture.
    """

    root: Path
    allowed: Roots | None
    left_out: list[LeftOut]

    def pictures(self, folder: Path) -> list[Path]:
        """Picture files below a folder, in a fixed order; none where it does not exist."""
        self._check(folder)
        if not folder.exists():
            return []
        found = []
        for item in walk(folder, enter=self._check):
            if item.error is not None:
                raise item.error
            reason = item.reason or ("" if item.path.suffix.lower() in SUFFIXES else NO_PICTURE)
            if reason:
                name = name_below(item.path, self.root) + "/" * item.folder
                self.left_out.append(LeftOut(name, reason, maybe_picture=reason is not NO_PICTURE))
            else:
                self._check(item.path)
                found.append(item.path)
        return found

    def _check(self, place: Path) -> None:
        inside_roots(place, self.allowed, name=name_below(place, self.root))


@dataclass(slots=True)
class Masks:
    """Masks by their pictures' places; one that is spelt otherwise, in case or accents, is found where only it is left.

    Args:
        by_place: the files.
    """

    by_place: dict[Path, Path]
    _alike: dict[str, list[Path]] = field(init=False)

    def __post_init__(self) -> None:
        self._alike = {}
        for place in self.by_place:
            self._alike.setdefault(folded(str(place)), []).append(place)

    def take(self, place: Path) -> Path | None:
        """The mask of the picture there, which no other gets."""
        if place not in self.by_place:
            alike = [other for other in self._alike.get(folded(str(place)), ()) if other in self.by_place]
            place = alike[0] if len(alike) == 1 else place
        return self.by_place.pop(place, None)


def inside_roots(path: Path, allowed: Roots | None, *, name: str) -> Path:
    """Where a file or folder may be read.

    Raises:
        DatasetError: links lead out of the folders that are allowed.
    """
    place = path if allowed is None else allowed.inside(path)
    if place is None:
        raise DatasetError(
            "it leads to a place that may not be read from here",
            remedy="Put the file itself there instead of a link to it",
            file=name,
        )
    return place


def name_below(file: Path, root: Path) -> str:
    """A file's name in a data set: its path below a folder, with forward slashes."""
    return as_text(file.relative_to(root).as_posix())
