"""Whole files of each kind, from which damaged ones are made."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from segdetect.documents.failures import failure_document
from segdetect.documents.inspections import inspection_document
from segdetect.errors import UnreadableImageError
from segdetect.inspection import Failure, Inspection
from segdetect.message import Message
from segdetect.regions import regions_of
from segdetect.settings import GridSize, Settings
from segdetect.storage.plans.opened import OpenPlan
from segdetect.storage.plans.plan import AllowedPlace, GoodPicture, Plan, plan_record
from segdetect.storage.plans.segplan import write_segplan
from tests.support.formats import common, dicom, stills, tiff, unmeasured
from tests.support.formats.case import Case
from tests.support.mask_files import KINDS
from tests.support.pictures import answer, picture, png, weave

# Of larger files most damage is done to pixels, which is of no interest.
_MOST_BYTES: Final = 40_000
GRID: Final = GridSize(2, 2)
# Pictures of several formats, small and of few parts.
_SMALL: Final = png(weave((32, 24)))


def picture_files() -> list[bytes]:
    """PNG, JPEG, GIF, BMP, WebP, HEIC, AVIF, JPEG 2000, JPEG XL and Netpbm."""
    return _built({**common.rows(), **stills.rows()})


def dicom_files() -> list[bytes]:
    """DICOM in all transfer syntaxes."""
    return _built(dicom.rows())


def tiff_files() -> list[bytes]:
    """TIFF in all layouts and compressions."""
    return _built(tiff.rows()) + [data for data in _built(unmeasured.rows()) if data[:2] in (b"II", b"MM")]


def mask_files() -> list[bytes]:
    """Masks of all kinds."""
    return [written() for written, _ in KINDS.values()]


def _built(rows: Mapping[str, Sequence[Any]]) -> list[bytes]:
    files = [row.data() for part in rows.values() for row in part if isinstance(row, Case)]
    return [data for data in files if 0 < len(data) < _MOST_BYTES]


def zip_of(members: Mapping[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def zip_files() -> list[bytes]:
    """Archives: plain ones, one in another, one with what is left out."""
    plain = zip_of({"a.png": _SMALL, "sub/b.png": _SMALL, "sub/read.me": b"hello"})
    return [
        plain,
        zip_of({"a.png": _SMALL}, method=zipfile.ZIP_STORED),
        zip_of({"inner.zip": plain, "c.bmp": b"BM"}),
        zip_of({"__MACOSX/._a.png": b"x", "Thumbs.db": b"x", "gr\xfcn.png": _SMALL}),
        zip_of({"run.json": b'{"segdetect": "1.0"}', "annotated/a.png": _SMALL, "a.png": _SMALL}),
        zip_of({"a.png": _SMALL}, method=zipfile.ZIP_LZMA),
    ]


def an_inspection(name: str = "cloth.png") -> Inspection:
    """A small answer."""
    image = picture(weave((32, 24)), "cloth.png")
    cells = np.arange(16, dtype=np.float32).reshape(4, 4)
    made = answer(image, [0.1, 0.9, 0.2, 0.3], grid=GRID, flagged=[1], nearest=[1, 0, 3, -1], cell_map=cells)
    object.__setattr__(made, "image", name)
    return made


def documents() -> list[dict[str, Any]]:
    """What is exported as JSON: an inspection, a run, a failure."""
    one = inspection_document(an_inspection())
    problem = Message("it has {count} pixels more than {limit:.1f}", count=3, limit=2.5)
    failure = failure_document(Failure("bad.png", UnreadableImageError(problem, remedy="Cut it", file="bad.png")))
    ignored = {**one, "settings": {**one["settings"], "ignore": _regions().record()}}
    run = {"document": "segdetect run", "version": 1, "results": [one, failure]}
    return [one, failure, ignored, run]


def export_files() -> list[bytes]:
    """The same as files."""
    return [json.dumps(document).encode() for document in documents()]


def a_plan() -> OpenPlan:
    """A plan with all that a plan may have."""
    made = picture(weave((32, 24)), "good.png")
    place = AllowedPlace("good.png", made.sha256, 0, ((0, 0, 4, 4),))
    plan = Plan(
        name="Cloth",
        settings=Settings(grid=GRID, ignore=_regions()),
        good=(GoodPicture("good.png", made.sha256, 0),),
        allowed=(place,),
        mm_per_pixel=0.5,
        labels=("hole",),
        notes="as delivered",
        version=1,
        created=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return OpenPlan(plan, {made.sha256: _SMALL}.__getitem__)


def plan_document() -> dict[str, Any]:
    """The record in a plan's file."""
    return plan_record(a_plan().plan)


def plan_files() -> list[bytes]:
    """Plans as files."""
    return [write_segplan(a_plan()), zip_of({"plan.json": json.dumps(plan_document() | {"good": []}).encode()})]


def annotation_documents() -> list[dict[str, Any]]:
    """Annotations of defects, as COCO has them: outlines, run lengths and boxes."""
    images = [{"id": number, "file_name": f"{name}.png", "width": 32, "height": 24} for number, name in enumerate("ab")]
    outline = [1.0, 1.0, 5.0, 1.0, 5.0, 5.0, 1.0, 5.0]
    marks = [
        {"id": 1, "image_id": 0, "category_id": 1, "segmentation": [outline], "bbox": [1, 1, 4, 4]},
        {"id": 2, "image_id": 0, "category_id": 1, "segmentation": {"counts": [20, 4, 744], "size": [24, 32]}},
        {"id": 3, "image_id": 0, "category_id": 1, "segmentation": [], "bbox": [2, 2, 3, 3]},
        {"id": 4, "image_id": 0, "category_id": 1, "segmentation": {"counts": "Z14l2", "size": [24, 32]}},
    ]
    categories = [{"id": 1, "name": "hole"}]
    return [{"images": images, "annotations": marks[:count], "categories": categories} for count in (1, 3, 4)]


def annotation_files() -> list[bytes]:
    """The same as files."""
    return [json.dumps(document).encode() for document in annotation_documents()]


def messages() -> list[dict[str, Any]]:
    """What the parts of a page in the browser tell: tiles, a grid, a threshold, a painted mask."""
    told: list[dict[str, Any]] = [{"pane": 0, "tiles": [3, 4]}, {"parts": 7}, {"value": 1.25}, {"png": "iVBORw0KGgo="}]
    return [{**one, "sequence": 1_790_000_000_000} for one in told]


def message_files() -> list[bytes]:
    """The same as files."""
    return [json.dumps(message).encode() for message in messages()]


def small_picture() -> bytes:
    """The picture that annotations, archives and plans are of."""
    return _SMALL


def _regions() -> Any:
    mask = np.zeros((24, 32), bool)
    mask[:3, :3] = True
    return regions_of(mask)
