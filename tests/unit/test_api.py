"""The public Python API: its names, what it takes for a picture, and what it answers."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import segdetect
from segdetect import EngineName, GridSize, Rule, RuleName, Scope, SegDetectError, Settings, Verdict
from segdetect.documents.failures import failure_document
from segdetect.errors import InputError
from segdetect.inspection import Failure
from segdetect.pipeline import Inspector
from tests.support.pictures import planted, png, weave
from tests.support.tiny_engine import TinyDenseEngine

ROOT = Path(__file__).parents[2]
DEFECT = planted(2, 3)
TILE = 2 * 7 + 3


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> TinyDenseEngine:
    """A tiny engine in place of all others; counts what it described."""
    tiny = TinyDenseEngine()
    inspector = Inspector(dict.fromkeys((EngineName.FASTDUP, EngineName.DINOV2, EngineName.TEXTURE), tiny))
    monkeypatch.setattr("segdetect.api._INSPECTOR", inspector)
    return tiny


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A flawed picture, and a folder of good ones."""
    (tmp_path / "part.png").write_bytes(png(DEFECT))
    (tmp_path / "good").mkdir()
    for seed in (1, 2, 3):
        (tmp_path / "good" / f"{seed}.png").write_bytes(png(weave(seed=seed)))
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


def test_the_public_names() -> None:
    assert segdetect.__all__ == [
        "Decision",
        "EngineName",
        "GridSize",
        "Inspection",
        "LoadedImage",
        "Rule",
        "RuleName",
        "Scope",
        "SegDetectError",
        "Settings",
        "Source",
        "TileLayout",
        "TileScores",
        "Verdict",
        "__version__",
        "inspect",
        "load",
        "read_inspection",
        "write_inspection",
    ]


@pytest.mark.parametrize("name", segdetect.__all__)
def test_a_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(segdetect, name)
    assert name in dir(segdetect)
    assert name == "__version__" or value.__doc__


def test_another_name_is_missing_as_in_any_module() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        segdetect.nonsense  # type: ignore[attr-defined]  # noqa: B018


def test_the_import_alone_loads_nothing() -> None:
    code = "import sys, segdetect; print(*(name for name in sys.modules if name.startswith(('segdetect', 'numpy'))))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["segdetect"]


def test_a_picture_is_loaded_from_a_path_bytes_or_pixels_alike(folder: Path) -> None:
    path = folder / "part.png"
    loaded = [segdetect.load(picture) for picture in (path, str(path), path.read_bytes(), DEFECT)]
    assert [image.name for image in loaded] == [str(path), str(path), "picture", "picture"]
    assert all(np.array_equal(image.pixels, DEFECT) for image in loaded)
    assert len({image.sha256 for image in loaded[:3]}) == 1
    assert segdetect.load(path, name="mine").name == "mine"
    assert segdetect.load(loaded[0]) is loaded[0]


