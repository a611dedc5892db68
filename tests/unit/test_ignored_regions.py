"""Regions to ignore: nothing in them is scored, flagged or compared with, in a picture nor in its bank."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from segdetect.cli.main import main
from segdetect.documents.inspections import inspection_document, read_inspection
from segdetect.documents.settings import read_settings, settings_record
from segdetect.engines.base import Engine
from segdetect.engines.texture import TextureEngine
from segdetect.errors import InputError, NothingToScoreError
from segdetect.inspection import Failure
from segdetect.output.annotation import IGNORED_RGB, annotate, annotated_thumbnail
from segdetect.output.masks import heat_map, mask
from segdetect.output.tables import image_row, tiles_table
from segdetect.pictures.masks import Polarity
from segdetect.pictures.region_masks import read_regions, regions_png
from segdetect.pipeline import Inspector
from segdetect.regions import MAX_AREA, Regions, read_regions_record, regions_of
from segdetect.runs.batch import inspect_files
from segdetect.settings import EngineName, GridSize, Scope, Settings
from tests.support.pictures import picture, planted, png, weave
from tests.support.tiny_engine import TinyDenseEngine, TinyTileEngine

DENSE, TILES = Settings(engine=EngineName.TEXTURE), Settings(engine=EngineName.FASTDUP)
DEFECT = 16  # row 2, column 2 of 7 x 7 tiles of 16 pixels


def over(*boxes_ltrb: tuple[int, int, int, int], size_wh: tuple[int, int] = (112, 112)) -> Regions:
    marked = np.zeros(size_wh[::-1], np.bool_)
    for left, top, right, bottom in boxes_ltrb:
        marked[top:bottom, left:right] = True
    regions = regions_of(marked)
    assert regions is not None
    return regions


LABEL = over((32, 32, 48, 48))


@pytest.fixture
def dense() -> TinyDenseEngine:
    return TinyDenseEngine()


@pytest.fixture
def tiles() -> TinyTileEngine:
    return TinyTileEngine()


@pytest.fixture
def inspector(dense: TinyDenseEngine, tiles: TinyTileEngine) -> Inspector:
    engines: dict[EngineName, Engine] = {EngineName.TEXTURE: dense, EngineName.FASTDUP: tiles}
    return Inspector(engines)


@pytest.mark.parametrize("settings", [DENSE, TILES], ids=["dense", "tiles"])
def test_what_is_ignored_has_no_score_no_flag_and_no_say(inspector: Inspector, settings: Settings) -> None:
    image = picture(planted(2, 2))
    assert inspector.inspect(image, settings).strongest_tile == DEFECT
    inspection = inspector.inspect(image, replace(settings, ignore=LABEL))
    assert np.isnan(inspection.scores.scores[DEFECT])
    assert DEFECT not in inspection.flagged_tiles
    assert DEFECT not in inspection.scores.nearest_tile.tolist()
    row = tiles_table(inspection).iloc[DEFECT]
    assert pd.isna(row["score"])
    assert pd.isna(row["rank"])
    assert not row["flagged"]
    assert image_row(inspection)["ignored"] == pytest.approx(256 / 112**2)
    assert [str(note) for note in inspection.notes][:2] == [
        "2.04 % of it is ignored.",
        "1 of its 49 tiles have too little left and have no score.",
    ]


@pytest.mark.parametrize("settings", [DENSE, TILES], ids=["dense", "tiles"])
@pytest.mark.parametrize("scope", [Scope.REFERENCES, Scope.BATCH])
def test_what_is_ignored_is_in_no_bank(inspector: Inspector, settings: Settings, scope: Scope) -> None:
    """A reference with the same flaw in the same place would excuse it wherever else it is."""
    settings = replace(settings, scope=scope)
    image, bank = picture(planted(4, 4, seed=1)), [picture(planted(2, 2, seed=2), "other.png")]
    excused = inspector.inspect(image, settings, bank=bank)
    ignoring = inspector.inspect(image, replace(settings, ignore=LABEL), bank=bank)
    assert excused.scores.nearest_similarity[32] > 0.99
    assert ignoring.scores.nearest_similarity[32] < 0.98
    assert ignoring.scores.scores[32] > excused.scores.scores[32]


def test_a_tile_is_scored_on_what_is_left_of_it(inspector: Inspector) -> None:
    """The flaw takes the left of a tile; the rest is clean, and wide enough to be judged."""
    pixels = weave((448, 448))
    pixels[112:224, 112:140] = (200, 40, 30)
    image, flaw = picture(pixels), over((112, 112, 140, 224), size_wh=(448, 448))
    for settings in (DENSE, TILES):
        settings = replace(settings, grid=GridSize(4, 4))
        plain = inspector.inspect(image, settings).scores.scores
        left = inspector.inspect(image, replace(settings, ignore=flaw)).scores.scores
        assert plain.argmax() == 5
        assert not np.isnan(left[5])
        assert left[5] < 0.5 * plain[5]


def test_a_dense_engine_describes_once_whatever_is_ignored(inspector: Inspector, dense: TinyDenseEngine) -> None:
    image = picture(planted(2, 2))
    answers = [
        inspector.inspect(image, replace(DENSE, ignore=ignore))
        for ignore in (None, LABEL, over((0, 0, 16, 16)), LABEL, None)
    ]
    assert dense.described == ["picture.png"]
    unscored = [np.flatnonzero(~answer.scores.scored).tolist() for answer in answers]
    assert unscored[0] == unscored[4] == []
    assert unscored[1] == unscored[3] == [DEFECT]
    assert unscored[2] == [0]


def test_an_engine_that_sees_single_tiles_describes_anew_what_is_left(
    inspector: Inspector, tiles: TinyTileEngine
) -> None:
    image = picture(planted(2, 2))
    for ignore in (None, LABEL, LABEL, over((0, 0, 16, 16))):
        inspector.inspect(image, replace(TILES, ignore=ignore))
    assert len(tiles.described) == 3


def test_a_white_label_is_not_seen_by_the_cells_beside_it() -> None:
    """The engine's filters reach beyond a cell: without a margin its neighbours would be flagged in its place."""
    inspector = Inspector({EngineName.TEXTURE: TextureEngine()})
    pixels = weave((448, 448))
    pixels[150:230, 180:330] = 255
    image, label = picture(pixels), over((176, 146, 334, 234), size_wh=(448, 448))
    assert inspector.inspect(image, DENSE).flagged_tiles
    assert inspector.inspect(image, replace(DENSE, ignore=label)).flagged_tiles == []


