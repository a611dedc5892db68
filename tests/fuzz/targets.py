"""What is tried with hostile input: where inputs come from, what reads them, and which errors are an answer."""

from __future__ import annotations

import csv
import io
import json
import logging
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from unittest import mock
from urllib.parse import parse_qsl

from segdetect.errors import (
    DatasetError,
    ForbiddenPathError,
    InputError,
    StorageError,
    UnreadableImageError,
)
from segdetect.evaluation.datasets import read_dataset
from segdetect.evaluation.masks import header_size
from segdetect.inspection import Failure, Inspection
from segdetect.output.formats import FormatName
from segdetect.output.json_files import json_bytes, read_export
from segdetect.output.run import Run
from segdetect.output.run_folder import RunWriter
from segdetect.output.tables import csv_bytes, plain_text, tiles_table, writable
from segdetect.pictures.formats import SUFFIXES
from segdetect.pictures.left_out import LeftOut
from segdetect.pictures.loading import LoadedImage, load_image
from segdetect.pictures.paging import count_pages
from segdetect.pictures.region_masks import read_regions
from segdetect.pictures.source_file import Sources, load_source
from segdetect.pictures.sources import list_stored
from segdetect.pictures.uploads import list_uploads
from segdetect.settings import Settings
from segdetect.storage.plans.plans import Plans
from segdetect.storage.plans.segplan import read_segplan, write_segplan
from tests.fuzz import files, shapes
from tests.fuzz.target import Target
from tests.support.pictures import picture, weave

ROOT: Final = Path(__file__).parents[2]
# So that a page that hangs is told from a machine that is busy.
SECONDS_OF_A_PAGE: Final = 50
_MOST_PICTURES: Final = 4
PAGES: Final = (
    "streamlit_app.py",
    # That of the system takes nothing from its address.
    *(f"pages/{name}.py" for name in ("compare", "batch", "history", "review", "plans", "watch", "evaluate", "method")),
)
_FORMULA: Final = re.compile("^[\"' ]*[=+\\-@\uff1d\uff0b\uff0d\uff20]")