def test_an_array_is_copied_and_known_by_its_pixels_and_shape() -> None:
    pixels = weave((20, 40))
    image = segdetect.load(pixels, name="mine")
    pixels[:] = 0
    assert np.array_equal(image.pixels, weave((20, 40)))
    assert not image.pixels.flags.writeable
    assert image.sha256 == segdetect.load(weave((20, 40))).sha256
    turned = weave((20, 40)).reshape(20, 40, 3)
    assert len({image.sha256, segdetect.load(pixels).sha256, segdetect.load(turned).sha256}) == 3


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        ("missing.png", r"^missing\.png: there is no such file"),
        ("notes.txt", r"^notes\.txt: it is text, not a picture"),
        ("good", r"^good: it holds 3 pictures\. Name one"),
        (b"", r"^picture: the file is empty"),
        (np.zeros((4, 5), np.uint8), r"^picture: the array is uint8 of shape \(4, 5\)"),
        (np.zeros((4, 5, 3)), r"^picture: the array is float64 of shape \(4, 5, 3\)\. Give RGB as uint8"),
        (np.zeros((0, 5, 3), np.uint8), "^picture: the picture has no pixels"),
        (None, "^something of the type NoneType is no picture"),
    ],
    ids=["missing", "text", "folder", "empty", "grey", "float", "no-pixels", "none"],
)
def test_what_is_no_picture_is_an_error_that_says_so(
    picture: object, message: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(SegDetectError, match=message):
        segdetect.load(picture)  # type: ignore[arg-type]
    with pytest.raises(SegDetectError, match=message):
        segdetect.inspect(picture)  # type: ignore[arg-type]


def test_an_array_above_the_limit_is_refused() -> None:
    huge = np.broadcast_to(np.uint8(0), (20_000, 20_000, 3))
    with pytest.raises(SegDetectError, match="more than the limit"):
        segdetect.load(huge)


def test_a_planted_defect_ranks_first(engine: TinyDenseEngine, folder: Path) -> None:
    answer = segdetect.inspect(folder / "part.png")
    assert answer.strongest_tile == TILE
    assert (answer.image, answer.scope) == (str(folder / "part.png"), Scope.SELF)
    assert answer.settings == Settings()


def test_keywords_take_the_place_of_the_settings_parts(engine: TinyDenseEngine) -> None:
    settings = Settings(grid=GridSize(4, 5), engine=EngineName.DINOV2, rule=Rule(RuleName.FENCE))
    assert segdetect.inspect(DEFECT, settings).settings == settings
    assert segdetect.inspect(DEFECT, settings, grid=7, engine="texture", rule="gate").settings == Settings(
        grid=GridSize(7, 7), engine=EngineName.TEXTURE, rule=Rule(RuleName.GATE)
    )
    rule = Rule(RuleName.THRESHOLD, threshold=0.25)
    assert segdetect.inspect(DEFECT, grid=GridSize(2, 3), rule=rule).settings == Settings(
        grid=GridSize(2, 3), rule=rule
    )


@pytest.mark.parametrize(
    ("word", "scope"), [("references", Scope.REFERENCES), ("peers", Scope.BATCH)], ids=["references", "peers"]
)
def test_other_pictures_set_the_scope(engine: TinyDenseEngine, folder: Path, word: str, scope: Scope) -> None:
    good = [folder / "good", weave(seed=4), segdetect.load(png(weave(seed=5)), name="five")]
    answer = segdetect.inspect(folder / "part.png", **{word: good})  # type: ignore[arg-type]
    assert (answer.scope, answer.settings.scope, answer.strongest_tile) == (scope, scope, TILE)
    assert {"1.png", "2.png", "3.png", "picture", "five"} <= {source.name for source in answer.scores.sources}


def test_a_lone_reference_needs_no_list(engine: TinyDenseEngine, folder: Path) -> None:
    for lone in (str(folder / "good" / "1.png"), png(weave(seed=1)), weave(seed=1), segdetect.load(weave(seed=1))):
        assert segdetect.inspect(DEFECT, references=lone).scope is Scope.REFERENCES


def test_of_many_peers_sixteen_are_compared_with(engine: TinyDenseEngine) -> None:
    peers = [segdetect.load(weave(seed=seed), name=f"{seed}") for seed in range(1, 41)]
    segdetect.inspect(DEFECT, peers=peers)
    assert len(set(engine.described)) == 1 + 16


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"engine": "magic"}, "there is no engine 'magic'. Choose one of auto, fastdup"),
        ({"rule": "magic"}, "there is no rule 'magic'. Choose one of auto, gate"),
        ({"rule": "threshold"}, "finite number"),
        ({"grid": 33}, "the grid has 33 rows"),
        ({"grid": 7.0}, "the grid has 7.0 rows"),
        ({"grid": True}, "the grid has True rows"),
        ({"grid": "7"}, "the grid has '7' rows. Choose 1 to 32 rows, as a whole number"),
        ({"references": DEFECT, "peers": DEFECT}, "both references and peers"),
        ({"settings": Settings(scope=Scope.REFERENCES)}, "scope references was asked for without references"),
        ({"settings": Settings(scope=Scope.BATCH), "references": DEFECT}, "scope batch was asked for without peers"),
    ],
    ids=lambda value: "" if isinstance(value, str) else "-".join(value),
)
def test_choices_that_cannot_be_met_are_errors(
    engine: TinyDenseEngine, choices: dict[str, object], message: str
) -> None:
    with pytest.raises(SegDetectError, match=message):
        segdetect.inspect(DEFECT, **choices)  # type: ignore[arg-type]


