"""A run that is stopped at any step leaves whole files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from segdetect.output.run import Run
from segdetect.output.run_folder import RunWriter
from segdetect.settings import GridSize, Settings
from tests.support.interruption import full, interruptions, killed
from tests.support.pictures import answer, picture, weave


@pytest.mark.parametrize("stop", [killed, full])
def test_whatever_stops_a_run_its_record_and_its_pictures_are_whole_or_not_there(
    tmp_path: Path, stop: Callable[[], None]
) -> None:
    out = tmp_path / "out"
    image = picture(weave((40, 40)), "a.png")
    inspection = answer(image, [0.1, 0.2, 0.3, 0.9], grid=GridSize(2, 2), flagged=[3])

    def run() -> None:
        with RunWriter(out, Run(settings=Settings(), engine="tiny", engine_version="1")) as writer:
            writer.add(inspection, lambda: image)

    steps = []
    for step in interruptions(run, out, stop):
        steps.append(step)
        for file in out.glob("run.json"):
            assert json.loads(file.read_text())["engine"] == "tiny"
        for file in (out / "annotated").glob("*.png"):
            with Image.open(file) as drawn:
                drawn.load()
                assert drawn.size == (40, 40)
        found = [file.name for file in out.rglob("*") if file.is_file() and file.suffix != ".part"]
        assert set(found) <= {"run.json", "tiles.csv", "flagged_segments.csv", "segments.csv", "images.csv", "a.png"}
        run()
        assert list(out.rglob("*.part")) == []
        shutil.rmtree(out, ignore_errors=True)
    assert len(steps) > 10


def test_unfinished_files_of_other_programs_stay(tmp_path: Path) -> None:
    left = [tmp_path / f".{'0a' * 16}.part", tmp_path / "annotated" / "cloth" / f".{'f0' * 16}.part"]
    others = [
        tmp_path / ".film.mp4.part",
        tmp_path / f"{'0a' * 16}.part",
        tmp_path / "annotated" / f".{'0a' * 15}.part",
    ]
    others.append(tmp_path / "elsewhere" / f".{'0a' * 16}.part")
    for file in left + others:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"half")
    with RunWriter(tmp_path, Run(settings=Settings(), engine="tiny", engine_version="1")):
        pass
    assert not any(file.exists() for file in left)
    assert all(file.exists() for file in others)
