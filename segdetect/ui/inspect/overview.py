"""All pictures that were dropped in together: their verdicts in one table, and their files in one download."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd
import streamlit as st

from segdetect.inspection import Failure, Inspection
from segdetect.output.bundles import Result
from segdetect.output.thumbnails import thumbnail_uri
from segdetect.pictures.limits import MAX_PAGES
from segdetect.pictures.loading import LoadedImage
from segdetect.runs.batch import Answer, inspect_files
from segdetect.settings import Scope
from segdetect.ui.inspect.downloads import show_all_exports
from segdetect.ui.inspect.strip import Asked, show_strip
from segdetect.ui.shared.background_runs import BATCH_PAGE, run_name, start_uploaded
from segdetect.ui.shared.file_pages import (
    FilePage,
    drop_marks,
    has_more,
    keep_marks,
    mark_of,
    page_key,
    pages_of,
)
from segdetect.ui.shared.good_pictures import reference_pages
from segdetect.ui.shared.history import keep_answer
from segdetect.ui.shared.locale import localized, number_column
from segdetect.ui.shared.page import callback, part
from segdetect.ui.shared.progress import Progressing, passing
from segdetect.ui.shared.remembered import remembered
from segdetect.ui.shared.session import Upload, inspector, kept_uploads
from segdetect.ui.shared.sidebar import Request, inspect_settings, opened_quietly
from segdetect.ui.shared.texts import plain, shown

# Thumbnails of more would weigh more than the rest of the page.
_MAX_THUMBNAILS: Final = 100
# Whether the table of all pictures is open.
_OPEN: Final = "all"


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """One picture in the table, without its pixels, which only the cache is to keep."""

    result: Inspection | Failure
    thumbnail: str | None = None


@part("The overview")
def show_overview(request: Request) -> None:
    """Draw the table of all pictures and pages, where there are several; a click on a row shows that one."""
    uploads = () if st.session_state.get("sample") else kept_uploads("uploads")
    pages = pages_of(uploads)
    asked = (request.settings, tuple(image.key for image in request.bank))
    drop_marks(asked)
    if len(pages) < 2:
        return
    of_all = Asked(request.settings, request.bank, request.image.identity)

    def beside() -> None:
        _offer_table(_title(uploads, pages))
        _offer_run(request, uploads)

    show_strip(of_all, pages, beside=beside)
    if not st.session_state.get(_OPEN):
        return
    with st.container(border=True, key="all-pictures"), part("The overview"):
        lines = _inspect_all(request, pages)
        if lines:
            _show_table(lines, pages)
            show_all_exports(_results(lines, pages), request.settings)
            if has_more(uploads):
                st.caption(f"Of each file, the first {MAX_PAGES:d} pages are listed; others can be shown one by one.")
            found = zip(pages, lines, strict=True)
            keep_marks(asked, {page.place: mark_of(line.result) for page, line in found if page.pages > 1})


@part("The overview")
def show_others() -> bool:
    """Draw the strip where the picture that is chosen cannot be opened; False where there are no others."""
    pages = () if st.session_state.get("sample") else pages_of(kept_uploads("uploads"))
    if len(pages) < 2:
        return False
    settings = inspect_settings()
    good = reference_pages() if settings.scope is Scope.REFERENCES else ()
    opened = (opened_quietly(page) for page in good)
    show_strip(Asked(settings, tuple(image for image in opened if image is not None)), pages)
    return True


def _offer_table(title: str) -> None:
    """Draw the button that opens the table of all pictures, and closes it."""
    is_open = bool(st.session_state.get(_OPEN))
    st.button(
        plain(title),
        icon=":material/expand_less:" if is_open else ":material/expand_more:",
        icon_position="right",
        type="tertiary",
        key="all-toggle",
        on_click=_toggle_table,
        help="The verdict of each in a table, with the export of all of them",
    )


@callback
def _toggle_table() -> None:
    st.session_state[_OPEN] = not st.session_state.get(_OPEN)


def _offer_run(request: Request, uploads: Sequence[Upload]) -> None:
    """Draw the button that has all of them inspected in the background, as the one that is shown."""
    if st.button(
        "Run as batch",
        icon=":material/stacks:",
        type="tertiary",
        key="inspect-all",
        help="Inspect all of these in the background with the same settings and known-good "
        "pictures, on the Batch page: the odd ones first, and the run at a glance. You can go on meanwhile.",
    ):
        files = [(upload.name, upload.data) for upload in uploads]
        references = reference_pages()
        start_uploaded(files, request.settings, name=run_name([name for name, _ in files]), references=references)
        st.switch_page(BATCH_PAGE)


def _title(uploads: Sequence[Upload], pages: Sequence[FilePage]) -> str:
    if len(uploads) == 1:
        return _all_of(len(pages), "pages") if not has_more(uploads) else f"The first {len(pages)} pages"
    more = f", {len(pages)} pages" if len(pages) > len(uploads) else ""
    return f"{_all_of(len(uploads), 'pictures')}{more}"


def _all_of(count: int, what: str) -> str:
    return f"Both {what}" if count == 2 else f"All {count:d} {what}"


def _inspect_all(request: Request, pages: Sequence[FilePage]) -> list[_Line]:
    # In scope batch the others are taken anew; what the plan allows is there in every scope.
    references = [one for one in request.bank if one.allowed or request.settings.scope is Scope.REFERENCES]
    with passing() as slot:
        results = inspect_files(
            inspector(),
            pages,
            request.settings,
            references=references,
            load=FilePage.load,
            progress=Progressing(slot),
        )
        return [_line(_kept(result, references), number) for number, result in enumerate(results)]


def _kept(result: Answer | Failure, references: Sequence[LoadedImage]) -> Answer | Failure:
    """The same, which is in the history from then on."""
    if isinstance(result, Answer):
        keep_answer(result.image, result.inspection, bank=references)
    return result


def _line(result: Answer | Failure, number: int) -> _Line:
    if isinstance(result, Failure):
        return _Line(result)
    image = result.image
    if number >= _MAX_THUMBNAILS:
        return _Line(result.inspection)
    whole = (0, 0, *image.size_wh)
    return _Line(result.inspection, remembered("thumbnail", image.key, lambda: thumbnail_uri(image, whole)))


def _show_table(lines: Sequence[_Line], pages: Sequence[FilePage]) -> None:
    table = pd.DataFrame([_row(line) for line in lines])
    st.dataframe(
        table,
        key="overview",
        on_select=lambda: _row_chosen(pages),
        selection_mode="single-row",
        hide_index=True,
        row_height=56,
        column_config={
            "picture": st.column_config.ImageColumn("", width=70),
            "strongest score": st.column_config.NumberColumn(**number_column(3)),
            "threshold": st.column_config.NumberColumn(**number_column(3)),
        },
        alt="Verdict of each picture",
    )


def _row(line: _Line) -> dict[str, object]:
    result = line.result
    if isinstance(result, Failure):
        return {
            "picture": None,
            "name": shown(result.image),
            "verdict": "failed",
            "why": shown(localized(result.error.message)),
        }
    return {
        "picture": line.thumbnail,
        "name": shown(result.image),
        "verdict": result.decision.verdict.value,
        "flagged tiles": len(result.flagged_tiles),
        "strongest score": round(result.scores.highest, 3),
        "threshold": None if result.threshold is None else round(result.threshold, 3),
        "why": shown(localized(result.decision.reason)),
    }


@callback
def _row_chosen(pages: Sequence[FilePage]) -> None:
    rows = st.session_state["overview"]["selection"]["rows"]
    if rows:
        page = pages[rows[0]]
        st.session_state["shown"] = [*kept_uploads("uploads")].index(page.upload)
        st.session_state[page_key(page.upload.sha256)] = page.page + 1


def _results(lines: Sequence[_Line], pages: Sequence[FilePage]) -> list[Result]:
    """The answers with what opens their pictures once more."""
    return [
        line.result if isinstance(line.result, Failure) else (line.result, page.load)
        for line, page in zip(lines, pages, strict=True)
    ]
