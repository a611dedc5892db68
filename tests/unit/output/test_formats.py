"""What a run leaves in each format, read back by the readers that others use."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile
from jsonschema import Draft202012Validator
from PIL import Image
from pycocotools.coco import COCO

from segdetect.documents.failures import failure_document
from segdetect.documents.inspections import inspection_document
from segdetect.errors import StorageError, UnreadableImageError
from segdetect.inspection import Failure, Inspection, Verdict
from segdetect.output.formats import FormatName
from segdetect.output.json_files import json_bytes, read_export
from segdetect.output.masks import heat_map, heat_tiff, mask_png
from segdetect.output.parquet_files import parquet_bytes
from segdetect.output.report import MAX_PICTURES
from segdetect.output.run import Run
from segdetect.output.run_folder import RunWriter
from segdetect.output.segments import segments
from segdetect.output.tables import plain_text, tiles_table
from segdetect.pictures.loading import LoadedImage, image_from_pixels
from segdetect.regions import regions_of
from segdetect.settings import EngineName, GridSize, PlanVersion, Settings
from tests.support.pictures import answer, picture, planted

ROOT = Path(__file__).parents[3]
SCHEMA = Draft202012Validator(json.loads((ROOT / "docs/export-1.schema.json").read_text(encoding="utf-8")))
HOSTILE = '=<img src=x onerror="alert(1)">\u202egnp.\udcff.png'
FAILED = Failure("bad.png", UnreadableImageError("it is <b>empty</b>", remedy="Load another", file="bad.png"), "ab12")
RUN = Run(
    settings=Settings(grid=GridSize(3, 4), engine=EngineName.TEXTURE),
    engine="texture",
    engine_version="tiny 1",
    mm_per_pixel=0.5,
)
IMAGE = picture(planted(2, 3, size_wh=(75, 62)), "a.png")
SCORES = [0.0, 0.125, 0.5, 0.25, 1.5, 0.75, 2.0, 0.5, np.nan, 0.25, 0.5, 0.5]
# A slanted segment and another, one with a hole, and none.
FLAGGED = ([0, 3, 5], [0, 1, 2, 4, 6, 8, 9, 10], [])
MAP = np.linspace(0, 2, 8 * 9, dtype=np.float32).reshape(8, 9)


def _inspections() -> list[Inspection]:
    made = [
        answer(IMAGE, SCORES, grid=GridSize(3, 4), flagged=FLAGGED[0], nearest=[-1] * 12),
        answer(IMAGE, [0.5] * 12, grid=GridSize(3, 4), flagged=FLAGGED[1], cell_map=MAP),
        answer(IMAGE, SCORES, grid=GridSize(3, 4), threshold=np.inf, verdict=Verdict.NORMAL),
    ]
    names = ["a.png", HOSTILE, "b/a.png"]
    return [replace(inspection, image=name) for inspection, name in zip(made, names, strict=True)]


def _write(folder: Path, *, formats: Sequence[FormatName] = tuple(FormatName)) -> list[Inspection]:
    inspections = _inspections()
    with RunWriter(folder, RUN, formats) as writer:
        for inspection in inspections:
            writer.add(inspection, lambda: IMAGE)
        writer.add_failure(FAILED)
    return inspections


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("formats") / "out"
    _write(folder)
    return folder


def test_each_run_leaves_the_same_bytes_and_nothing_unfinished(out: Path, tmp_path: Path) -> None:
    _write(tmp_path)
    files = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert [name for name in files if (out / name).read_bytes() != (tmp_path / name).read_bytes()] == []
    tables = [f"{name}.{kind}" for name in ("flagged_segments", "images", "segments", "tiles") for kind in FormatName]
    whole = {"coco.json", "inspections.json", "report.html", "run.json", *tables[0::6], *tables[1::6]}
    assert {name for name in files if "/" not in name} == whole


@pytest.mark.parametrize("name", FormatName)
def test_a_run_of_one_format_without_any_answer_is_whole(tmp_path: Path, name: FormatName) -> None:
    with RunWriter(tmp_path, RUN, [name]):
        pass
    assert {"run.json", "images.csv"} < {path.name for path in tmp_path.iterdir()}
    assert list(tmp_path.glob(".*")) == []


def test_a_full_disk_is_said_and_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    writer = RunWriter(tmp_path, RUN, [FormatName.COCO])
    writer.add(_inspections()[0], lambda: IMAGE)
    monkeypatch.setattr("segdetect.files.os.fsync", full)
    with pytest.raises(StorageError, match="the disk is full"), writer:
        pass
    assert [path.name for path in tmp_path.iterdir() if path.name not in ("run.json", "images.csv")] == []


# ---- tables ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["tiles", "flagged_segments", "segments", "images"])
def test_parquet_holds_what_csv_holds(out: Path, table: str) -> None:
    columns = pd.read_parquet(out / f"{table}.parquet")
    plain = pd.read_csv(out / f"{table}.csv", keep_default_na=False, na_values={"score": [""]})
    assert columns.columns.tolist() == plain.columns.tolist()
    assert columns["image"].tolist() == plain["image"].map(plain_text).tolist()
    for name in set(columns.columns) - {"image"}:
        ours = ["" if pd.isna(value) else value for value in columns[name]]
        theirs = ["" if pd.isna(value) or value == "" else value for value in plain[name]]
        same = [str(a) == str(b) or float(a) == float(b) for a, b in zip(ours, theirs, strict=True)]
        assert all(same), name


def test_the_ignored_share_is_the_same_in_csv_and_parquet(tmp_path: Path) -> None:
    found = _inspections()[0]
    mask = np.zeros((62, 75), bool)
    mask[:20] = True
    ignoring = replace(found, settings=replace(found.settings, ignore=regions_of(mask)))
    with RunWriter(tmp_path, RUN, (FormatName.CSV, FormatName.PARQUET)) as writer:
        writer.add(ignoring, lambda: IMAGE)
        writer.add_failure(FAILED)
    columns, plain = (pd.read_parquet(tmp_path / "images.parquet"), pd.read_csv(tmp_path / "images.csv"))
    assert columns["ignored"].dtype == "float64"
    assert columns["ignored"].tolist()[0] == plain["ignored"].tolist()[0] == ignoring.ignored_share > 0.3
    assert np.isnan(columns["ignored"].tolist()[1])


def test_one_inspection_as_parquet_has_types() -> None:
    inspection = _inspections()[0]
    table = pd.read_parquet(io.BytesIO(parquet_bytes(inspection)))
    pd.testing.assert_frame_equal(table, tiles_table(inspection), check_dtype=False)
    assert (table["score"].dtype, table["flagged"].dtype, table["left"].dtype) == ("float64", "bool", "int64")


# ---- JSON ------------------------------------------------------------------------------------------------------------


def test_json_is_as_its_schema_says_and_comes_back(out: Path) -> None:
    data = (out / "inspections.json").read_bytes()
    SCHEMA.validate(json.loads(data))
    *inspections, failed = read_export(data)
    assert [inspection_document(one) for one in inspections] == [  # type: ignore[arg-type]
        inspection_document(one) for one in _inspections()
    ]
    assert isinstance(failed, Failure)
    assert (failed.image, str(failed.error), failed.sha256) == (FAILED.image, str(FAILED.error), FAILED.sha256)


def test_one_inspection_as_json() -> None:
    data = json_bytes(_inspections()[1])
    SCHEMA.validate(json.loads(data))
    (found,) = read_export(data)
    assert inspection_document(found) == inspection_document(_inspections()[1])  # type: ignore[arg-type]


def _closed(schema: Any) -> Any:
    """The same schema, which refuses fields that it does not describe."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(one) for name, one in schema.items()}
    return {**closed, "additionalProperties": False} if isinstance(schema.get("properties"), dict) else closed


