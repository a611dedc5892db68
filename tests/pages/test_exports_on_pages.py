"""What the Inspect page offers to keep, of one picture and of all, and its table of segments."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from segdetect.documents.inspections import read_inspection
from segdetect.engines.texture import TextureEngine
from segdetect.inspection import Inspection
from segdetect.output.masks import heat_tiff, mask_png
from segdetect.output.segments import segments, segments_table
from segdetect.output.tables import csv_bytes
from segdetect.pictures.loading import load_image
from segdetect.pipeline import Inspector
from segdetect.settings import EngineName, Settings
from tests.support.pages import choices, open_page, upload
from tests.support.pictures import planted, png, weave

pytestmark = pytest.mark.usefixtures("page_engines")

DEFECT = png(planted(2, 3))
CLEAN = png(weave(seed=1))


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str, Callable[[], bytes]]]:
    """What the last run of a page offered, by the keys of its buttons."""
    found: dict[str, tuple[str, Callable[[], bytes]]] = {}

    def offer(label: str, data: Callable[[], bytes], file_name: str, *, key: str, **_: Any) -> None:
        found[key] = (file_name, data)

    monkeypatch.setattr("streamlit.download_button", offer)
    return found


@pytest.fixture(scope="module")
def own() -> Inspection:
    inspector = Inspector({EngineName.TEXTURE: TextureEngine()})
    return inspector.inspect(load_image(DEFECT, name="a part.png"), Settings(engine=EngineName.TEXTURE))


def _members(data: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return archive.namelist()


def test_one_picture_in_every_format(offered: dict[str, tuple[str, Callable[[], bytes]]], own: Inspection) -> None:
    app = upload(open_page(), ("a part.png", DEFECT))
    app.number_input(key="mm-per-pixel").set_value(0.5).run()
    assert not app.exception
    made = {key.removeprefix("download-"): (name, make()) for key, (name, make) in offered.items()}
    assert made["Segments (CSV)"] == ("a part-segments.csv", csv_bytes(segments_table(own, mm_per_pixel=0.5)))
    assert made["Mask (PNG)"] == ("a part-mask.png", mask_png(own))
    assert made["Heat map (TIFF)"] == ("a part-heatmap.tiff", heat_tiff(own))
    reopened = read_inspection(json.loads(made["Inspection (JSON)"][1]))
    assert reopened.scores.scores.tobytes() == own.scores.scores.tobytes()
    assert len(pd.read_parquet(io.BytesIO(made["All tiles (Parquet)"][1]))) == 49
    annotations = json.loads(made["Annotations (COCO)"][1])["annotations"]
    assert [found["area_mm2"] for found in annotations] == [found.area_px / 4 for found in segments(own)]
    assert b"0.5 mm a pixel" in made["Report (HTML)"][1]
    assert _members(made["Everything (ZIP)"][1]) == [
        *("annotated/a part.png", "coco.json", "flagged_segments.csv", "flagged_segments.parquet"),
        *("heatmaps/a part.tiff", "images.csv", "images.parquet", "inspections.json", "masks/a part.png"),
        *("report.html", "run.json", "segments.csv", "segments.parquet", "tiles.csv", "tiles.parquet"),
    ]


def test_all_pictures_in_every_format_with_those_that_failed(
    offered: dict[str, tuple[str, Callable[[], bytes]]],
) -> None:
    app = open_page()
    app.session_state["all"] = True
    upload(app, ("one.png", DEFECT), ("bad.png", b""), ("two.png", CLEAN))
    assert not app.exception
    made = {key.removeprefix("download-all-"): make() for key, (_, make) in offered.items() if "-all-" in key}
    assert made["Verdicts (CSV)"].count(b"\n") == 4
    assert made["All tiles (CSV)"].count(b"\n") == 1 + 2 * 49
    assert [result["image"] for result in json.loads(made["Inspections (JSON)"])["results"]] == [
        *("one.png", "bad.png", "two.png")
    ]
    assert len(pd.read_parquet(io.BytesIO(made["All tiles (Parquet)"]))) == 2 * 49
    assert [found["file_name"] for found in json.loads(made["Annotations (COCO)"])["images"]] == ["one.png", "two.png"]
    assert {"annotated/one.png", "masks/two.png", "report.html"} < set(_members(made["Everything (ZIP)"]))
    assert b"bad.png" in made["Report (HTML)"]


def _table(app: AppTest) -> pd.DataFrame:
    (found,) = [frame.value for frame in app.dataframe if "score" in frame.value]
    return found


def test_the_table_switches_between_tiles_and_segments(own: Inspection) -> None:
    app = upload(open_page(), ("a part.png", DEFECT))
    found = segments(own)
    assert len(_table(app)) == len(own.flagged_tiles)
    choices(app, "listed").select("Segments").run()
    assert not app.exception
    table = _table(app)
    assert table["area"].tolist() == [segment.area_px for segment in found]
    assert table["tiles"].sum() == len(own.flagged_tiles)
    assert table["shown"].tolist()[0] == "▶"
    app.number_input(key="mm-per-pixel").set_value(0.5).run()
    assert _table(app)["area"].tolist() == [round(segment.area_px / 4, 3) for segment in found]


def test_without_a_flagged_tile_there_are_no_segments() -> None:
    app = upload(open_page(rule="My own threshold", threshold="1000"), ("a part.png", DEFECT))
    choices(app, "listed").select("Segments").run()
    assert not app.exception
    assert any("No tile is flagged" in info.value for info in app.info)
