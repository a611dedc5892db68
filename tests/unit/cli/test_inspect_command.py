"""The command line as outside tools and people use it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from segdetect.cli.main import main
from segdetect.engines.base import Engine
from segdetect.errors import EngineExpiredError
from segdetect.memo import process_budget
from segdetect.output.tables import plain_text
from segdetect.settings import EngineName
from tests.support.pictures import planted, png, weave
from tests.support.tiny_engine import TinyDenseEngine, TinyTileEngine

ROOT = Path(__file__).parents[3]
DEFECT = png(planted(2, 3))
CLEAN = png(weave(seed=1))


class Expired(TinyTileEngine):
    """As fastdup will be one day."""

    def check(self) -> None:
        raise EngineExpiredError("fastdup 2.54 expired", remedy="Choose another engine")


@pytest.fixture(autouse=True)
def engines(monkeypatch: pytest.MonkeyPatch) -> dict[EngineName, Engine]:
    """Tiny engines in place of the real ones; a test may change them."""
    tiny: dict[EngineName, Engine] = {
        EngineName.FASTDUP: TinyTileEngine(),
        EngineName.DINOV2: TinyDenseEngine(),
        EngineName.TEXTURE: TinyDenseEngine(),
    }
    monkeypatch.setattr("segdetect.pipeline.default_engines", lambda: tiny)
    monkeypatch.setattr("segdetect.cli.engines.default_engines", lambda: tiny)
    return tiny


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures, one of them in a folder of its own, and a file that is none."""
    home = tmp_path / "pictures"
    (home / "sub").mkdir(parents=True)
    (home / "defect.png").write_bytes(DEFECT)
    (home / "sub" / "clean.png").write_bytes(CLEAN)
    (home / "notes.txt").write_text("no picture")
    return home


def _table(out: Path, name: str = "tiles.csv") -> pd.DataFrame:
    return pd.read_csv(out / name, keep_default_na=False, na_values={"score": [""]})


def _strongest(out: Path) -> dict[str, int]:
    tiles = _table(out)
    return dict(tiles[tiles["rank"] == 1].set_index("image")["tile"])


# ---- inspect ---------------------------------------------------------------------------------------------------------


def test_a_picture_is_answered_on_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "defect.png"
    path.write_bytes(DEFECT)
    assert main(["inspect", str(path)]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{path}: anomalous, flagged tile 17\n"
    assert printed.err == "segdetect: auto took the engine fastdup, the first that passed its self-test.\n"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["defect.png"]


def test_a_folder_is_searched_and_its_files_are_written(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["inspect", str(folder), "--out", str(out)]) == 0
    files = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    assert files == [
        *("annotated/defect.png", "annotated/sub/clean.png"),
        *("flagged_segments.csv", "images.csv", "journal.jsonl", "run.json", "segments.csv", "tiles.csv"),
    ]
    assert _strongest(out)["defect.png"] == 17
    images = _table(out, "images.csv").set_index("image")
    assert dict(images["verdict"]) == {"defect.png": "anomalous", "sub/clean.png": "normal"}
    assert _table(out, "flagged_segments.csv")[["image", "tile"]].values.tolist() == [["defect.png", 17]]
    assert json.loads((out / "run.json").read_text())["engine"] == "fastdup"


def test_a_zip_is_a_folder(tmp_path: Path) -> None:
    archive, out = tmp_path / "batch.zip", tmp_path / "out"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("deep/defect.png", DEFECT)
        file.writestr("clean.png", CLEAN)
        file.writestr("readme.txt", "no picture")
    assert main(["inspect", str(archive), "--out", str(out)]) == 0
    assert _strongest(out)["deep/defect.png"] == 17
    assert (out / "annotated/deep/defect.png").exists()


@pytest.mark.parametrize("member", ["../../evil.png", "/tmp/evil.png", "//tmp/evil.png", "a\\..\\..\\evil.png"])
def test_a_zip_cannot_write_outside_the_output(tmp_path: Path, member: str) -> None:
    archive, out = tmp_path / "a" / "batch.zip", tmp_path / "b" / "c" / "out"
    archive.parent.mkdir()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(member, DEFECT)
    assert main(["inspect", str(archive), "--out", str(out)]) == 0
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("evil*")] == ["b/c/out/annotated/evil.png"]


