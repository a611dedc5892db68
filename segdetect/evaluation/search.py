"""Pictures and masks of a data set, found in its folders and matched by their places."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from segdetect.errors import DatasetError
from segdetect.pictures.formats import SUFFIXES
from segdetect.pictures.left_out import NO_PICTURE, LeftOut
from segdetect.pictures.masks import Polarity
from segdetect.pictures.names import as_text, folded
from segdetect.pictures.walking import walk
from segdetect.storage.roots import Roots

# What tools put after a picture's name to name its mask.
MASK_ENDINGS: Final = ("_mask", "_label", "_gt")


@dataclass(frozen=True, slots=True)
class Search:
    """Looks for pictures below a folder of the data set.

    Args:
        root: what names begin below.
        allowed: as in `read_dataset`.
        left_out: gets what is no picture, and what is not evaluated.
        polarity: which pixels of masks are defects.
        notes: gets what was assumed.
    """

    root: Path
    allowed: Roots | None
    left_out: list[LeftOut]
    polarity: Polarity = Polarity.ASK
    notes: list[str] = field(default_factory=list)

    def pictures(self, *folders: Path) -> list[Path]:
        """Picture files below some folders, in a fixed order; none in a folder that does not exist."""
        return [file for folder in folders for file in self._below(folder)]

    def _below(self, folder: Path) -> list[Path]:
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

    def folders(self, path: Path) -> list[Path]:
        """The folders in one, but for links that lead to where nothing may be read."""
        entries = [entry for entry in sorted(path.iterdir()) if entry.is_dir()]
        return [entry for entry in entries if self.allowed is None or self.allowed.inside(entry) is not None]

    def leave_out(self, place: Path, reason: str) -> None:
        """Say that a folder or file of the data set is not evaluated; nothing where it does not exist."""
        if place.exists():
            name = name_below(place, self.root) + "/" * place.is_dir()
            self.left_out.append(LeftOut(name, reason, maybe_picture=place.is_dir()))

    def _check(self, place: Path) -> None:
        inside_roots(place, self.allowed, name=name_below(place, self.root))


class Masks:
    """Masks by their pictures' places: of the same name, of that name and an ending, or all those in a folder of it.

    One that is spelt otherwise, in case or accents, is found where only it is left.

    Args:
        files: the masks, each with its place below the folder that mirrors the pictures'.
        root: what names in errors begin below.
    """

    def __init__(self, files: Iterable[tuple[Path, Path]], root: Path) -> None:
        self._root = root
        self._left: dict[Path, None] = {}
        self._files: dict[Path, list[Path]] = {}
        self._folders: dict[Path, list[Path]] = {}
        self._spelt: dict[str, set[Path]] = {}
        for file, place in files:
            self._left[file] = None
            for name in dict.fromkeys((place.stem, bare(place.stem))):
                self._add(self._files, place.with_name(name), file)
            self._add(self._folders, place.parent, file)

    def _add(self, table: dict[Path, list[Path]], place: Path, file: Path) -> None:
        table.setdefault(place, []).append(file)
        self._spelt.setdefault(folded(str(place)), set()).add(place)

    def take(self, place: Path, *, name: str) -> tuple[Path, ...]:
        """The masks of the picture there, which no other gets; none where there is none.

        Args:
            place: the picture's, without its suffix.
            name: the picture's, for the error.

        Raises:
            DatasetError: there are two candidates.
        """
        files, inner = self._at(place) or self._alike(place) or ([], [])
        for file in (*files, *inner):
            self._left.pop(file, None)
        # A folder of masks is one candidate.
        candidates = files + inner[:1]
        if len(candidates) > 1:
            first, second = (name_below(file, self._root) for file in candidates[:2])
            raise DatasetError(
                f"there are two masks for it, {first} and {second}", remedy="Remove one of them", file=name
            )
        return tuple(files or inner)

    def _at(self, place: Path) -> tuple[list[Path], list[Path]] | None:
        """The masks named like the picture, and those in a folder named like it; None where there are neither."""
        files = [file for file in self._files.get(place, ()) if file in self._left]
        inner = [file for file in self._folders.get(place, ()) if file in self._left and file not in files]
        return (files, inner) if files or inner else None

    def _alike(self, place: Path) -> tuple[list[Path], list[Path]] | None:
        others = [found for other in self._spelt.get(folded(str(place)), ()) if (found := self._at(other))]
        return others[0] if len(others) == 1 else None

    def leave_out_others(self, search: Search) -> None:
        """Say which masks belong to no picture."""
        for mask in self._left:
            search.leave_out(mask, "the mask belongs to no picture")


def bare(stem: str) -> str:
    """A mask's name without what says that it is one; the name itself where nothing else is left.

    >>> bare("007_mask"), bare("Part0_label"), bare("10000_GT"), bare("_mask")
    ('007', 'Part0', '10000', '_mask')
    """
    ending = next((ending for ending in MASK_ENDINGS if stem.lower().endswith(ending)), "")
    return stem[: len(stem) - len(ending)] or stem


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