def test_the_schema_describes_every_field(out: Path) -> None:
    closed = Draft202012Validator(_closed(SCHEMA.schema))
    run = json.loads((out / "inspections.json").read_bytes())
    closed.validate(run)
    assert not closed.is_valid({**run, "new": 1})
    settings = replace(RUN.settings, plan=PlanVersion("Gasket", 2), ignore=regions_of(np.eye(62, 75, dtype=bool)))
    closed.validate(inspection_document(replace(_inspections()[1], settings=settings)))


def test_a_document_from_before_a_field_was_added_is_opened() -> None:
    document = inspection_document(_inspections()[1])
    del document["scores"]["unlikeness"], document["ignored_share"]
    SCHEMA.validate(document)
    (found,) = read_export(json.dumps(document).encode())
    assert isinstance(found, Inspection)
    assert np.isnan(found.scores.unlikeness)


def test_one_failure_is_as_the_schema_says() -> None:
    SCHEMA.validate(json.loads(json.dumps(failure_document(FAILED))))


@pytest.mark.parametrize(
    "change",
    [{"version": 2}, {"verdict": "fine"}, {"scores": {}}, {"page": -1}, {"reason": 5}, {"document": "other"}],
    ids=lambda change: next(iter(change)),
)
def test_the_schema_refuses_what_is_no_export(change: dict[str, Any]) -> None:
    assert not SCHEMA.is_valid({**inspection_document(_inspections()[0]), **change})


# ---- COCO ------------------------------------------------------------------------------------------------------------


