"""A picture with padding: its tissue is judged, its padding is not, whatever it is compared with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from segdetect.cli.main import main
from segdetect.engines.base import Engine
from segdetect.engines.texture import TextureEngine
from segdetect.errors import NothingToScoreError
from segdetect.inspection import Verdict
from segdetect.output.annotation import HATCH_RGB, annotate
from segdetect.output.charts import score_heatmap
from segdetect.output.tables import csv_bytes, image_row, tiles_table
from segdetect.pictures.loading import LoadedImage, load_image
from segdetect.pipeline import Inspector
from segdetect.runs.batch import inspect_files
from segdetect.scoring.look_alikes import tile_map
from segdetect.settings import EngineName, Scope, Settings
from segdetect.ui.viewer.panes import inspection_pane
from tests.support.dicom_files import computed_tomogram, dicom_file
from tests.support.pictures import picture, planted, png, weave
from tests.support.tiny_engine import TinyDenseEngine, TinyTileEngine

SETTINGS = Settings(engine=EngineName.TEXTURE)
TILES = replace(SETTINGS, engine=EngineName.FASTDUP)
CORNERS = [0, 6, 42, 48]
DEFECT = {23, 24, 30, 31}


def section(*, defect: bool = False, declared: bool = True, name: str = "ct.dcm") -> LoadedImage:
    tags = {"PixelPaddingValue": -2000} if declared else {}
    return load_image(dicom_file(computed_tomogram(defect=defect), **tags), name=name)


@pytest.fixture(scope="module")
def inspector() -> Inspector:
    engines: dict[EngineName, Engine] = {EngineName.TEXTURE: TextureEngine(), EngineName.FASTDUP: TinyTileEngine()}
    return Inspector(engines)


def test_a_ct_without_a_window_does_not_lose_its_defect_to_the_padding(inspector: Inspector) -> None:
    lost = inspector.inspect(section(defect=True, declared=False), SETTINGS)
    assert lost.strongest_tile not in DEFECT
    found = inspector.inspect(section(defect=True), SETTINGS)
    assert found.decision.verdict is Verdict.ANOMALOUS
    assert set(found.flagged_tiles) <= DEFECT
    assert found.strongest_tile in DEFECT
    assert inspector.inspect(section(), SETTINGS).decision.verdict is Verdict.NORMAL


@pytest.mark.parametrize("rim", [0, 2, 6])
def test_what_is_transparent_around_a_part_is_not_compared_nor_is_its_soft_rim(inspector: Inspector, rim: int) -> None:
    pixels = planted(3, 3, size_wh=(420, 420), side=7)
    y, x = np.mgrid[:420, :420] - 209.5
    opacity = np.clip((190 - np.hypot(y, x)) / max(rim, 1e-6), 0, 1)
    cut_out = load_image(png(np.dstack([pixels, 255 * opacity]).astype(np.uint8)), name="part.png")
    assert cut_out.valid is not None
    assert np.array_equal(cut_out.valid, (255 * opacity).astype(np.uint8) >= 250)
    assert cut_out.pixels[0, 0].tolist() == [255, 255, 255]
    assert cut_out.pixels[opacity > 0].mean() < 200, "what is half transparent is not black, nor white"
    assert cut_out.pixels[(opacity > 0) & (opacity < 1)].min(initial=255) > 0
    assert any("being transparent, and are left out" in note for note in cut_out.notes)
    found = inspector.inspect(cut_out, SETTINGS)
    unscored = set(np.flatnonzero(~found.scores.scored).tolist())
    assert set(CORNERS) <= unscored
    assert len(unscored) < 16
    assert found.strongest_tile == 24
    assert set(found.flagged_tiles) == {24}


@pytest.mark.parametrize("settings", [SETTINGS, TILES], ids=["dense", "tiles"])
def test_tiles_of_padding_have_no_score_no_rank_and_no_flag(inspector: Inspector, settings: Settings) -> None:
    inspection = inspector.inspect(section(defect=True), settings)
    scores = inspection.scores
    unscored = np.flatnonzero(~scores.scored)
    assert set(CORNERS) <= set(unscored.tolist())
    assert len(unscored) < 16
    assert not set(unscored.tolist()) & set(inspection.flagged_tiles)
    assert not np.isin(scores.nearest_tile[scores.scored], unscored).any()
    note = f"{len(unscored)} of its 49 tiles hold hardly anything that was measured and have no score."
    assert note in inspection.notes
    table = pd.read_csv(pd.io.common.BytesIO(csv_bytes(tiles_table(inspection))), dtype=str, keep_default_na=False)
    for tile, row in table.iterrows():
        empty = tile in unscored
        assert (row["score"] == "", row["rank"] == "") == (empty, empty)
        assert not empty or (row["flagged"], row["nearest_image"], row["nearest_tile"]) == ("False", "", "")
    assert sorted(int(rank) for rank in table["rank"] if rank) == list(range(1, 50 - len(unscored)))
    row = image_row(inspection)
    assert np.isfinite(row["max_score"])
    assert "33.5 % of its pixels hold the padding value -2000" in row["note"]


@pytest.mark.parametrize("scope", [Scope.REFERENCES, Scope.BATCH])
@pytest.mark.parametrize("settings", [SETTINGS, TILES], ids=["dense", "tiles"])
def test_padding_of_other_pictures_vouches_for_nothing(inspector: Inspector, settings: Settings, scope: Scope) -> None:
    bank = [section(name="clean.dcm")]
    inspection = inspector.inspect(section(defect=True), replace(settings, scope=scope), bank=bank)
    scores = inspection.scores
    padded = ~inspector.inspect(bank[0], settings).scores.scored
    of_bank = scores.nearest_tile[scores.nearest_source == 1]
    assert not padded[of_bank].any()
    assert set(CORNERS) <= set(np.flatnonzero(~scores.scored).tolist())
    assert np.isfinite(inspection.decision.threshold)


def test_pictures_of_measurements_alone_are_scored_to_the_bit_as_without_the_rule(inspector: Inspector) -> None:
    plain = picture(planted(2, 3))
    assert plain.valid is None
    whole = replace(plain, valid=np.ones(plain.pixels.shape[:2], bool), sha256="another")
    for settings in (SETTINGS, TILES):
        one, other = (inspector.inspect(image, settings).scores for image in (plain, whole))
        assert one.scores.tobytes() == other.scores.tobytes()
        assert one.nearest_similarity.tobytes() == other.nearest_similarity.tobytes()


def scattered() -> LoadedImage:
    """A weave of which one pixel in 16 is left, evenly scattered, so that no cell counts."""
    image = picture(weave(), "holes.png")
    y, x = np.indices(image.pixels.shape[:2])
    return replace(image, valid=(y % 4 == 0) & (x % 4 == 0), sha256="holes")


def test_a_picture_without_any_tile_to_score_is_an_error_that_names_it(inspector: Inspector) -> None:
    for settings in (SETTINGS, TILES):
        with pytest.raises(NothingToScoreError, match=r"holes\.png: no tile of it holds enough that was measured"):
            inspector.inspect(scattered(), settings)


def test_a_picture_of_the_bank_without_any_cell_is_left_out_and_said(inspector: Inspector) -> None:
    bank = [picture(weave(seed=2), "good.png"), scattered()]
    with_it = inspector.inspect(picture(planted(2, 3)), replace(SETTINGS, scope=Scope.REFERENCES), bank=bank)
    assert "It was not compared with holes.png: no part of that holds enough that was measured." in with_it.notes
    assert not (with_it.scores.nearest_source == 2).any()


def test_a_run_goes_on_after_a_picture_without_any_tile_to_score(inspector: Inspector) -> None:
    images = {"a.png": picture(weave(), "a.png"), "holes.png": scattered(), "b.png": picture(weave(seed=3), "b.png")}

    class File:
        def __init__(self, name: str) -> None:
            self.name = name

        def data(self) -> bytes:
            raise AssertionError("not read")

    results = list(
        inspect_files(inspector, [File(name) for name in images], TILES, load=lambda file: images[file.name])
    )
    assert [type(result).__name__ for result in results] == ["Answer", "Failure", "Answer"]


def test_drawings_show_what_was_left_out(inspector: Inspector) -> None:
    image = section(defect=True)
    inspection = inspector.inspect(image, SETTINGS)
    drawn = np.asarray(annotate(image, inspection, labels=False))
    hatched = (drawn == HATCH_RGB).all(axis=2)
    for tile, (left, top, right, bottom) in enumerate(inspection.scores.layout.boxes_ltrb.tolist()):
        if inspection.scores.scored[tile]:
            assert not hatched[top:bottom, left:right].any()
        else:
            assert 0.02 < hatched[top:bottom, left:right].mean() < 0.5
    heat = np.array(score_heatmap(inspection, background="").data[0].z, float)
    assert np.isnan(heat.ravel()[CORNERS]).all()
    assert np.nanargmax(heat) in inspection.flagged_tiles
    marks = [mark for mark in inspection_pane(image, inspection).marks if mark.role == "unscored"]
    assert len(marks) == (~inspection.scores.scored).sum()


def test_a_tile_without_a_score_has_a_map(inspector: Inspector) -> None:
    inspection = inspector.inspect(section(defect=True), SETTINGS)
    for tile in range(49):
        fine = tile_map(inspection, tile)
        assert fine is not None
        assert np.isfinite(fine).all()


def test_the_command_line_writes_empty_scores_and_says_the_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segdetect.pipeline.default_engines", lambda: {EngineName.TEXTURE: TinyDenseEngine()})
    (tmp_path / "ct.dcm").write_bytes(dicom_file(computed_tomogram(defect=True), PixelPaddingValue=-2000))
    out = tmp_path / "out"
    assert main(["inspect", str(tmp_path / "ct.dcm"), "--engine", "texture", "--out", str(out)]) == 0
    tiles = pd.read_csv(out / "tiles.csv", dtype=str, keep_default_na=False)
    assert (tiles.loc[CORNERS, ["score", "rank"]] == "").all(axis=None)
    assert (tiles.loc[CORNERS, "flagged"] == "False").all()
    assert (tiles.loc[sorted(DEFECT), "score"] != "").all()
    (note,) = pd.read_csv(out / "images.csv")["note"]
    assert "33.5 % of its pixels hold the padding value -2000 and are left out." in note
    assert "tiles hold hardly anything that was measured and have no score." in note
