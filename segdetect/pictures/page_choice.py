"""Which pages of files are pictures to inspect, and how they are named."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from segdetect.pictures.left_out import LeftOut
from segdetect.pictures.limits import MAX_PAGES
from segdetect.pictures.names import composed
from segdetect.pictures.paging import count_pages
from segdetect.pictures.source_file import SourceFile

ONLY_FIRST: Final = "only the first page of a file that is named itself is taken, unless others are asked for"
TOO_MANY: Final = f"only the first {MAX_PAGES} pages of a file are taken, unless all are asked for"

_LIKE_PAGE: Final = re.compile(r"#\d+$")


@dataclass(frozen=True, slots=True)
class PageChoice:
    """Which pages of each file are taken: as it is, up to 100 of a file that was found in a folder or archive, and the
    first of one that was named itself.

    Args:
        number: this page alone, 0-based.
        every: all pages, however many.
    """

    number: int | None = None
    every: bool = False


DEFAULT_PAGES: Final = PageChoice()


def page_name(name: str, page: int) -> str:
    """What a page of a file with several is called.

    >>> page_name("scan.tif", 1)
    'scan.tif#2'
    """
    return f"{name}#{page + 1}"


def like_pages(names: Iterable[str]) -> list[str]:
    """Those of files' names that a page of another file could have.

    >>> like_pages(["a.tif", "a.tif#2", "#1.png"])
    ['a.tif#2']
    """
    return [name for name in names if _LIKE_PAGE.search(name)]


class Pages:
    """Takes files apart in their pages, and remembers what it left out.

    A file is read once as long as its pages are read one after the other, and no more than one is held.

    Args:
        choice: which pages to take.
        names: of all files of this search, or those of them that `like_pages` finds, so that no page gets the name of
            another file.
        forgiving: whether a file of one page stands for the page asked for, whichever that is.
    """

    def __init__(
        self, choice: PageChoice = DEFAULT_PAGES, names: Iterable[str] = (), *, forgiving: bool = False
    ) -> None:
        self._choice, self._forgiving = choice, forgiving
        self._names = frozenset(map(composed, names))
        self._left_out: dict[str, LeftOut] = {}
        self._held: tuple[SourceFile, bytes] | None = None

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """The pages that were not taken, and files without the page asked for."""
        return tuple(self._left_out.values())

    def of(self, file: SourceFile) -> list[SourceFile]:
        """The pages of a file that are taken, each as a file of its own with a name of its own.

        Raises:
            SegDetectError: the file cannot be read.
        """
        data = self._read(file)
        pages = count_pages(data, file.name)
        number = self._choice.number
        if pages == 1 and self._forgiving:
            number = None
        if number is not None and number >= pages and not file.named:
            self._leave_out(file.name, f"it has no page {number + 1}")
            return []
        if pages == 1:
            return [self._page(file, file.name, number or 0)]
        if number is not None:
            return [self._page(file, self._name(file, number), number)]
        return self._several(file, pages)

    def _several(self, file: SourceFile, pages: int) -> list[SourceFile]:
        if file.named and not self._choice.every:
            self._leave_out(_span(file.name, 1, pages), ONLY_FIRST)
            return [self._page(file, file.name, 0)]
        taken = pages if self._choice.every else min(pages, MAX_PAGES)
        if taken < pages:
            self._leave_out(_span(file.name, taken, pages), TOO_MANY)
        digest = hashlib.sha256(self._read(file)).hexdigest()
        return [replace(self._page(file, self._name(file, page), page), sha256=digest) for page in range(taken)]

    def _page(self, file: SourceFile, name: str, page: int) -> SourceFile:
        return replace(file, name=name, read=partial(self._read, file), page=page)

    def _name(self, file: SourceFile, page: int) -> str:
        """Its name, with more signs where a file is called like that."""
        stem = file.name
        while composed(page_name(stem, page)) in self._names:
            stem += "#"
        return page_name(stem, page)

    def _leave_out(self, name: str, reason: str) -> None:
        self._left_out[name] = LeftOut(name, reason)

    def _read(self, file: SourceFile) -> bytes:
        if self._held is None or self._held[0] is not file:
            self._held = None
            self._held = (file, file.data())
        return self._held[1]


def _span(name: str, first: int, pages: int) -> str:
    """What pages from one on are called together."""
    last = page_name("", pages - 1)
    return page_name(name, first) + (f"-{last}" if pages - first > 1 else "")