@pytest.mark.parametrize("size_wh", [(112, 112), (56, 56), (448, 448), (1500, 1500)])
def test_a_mask_of_any_size_says_the_same(inspector: Inspector, size_wh: tuple[int, int]) -> None:
    box = tuple(round(side * size_wh[0] / 112) for side in (32, 32, 48, 48))
    ignore = over((box[0], box[1], box[2], box[3]), size_wh=size_wh)
    assert ignore.size_wh[0] * ignore.size_wh[1] <= MAX_AREA
    scores = inspector.inspect(picture(planted(2, 2)), replace(DENSE, ignore=ignore)).scores
    assert np.flatnonzero(~scores.scored).tolist() == [DEFECT]


def test_a_mask_of_other_proportions_names_both_sizes(inspector: Inspector) -> None:
    with pytest.raises(InputError, match=r"picture\.png: the mask .* has 200 x 100 pixels and the picture 112 x 112"):
        inspector.inspect(picture(weave()), replace(DENSE, ignore=over((0, 0, 9, 9), size_wh=(200, 100))))


@pytest.mark.parametrize(("size_wh", "other"), [((640, 480), (3999, 3000)), ((333, 250), (4000, 3000))])
def test_rounding_is_no_other_proportion(size_wh: tuple[int, int], other: tuple[int, int]) -> None:
    assert over((0, 0, 9, 9), size_wh=size_wh).fits(other)
    assert over((0, 0, 9, 9), size_wh=other).fits(size_wh)
    assert not over((0, 0, 9, 9), size_wh=size_wh).fits(other[::-1])


