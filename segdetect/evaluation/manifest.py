"""The tables that name a data set's pictures.

They are data, and often somebody else's: nothing that they name leads out of the data set's own folder.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path, PureWindowsPath
from typing import Final

from segdetect.errors import DatasetError
from segdetect.pictures.names import on_disk
from segdetect.storage.roots import Roots

MANIFEST: Final = "manifest.csv"


def read_manifest(table: Path, folder: Path, within: Roots) -> list[tuple[dict[str, str], DatasetError | None]]:
    """The rows of a manifest.

    Args:
        table: the CSV file.
        folder: the data set, with `images/` and `masks/`.
        within: where the files must lie, links followed.

    Returns:
        For each row, its values by column (images and masks by their paths below `images/` and `masks/`, with forward
        slashes), and what is wrong with it: the first of its files that is missing, or None.

    Raises:
        DatasetError: it cannot be read, lacks a column, names no image in a line, or a file that lies elsewhere.
    """
    found = []
    for line, row in table_rows(table, MANIFEST, ("image", "mask", "category")):
        for column in ("image", "mask"):
            row[column] = _below(folder, f"{column}s", row[column].replace("\\", "/"))
        places = {column: folder / f"{column}s" for column in ("image", "mask")}
        found.append((row, row_problem(row, places, within, table=MANIFEST, line=line)))
    return found


def row_problem(
    row: Mapping[str, str], places: Mapping[str, Path], within: Roots, *, table: str, line: int
) -> DatasetError | None:
    """What is wrong with a row's image or mask: the first of them that is missing, or None.

    Args:
        row: values by column, with forward slashes; without a mask, that of a picture without one.
        places: what the names in these columns begin below, the image's first.
        within: where the files must lie, links followed.
        table: its name, for the error.
        line: where the row ends, for the error.

    Raises:
        DatasetError: it names no image, or a file that lies elsewhere.
    """
    if not row["image"]:
        raise DatasetError(f"line {line} names no image", remedy="Name it, or remove the line", file=table)
    problems = [
        missing_file(folder, row[column], column, within, table=table, line=line)
        for column, folder in places.items()
        if row[column]
    ]
    return next((problem for problem in problems if problem is not None), None)


def _below(folder: Path, part: str, name: str) -> str:
    """A file's path below `images/` or `masks/`; one that begins with that folder was written from the table on."""
    inner = name.removeprefix(f"{part}/")
    if inner == name or leads_out(name) or on_disk(folder / part / name).is_file():
        return name
    return inner


def table_rows(table: Path, name: str, columns: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    """The rows of a CSV file that say anything, each with the number of the line that it ends on.

    Raises:
        DatasetError: it cannot be read, or lacks one of the columns.
    """
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows = [(reader.line_num, {key: value or "" for key, value in row.items() if key}) for row in reader]
            # Spreadsheets write rows that were emptied as commas alone.
            rows = [(line, row) for line, row in rows if any(value.strip() for value in row.values())]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError("it cannot be read as a table", remedy="Save it as CSV in UTF-8", file=name) from error
    lacking = [column for column in columns if rows and column not in rows[0][1]]
    if lacking:
        needed = f"{', '.join(columns[:-1])} and {columns[-1]}"
        raise DatasetError(
            f"it has no column {lacking[0]!r}", remedy=f"It needs {needed} at least, with commas between", file=name
        )
    return rows


def missing_file(
    folder: Path, name: str, what: str, within: Roots, *, table: str, line: int | None = None
) -> DatasetError | None:
    """That a file which a table or a list names is missing; None where it is there.

    Args:
        folder: what the name begins below.
        name: a relative path with forward slashes.
        what: the file is, as the table calls it.
        within: where it must lie, links followed.
        table: the name of the table, for the error.
        line: of the table, for the error.

    Raises:
        DatasetError: it lies elsewhere, there or not.
    """
    if leads_out(name) or within.inside(folder / name) is None:
        where = "it" if line is None else f"line {line}"
        raise DatasetError(
            f"{where} names the {what} {name!r}, which lies outside the data set",
            remedy=f"Put the file itself into {folder.name}/, and name it by its path from there",
            file=table,
        )
    if on_disk(folder / name).is_file():
        return None
    return DatasetError(
        f"{table} names this {what}, but the file is missing",
        remedy="Restore the file, or remove the line",
        file=f"{folder.name}/{name}",
    )


def leads_out(name: str) -> bool:
    """Whether a relative path may leave the folder it starts from, on whatever system the table was made."""
    there = PureWindowsPath(name)
    return bool(there.drive or there.root or ".." in there.parts or "\0" in name)
