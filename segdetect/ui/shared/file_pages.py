"""The pages of the visitor's files: which one is shown, and what was found on the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import streamlit as st

from segdetect.inspection import Failure, Inspection
from segdetect.pictures.limits import MAX_PAGES
from segdetect.pictures.loading import LoadedImage
from segdetect.pictures.page_choice import page_name
from segdetect.pictures.paging import count_pages
from segdetect.ui.shared.remembered import remembered
from segdetect.ui.shared.session import Upload, loaded
from segdetect.ui.shared.texts import plain

# A box to choose from is of no use for more, and would weigh as much as the rest of the page.
MAX_LISTED: Final = 1000
_PARAMETER: Final = "page"
_RECORDED: Final = "page-recorded"
_MARKS: Final = "page-marks"
# Which file was marked, by its digest, and on which page, 0-based.
Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class FilePage:
    """A page of a visitor's file, as a batch reads it.

    Args:
        upload: the file.
        page: 0-based.
        pages: how many the file has.
    """

    upload: Upload
    page: int = 0
    pages: int = 1

    @property
    def name(self) -> str:
        """What it is called: as its file, with its number where that has several."""
        return self.upload.name if self.pages == 1 else page_name(self.upload.name, self.page)

    @property
    def place(self) -> Place:
        """Equal for one page of one file."""
        return (self.upload.sha256, self.page)

    def data(self) -> bytes:
        """The file's bytes."""
        return self.upload.data

    def load(self, *, window: tuple[float, float] | None = None) -> LoadedImage:
        """The decoded page, from the cache where it was decoded before.

        Raises:
            InputError: it cannot be opened.
        """
        return replace(loaded(self.upload, page=self.page, window=window), name=self.name)


def count_of(upload: Upload) -> int:
    """How many pages a file has."""
    return remembered("pages", (upload.sha256, upload.name), lambda: count_pages(upload.data, upload.name))


def pages_of(uploads: Sequence[Upload]) -> list[FilePage]:
    """The pages of files in their order, up to 100 of each."""
    counts = [(upload, count_of(upload)) for upload in uploads]
    return [FilePage(upload, page, pages) for upload, pages in counts for page in range(min(pages, MAX_PAGES))]


def has_more(uploads: Sequence[Upload]) -> bool:
    """Whether a file has more pages than are inspected together."""
    return any(count_of(upload) > MAX_PAGES for upload in uploads)


def choose_page(upload: Upload) -> FilePage:
    """Draw the choice of a page, where there are several, with what was found on each that was inspected."""
    pages = count_of(upload)
    if pages == 1:
        return FilePage(upload)
    key = page_key(upload.sha256)
    _follow_address(upload, pages)
    if pages > MAX_LISTED:
        page = st.number_input("Page", 1, pages, key=key, persist_state="session", help=plain(_help(pages)))
        return FilePage(upload, page - 1, pages)
    marks = _marks()
    page = st.selectbox(
        f"Page (of {pages:d})",
        range(1, pages + 1),
        format_func=lambda number: _labelled(number, marks.get((upload.sha256, number - 1), "")),
        key=key,
        persist_state="session",
        help=plain(_help(pages)),
    )
    return FilePage(upload, (page or 1) - 1, pages)


def page_key(sha256: str) -> str:
    """The key of the choice for a file."""
    return f"page-{sha256[:12]}"


def _help(pages: int) -> str:
    return (
        f"This file has {pages:d} pages, frames or views. Open the list of all pages above the answer to inspect them "
        "together; what was found is then said here."
    )


def _labelled(number: int, mark: str) -> str:
    return f"{number} {mark}" if mark else f"{number}"


def _follow_address(upload: Upload, pages: int) -> None:
    """Take the page that the address asks for where it has news, as after Back or by a link for this file."""
    asked = st.query_params.get(_PARAMETER)
    meant = st.query_params.get("picture", "")
    if asked is None or asked == st.session_state.get(_RECORDED) or not (meant and upload.sha256.startswith(meant)):
        return
    if asked.isascii() and asked.isdigit() and len(asked) < 10:
        st.session_state[page_key(upload.sha256)] = min(pages, max(1, int(asked)))
        st.session_state[_RECORDED] = asked


def record_page(image: LoadedImage) -> None:
    """Put the page that is shown in the address, where there are several."""
    if image.pages > 1:
        st.session_state[_RECORDED] = st.query_params[_PARAMETER] = f"{image.page + 1}"
    elif _PARAMETER in st.query_params:
        del st.query_params[_PARAMETER]


def mark_of(result: Inspection | Failure) -> str:
    """What is said of a page beside its number."""
    if isinstance(result, Failure):
        return "\u2013 cannot be inspected"
    flagged = len(result.flagged_tiles)
    verdict = result.decision.verdict.value
    return f"\u2691 {verdict}, {flagged} flagged" if flagged else f"\u2013 {verdict}"


def keep_marks(asked: object, marks: Mapping[Place, str]) -> None:
    """Remember what was found on pages; the choice, which was drawn before, is drawn anew where this is news.

    Args:
        asked: the settings and pictures compared with; marks of others are forgotten.
        marks: by file and page.
    """
    former = st.session_state.get(_MARKS)
    if marks and former != (asked, dict(marks)):
        st.session_state[_MARKS] = (asked, dict(marks))
        st.rerun()


def drop_marks(asked: object) -> None:
    """Forget what was found with other settings."""
    former = st.session_state.get(_MARKS)
    if former is not None and former[0] != asked:
        del st.session_state[_MARKS]
        st.rerun()


def _marks() -> Mapping[Place, str]:
    _, marks = st.session_state.get(_MARKS, (None, {}))
    return dict(marks)
