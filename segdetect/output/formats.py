"""The kinds of files that a run can leave, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

from segdetect.inspection import Failure, Inspection
from segdetect.output.coco import CocoFile
from segdetect.output.csv_files import CsvFiles
from segdetect.output.json_files import JsonFile
from segdetect.output.masks import MaskFiles
from segdetect.output.parquet_files import ParquetFiles
from segdetect.output.report import ReportFile
from segdetect.output.run import Opener, Run


class FormatName(StrEnum):
    """What can be written of a run."""

    CSV = "csv"
    PARQUET = "parquet"
    JSON = "json"
    COCO = "coco"
    MASKS = "masks"
    HTML = "html"


class Format(Protocol):
    """Writes files of one kind as the answers of a run come, in their order and in bounded memory.

    The same answers in the same order make the same files, byte for byte. All methods raise OSError where the folder
    cannot be written.
    """

    def add(self, inspection: Inspection, load: Opener) -> None:
        """Take an answer.

        Args:
            inspection: the answer.
            load: opens its picture, and is called only where pixels are needed; what it raises is raised.
        """
        ...

    def add_failure(self, failure: Failure) -> None:
        """Take a picture that could not be inspected."""
        ...

    def end(self) -> None:
        """Finish the files; those of a run that was stopped hold what it was given. Nothing comes after it."""
        ...


# Each begins its files in a folder that exists.
FORMATS: Final[Mapping[FormatName, Callable[[Path, Run], Format]]] = {
    FormatName.CSV: CsvFiles,
    FormatName.PARQUET: ParquetFiles,
    FormatName.JSON: JsonFile,
    FormatName.COCO: CocoFile,
    FormatName.MASKS: MaskFiles,
    FormatName.HTML: ReportFile,
}
DEFAULT_FORMATS: Final = (FormatName.CSV,)