def test_coco_agrees_with_its_own_reader_about_every_segment(out: Path) -> None:
    with redirect_stdout(io.StringIO()):
        coco = COCO(str(out / "coco.json"))
    inspections = _inspections()
    assert [picture["file_name"] for picture in coco.dataset["images"]] == [one.image for one in inspections]
    assert [len(coco.getAnnIds(imgIds=[number])) for number in coco.getImgIds()] == [2, 1, 0]
    for inspection, image in zip(inspections, coco.dataset["images"], strict=True):
        union = np.zeros((image["height"], image["width"]), bool)
        for segment, found in zip(segments(inspection), coco.loadAnns(coco.getAnnIds(image["id"])), strict=True):
            pixels = coco.annToMask(found).astype(bool)
            rows, cols = (np.flatnonzero(pixels.any(axis=axis)) for axis in (1, 0))
            left, top, width, height = found["bbox"]
            assert (left, left + width, top, top + height) == (cols[0], cols[-1] + 1, rows[0], rows[-1] + 1)
            assert found["area"] == pixels.sum() == segment.area_px
            assert found["area_mm2"] == segment.area_px / 4
            assert found["score"] == segment.max_score
            union |= pixels
        assert (union == np.asarray(Image.open(io.BytesIO(mask_png(inspection)))).astype(bool)).all()


# ---- masks and heat maps ---------------------------------------------------------------------------------------------


def test_masks_and_heat_maps_have_the_pictures_own_size(out: Path) -> None:
    assert sorted(path.relative_to(out).as_posix() for path in out.glob("masks/**/a.png")) == [
        *("masks/a.png", "masks/b/a.png")
    ]
    with Image.open(out / "masks/a.png") as mask:
        assert (mask.mode, mask.size, set(np.unique(mask))) == ("L", IMAGE.size_wh, {0, 255})
    heat = tifffile.imread(out / "heatmaps/a.tiff")
    assert (heat.dtype, heat.shape[::-1]) == (np.float32, IMAGE.size_wh)
    boxes = _inspections()[0].scores.layout.boxes_ltrb.tolist()
    for (left, top, right, bottom), score in zip(boxes, SCORES, strict=True):
        assert np.array_equal(np.unique(heat[top:bottom, left:right]), [np.float32(score)], equal_nan=True)


def test_the_heat_map_of_a_dense_engine_is_its_fine_one() -> None:
    inspection = _inspections()[1]
    heat = heat_map(inspection)
    assert heat.shape == (62, 75)
    assert (np.unique(heat) == np.unique(MAP)).all()
    assert [heat[y, x] for y, x in ((0, 0), (61, 74), (30, 40))] == [MAP[0, 0], MAP[7, 8], MAP[3, 4]]
    assert np.array_equal(tifffile.imread(io.BytesIO(heat_tiff(inspection))), heat)


# ---- the report ------------------------------------------------------------------------------------------------------


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not any(name.startswith("on") for name, _ in attrs)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data")]

    def handle_data(self, data: str) -> None:
        self.words += data


def test_the_report_is_one_page_that_asks_nobody_and_takes_no_name_for_html(out: Path) -> None:
    text = (out / "report.html").read_text(encoding="utf-8")
    page = _Page(text)
    assert not {"script", "link", "iframe", "base"} & set(page.tags)
    assert all(address.startswith(("data:image/jpeg;base64,", "#picture-")) for address in page.addresses)
    assert page.tags.count("img") == 3
    assert "url(" not in text
    assert '=<img src=x onerror="alert(1)">\ufffdgnp.\ufffd.png' in page.words
    assert "it is <b>empty</b>" in page.words
    for said in ("3 x 4 tiles", "texture, tiny 1", "0.5 mm a pixel", "anomalous", "failed", "b/a.png"):
        assert said in page.words


def test_a_report_of_many_large_pictures_stays_small_and_shows_those_that_stand_out_most(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (180, 240, 3), np.uint8)
    image = image_from_pixels(noise, name="noise.png")
    opened = []

    def load() -> LoadedImage:
        opened.append(1)
        return image

    count = MAX_PICTURES + 20
    with RunWriter(tmp_path, RUN, [FormatName.HTML]) as writer:
        for number in range(count):
            score = 1.0 + (number * 37 % count) / count
            inspection = answer(image, [0.1, score], grid=GridSize(1, 2), flagged=[1])
            writer.add(replace(inspection, image=f"{number}.png"), load)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert len(text) < 5_000_000
    assert text.count("<figure") == MAX_PICTURES
    assert text.count('<td class="name">') == count
    strongest = sorted(range(count), key=lambda number: -(number * 37 % count))
    assert [text.index(f"<bdi>{number}.png</bdi></h3>") for number in strongest[:3]] == sorted(
        text.index(f"<bdi>{number}.png</bdi></h3>") for number in strongest[:3]
    )
    assert f"<bdi>{strongest[-1]}.png</bdi></h3>" not in text
    assert len(opened) < count


def test_a_picture_that_has_gone_since_costs_the_report_no_more_than_itself(tmp_path: Path) -> None:
    def gone() -> LoadedImage:
        raise UnreadableImageError("it cannot be read", file="a.png")

    first, second, _ = _inspections()
    with RunWriter(tmp_path, RUN, [FormatName.HTML]) as writer:
        writer.add(first, gone)
        writer.add(second, lambda: IMAGE)
    page = _Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert page.tags.count("figure") == 2
    assert page.tags.count("img") == 1
    assert "Not shown: a.png: it cannot be read." in page.words
