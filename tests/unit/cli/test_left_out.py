"""What the commands leave out is said: at the end, under -v, and in images.csv."""

from __future__ import annotations

import shutil
import unicodedata
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from segdetect.cli.main import main
from segdetect.output.tables import plain_text
from segdetect.settings import EngineName
from tests.support.pictures import planted, png, weave
from tests.support.tiny_dataset import mvtec_category
from tests.support.tiny_engine import TinyDenseEngine


@pytest.fixture(autouse=True)
def engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tiny one in place of the real ones."""
    monkeypatch.setattr("segdetect.pipeline.default_engines", lambda: {EngineName.TEXTURE: TinyDenseEngine()})


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two good pictures, a broken one, a text, thumbnails, and a link back."""
    home = tmp_path / "home"
    for name in ("@eaDir/a.png/t.jpg", "sub/B.PNG", "a.png", ".c.png"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(png(weave(seed=1)))
    (home / "broken.png").write_bytes(png(planted(2, 3))[:200])
    (home / "notes.txt").write_text("no picture")
    (home / "sub/up").symlink_to("..")
    return home


def _said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def _images(out: Path) -> pd.DataFrame:
    images = pd.read_csv(out / "images.csv", keep_default_na=False)
    return images.assign(image=images["image"].map(plain_text)).set_index("image")


def test_a_summary_ends_a_run(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(home), "--engine", "texture"]) == 1
    assert _said(capsys)[-1] == "segdetect: 2 inspected, 4 left out (-v says which, and why), 1 failed."


@pytest.mark.parametrize("option", ["-v", "--verbose"])
def test_each_is_named_with_its_reason_on_request(home: Path, capsys: pytest.CaptureFixture[str], option: str) -> None:
    assert main(["inspect", str(home), "--engine", "texture", option]) == 1
    said = _said(capsys)
    assert said[-1] == "segdetect: 2 inspected, 4 left out, 1 failed."
    named = [line for line in said if line.startswith("segdetect: left out: ")]
    assert [line.split(": ")[2] for line in named] == [".c.png", "@eaDir/", "notes.txt", "sub/up/"]
    assert named[2].endswith("notes.txt: it is text")


def test_what_may_be_a_picture_has_a_row(home: Path, tmp_path: Path) -> None:
    assert main(["inspect", str(home), "--engine", "texture", "--out", str(tmp_path / "out")]) == 1
    images = _images(tmp_path / "out")
    assert images.index.tolist() == ["a.png", "broken.png", "sub/B.PNG", ".c.png", "@eaDir/", "sub/up/"]
    assert images["note"]["@eaDir/"] == "Left out: it holds a system's own thumbnails."
    assert images["note"]["a.png"] == ""
    assert set(pd.read_csv(tmp_path / "out/tiles.csv")["image"]) == {"a.png", "sub/B.PNG"}


def test_a_second_run_does_not_inspect_what_the_first_drew(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "broken.png").unlink()
    for out in (home, home / "out"):
        assert main(["inspect", str(home), "--engine", "texture", "--out", str(out)]) == 0
    capsys.readouterr()
    assert main(["inspect", str(home), "--engine", "texture", "-v"]) == 0
    said = capsys.readouterr()
    assert [line.split(":")[0] for line in said.out.splitlines()] == ["a.png", "sub/B.PNG"]
    assert "left out: annotated/: this program wrote it" in said.err
    assert "left out: out/annotated/: this program wrote it" in said.err


def test_a_guess_at_names_is_said_and_noted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive, out = tmp_path / "batch.zip", tmp_path / "out"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("Gr__e.png", png(planted(2, 3)))
    archive.write_bytes(archive.read_bytes().replace(b"Gr__e", "Gr\u00f6\u00dfe".encode("cp1252")))
    assert main(["inspect", str(archive), "--engine", "texture", "--out", str(out)]) == 0
    told = f"{archive} does not say how its names are written; Windows (cp1252) was assumed."
    assert f"segdetect: {told}" in _said(capsys)
    assert _images(out)["note"]["Gr\u00f6\u00dfe.png"] == told


def test_what_is_left_out_of_references_is_said(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "broken.png").unlink()
    picture = home / "a.png"
    assert main(["inspect", str(picture), "--engine", "texture", "--references", str(home)]) == 0
    assert "segdetect: 2 references read, 4 left out (-v says which, and why), 0 failed." in _said(capsys)


def test_evaluate_leaves_out_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cloth, out = mvtec_category(tmp_path / "cloth"), tmp_path / "out"
    good = next((cloth / "test/good").iterdir())
    for name in ("test/@eaDir/a.png", "test/good/.a.png", "ground_truth/__MACOSX/a.png", "test/Thumbs.db"):
        (cloth / name).parent.mkdir(exist_ok=True)
        shutil.copy(good, cloth / name)
    (cloth / "test/good/up").symlink_to("..")
    (cloth / "test/notes.txt").write_text("no picture")
    assert main(["evaluate", str(cloth), "--engine", "texture", "--out", str(out), "-v"]) == 0
    said = _said(capsys)
    assert said[-1].endswith("6 left out, 0 failed.")
    assert "segdetect: left out: cloth/test/@eaDir/: it holds a system's own thumbnails" in said
    assert len(_images(out)["note"].loc[lambda note: note.str.startswith("Left out")]) == 5


def _spelt_otherwise(cloth: Path) -> None:
    for path in sorted(cloth.rglob("*"), reverse=True):
        path.rename(path.with_name(path.name.upper()))


def _linked(cloth: Path) -> None:
    for folder in [path for path in (cloth / "test").iterdir() if path.is_dir()]:
        away = cloth.parent / f"away-{folder.name}"
        folder.rename(away)
        folder.symlink_to(away)


def _apart(cloth: Path) -> None:
    for path in sorted((cloth / "test").rglob("*.png")):
        path.rename(path.with_name(unicodedata.normalize("NFC", f"\u00e9{path.name}")))
    for path in sorted((cloth / "ground_truth").rglob("*.png")):
        path.rename(path.with_name(unicodedata.normalize("NFD", f"\u00e9{path.name}")))


@pytest.mark.parametrize("change", [_spelt_otherwise, _linked, _apart], ids=["case", "links", "accents"])
def test_a_data_set_is_read_however_it_is_spelt(tmp_path: Path, capsys: pytest.CaptureFixture[str], change) -> None:  # type: ignore[no-untyped-def]
    cloth = mvtec_category(tmp_path / "cloth")
    assert main(["evaluate", str(cloth), "--engine", "texture"]) == 0
    before = capsys.readouterr().out.splitlines()[1:]
    change(cloth)
    assert main(["evaluate", str(cloth), "--engine", "texture"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == before
