"""The table that names a data set's pictures.

It is data, and often somebody else's: nothing that it names leads out of the data set's own folder.
"""

from __future__ import annotations

import csv
from pathlib import Path, PureWindowsPath
from typing import Final

from segdetect.errors import DatasetError
from segdetect.pictures.names import on_disk
from segdetect.storage.roots import Roots

MANIFEST: Final = "manifest.csv"


def read_manifest(table: Path, folder: Path, within: Roots) -> list[dict[str, str]]:
    """The rows of a manifest whose files are all there.

    Args:
        table: the CSV file.
        folder: the data set, with `images/` and `masks/`.
        within: where the files must lie, links followed.

    Returns:
        Values by column; images and masks by their paths below `images/` and `masks/`, with forward slashes.

    Raises:
        DatasetError: it cannot be read, lacks a column, or names a file that is missing or lies elsewhere.
    """
    rows = _rows(table)
    for line, row in rows:
        for column in ("image", "mask"):
            row[column] = row[column].replace("\\", "/")
            if row[column] or column == "image":
                _check(folder / f"{column}s", row[column], column, line, within)
    return [row for _, row in rows]


def _rows(table: Path) -> list[tuple[int, dict[str, str]]]:
    """The rows, each with the number of the line that it ends on."""
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows = [(reader.line_num, {key: value or "" for key, value in row.items() if key}) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(
            f"it cannot be read as a table ({error})", remedy="Save it as CSV in UTF-8", file=MANIFEST
        ) from error
    lacking = [column for column in ("image", "mask", "category") if rows and column not in rows[0][1]]
    if lacking:
        raise DatasetError(
            f"it has no column {lacking[0]!r}", remedy="It needs image, mask and category at least", file=MANIFEST
        )
    return rows


def _check(folder: Path, name: str, column: str, line: int, within: Roots) -> None:
    if _leads_out(name) or within.inside(folder / name) is None:
        raise DatasetError(
            f"line {line} names the {column} {name!r}, which lies outside the data set",
            remedy=f"Put the file itself into {folder.name}/, and name it by its path from there",
            file=MANIFEST,
        )
    if not on_disk(folder / name).is_file():
        raise DatasetError(
            f"{MANIFEST} names this {column}, but the file is missing",
            remedy="Restore the file, or remove the line",
            file=f"{folder.name}/{name}",
        )


def _leads_out(name: str) -> bool:
    """Whether a relative path may leave the folder it starts from, on whatever system the table was made."""
    there = PureWindowsPath(name)
    return bool(there.drive or there.root or ".." in there.parts or "\0" in name)
