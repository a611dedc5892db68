"""The tables that name a data set's pictures.

They are data, and often somebody else's: nothing that they name leads out of the data set's own folder.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
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
    rows = table_rows(table, MANIFEST, ("image", "mask", "category"))
    for line, row in rows:
        for column in ("image", "mask"):
            row[column] = _below(folder, f"{column}s", row[column].replace("\\", "/"))
            if row[column] or column == "image":
                check_named(folder / f"{column}s", row[column], column, within, table=MANIFEST, line=line)
    return [row for _, row in rows]


def _below(folder: Path, part: str, name: str) -> str:
    """A file's path below `images/` or `masks/`; one that begins with that folder was written from the table on."""
    inner = name.removeprefix(f"{part}/")
    if inner == name or leads_out(name) or on_disk(folder / part / name).is_file():
        return name
    return inner


def table_rows(table: Path, name: str, columns: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    """The rows of a CSV file, each with the number of the line that it ends on.

    Raises:
        DatasetError: it cannot be read, or lacks one of the columns.
    """
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows = [(reader.line_num, {key: value or "" for key, value in row.items() if key}) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError("it cannot be read as a table", remedy="Save it as CSV in UTF-8", file=name) from error
    lacking = [column for column in columns if rows and column not in rows[0][1]]
    if lacking:
        needed = f"{', '.join(columns[:-1])} and {columns[-1]}"
        raise DatasetError(
            f"it has no column {lacking[0]!r}", remedy=f"It needs {needed} at least, with commas between", file=name
        )
    return rows


def check_named(folder: Path, name: str, what: str, within: Roots, *, table: str, line: int | None = None) -> None:
    """Check a file that a table or a list names.

    Args:
        folder: what the name begins below.
        name: a relative path with forward slashes.
        what: the file is, as the table calls it.
        within: where it must lie, links followed.
        table: the name of the table, for the error.
        line: of the table, for the error.

    Raises:
        DatasetError: it is missing or lies elsewhere.
    """
    if leads_out(name) or within.inside(folder / name) is None:
        where = "it" if line is None else f"line {line}"
        raise DatasetError(
            f"{where} names the {what} {name!r}, which lies outside the data set",
            remedy=f"Put the file itself into {folder.name}/, and name it by its path from there",
            file=table,
        )
    if not on_disk(folder / name).is_file():
        raise DatasetError(
            f"{table} names this {what}, but the file is missing",
            remedy="Restore the file, or remove the line",
            file=f"{folder.name}/{name}",
        )


def leads_out(name: str) -> bool:
    """Whether a relative path may leave the folder it starts from, on whatever system the table was made."""
    there = PureWindowsPath(name)
    return bool(there.drive or there.root or ".." in there.parts or "\0" in name)
