"""`--format` and `--mm-per-pixel`: what is written, and what is refused before anything is."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from segdetect.cli.main import main
from segdetect.output.formats import FormatName
from segdetect.settings import EngineName
from tests.support.pictures import planted, png, weave
from tests.support.tiny_engine import TinyDenseEngine


@pytest.fixture(autouse=True)
def engine(monkeypatch: pytest.MonkeyPatch) -> TinyDenseEngine:
    tiny = TinyDenseEngine()
    monkeypatch.setattr("segdetect.pipeline.default_engines", lambda: {EngineName.TEXTURE: tiny})
    return tiny


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A flawed picture, a good one, and one that is empty."""
    home = tmp_path / "pictures"
    home.mkdir()
    (home / "defect.png").write_bytes(png(planted(2, 3)))
    (home / "clean.png").write_bytes(png(weave(seed=1)))
    (home / "empty.png").write_bytes(b"")
    return home


def _inspect(folder: Path, out: Path, *options: str) -> int:
    return main(["inspect", str(folder), "--engine", "texture", "--out", str(out), *options])


def _files(out: Path) -> dict[str, bytes]:
    found = [path for path in out.rglob("*") if path.is_file()]
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in found}


def test_only_what_is_asked_for_is_written(folder: Path, tmp_path: Path) -> None:
    assert _inspect(folder, tmp_path / "out", "--format", "coco, MASKS", "--mm-per-pixel", "0.5") == 1
    assert sorted(_files(tmp_path / "out")) == [
        *("coco.json", "heatmaps/clean.tiff", "heatmaps/defect.tiff", "images.csv", "journal.jsonl"),
        *("masks/clean.png", "masks/defect.png", "run.json"),
    ]
    *_, found = json.loads((tmp_path / "out/coco.json").read_text())["annotations"]
    assert (found["bbox"], found["area"], found["area_mm2"]) == ([48, 32, 16, 16], 256, 64.0)
    assert json.loads((tmp_path / "out/run.json").read_text())["mm_per_pixel"] == 0.5


def test_a_run_that_is_done_is_written_in_other_formats_without_looking_again(
    folder: Path, tmp_path: Path, engine: TinyDenseEngine
) -> None:
    everything = ("--format", ",".join(FormatName))
    assert _inspect(folder, tmp_path / "later") == 1
    described = len(engine.described)
    assert _inspect(folder, tmp_path / "later", "--resume", *everything) == 1
    assert len(engine.described) == described
    assert _inspect(folder, tmp_path / "once", *everything) == 1
    later, once = _files(tmp_path / "later"), _files(tmp_path / "once")
    assert sorted(later) == sorted(once)
    assert {"report.html", "coco.json", "inspections.json", "tiles.parquet", "annotated/defect.png"} < set(later)
    # The rest tells when it was made and how long it took.
    timed = (
        "run.json",
        "journal.jsonl",
        "inspections.json",
        "coco.json",
        "report.html",
        "images.csv",
        "images.parquet",
    )
    assert [name for name in later if later[name] != once[name] and name not in timed] == []
    images = pd.read_parquet(tmp_path / "later/images.parquet").set_index("image")
    assert images.loc["empty.png", "error"].startswith("empty.png: the file is empty")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--format", "xls"], "there is no format 'xls'. Choose one of csv, parquet, json, coco, masks, html"),
        (["--format", "csv,"], "there is no format ''. Choose one of csv"),
        (["--mm-per-pixel", "0"], "a pixel of 0.0 mm was given. Give how many millimetres"),
        (["--mm-per-pixel", "nan"], "a pixel of nan mm was given"),
    ],
)
def test_what_makes_no_sense_is_wrong_use(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    try:
        code = _inspect(folder, tmp_path / "out", *options)
    except SystemExit as end:
        code = int(str(end.code))
    assert code == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("options", [["--format", "json"], ["--mm-per-pixel", "0.1"]])
def test_options_of_what_is_written_need_a_folder(
    folder: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    assert main(["inspect", str(folder), *options]) == 2
    assert f"{options[0]} was given without --out" in capsys.readouterr().err
