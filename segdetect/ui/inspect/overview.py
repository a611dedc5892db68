"""All pictures that were dropped in together: their verdicts in one table, and their files in one download."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd
import streamlit as st

from segdetect.inspection import Failure, Inspection
from segdetect.output.tables import csv_bytes, image_row, tiles_table
from segdetect.output.thumbnails import thumbnail_uri
from segdetect.pictures.loading import LoadedImage
from segdetect.runs.batch import Answer, inspect_files
from segdetect.settings import Scope
from segdetect.ui.shared.locale import localized, number_column
from segdetect.ui.shared.page import callback, part
from segdetect.ui.shared.progress import Progressing, passing
from segdetect.ui.shared.remembered import remembered
from segdetect.ui.shared.session import Upload, inspector, kept_uploads, loaded
from segdetect.ui.shared.sidebar import Request
from segdetect.ui.shared.texts import shown

# Thumbnails of more would weigh more than the rest of the page.
_MAX_THUMBNAILS: Final = 100


@dataclass(frozen=True, slots=True, eq=False)
class _File:
    """An upload as the batch reads it."""

    upload: Upload

    @property
    def name(self) -> str:
        return self.upload.name

    def data(self) -> bytes:
        return self.upload.data

    def load(self) -> LoadedImage:
        return loaded(self.upload)


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """One picture in the table, without its pixels, which only the cache is to keep."""

    result: Inspection | Failure
    thumbnail: str | None = None


@part("The overview")
def show_overview(request: Request) -> None:
    """Draw the table of all pictures, where there are several; a click on a row shows that picture."""
    uploads = kept_uploads("uploads")
    if len(uploads) < 2 or st.session_state.get("sample"):
        return
    opened = st.expander(f"All {len(uploads)} pictures", icon=":material/photo_library:", key="all", on_change="rerun")
    if not opened.open:
        return
    with opened, part("The overview"):
        lines = _inspect_all(request, uploads)
        if lines:
            _show_table(lines)
            _show_downloads(lines)


def _inspect_all(request: Request, uploads: Sequence[Upload]) -> list[_Line]:
    references = request.bank if request.settings.scope is Scope.REFERENCES else ()
    with passing() as slot:
        results = inspect_files(
            inspector(),
            [_File(upload) for upload in uploads],
            request.settings,
            references=references,
            load=_File.load,
            progress=Progressing(slot),
        )
        return [_line(result, number) for number, result in enumerate(results)]


def _line(result: Answer | Failure, number: int) -> _Line:
    if isinstance(result, Failure):
        return _Line(result)
    image = result.image
    if number >= _MAX_THUMBNAILS:
        return _Line(result.inspection)
    whole = (0, 0, *image.size_wh)
    return _Line(result.inspection, remembered("thumbnail", image.key, lambda: thumbnail_uri(image, whole)))


def _show_table(lines: Sequence[_Line]) -> None:
    table = pd.DataFrame([_row(line) for line in lines])
    st.dataframe(
        table,
        key="overview",
        on_select=_row_chosen,
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
        "threshold": round(result.decision.threshold, 3),
        "why": shown(localized(result.decision.reason)),
    }


@callback
def _row_chosen() -> None:
    rows = st.session_state["overview"]["selection"]["rows"]
    if rows:
        st.session_state["shown"] = rows[0]


def _show_downloads(lines: Sequence[_Line]) -> None:
    answers = [line.result for line in lines if isinstance(line.result, Inspection)]
    with st.container(horizontal=True):
        st.download_button(
            "Verdicts (CSV)",
            lambda: csv_bytes(pd.DataFrame([image_row(line.result) for line in lines])),
            "images.csv",
            "text/csv",
            on_click="ignore",
            icon=":material/download:",
        )
        st.download_button(
            "All tiles (CSV)",
            lambda: csv_bytes(pd.concat([tiles_table(inspection) for inspection in answers])),
            "tiles.csv",
            "text/csv",
            on_click="ignore",
            icon=":material/download:",
            disabled=not answers,
        )