@pytest.mark.parametrize("size_wh", [(4000, 3001), (30_000, 40)])
def test_a_large_mask_fits_its_picture_and_is_reported_at_its_own_size(size_wh: tuple[int, int]) -> None:
    ignore = over((0, 0, 900, 30), size_wh=size_wh)
    assert ignore.size_wh[0] * ignore.size_wh[1] <= MAX_AREA
    kept = read_regions_record(json.loads(json.dumps(ignore.record())))
    assert kept is not None
    assert (kept, kept.given_wh) == (ignore, size_wh)
    kept.check(size_wh, name="picture.png")
    with pytest.raises(InputError, match=f"has {size_wh[0]} x {size_wh[1]} pixels and the picture 112 x 112"):
        kept.check((112, 112), name="picture.png")


def test_of_many_pictures_one_of_other_proportions_fails_alone(inspector: Inspector) -> None:
    class File:
        def __init__(self, name: str, data: bytes) -> None:
            self.name, self._data = name, data

        def data(self) -> bytes:
            return self._data

    files = [File("a.png", png(weave())), File("wide.png", png(weave((224, 112))))]
    settings = replace(DENSE, scope=Scope.BATCH, ignore=LABEL)
    first, second = inspect_files(inspector, files, settings)
    assert not isinstance(first, Failure)
    assert isinstance(second, Failure)
    assert "224 x 112" in str(second.error)


def test_where_all_is_ignored_there_is_no_answer(inspector: Inspector) -> None:
    with pytest.raises(NothingToScoreError, match="Ignore less of it"):
        inspector.inspect(picture(weave()), replace(DENSE, ignore=over((0, 0, 112, 112))))


def test_settings_and_documents_carry_them_exactly(inspector: Inspector) -> None:
    settings = replace(DENSE, ignore=LABEL)
    record = json.loads(json.dumps(settings_record(settings)))
    assert read_settings(record) == settings
    assert read_settings({name: value for name, value in record.items() if name != "ignore"}).ignore is None
    inspection = inspector.inspect(picture(planted(2, 2)), settings)
    again = read_inspection(json.loads(json.dumps(inspection_document(inspection))))
    assert again.settings == settings
    assert again.ignored_share == LABEL.share
    assert np.array_equal(LABEL.pixels, again.settings.ignore.pixels)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "change",
    [
        {"width": 10**6, "height": 10**6},
        {"width": 111},
        {"sha256": "0" * 64},
        {"zlib_bits": "!"},
        {"zlib_bits": "AAAA"},
        {"height": "tall"},
        {"larger": [4000, 3000]},
        {"larger": [112, 112]},
        {"larger": [0, -1]},
        {"larger": "all"},
    ],
)
def test_a_damaged_record_is_refused(change: dict[str, object]) -> None:
    with pytest.raises((ValueError, TypeError)):
        read_regions_record(LABEL.record() | change)


def test_a_document_whose_mask_does_not_fit_its_picture_is_refused(inspector: Inspector) -> None:
    document = inspection_document(inspector.inspect(picture(weave()), DENSE))
    document["settings"]["ignore"] = over((0, 0, 9, 9), size_wh=(200, 100)).record()
    with pytest.raises(InputError, match="other proportions"):
        read_inspection(document)


def test_files_and_drawings_leave_them_out(inspector: Inspector) -> None:
    image = picture(planted(2, 2))
    half = over((32, 32, 40, 48))
    for settings in (DENSE, TILES):
        inspection = inspector.inspect(image, replace(settings, ignore=half))
        flagged = replace(inspection, decision=replace(inspection.decision, flags=np.arange(49) == DEFECT))
        assert not mask(flagged)[half.pixels].any()
        assert mask(flagged)[32:48, 41:48].all()
        assert np.isnan(heat_map(inspection)[half.pixels]).all()
        drawn = np.asarray(annotate(image, inspection, labels=False, outlines=False))
        assert (drawn[half.pixels] == IGNORED_RGB).all(axis=1).mean() > 0.2
        assert np.array_equal(drawn[64:], image.pixels[64:])
        small = np.asarray(annotated_thumbnail(image, inspection, 56))
        assert (small[16:24, 16:20] == IGNORED_RGB).all(axis=2).any()