def read_picture(data: bytes) -> LoadedImage:
    """The first page of a picture, or one behind it; its suffix is any that is allowed."""
    pick = zlib.crc32(data)
    name = f"picture{sorted(SUFFIXES)[pick % len(SUFFIXES)]}"
    pages = count_pages(data, name)
    return load_image(data, name=name, page=pick // 100 % min(pages, 3) if pick % 2 else 0)


def read_mask(data: bytes) -> object:
    """A mask of regions to ignore; as one of a data set it is asked for its size first."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "mask.png")
        path.write_bytes(data)
        header_size(path)
    return read_regions(data, name="mask.png")


def read_zip(data: bytes) -> None:
    """An archive as a page gets it, or as it lies on a disk: its list, and the first pictures in it."""
    if zlib.crc32(data) % 2:
        return _read_sources(list_uploads([("archive.zip", data)]))
    with TemporaryDirectory() as folder:
        path = Path(folder, "archive.zip")
        path.write_bytes(data)
        return _read_sources(list_stored([("archive.zip", path)]))


def _read_sources(found: Sources) -> None:
    names = [source.name for source in found.files] + [item.name for item in found.left_out]
    assert all(name.encode() for name in names), "a name that cannot be shown"
    troubles = []
    for source in found.files[:_MOST_PICTURES]:
        try:
            load_source(source)
        except InputError as error:
            troubles.append(error)
    if troubles:
        raise troubles[0]


def read_json(data: bytes) -> None:
    """An exported answer: read, written anew, and made a table of."""
    for result in read_export(data, name="export.json"):
        if isinstance(result, Inspection):
            assert read_export(json_bytes(result)), "what was read cannot be read again"
            csv_bytes(tiles_table(result))
            _ = result.flagged_tiles, result.threshold, result.total_seconds
        else:
            str(result.error)
            result.error.message.written(lambda number, form: f"{number}", str)


def read_annotations(data: bytes) -> None:
    """A folder of pictures with a list of their defects."""
    with TemporaryDirectory() as folder:
        for name in ("a.png", "b.png"):
            Path(folder, name).write_bytes(files.small_picture())
        Path(folder, "annotations.json").write_bytes(data)
        for category in read_dataset(Path(folder)).categories:
            for one in category.pictures:
                one.truth((32, 24))


def read_plan(data: bytes) -> None:
    """A plan from another machine: read, kept, opened and written anew."""
    made = read_segplan(data, name="plan.segplan")
    assert read_segplan(write_segplan(made.opened), name="again.segplan").plan == made.plan
    with TemporaryDirectory() as folder:
        plans = Plans(Path(folder))
        kept = plans.put(made.plan, made.pictures)
        assert plans.get(kept.name).settings == made.plan.settings


def write_csv(data: bytes) -> None:
    """The files of a run whose picture has such a name: no cell is a formula, names come back and lead nowhere."""
    name = data.decode("utf-8", "surrogateescape")
    run = Run(settings=Settings(grid=files.GRID), engine="texture", engine_version="1")
    failure = Failure(name, UnreadableImageError(f"it is {name}", remedy="Choose another", file=name))
    others = [one for one in FormatName if one is not FormatName.CSV]
    formats = FormatName.CSV, others[zlib.crc32(data) % len(others)]
    with TemporaryDirectory() as folder:
        with RunWriter(Path(folder, "run"), run, formats) as written:
            written.add(_answer_called(name), _cloth)
            written.add_failure(failure)
            written.add_left_out(LeftOut(name, "it is a thumbnail"))
        for file in Path(folder, "run").glob("*.csv"):
            _check_cells(file.read_bytes().decode(), name)
        assert {path.name for path in Path(folder).iterdir()} == {"run"}


def _check_cells(text: str, name: str) -> None:
    for separator in ",;\t":
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            runs = [
                cell
                for cell in row
                if _FORMULA.match(cell.lstrip("'")) and not cell.startswith("'") and not _is_number(cell)
            ]
            assert not runs, f"a spreadsheet runs {runs[0]!r}"
    for row in list(csv.reader(io.StringIO(text, newline="")))[1:]:
        assert plain_text(row[0]) == writable(name), "the name does not come back"


def _is_number(cell: str) -> bool:
    try:
        float(cell.partition(",")[0])
    except ValueError:
        return False
    return True


@cache
def _cloth() -> LoadedImage:
    return picture(weave((32, 24)), "cloth.png")


def _answer_called(name: str) -> Inspection:
    return files.an_inspection(name)


def visit(data: bytes) -> None:
    """A page at an address: whatever stands there, the page is drawn, and nothing that nobody foresaw is in the log."""
    from streamlit.testing.v1 import AppTest

    values = dict(parse_qsl(data.decode("ascii", "replace"), keep_blank_values=True, errors="replace")[:50])
    page = values.pop("at", "")
    app = AppTest.from_file(str(ROOT / PAGES[0]), default_timeout=SECONDS_OF_A_PAGE)
    if page in PAGES[1:]:
        app.switch_page(page)
    for name, value in values.items():
        app.query_params[name] = value
    with _page_engines(), _logged() as troubles:
        app.run()
    assert not app.exception, app.exception[0].value
    if troubles:
        raise troubles[0]


@contextmanager
def _page_engines() -> Iterator[None]:
    """Pages with the engine alone that is always there."""
    from segdetect.engines.texture import TextureEngine
    from segdetect.settings import EngineName

    with mock.patch("segdetect.pipeline.default_engines", return_value={EngineName.TEXTURE: TextureEngine()}):
        yield


@contextmanager
def _logged() -> Iterator[list[BaseException]]:
    """Failures that a page kept in their place since nobody had foreseen them."""
    troubles: list[BaseException] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info and record.exc_info[1] is not None:
                troubles.append(record.exc_info[1])

    handler = Handler(logging.ERROR)
    logging.getLogger().addHandler(handler)
    try:
        yield troubles
    finally:
        logging.getLogger().removeHandler(handler)


def read_message(data: bytes) -> None:
    """What a page is told by its part in the browser: tiles, a grid, a threshold, a painted mask."""
    from segdetect.ui.viewer import messages

    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return  # Streamlit refuses it
    troubles = []
    readers = (messages.chosen, messages.grid_tried, messages.threshold_tried, messages.painted)
    for read in readers:
        try:
            read(value)
        except InputError as error:
            troubles.append(error)
    if len(troubles) == len(readers):
        raise InputError(troubles[0].problem, remedy=troubles[0].remedy, file="message") from troubles[0]


def _address_files() -> list[bytes]:
    return [
        b"at=streamlit_app.py&sample=Clean+wire+mesh&engine=texture&grid=5&rule=Outlier+fence&threshold=1.25&page=2"
    ]


TARGETS: Final[dict[str, Target]] = {
    target.name: target
    for target in (
        Target("pictures", read_picture, files.picture_files, shapes.pictures, code=("segdetect.pictures", "PIL")),
        Target("DICOM", read_picture, files.dicom_files, shapes.dicoms, code=("segdetect.pictures", "pydicom")),
        Target("TIFF", read_picture, files.tiff_files, shapes.tiffs, code=("segdetect.pictures", "tifffile")),
        Target("masks", read_mask, files.mask_files, shapes.pictures, share=0.5),
        Target("ZIP", read_zip, files.zip_files, shapes.archives, code=("segdetect.pictures", "zipfile")),
        Target("JSON import", read_json, files.export_files, lambda: shapes.exports(files.documents)),
        Target(
            "annotations",
            read_annotations,
            files.annotation_files,
            lambda: shapes.exports(files.annotation_documents),
            (DatasetError, ForbiddenPathError, InputError),
            share=0.5,
        ),
        Target(
            "plan import",
            read_plan,
            files.plan_files,
            lambda: shapes.plans(
                files.plan_document,
                lambda: {f"pictures/{d}": files.small_picture() for d in files.a_plan().plan.digests},
            ),
            (InputError, StorageError),
        ),
        Target("CSV export", write_csv, lambda: [b"cloth.png", "\u7f8e=1;@x".encode()], shapes.names, (), share=0.3),
        Target("messages", read_message, files.message_files, lambda: shapes.exports(files.messages), share=0.3),
        Target("address", visit, _address_files, lambda: shapes.addresses(PAGES), (), share=0.04, code=()),
    )
}
