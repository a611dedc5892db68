"""Evaluations as tables and files."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import pandas as pd
import scipy

from segdetect import __version__
from segdetect.evaluation.figures import CategoryResult, Evaluation, Figures, PictureResult
from segdetect.files import storage_errors, write_atomic
from segdetect.output.tables import csv_bytes

# Column heads for people, in the order in which they are shown.
HEADS: Final = {
    "pictures": "defective",
    "auroc": "AUROC",
    "ap": "AP",
    "top1": "top1",
    "precision": "P",
    "recall": "R",
    "f1": "F1",
    "hit": "hit",
    "image_auroc": "img AUROC",
    "image_auroc_contrast": "img contrast",
    "pixel_auroc": "px AUROC",
    "pro": "PRO",
}
OVERALL: Final = "overall"
# For a page, in the order in which they are shown: a short head, and what the figure says.
COLUMNS: Final = {
    "pictures": ("Defective", "Defective pictures that count in the figures of tiles"),
    "hit": ("Found", "Share of the defective pictures with at least one right flag (hit rate)"),
    "clean_unflagged": ("Good left alone", "Good pictures of which no tile is flagged"),
    "top1": ("First right", "Share of the defective pictures whose strongest tile is defective (top 1)"),
    "precision": ("Flags right", "Share of the flagged tiles that are defective (precision)"),
    "recall": ("Tiles found", "Share of the defective tiles that are flagged (recall)"),
    "f1": ("Both", "Right flags and found tiles in one number, 0 to 1 (F1)"),
    "ap": ("Order", "How high defective tiles rank among the others, 0 to 1 (average precision, AP)"),
    "auroc": ("Tiles apart", "How well scores tell defective tiles from others: 0.5 is chance, 1 faultless (AUROC)"),
    "image_auroc": ("Pictures apart", "How well the largest score tells defective from good pictures, 0 to 1 (AUROC)"),
    "pixel_auroc": ("Pixels apart", "The same of pixels, 0 to 1 (AUROC)"),
    "pro": ("Regions", "Share of each defect found while few good pixels are, 0 to 1 (per-region overlap, PRO)"),
}


def figures_table(evaluation: Evaluation) -> pd.DataFrame:
    """A row per category, per kind where there are several, and one overall; missing figures are empty."""
    rows = [
        {"row": "category", "dataset": c.category.dataset, "category": c.category.name, "kind": c.category.kind}
        | asdict(c.figures)
        for c in evaluation.categories
    ]
    rows += [
        {"row": "kind", "dataset": "", "category": "", "kind": kind} | asdict(figures)
        for kind, figures in evaluation.by_kind.items()
    ]
    rows.append({"row": OVERALL, "dataset": "", "category": "", "kind": ""} | asdict(evaluation.overall))
    return pd.DataFrame(rows)


def shown_table(evaluation: Evaluation) -> pd.DataFrame:
    """The same for a page: each row under one title, then those of `COLUMNS` that hold any figure."""
    rows = []
    names = [result.category.name for result in evaluation.categories]
    for title, figures in _lines(evaluation, names if len({*names}) == len(names) else None):
        values = asdict(figures) | {"clean_unflagged": share_of(figures.clean_unflagged, figures.clean) or None}
        rows.append({"title": title} | {name: values[name] for name in COLUMNS})
    return pd.DataFrame(rows).dropna(axis="columns", how="all")


def share_of(part: int, whole: int) -> str:
    """Two counts in words; empty where there is nothing to count."""
    return f"{part} of {whole}" if whole else ""


def figures_text(evaluation: Evaluation) -> str:
    """The same for a terminal, columns without any figure left out."""
    return text_table(dict(_lines(evaluation)))


def text_table(lines: dict[str, Figures]) -> str:
    """Rows of figures in aligned columns, under their titles."""
    cells = [["", *HEADS.values(), "clean ok"]]
    cells += [[title, *figure_cells(figures)] for title, figures in lines.items()]
    kept = [i for i in range(len(cells[0])) if i == 0 or any(row[i] for row in cells[1:])]
    widths = [max(len(row[i]) for row in cells) for i in kept]
    return "\n".join(
        "  ".join(row[i].ljust(w) if i == 0 else row[i].rjust(w) for i, w in zip(kept, widths, strict=True)).rstrip()
        for row in cells
    )


def figure_cells(figures: Figures) -> list[str]:
    """The figures as text, in the order of `HEADS`, then the clean pictures left unflagged."""
    values = asdict(figures)
    cells = [str(values[name]) if name == "pictures" else number(values[name]) for name in HEADS]
    return [*cells, share_of(figures.clean_unflagged, figures.clean)]


def number(value: float | None) -> str:
    """A share with three digits, empty where there is none."""
    return "" if value is None else f"{value:.3f}"


def versions(engine: str, engine_version: str) -> dict[str, str]:
    """What the figures were made with."""
    return {
        "segdetect": __version__,
        engine: engine_version,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "opencv": cv2.__version__,
    }


def evaluation_record(evaluation: Evaluation) -> dict[str, Any]:
    """Everything but the tiles, as JSON takes it."""
    ignore = evaluation.settings.ignore
    return {
        "dataset": evaluation.dataset,
        "started": evaluation.started,
        "seconds": round(evaluation.seconds, 3),
        "engine": evaluation.engine.value,
        "versions": versions(evaluation.engine, evaluation.engine_version),
        "settings": asdict(evaluation.settings) | {"ignore": ignore and ignore.record()},
        "notes": list(evaluation.notes),
        "failures": [{"image": failure.image, "error": str(failure.error)} for failure in evaluation.failures],
        "overall": asdict(evaluation.overall),
        "kinds": {kind: asdict(figures) for kind, figures in evaluation.by_kind.items()},
        "categories": [_category_record(result) for result in evaluation.categories],
    }


def _category_record(result: CategoryResult) -> dict[str, Any]:
    category = result.category
    return {
        "dataset": category.dataset,
        "category": category.name,
        "kind": category.kind,
        "figures": asdict(result.figures),
        "pictures": [_picture_record(picture) for picture in result.pictures],
    }


def _picture_record(picture: PictureResult) -> dict[str, Any]:
    inspection = picture.inspection
    return {
        "image": picture.labelled.name,
        "defect": picture.labelled.defect,
        "defect_share": picture.defect_share,
        "verdict": inspection.decision.verdict.value,
        "auroc": picture.auroc,
        "ap": picture.ap,
        "found_first": picture.found_first if picture.is_ranked else None,
        "defective_tiles": np.flatnonzero(picture.truth).tolist(),
        "flagged_tiles": inspection.flagged_tiles,
        "max_score": inspection.scores.highest,
        "contrast": picture.contrast,
        "threshold": inspection.threshold,
        "scope": inspection.scope.value,
    }


def json_bytes(evaluation: Evaluation) -> bytes:
    """`evaluation_record` as UTF-8 JSON."""
    return (json.dumps(evaluation_record(evaluation), indent=2, ensure_ascii=False) + "\n").encode(errors="replace")


def write_evaluation(evaluation: Evaluation, folder: Path, *, bom: bool = False) -> None:
    """Write `evaluation.csv` and `evaluation.json`; `bom` as in `csv_bytes`.

    Raises:
        StorageError: the folder cannot be written, or the disk is full.
    """
    with storage_errors(folder):
        write_atomic(folder / "evaluation.csv", csv_bytes(figures_table(evaluation), bom=bom))
        write_atomic(folder / "evaluation.json", json_bytes(evaluation))


def _lines(evaluation: Evaluation, titles: Sequence[str] | None = None) -> list[tuple[str, Figures]]:
    """All rows under their titles; `titles` stand for those of the categories."""
    titles = titles or [_title(result) for result in evaluation.categories]
    lines = [(title, result.figures) for title, result in zip(titles, evaluation.categories, strict=True)]
    lines += [(f"all of kind {kind}", figures) for kind, figures in evaluation.by_kind.items()]
    return [*lines, (OVERALL, evaluation.overall)]


def _title(result: CategoryResult) -> str:
    category = result.category
    return f"{category.dataset}/{category.name}" if category.dataset else category.name