def test_a_mask_file_comes_back_the_same() -> None:
    again, notes = read_regions(regions_png(LABEL), name="mask.png")
    assert again == LABEL
    assert notes == ()


def test_an_inverted_mask_is_asked_about() -> None:
    data = png(np.repeat(np.where(LABEL.pixels, 0, 255)[..., None], 3, axis=2).astype(np.uint8))
    with pytest.raises(InputError, match=r"mask\.png: it marks 98 % .*--ignore-pixels background"):
        read_regions(data, name="mask.png")
    assert read_regions(data, name="mask.png", polarity=Polarity.BACKGROUND)[0] == LABEL
    marked, _ = read_regions(data, name="mask.png", polarity=Polarity.MARKED)
    assert marked is not None
    assert marked.share == pytest.approx(1 - LABEL.share)


def test_a_mask_that_marks_nothing_ignores_nothing() -> None:
    assert read_regions(png(np.zeros((9, 9, 3), np.uint8)), name="mask.png") == (None, ())


def test_what_is_no_mask_is_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"mask\.png: it is no picture.* Save the mask as PNG"):
        read_regions(b"no picture", name="mask.png")


class TestCommand:
    """`inspect --ignore` here, by workers and after a stop."""

    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "many").mkdir()
        for number in range(2):
            (tmp_path / "many" / f"{number}.png").write_bytes(png(planted(2, 2, seed=number)))
        (tmp_path / "mask.png").write_bytes(regions_png(LABEL))
        (tmp_path / "other.png").write_bytes(regions_png(over((0, 0, 16, 16))))
        return tmp_path

    COMMAND = ("inspect", "many", "--engine", "texture", "--format", "csv,json,coco,html")

    def test_the_same_answer_here_and_by_workers(self, folder: Path) -> None:
        assert main([*self.COMMAND, "--ignore", "mask.png", "--out", "here"]) == 0
        assert main([*self.COMMAND, "--ignore", "mask.png", "--out", "there", "--workers", "1"]) == 0
        tiles = pd.read_csv("here/tiles.csv")
        assert tiles[tiles["tile"] == DEFECT]["score"].isna().all()
        assert tiles[tiles["tile"] == DEFECT]["rank"].isna().all()
        assert not tiles[tiles["tile"] == DEFECT]["flagged"].any()
        images = pd.read_csv("here/images.csv")
        assert images.columns[-1] == "ignored"
        assert images["ignored"].tolist() == pytest.approx([LABEL.share] * 2)
        for name in ("tiles.csv", "flagged_segments.csv", "annotated/0.png"):
            assert (folder / "here" / name).read_bytes() == (folder / "there" / name).read_bytes()
        assert json.loads((folder / "here/coco.json").read_bytes())["images"][0]["ignored"] == LABEL.share
        assert "2.04 % of each picture" in (folder / "here/report.html").read_text()

    def test_a_run_is_gone_on_with_under_the_same_mask_only(self, capsys: pytest.CaptureFixture[str]) -> None:
        main([*self.COMMAND, "--ignore", "mask.png", "--out", "out"])
        assert main([*self.COMMAND, "--ignore", "mask.png", "--out", "out", "--resume"]) == 0
        assert main([*self.COMMAND, "--ignore", "other.png", "--out", "out", "--resume"]) == 2
        assert main([*self.COMMAND, "--out", "out", "--resume"]) == 2
        assert capsys.readouterr().err.count("the run there does not have the same regions to ignore. ") == 2

    def test_a_mask_that_cannot_be_read_is_named(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main([*self.COMMAND, "--ignore", "absent.png"]) in (1, 2)
        assert "absent.png: it cannot be read" in capsys.readouterr().err

    def test_a_plan_has_them_too(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SEGDETECT_HOME", str(folder / "home"))
        assert main(["plan", "make", "label", "--engine", "texture", "--ignore", "mask.png"]) == 0
        assert main(["inspect", "many", "--plan", "label", "--out", "out"]) == 0
        assert pd.read_csv("out/images.csv")["ignored"].tolist() == pytest.approx([LABEL.share] * 2)
