"""All pictures that were dropped in together: their verdicts in one table, and their files in one download."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd
import streamlit as st

from segdetect.inspection import Failure
from segdetect.output.tables import csv_bytes, image_row, tiles_table
from segdetect.output.thumbnails import thumbnail_uri
from segdetect.runs.batch import Answer, inspect_files
from segdetect.settings import Scope
from segdetect.ui.shared.locale import localized, number_column
from segdetect.ui.shared.page import callback, part
from segdetect.ui.shared.progress import Progressing, passing
from segdetect.ui.shared.session import Upload, inspector, kept_uploads
from segdetect.ui.shared.sidebar import Request
from segdetect.ui.shared.texts import shown

# Thumbnails of more would weigh more than the rest of the page.
_MAX_THUMBNAILS: Final = 100


class _File:
    """An upload as the batch reads it."""

    def __init__(self, upload: Upload) -> None:
        self.name, self._data = upload.name, upload.data

    def data(self) -> bytes:
        return self._data


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
        results = _inspect_all(request, uploads)
        if results:
            _show_table(results)
            _show_downloads(results)


def _inspect_all(request: Request, uploads: Sequence[Upload]) -> list[Answer | Failure]:
    references = request.bank if request.settings.scope is Scope.REFERENCES else ()
    files = [_File(upload) for upload in uploads]
    with passing() as slot:
        progress = Progressing(slot)
        return list(inspect_files(inspector(), files, request.settings, references=references, progress=progress))


def _show_table(results: Sequence[Answer | Failure]) -> None:
    table = pd.DataFrame([_row(result, number) for number, result in enumerate(results)])
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


def _row(result: Answer | Failure, number: int) -> dict[str, object]:
    if isinstance(result, Failure):
        return {
            "picture": None,
            "name": shown(result.image),
            "verdict": "failed",
            "why": shown(localized(result.error.message)),
        }
    inspection = result.inspection
    thumbnail = thumbnail_uri(result.image, (0, 0, *result.image.size_wh)) if number < _MAX_THUMBNAILS else None
    return {
        "picture": thumbnail,
        "name": shown(inspection.image),
        "verdict": inspection.decision.verdict.value,
        "flagged tiles": len(inspection.flagged_tiles),
        "strongest score": round(float(inspection.scores.scores.max()), 3),
        "threshold": round(inspection.decision.threshold, 3),
        "why": shown(localized(inspection.decision.reason)),
    }


@callback
def _row_chosen() -> None:
    rows = st.session_state["overview"]["selection"]["rows"]
    if rows:
        st.session_state["shown"] = rows[0]


def _show_downloads(results: Sequence[Answer | Failure]) -> None:
    answers = [result.inspection for result in results if isinstance(result, Answer)]
    with st.container(horizontal=True):
        st.download_button(
            "Verdicts (CSV)",
            lambda: csv_bytes(pd.DataFrame([image_row(r.inspection if isinstance(r, Answer) else r) for r in results])),
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
