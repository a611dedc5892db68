"""JSON exports dropped on the Inspect page: the same answer again, with its picture or in an empty frame."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from segdetect.documents.failures import failure_document
from segdetect.documents.inspections import inspection_document
from segdetect.engines.texture import TextureEngine
from segdetect.errors import UnreadableImageError
from segdetect.grid import tile_layout
from segdetect.inspection import Failure, Inspection
from segdetect.output.json_files import json_bytes
from segdetect.pictures.loading import load_image
from segdetect.pipeline import Inspector
from segdetect.regions import regions_of
from segdetect.settings import EngineName, GridSize, Scope, Settings
from tests.support.pages import banner, chart, errors, markdown, open_page, press, upload
from tests.support.pictures import planted, png, weave

pytestmark = pytest.mark.usefixtures("page_engines")

DEFECT = png(planted(2, 3))
OTHER = ("other.png", png(weave(seed=1)))
SETTINGS = Settings(grid=GridSize(4, 5), engine=EngineName.TEXTURE)
FAILED = failure_document(Failure("bad.png", UnreadableImageError("it is empty", file="bad.png")))


def _inspected(data: bytes, name: str) -> Inspection:
    return Inspector({EngineName.TEXTURE: TextureEngine()}).inspect(load_image(data, name=name), SETTINGS)


@pytest.fixture(scope="module")
def own() -> Inspection:
    """An answer that no engine here would give, so that one computed anew would show."""
    found = _inspected(DEFECT, "a part.png")
    return replace(found, scores=replace(found.scores, scores=found.scores.scores * 2))


@pytest.fixture(scope="module")
def export(own: Inspection) -> tuple[str, bytes]:
    return "a part.json", json_bytes(own)


def _shows(app: AppTest, inspection: Inspection) -> None:
    assert not app.exception
    assert errors(app) == []
    assert banner(app)[0].lower() == inspection.decision.verdict.value
    (tiles,) = [trace for trace in chart(app, "heatmap")["data"] if trace.get("customdata")]
    assert [tile[2] for tile in tiles["customdata"]] == inspection.scores.scores.tolist()


def test_an_export_is_opened_in_an_empty_frame_and_then_with_its_picture(
    own: Inspection, export: tuple[str, bytes]
) -> None:
    app = upload(open_page(), export)
    _shows(app, own)
    assert "is open without its picture" in app.info[0].value
    assert own.sha256[:16] in app.info[0].value
    assert (app.slider(key="rows").value, app.slider(key="cols").value) == (4, 5)
    upload(app, export, ("a part.png", DEFECT))
    _shows(app, own)
    assert "nothing was computed anew" in markdown(app)
    press(app, "Inspect anew")
    assert banner(app)[1] != ""
    assert "nothing was computed anew" not in markdown(app)
    assert app.session_state["kept-answer"] is None


def test_an_export_dropped_with_its_picture_shows_it_among_others(own: Inspection, export: tuple[str, bytes]) -> None:
    app = upload(open_page(), OTHER, export, ("a part.png", DEFECT))
    _shows(app, own)
    assert app.selectbox(key="shown").value == 1
    app.selectbox(key="shown").select_index(0).run()
    assert errors(app) == []
    assert app.session_state["kept-answer"] is None


def test_an_export_with_ignored_regions_and_known_good_pictures_is_opened_as_it_was() -> None:
    mask = np.zeros((112, 112), np.bool_)
    mask[:28] = True
    settings = replace(SETTINGS, scope=Scope.REFERENCES, ignore=regions_of(mask))
    good = [load_image(png(weave(seed=seed)), name=f"good {seed}.png") for seed in (1, 2)]
    picture = load_image(DEFECT, name="a part.png")
    found = Inspector({EngineName.TEXTURE: TextureEngine()}).inspect(picture, settings, bank=good)
    export = ("a part.json", json_bytes(found))
    for files in ([export], [export, ("a part.png", DEFECT)]):
        app = upload(open_page(), *files)
        assert not app.exception
        assert errors(app) == []
        assert banner(app)[0].lower() == found.decision.verdict.value
        (tiles,) = [trace for trace in chart(app, "heatmap")["data"] if trace.get("customdata")]
        kept = found.scores.scores[found.scores.scored].tolist()
        assert [tile[2] for tile in tiles["customdata"] if tile[2] in kept] == kept
        assert "2 known\\-good" in " ".join(one.value for one in app.caption)


def test_an_export_of_an_engine_that_is_not_here_is_opened_with_its_picture() -> None:
    settings = replace(SETTINGS, grid=GridSize(4, 4), scope=Scope.REFERENCES)
    good = [load_image(png(weave(seed=seed)), name=f"good {seed}.png") for seed in (1, 2)]
    picture = load_image(DEFECT, name="a part.png")
    found = Inspector({EngineName.TEXTURE: TextureEngine()}).inspect(picture, settings, bank=good)
    elsewhere = replace(found, engine=EngineName.DINOV2, settings=replace(settings, engine=EngineName.DINOV2))
    app = upload(open_page(), ("a part.json", json_bytes(elsewhere)), ("a part.png", DEFECT))
    _shows(app, elsewhere)
    assert "nothing was computed anew" in markdown(app)


def test_an_export_beside_another_picture_is_shown_until_it_is_closed(
    own: Inspection, export: tuple[str, bytes]
) -> None:
    app = upload(open_page(), OTHER, export)
    _shows(app, own)
    press(app, "Close")
    assert errors(app) == []
    assert "picture" not in [info.value for info in app.info]
    assert banner(app)[0] != ""
    assert app.session_state["kept-answer"] is None


def test_an_export_goes_with_its_file(export: tuple[str, bytes]) -> None:
    app = upload(open_page(), export)
    app.file_uploader(key="files").set_value([]).run()
    assert not app.exception
    assert banner(app) == ("", "")
    assert any("Where in this picture" in title.value for title in app.title)


def test_of_a_run_each_inspection_can_be_opened(own: Inspection) -> None:
    other = replace(own, image="other.png", sha256="ab12")
    documents = [inspection_document(own), inspection_document(other)]
    run = json.dumps({"document": "segdetect run", "version": 1, "results": documents}).encode()
    app = upload(open_page(), ("inspections.json", run))
    _shows(app, own)
    app.selectbox(key="export-shown").select_index(1).run()
    _shows(app, other)
    assert "other" in app.info[0].value


@pytest.mark.parametrize(("failures", "more"), [(1, ""), (3, ", and 2 more")])
def test_of_a_run_that_failed_in_part_it_is_said_which_and_why_and_the_rest_is_open(
    own: Inspection, failures: int, more: str
) -> None:
    documents = [*[FAILED] * failures, inspection_document(own)]
    run = json.dumps({"document": "segdetect run", "version": 1, "results": documents}).encode()
    app = upload(open_page(), ("inspections.json", run))
    assert banner(app)[0].lower() == own.decision.verdict.value
    (error,) = errors(app)
    assert error == (
        f"**inspections.json**: {failures} of its pictures could not be inspected (bad.png: it is empty{more}).\n\n"
        "Inspect again what failed."
    )


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("half.json", lambda data: data[: len(data) // 2], "it is no whole JSON file"),
        ("newer.json", lambda data: data.replace(b'"version": 1', b'"version": 7'), "it is of version 7"),
        ("coco.json", lambda data: b'{"images": []}', "it is no inspection that SegDetect exported"),
        (
            "failed.json",
            lambda data: json.dumps(FAILED).encode(),
            "it holds no inspection, only what failed (bad.png: it is empty)",
        ),
        ("scan.txt", lambda data: data.replace(b'"verdict": "', b'"verdict": "x'), "this inspection is damaged"),
    ],
)
def test_what_cannot_be_opened_is_said_and_the_pictures_stay(
    export: tuple[str, bytes], name: str, change: Callable[[bytes], bytes], said: str
) -> None:
    app = upload(open_page(), OTHER, (name, change(export[1])))
    assert not app.exception
    (error,) = errors(app)
    assert f"**{name}**: {said}" in error
    assert banner(app)[0] != ""


def test_a_picture_larger_than_any_is_refused(own: Inspection) -> None:
    layout = tile_layout((20_000, 10_000), own.scores.layout.grid)
    vast = replace(
        own, scores=replace(own.scores, layout=layout, sources=(replace(own.scores.sources[0], layout=layout),))
    )
    app = upload(open_page(), ("vast.json", json_bytes(vast)))
    (error,) = errors(app)
    assert "its picture has 20000 x 10000 pixels, and at most 150 megapixels can be shown" in error
