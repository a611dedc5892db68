"""The benchmark's page, written from tiny engines on a tiny data set."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import detection
from segdetect.errors import EngineExpiredError
from segdetect.settings import EngineName
from tests.support.tiny_dataset import manifest_dataset
from tests.support.tiny_engine import TinyDenseEngine, TinyTileEngine


class ExpiredEngine(TinyDenseEngine):
    name = EngineName.DINOV2

    def check(self) -> None:
        raise EngineExpiredError("its time is over", remedy="Use another")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    home = tmp_path_factory.mktemp("benchmark")
    engines = {
        EngineName.FASTDUP: TinyTileEngine(),
        EngineName.DINOV2: ExpiredEngine(),
        EngineName.TEXTURE: TinyDenseEngine(),
    }
    (home / "README.md").write_text("# Before\n<!-- benchmark:start -->\nold\n<!-- benchmark:end -->\nAfter\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(detection, "default_engines", lambda: engines)
        patch.setattr(detection, "ROOT", home)
        words = [str(manifest_dataset(home / "data")), "--out", str(home / "page.md"), "--readme"]
        assert detection.main(words) == 0
    return home, (home / "page.md").read_text()


def test_every_engine_scope_and_rule_has_a_row(page: tuple[Path, str]) -> None:
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page[1].splitlines() if line.startswith("|")]
    decided = {tuple(row[:3]) for row in rows if len(row) == 8}
    assert ("fastdup", "itself", "stock (the blog's method)") in decided
    for engine in ("fastdup", "texture"):
        for scope in ("references", "batch"):
            assert {(engine, scope, rule) for rule in ("automatic", "fence", "gate", "calibrated")} <= decided
    ranked = {(row[0], row[1]): row for row in rows if len(row) == 10}
    assert float(ranked["texture", "itself"][3]) > 0.9
    assert ranked["fastdup", "itself"][-1] == ""  # no map, no overlap


def test_the_page_says_what_it_was_measured_on_and_why_engines_are_missing(page: tuple[Path, str]) -> None:
    home, text = page
    assert "8 pictures (6 defective with masks, 2 clean) of 2 categories (cloth, rug)" in text
    assert "- `dinov2`: its time is over. Use another." in text
    assert "make benchmark DATASET=" in text
    assert str(home) not in text


def test_charts_are_drawn_for_each_engine(page: tuple[Path, str]) -> None:
    for name in re.findall(r"\(([\w-]+\.svg)\)", page[1]):
        root = ElementTree.parse(page[0] / name).getroot()
        words = {element.text for element in root.iter() if element.tag.endswith("text")}
        assert {"fastdup", "texture"} <= words


def test_the_readme_changes_only_between_its_marks(page: tuple[Path, str]) -> None:
    text = (page[0] / "README.md").read_text()
    assert text.startswith("# Before\n<!-- benchmark:start -->\n8 pictures of own, 7 x 7 tiles")
    assert text.endswith("<!-- benchmark:end -->\nAfter\n")
    assert "old" not in text
    assert "fastdup, the blog's method" in text


def test_a_folder_without_ground_truth_is_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert detection.main([str(tmp_path)]) == 2
    assert "CATEGORY/ground_truth" in capsys.readouterr().err
