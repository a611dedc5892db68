"""The files of a run as bytes, for who keeps none: one of them, or all in one ZIP."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Final

from segdetect.files import storage_errors
from segdetect.inspection import Failure, Inspection
from segdetect.output.formats import FORMATS, FormatName
from segdetect.output.run import Opener, Run
from segdetect.output.run_folder import RunWriter

# An answer with what opens its picture, or why there is none.
Result = tuple[Inspection, Opener] | Failure
# What is compressed already only takes time.
_COMPRESSED: Final = (".png", ".tiff", ".parquet")


def file_bytes(name: FormatName, file: str, run: Run, results: Iterable[Result]) -> bytes:
    """One of the files of a format.

    Args:
        name: the format.
        file: which of its files.
        run: what all answers have in common.
        results: the answers, in order.

    Raises:
        StorageError: the folder for temporary files is full.
        SegDetectError: a picture cannot be opened.
    """
    with TemporaryDirectory(prefix="segdetect-") as temporary, storage_errors(Path(temporary)):
        folder = Path(temporary)
        files = FORMATS[name](folder, run)
        try:
            for result in results:
                if isinstance(result, Failure):
                    files.add_failure(result)
                else:
                    files.add(*result)
        finally:
            files.end()
        return (folder / file).read_bytes()


def zip_bytes(run: Run, results: Iterable[Result], formats: Sequence[FormatName] = tuple(FormatName)) -> bytes:
    """All files of a run in one ZIP, as `inspect --out` writes them; raises as `file_bytes`."""
    buffer = io.BytesIO()
    write_zip(buffer, run, results, formats)
    return buffer.getvalue()


def write_zip(
    file: IO[bytes], run: Run, results: Iterable[Result], formats: Sequence[FormatName] = tuple(FormatName)
) -> None:
    """The same into a file that can be sought in."""
    with TemporaryDirectory(prefix="segdetect-") as temporary, storage_errors(Path(temporary)):
        folder = Path(temporary)
        with RunWriter(folder, run, formats) as writer:
            for result in results:
                if isinstance(result, Failure):
                    writer.add_failure(result)
                else:
                    writer.add(*result)
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                how = zipfile.ZIP_STORED if path.suffix in _COMPRESSED else zipfile.ZIP_DEFLATED
                archive.write(path, path.relative_to(folder).as_posix(), how)
