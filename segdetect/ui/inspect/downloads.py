"""Answers as files to keep: one picture's, or those of all that were dropped in together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd
import streamlit as st

from segdetect.inspection import Failure, Inspection
from segdetect.output.annotation import png_bytes
from segdetect.output.bundles import Result, file_bytes, zip_bytes
from segdetect.output.formats import FormatName
from segdetect.output.json_files import json_bytes
from segdetect.output.masks import heat_tiff, mask_png
from segdetect.output.names import picture_file
from segdetect.output.parquet_files import parquet_bytes
from segdetect.output.run import Run
from segdetect.output.segments import segments_table
from segdetect.output.tables import csv_bytes, flagged_table, image_row, tiles_table
from segdetect.pictures.loading import LoadedImage
from segdetect.settings import Settings
from segdetect.ui.shared.page import part
from segdetect.ui.shared.plan_in_use import plan_in_use
from segdetect.ui.shared.texts import plain, shown

_SCALE: Final = "mm-per-pixel"
_ZIP: Final = "application/zip"


@dataclass(frozen=True, slots=True)
class _File:
    """A file to keep, made when its button is pressed."""

    label: str
    name: str
    kind: str
    make: Callable[[], bytes]


@part("The export")
def show_exports(image: LoadedImage, inspection: Inspection) -> None:
    """Draw the menu of files of one picture; nothing reruns when one is taken."""
    with st.popover("Export", icon=":material/download:"):
        _offer(_files(image, inspection), "download")
        st.number_input(
            "Millimetres a pixel",
            min_value=0.0,
            value=None,
            step=0.01,
            format="%.4f",
            key=_SCALE,
            persist_state="session",
            placeholder="not known",
            help="With it, areas of segments are in mm\u00b2, too, and the picture has a scale bar. Left empty, the "
            "one of the plan in use counts.",
        )
        st.caption("In files, rows, columns and tiles count from 0; right and bottom edges are exclusive.")
        st.caption(f"Made by {plain(inspection.engine_version)}")


@part("The export")
def show_all_exports(results: Sequence[Result], settings: Settings) -> None:
    """Draw the menu of files of all pictures.

    Args:
        results: in their order.
        settings: what was asked for.
    """
    with st.popover("Export all", icon=":material/download:"):
        _offer(_files_of_all(results, settings), "download-all")
        st.caption("They are made when you choose one: all pictures are drawn for the ZIP and the report.")


def mm_per_pixel() -> float | None:
    """The scale that the visitor gave, else that of the plan in use; None where neither is known."""
    own: float | None = st.session_state.get(_SCALE) or None
    plan = plan_in_use() if own is None else None
    return own if plan is None else plan.mm_per_pixel


def _offer(files: Sequence[_File], key: str) -> None:
    for file in files:
        st.download_button(
            plain(file.label),
            data=file.make,
            file_name=shown(file.name),
            mime=file.kind,
            on_click="ignore",
            width="stretch",
            key=f"{key}-{file.label}",
        )


def _files(image: LoadedImage, inspection: Inspection) -> list[_File]:
    stem = picture_file(image.name).stem
    scale = mm_per_pixel()
    run = _run(inspection.settings, inspection)
    whole = [(inspection, lambda: image)]
    made: dict[str, tuple[str, str, Callable[[], bytes]]] = {
        "Annotated picture (PNG)": ("annotated.png", "image/png", lambda: png_bytes(image, inspection)),
        "Report (HTML)": ("report.html", "text/html", lambda: file_bytes(FormatName.HTML, "report.html", run, whole)),
        "Segments (CSV)": (
            "segments.csv",
            "text/csv",
            lambda: csv_bytes(segments_table(inspection, mm_per_pixel=scale)),
        ),
        "Flagged tiles (CSV)": ("flagged_segments.csv", "text/csv", lambda: csv_bytes(flagged_table(inspection))),
        "All tiles (CSV)": ("tiles.csv", "text/csv", lambda: csv_bytes(tiles_table(inspection))),
        "All tiles (Parquet)": ("tiles.parquet", "application/vnd.apache.parquet", lambda: parquet_bytes(inspection)),
        "Inspection (JSON)": ("inspection.json", "application/json", lambda: json_bytes(inspection)),
        "Annotations (COCO)": (
            "coco.json",
            "application/json",
            lambda: file_bytes(FormatName.COCO, "coco.json", run, whole),
        ),
        "Mask (PNG)": ("mask.png", "image/png", lambda: mask_png(inspection)),
        "Heat map (TIFF)": ("heatmap.tiff", "image/tiff", lambda: heat_tiff(inspection)),
        "Everything (ZIP)": ("export.zip", _ZIP, lambda: zip_bytes(run, whole)),
    }
    return [_File(label, f"{stem}-{name}", kind, make) for label, (name, kind, make) in made.items()]


def _files_of_all(results: Sequence[Result], settings: Settings) -> list[_File]:
    verdicts = _File("Verdicts (CSV)", "images.csv", "text/csv", lambda: csv_bytes(_verdicts(results)))
    answered = next((result[0] for result in results if not isinstance(result, Failure)), None)
    if answered is None:
        return [verdicts]
    run = _run(settings, answered)

    def of(label: str, name: FormatName, file: str, kind: str) -> _File:
        return _File(label, file, kind, lambda: file_bytes(name, file, run, results))

    return [
        verdicts,
        of("Report (HTML)", FormatName.HTML, "report.html", "text/html"),
        of("Segments (CSV)", FormatName.CSV, "segments.csv", "text/csv"),
        of("Flagged tiles (CSV)", FormatName.CSV, "flagged_segments.csv", "text/csv"),
        of("All tiles (CSV)", FormatName.CSV, "tiles.csv", "text/csv"),
        of("All tiles (Parquet)", FormatName.PARQUET, "tiles.parquet", "application/vnd.apache.parquet"),
        of("Inspections (JSON)", FormatName.JSON, "inspections.json", "application/json"),
        of("Annotations (COCO)", FormatName.COCO, "coco.json", "application/json"),
        _File("Everything (ZIP)", "export.zip", _ZIP, lambda: zip_bytes(run, results)),
    ]


def _verdicts(results: Sequence[Result]) -> pd.DataFrame:
    return pd.DataFrame([image_row(one if isinstance(one, Failure) else one[0]) for one in results])


def _run(settings: Settings, inspection: Inspection) -> Run:
    return Run(
        settings=settings,
        engine=inspection.engine.value,
        engine_version=inspection.engine_version,
        mm_per_pixel=mm_per_pixel(),
    )