def test_some_pictures_failed(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    (folder / "broken.png").write_bytes(DEFECT[: len(DEFECT) // 2])
    (folder / "empty.jpg").write_bytes(b"")
    assert main(["inspect", str(folder), "--out", str(out)]) == 1
    printed = capsys.readouterr()
    assert "broken.png" in printed.err
    assert "empty.jpg: the file is empty" in printed.err
    assert "defect.png: anomalous" in printed.out
    images = _table(out, "images.csv").set_index("image")
    assert set(images.index) == {"broken.png", "empty.jpg", "defect.png", "sub/clean.png"}
    assert [name for name, error in images["error"].items() if error] == ["broken.png", "empty.jpg"]
    assert set(_table(out)["image"]) == {"defect.png", "sub/clean.png"}


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        (["--grid", "4"], (4, 4)),
        (["--rows", "3", "--cols", "5"], (3, 5)),
        (["--rows", "3"], (3, 7)),
        (["--cols", "1"], (7, 1)),
        ([], (7, 7)),
    ],
    ids=["square", "both", "rows", "strip", "default"],
)
def test_the_grid_is_as_asked(tmp_path: Path, options: list[str], shape: tuple[int, int]) -> None:
    (tmp_path / "a.png").write_bytes(DEFECT)
    assert main(["inspect", str(tmp_path / "a.png"), *options, "--out", str(tmp_path / "out")]) == 0
    tiles = _table(tmp_path / "out")
    assert (tiles["row"].max() + 1, tiles["col"].max() + 1) == shape
    assert tiles["tile"].tolist() == (tiles["row"] * shape[1] + tiles["col"]).tolist()
    assert tiles[["right", "bottom"]].max().tolist() == [112, 112]


@pytest.mark.parametrize("rule", ["auto", "gate", "fence", "stock", "threshold", "calibrated"])
def test_every_rule_can_be_asked_for(tmp_path: Path, rule: str) -> None:
    (tmp_path / "a.png").write_bytes(DEFECT)
    options = ["--rule", rule, *(["--threshold", "0.2"] if rule == "threshold" else [])]
    assert main(["inspect", str(tmp_path / "a.png"), *options, "--out", str(tmp_path / "out")]) == 0
    run = json.loads((tmp_path / "out" / "run.json").read_text())
    assert run["settings"]["rule"]["name"] == rule
    tiles = _table(tmp_path / "out")
    if rule == "threshold":
        assert (tiles["flagged"] == (tiles["score"] >= 0.2)).all()


def test_references_are_compared_with(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    picture, good = str(folder / "defect.png"), str(folder / "sub")
    assert main(["inspect", picture, "--references", good, "--engine", "fastdup", "--out", str(out)]) == 0
    tiles = _table(out)
    assert "clean.png" in set(tiles["nearest_image"])
    assert json.loads((out / "run.json").read_text())["settings"]["scope"] == "references"


def test_a_batch_is_compared_with_each_other(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["inspect", str(folder), "--scope", "batch", "--out", str(out)]) == 0
    tiles = _table(out)
    pairs = set(zip(tiles["image"], tiles["nearest_image"], strict=True))
    assert pairs == {("defect.png", "sub/clean.png"), ("sub/clean.png", "defect.png")}


NAMES = (
    "$(touch x).png",
    "a b.png",
    'it\'s "quoted".png',
    "Größe 日本.png",
    "-rf.png",
    "a,b;c.png",
    "100%.png",
    "`x`.png",
)


@pytest.mark.parametrize("name", NAMES)
def test_any_name_will_do(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home, out = tmp_path / "in", tmp_path / "out"
    home.mkdir()
    (home / name).write_bytes(DEFECT)
    monkeypatch.chdir(tmp_path)
    assert main(["inspect", "in", "--out", "out"]) == 0
    assert set(_table(out)["image"].map(plain_text)) == {name}
    assert (out / "annotated" / name).exists()
    assert f"{name}: anomalous" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out"]


def test_a_name_that_the_terminal_cannot_show_is_spelt_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "日本.png"
    path.write_bytes(DEFECT)
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    monkeypatch.setattr(sys, "stdout", terminal)
    assert main(["inspect", str(path)]) == 0
    terminal.flush()
    assert b"\\u65e5\\u672c.png: anomalous" in terminal.buffer.getvalue()  # type: ignore[attr-defined]


# ---- wrong use -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--grid", "5", "--rows", "5"], "--grid was given together with --rows or --cols"),
        (["--grid", "0"], "the grid has 0 rows"),
        (["--grid", "33"], "Choose 1 to 32"),
        (["--grid", "1"], "nothing to compare"),
        (["--threshold", "0.4"], "Add --rule threshold"),
        (["--rule", "threshold"], "was given without --threshold. Add --threshold X"),
        (["--rule", "threshold", "--threshold", "nan"], "Give a finite number"),
        (["--false-alarms", "0"], "false-alarm budget"),
        (["--expect-defective", "0.6"], "defective pictures was expected"),
        (["--scope", "references"], "Give them with --references"),
        (["--scope", "self", "--references", "a.png"], "Use --scope references"),
        (["--references", "nowhere.png"], "there is no such file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use_is_said_in_a_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.png").write_bytes(DEFECT)
    assert main(["inspect", "a.png", *options, "--out", "out"]) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("segdetect: ")
    assert message in printed.err
    assert printed.out == ""
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["inspect"],
        ["paint", "a.png"],
        ["inspect", "a.png", "--engine", "magic"],
        ["inspect", "a.png", "--scope", "universe"],
        ["inspect", "a.png", "--rule", "guess"],
        ["inspect", "a.png", "--grid", "many"],
        ["inspect", "a.png", "--colour", "red"],
    ],
    ids=" ".join,
)
def test_what_the_parser_does_not_know_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("segdetect")
    assert said.endswith("--help` lists what there is\n")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--gird", "engines"], "segdetect: unrecognized arguments: --gird. `segdetect --help`"),
        (
            ["inspect", "a.png", "--gird"],
            "segdetect inspect: unrecognized arguments: --gird. `segdetect inspect --help`",
        ),
        (
            ["plan", "show", "Gasket", "7"],
            "segdetect plan show: unrecognized arguments: 7. `segdetect plan show --help`",
        ),
        (["evaluate", "own", "--engine", "magic"], "dinov2, texture. `segdetect evaluate --help`"),
        (
            ["inspect", "--references", "good", "a.png"],
            "What follows --references counts as its own: name the rest before",
        ),
        (["inspect", "--ref", "good", "a.png"], "What follows --references counts as its own: name the rest before"),
        (["inspect", "a.png", "--references", "good", "--required"], "arguments: --required. `segdetect inspect"),
        (["inspect", "a.png", "--gi\nrd\x1b[2J"], r"unrecognized arguments: --gi\nrd\x1b[2J. `segdetect inspect"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_not_known_leads_to_the_help_that_lists_it(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
    assert said in capsys.readouterr().err


def test_a_number_that_is_none_is_called_so(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["inspect", "a.png", "--grid", "7.5"])
    assert "argument --grid: '7.5' is no whole number" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["-part.png"], ["a.png", "-part.png"], ["a.png", "--references", "-part.png"]])
def test_a_file_whose_name_is_taken_for_an_option_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("-part.png", "a.png"):
        (tmp_path / name).write_bytes(CLEAN)
    with pytest.raises(SystemExit):
        main(["inspect", *arguments])
    assert "The file -part.png was taken for an option" in capsys.readouterr().err
    assert main(["inspect", "./-part.png"]) == 0
    assert main(["inspect", "--", "-part.png"]) == 0


def test_a_picture_that_a_batch_offers_no_other_is_said_to_be_compared_with_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.png").write_bytes(CLEAN)
    assert main(["inspect", str(tmp_path), "--scope", "batch"]) == 0
    assert "a.png: There is no other picture in the batch, so it was compared with itself." in capsys.readouterr().err


def test_a_path_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(tmp_path / "nowhere.png")]) == 2
    assert "nowhere.png: there is no such file or folder" in capsys.readouterr().err


