from __future__ import annotations

import pickle
import re
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from segdetect.cli.main import main
from segdetect.memo import Budget
from segdetect.pipeline import Inspector
from segdetect.runs.rooms import Here
from segdetect.settings import EngineName
from tests.support.tiny_dataset import blot, cloth, manifest_dataset, mvtec_category, save
from tests.support.tiny_engine import TinyDenseEngine


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segdetect.pipeline.default_engines", lambda: {EngineName.TEXTURE: TinyDenseEngine()})


def test_a_table_is_printed_and_everything_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home, out = manifest_dataset(tmp_path / "own"), tmp_path / "out"
    assert main(["evaluate", str(home), "--engine", "texture", "--rule", "fence", "--out", str(out)]) == 0
    printed = capsys.readouterr()
    assert "7 x 7 tiles, scope self, rule fence; 8 pictures" in printed.out
    lines = {line.split("  ")[0]: line.split() for line in printed.out.splitlines()}
    assert lines["own/cloth"][1:] != []
    assert lines["own/cloth"][-3:] == ["2", "of", "2"]
    assert lines["overall"][1] == "6"
    assert printed.err == ""
    written = {path.name for path in out.iterdir()}
    assert written >= {
        "evaluation.csv",
        "evaluation.json",
        "tiles.csv",
        "flagged_segments.csv",
        "images.csv",
        "run.json",
    }
    assert len(pd.read_csv(out / "tiles.csv")) == 8 * 49
    assert len(list((out / "annotated").rglob("*.png"))) == 8


def test_a_picture_that_fails_is_named_and_the_exit_code_is_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, out = manifest_dataset(tmp_path / "own"), tmp_path / "out"
    (home / "images/own/rug/blot_0.png").write_bytes(b"")
    assert main(["evaluate", str(home), "--engine", "texture", "--scope", "batch", "--out", str(out)]) == 1
    printed = capsys.readouterr()
    assert "own/rug/blot_0.png" in printed.err
    assert "7 pictures" in printed.out
    assert "1 failed" in printed.out
    errors = pd.read_csv(out / "images.csv").set_index("image")["error"].dropna()
    assert errors.index.tolist() == ["own/rug/blot_0.png"]


class Others:
    """Workers as another process has them: nothing but plain values comes to them, and they know no picture."""

    places = workers = 2

    def __init__(self) -> None:
        self._here = Here(Inspector({EngineName.TEXTURE: TinyDenseEngine()}, budget=Budget(1 << 26)))

    def submit(self, order: Any, files: Any, progress: Any = None) -> Future[Any]:
        return self._here.submit(*pickle.loads(pickle.dumps((order, files))))

    def close(self) -> None:
        self._here.close()


@pytest.mark.parametrize(
    "words",
    [["--scope", "self"], ["--scope", "batch"], ["--scope", "references"], ["--references", "good"]],
    ids=" ".join,
)
def test_workers_come_to_the_same_figures_and_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    mvtec_category(tmp_path / "set" / "cloth")
    (tmp_path / "set" / "cloth" / "test" / "good" / "bad.png").write_bytes(b"")
    Path("good").mkdir()
    save(Path("good/a.png"), cloth(seed=9))
    told = {}
    for name in ("here", "there"):
        if name == "there":
            monkeypatch.setattr("segdetect.runs.cluster.local", lambda workers: Others())
            words = [*words, "--workers", "2"]
        assert main(["evaluate", "set", "--engine", "texture", "--out", name, *words]) == 1
        told[name] = _without_seconds(capsys.readouterr().out)
    assert told["there"] == told["here"]
    files = sorted(path.relative_to("here") for path in Path("here").rglob("*") if path.suffix in (".csv", ".png"))
    assert len(files) > 6
    for file in files:
        if file.name == "images.csv":
            here, there = (pd.read_csv(folder / file).drop(columns="seconds") for folder in map(Path, told))
            pd.testing.assert_frame_equal(here, there)
        else:
            assert ("here" / file).read_bytes() == ("there" / file).read_bytes(), file


def _without_seconds(text: str) -> str:
    return re.sub(r"[0-9.]+ s\b", "", text)


def test_pictures_with_several_pages_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = manifest_dataset(tmp_path / "own")
    path = home / "images/own/rug/blot_0.png"
    with Image.open(path) as picture:
        picture.save(path, "TIFF", save_all=True, append_images=[Image.new("RGB", picture.size)])
    assert main(["evaluate", str(home), "--engine", "texture"]) == 0
    said = capsys.readouterr().err
    assert "Several pages, of which the first was evaluated: own/rug/blot_0.png (1 in all)." in said
    assert "--page" not in said


def test_own_references_replace_those_of_the_data_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home, out = manifest_dataset(tmp_path / "own"), tmp_path / "out"
    good = str(home / "images/own/cloth/good_0.png")
    assert main(["evaluate", str(home), "--engine", "texture", "--references", good, "--out", str(out)]) == 0
    assert "scope references" in capsys.readouterr().out
    tiles = pd.read_csv(out / "tiles.csv")
    assert tiles[tiles["image"].str.contains("rug")]["nearest_image"].str.contains("good_0").any()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--grid", "0"], "Choose 1 to 32"),
        (["--threshold", "1"], "--rule threshold"),
        (["--scope", "batch", "--references", "x.png"], "--scope references"),
    ],
)
def test_wrong_use_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    assert main(["evaluate", str(manifest_dataset(tmp_path)), *words]) == 2
    assert said in capsys.readouterr().err


def test_a_folder_without_ground_truth_is_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(tmp_path)]) == 2
    assert "CATEGORY/ground_truth" in capsys.readouterr().err


def test_what_was_assumed_of_masks_is_said_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home, out = manifest_dataset(tmp_path / "own"), tmp_path / "out"
    mask = Image.fromarray(blot(0, 3).astype(np.uint8), "P")
    mask.putpalette([0, 0, 90, 200, 0, 0])
    for name in ("blot_0.png", "blot_1.png"):
        mask.save(home / "masks/own/rug" / name)
    assert main(["evaluate", str(home), "--engine", "texture", "--out", str(out)]) == 0
    said = "it has a palette, which was read by index: 0 is the background"
    assert f"segdetect: The mask of own/rug/blot_0.png (and of 1 more): {said}." in capsys.readouterr().err
    notes = pd.read_csv(out / "images.csv").set_index("image")["note"].dropna()
    assert [name for name in notes.index if said in notes[name]] == ["own/rug/blot_0.png", "own/rug/blot_1.png"]


def test_inverted_masks_are_an_error_until_it_is_said_what_is_defective(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = mvtec_category(tmp_path / "cloth", defective=1)
    save(home / "ground_truth/blot/000_mask.png", np.where(blot(2, 0), 0, 255).astype(np.uint8))
    assert main(["evaluate", str(home), "--engine", "texture"]) == 2
    printed = capsys.readouterr()
    assert "marks 98 % of the picture" in printed.err
    assert "--masks background" in printed.err
    assert printed.out == ""
    assert main(["evaluate", str(home), "--engine", "texture", "--masks", "background"]) == 0
    assert "cloth" in capsys.readouterr().out