def test_all_calls_and_threads_share_what_was_described(engine: TinyDenseEngine) -> None:
    image = segdetect.load(DEFECT, name="shared")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda grid: segdetect.inspect(image, grid=grid), [4, 5, 6, 7] * 3))
    assert {answer.settings.grid.rows for answer in answers} == {4, 5, 6, 7}
    assert engine.described == ["shared"]


def test_the_code_in_the_readme_runs(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(folder)
    names: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), names)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == Verdict.ANOMALOUS
    assert f"tile {TILE} [48, 32, 64, 48]" in printed[1]
    assert printed[-1].startswith("notes.txt: it is text, not a picture")


def test_the_code_about_exports_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs/exports.md").read_text(), re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(folder)
    exec(compile(code, "exports.md", "exec"), {})
    assert (folder / "part.json").read_bytes().startswith(b'{"document": "segdetect inspection"')


def test_a_file_that_is_no_single_inspection_is_an_error(engine: TinyDenseEngine, tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.json"
    with pytest.raises(SegDetectError, match=r"a\.json: it cannot be read"):
        segdetect.read_inspection(path)
    segdetect.write_inspection(segdetect.inspect(DEFECT), path)
    text = path.read_text()
    path.write_text(f'{{"document": "segdetect run", "version": 1, "results": [{text}, {text}]}}')
    with pytest.raises(SegDetectError, match=r"a\.json: it holds 2 inspections\. Open it on the Inspect page"):
        segdetect.read_inspection(path)
    path.write_text(json.dumps(failure_document(Failure("bad.png", InputError("it is empty", remedy="Drop it")))))
    with pytest.raises(SegDetectError, match=r"a\.json: it holds no inspection, only what failed \(bad\.png: it is"):
        segdetect.read_inspection(path)


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"page": 1}, "part.png: there is no page=1 in it. Pages count from 0 on: give 0, the only one."),
        ({"page": -1}, "there is no page=-1. Pages count from 0 on."),
        ({"page": "1"}, "there is no page='1'. Pages count from 0 on."),
        ({"window": "ab"}, "a window of 'ab' was asked for. Give two numbers, the lower one first."),
        ({"window": (1, 2, 3)}, "a window of (1, 2, 3) was asked for"),
    ],
)
def test_pages_count_from_0_on_and_windows_are_two_numbers(folder: Path, choice: dict[str, Any], said: str) -> None:
    with pytest.raises(SegDetectError) as caught:
        segdetect.load(folder / "part.png", **choice)
    assert said in str(caught.value)


def test_an_array_has_no_second_page() -> None:
    with pytest.raises(SegDetectError, match="there is no page=2 in it"):
        segdetect.load(DEFECT, page=2)


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_bytes_of_any_kind_are_a_file(engine: TinyDenseEngine, folder: Path, kind: Callable[[bytes], Any]) -> None:
    data = kind((folder / "part.png").read_bytes())
    assert segdetect.load(data).sha256 == segdetect.load(folder / "part.png").sha256
    assert segdetect.inspect(DEFECT, references=data).scope is Scope.REFERENCES


def test_none_stands_for_no_references(engine: TinyDenseEngine) -> None:
    assert segdetect.inspect(DEFECT, references=None, peers=None).scope is Scope.SELF


@pytest.mark.parametrize(
    "call",
    [
        lambda: segdetect.load(""),
        lambda: segdetect.inspect(DEFECT, references=""),
        lambda: segdetect.inspect(DEFECT, references=3),
        lambda: segdetect.inspect(DEFECT, {"grid": 7}),
        lambda: Settings(grid=7),
        lambda: Settings(rule="gate"),
        lambda: Rule("threshold", threshold="0.3"),
        lambda: Rule(false_alarms="few"),
        lambda: segdetect.write_inspection("answer", "answer.json"),
        lambda: segdetect.write_inspection("answer", ""),
        lambda: segdetect.read_inspection(None),
    ],
)
def test_what_fits_no_argument_is_said_in_words(engine: TinyDenseEngine, call: Callable[[], object]) -> None:
    with pytest.raises(SegDetectError):
        call()


def test_an_inspection_is_not_written_in_place_of_a_folder(engine: TinyDenseEngine, folder: Path) -> None:
    with pytest.raises(SegDetectError, match="good: it is a folder"):
        segdetect.write_inspection(segdetect.inspect(DEFECT), folder / "good")