def test_a_folder_without_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    assert main(["inspect", str(tmp_path)]) == 2
    assert "no picture was found" in capsys.readouterr().err


def test_an_output_folder_that_cannot_be_made(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(folder), "--out", str(folder / "notes.txt" / "out")]) == 1
    assert "it cannot be written: it is a file, or lies below one. Name a folder." in capsys.readouterr().err


@pytest.mark.parametrize("words", [[""], ["a.png", "--out", ""], ["a.png", "--references", "b.png", ""]])
def test_an_empty_path_is_not_the_current_folder(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["inspect", *words])
    assert ended.value.code == 2
    assert "the path is empty. Name a file or folder, or . for the current folder" in capsys.readouterr().err


def test_stopping_is_no_traceback(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("segdetect.cli.inspect.inspect_run", interrupted)
    assert main(["inspect", str(folder)]) == 130
    assert "stopped" in capsys.readouterr().err


# ---- engines ---------------------------------------------------------------------------------------------------------


def test_engines_says_what_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["engines"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["fastdup", "dinov2", "texture", "auto", "memory"]
    assert lines[0] == "fastdup   ready, tiny 1"
    assert lines[3] == "auto      means fastdup here"


def test_engines_says_why_one_does_not_run(
    engines: dict[EngineName, Engine], capsys: pytest.CaptureFixture[str]
) -> None:
    engines[EngineName.FASTDUP] = Expired()
    assert main(["engines"]) == 0
    out = capsys.readouterr().out
    assert "fastdup   cannot run: fastdup 2.54 expired. Choose another engine.\n" in out
    assert "auto      means dinov2 here\n" in out


def test_engines_says_how_much_memory_is_used_and_why(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGDETECT_CACHE_MB", "1500")
    assert main(["engines"]) == 0
    line = capsys.readouterr().out.splitlines()[-1]
    assert line == "memory    up to 1,500 MB for what is kept between answers, by SEGDETECT_CACHE_MB"
    monkeypatch.delenv("SEGDETECT_CACHE_MB")
    assert main(["engines"]) == 0
    assert "by the memory of this machine (SEGDETECT_CACHE_MB changes it)" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["engines", "inspect"])
def test_a_wrong_size_of_the_caches_is_wrong_use(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    process_budget.cache_clear()
    monkeypatch.setenv("SEGDETECT_CACHE_MB", "lots")
    out = tmp_path / "out"
    assert main([command, *([str(folder), "--out", str(out)] if command == "inspect" else [])]) == 2
    assert "SEGDETECT_CACHE_MB is 'lots'. Set it to a whole number of megabytes" in capsys.readouterr().err
    assert not out.exists()


def test_where_no_engine_runs_the_exit_code_says_so(engines: dict[EngineName, Engine]) -> None:
    for name in engines:
        engines[name] = Expired()
    assert main(["engines"]) == 1


def test_an_expired_engine_is_replaced_with_a_notice(
    folder: Path, tmp_path: Path, engines: dict[EngineName, Engine], capsys: pytest.CaptureFixture[str]
) -> None:
    engines[EngineName.FASTDUP] = Expired()
    assert main(["inspect", str(folder), "--out", str(tmp_path / "out")]) == 0
    assert "fastdup 2.54 expired" in capsys.readouterr().err
    assert json.loads((tmp_path / "out" / "run.json").read_text())["engine"] == "texture"


def test_an_expired_engine_asked_for_by_name_is_an_error(
    folder: Path, engines: dict[EngineName, Engine], capsys: pytest.CaptureFixture[str]
) -> None:
    engines[EngineName.FASTDUP] = Expired()
    assert main(["inspect", str(folder), "--engine", "fastdup"]) == 1
    assert "fastdup 2.54 expired. Choose another engine." in capsys.readouterr().err


# ---- for real --------------------------------------------------------------------------------------------------------


def test_as_a_program_with_a_real_engine(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (folder / "broken.png").write_bytes(b"")
    command = [sys.executable, "-m", "segdetect", "inspect", str(folder), "--engine", "texture", "--out", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1, done.stderr
    assert "defect.png: anomalous, flagged tile" in done.stdout
    assert "sub/clean.png: normal" in done.stdout
    assert done.stderr.startswith("segdetect: broken.png: the file is empty")
    assert _strongest(out)["defect.png"] == 17


def test_a_name_cannot_forge_lines_or_colours_on_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = ["a\nok.png: normal.png", "b\x1b[2K.png", "c\u202egnp.png"]
    for name in names:
        Path(name).write_bytes(CLEAN)
    Path("d\nbad.png").write_bytes(b"")
    main(["inspect", *names, "d\nbad.png", "--engine", "texture", "--no-history"])
    said = capsys.readouterr()
    shown = [line.rsplit(": ", 1)[0] for line in said.out.splitlines()]
    assert shown == ["a\\nok.png: normal.png", "b\\x1b[2K.png", "c\\u202egnp.png"]
    assert "segdetect: d\\nbad.png: the file is empty" in said.err


def test_a_choice_that_there_is_not_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["inspect", "a.png", "--engine", "nope"])
    assert ended.value.code == 2
    assert "there is no engine 'nope'. Choose one of auto, fastdup, dinov2, texture" in capsys.readouterr().err


def test_the_rule_threshold_asks_for_its_number(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(folder), "--rule", "threshold"]) == 2
    assert "--rule threshold was given without --threshold. Add --threshold X" in capsys.readouterr().err
