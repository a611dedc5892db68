"""`plan`, and `inspect --plan`: one answer by name, by file, and under another name; what is given beats the plan."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from segdetect.cli.main import main
from segdetect.engines.base import Engine
from segdetect.settings import EngineName
from segdetect.storage.history.entries import FAILED, Search
from segdetect.storage.history.history import SWITCH, History
from segdetect.storage.plans.plans import Plans
from tests.support.pictures import planted, png, weave
from tests.support.tiny_engine import TinyDenseEngine, TinyTileEngine

Said = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with three good pictures, a defective one and a mask."""
    tiny: dict[EngineName, Engine] = dict.fromkeys(EngineName, TinyDenseEngine())
    tiny[EngineName.FASTDUP] = TinyTileEngine()
    monkeypatch.setattr("segdetect.pipeline.default_engines", lambda: tiny)
    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good").mkdir()
    for seed in (1, 2, 3):
        (tmp_path / "good" / f"{seed}.png").write_bytes(png(weave(seed=seed)))
    (tmp_path / "part.png").write_bytes(png(planted(2, 3)))
    mask = np.zeros((112, 112, 3), np.uint8)
    mask[:16] = 255
    (tmp_path / "mask.png").write_bytes(png(mask))
    return tmp_path


def make(*more: str, name: str = "Gasket/7") -> int:
    return main(["plan", "make", name, "--references", "good", "--grid", "5", "--engine", "texture", *more])


def answered(said: Said, *options: str) -> dict[str, object]:
    """The document of an inspection of the defective picture, without what differs by the clock."""
    said.readouterr()
    assert main(["inspect", "part.png", "--json", *options]) == 0
    document: dict[str, object] = json.loads(said.readouterr().out)
    del document["seconds"]
    return document


def test_the_answer_is_the_same_by_name_by_file_and_under_another_name(capsys: Said) -> None:
    assert make() == 0
    assert "the plan Gasket/7, version 1, has 3 known-good pictures." in capsys.readouterr().err
    by_name = answered(capsys, "--plan", "Gasket/7")
    assert by_name["settings"]["plan"] == {"name": "Gasket/7", "version": 1}  # type: ignore[index]
    assert by_name["scope"] == "references"
    assert [source["image"] for source in by_name["scores"]["sources"]][-3:] == ["1.png", "2.png", "3.png"]  # type: ignore[index]
    assert main(["plan", "export", "Gasket/7", "gasket.segplan"]) == 0
    assert answered(capsys, "--plan", "gasket.segplan") == by_name
    assert main(["plan", "import", "gasket.segplan"]) == 2
    assert "Add --name" in capsys.readouterr().err
    assert main(["plan", "import", "gasket.segplan", "--name", "Другая"]) == 0
    other = answered(capsys, "--plan", "Другая")
    assert other["settings"].pop("plan") == {"name": "Другая", "version": 1}  # type: ignore[attr-defined]
    by_name["settings"].pop("plan")  # type: ignore[attr-defined]
    assert other == by_name


def test_the_answer_is_that_of_the_options_that_the_plan_stands_for(capsys: Said) -> None:
    make("--false-alarms", "0.2")
    planned = answered(capsys, "--plan", "Gasket/7")
    asked = answered(capsys, "--references", "good", "--grid", "5", "--engine", "texture", "--false-alarms", "0.2")
    assert planned["settings"].pop("plan") is not None  # type: ignore[attr-defined]
    assert asked["settings"].pop("plan") is None  # type: ignore[attr-defined]
    assert planned == asked


def test_an_option_beats_the_plan(capsys: Said) -> None:
    make()
    document = answered(capsys, "--plan", "Gasket/7", "--rows", "3", "--scope", "self", "--rule", "fence")
    settings = document["settings"]
    assert (settings["rows"], settings["cols"], settings["scope"], settings["rule"]) == (3, 5, "self", "fence")  # type: ignore[index]
    assert settings["plan"] == {"name": "Gasket/7", "version": 1}  # type: ignore[index]
    document = answered(capsys, "--plan", "Gasket/7", "--references", "good/1.png")
    assert [source["image"] for source in document["scores"]["sources"]][-1:] == ["good/1.png"]  # type: ignore[index]


def test_a_run_and_the_history_say_which_plan_and_version(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SWITCH, raising=False)
    make()
    assert make("--update", "--mm-per-pixel", "0.5") == 0
    (place / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n cut")
    assert main(["inspect", "part.png", "bad.png", "--plan", "Gasket/7", "--out", "out"]) == 1
    record = json.loads((place / "out" / "run.json").read_text())
    assert record["settings"]["plan"] == {"name": "Gasket/7", "version": 2}
    assert record["mm_per_pixel"] == 0.5
    entries = History().find(Search(plan="Gasket/7"))
    assert {(entry.image, entry.plan_version) for entry in entries} == {("part.png", 2), ("bad.png", 2)}
    assert {entry.verdict for entry in entries} >= {FAILED}


@pytest.mark.parametrize(("begun", "later", "scale"), [("0.2", None, 0.2), (None, None, 0.5), ("0.2", "0.1", 0.1)])
def test_a_plan_gives_its_scale_to_a_run_that_begins_and_not_to_one_that_is_gone_on_with(
    place: Path, begun: str | None, later: str | None, scale: float
) -> None:
    make("--mm-per-pixel", "0.5")
    scales = []
    for given in (begun, later):
        option = ["--mm-per-pixel", given] if given else []
        assert main(["inspect", "part.png", "--plan", "Gasket/7", "--out", "out", "--resume", *option]) == 0
        scales.append(json.loads((place / "out" / "run.json").read_text())["mm_per_pixel"])
    assert scales == [float(begun or 0.5), scale]


def test_plans_are_listed_and_shown_and_changed_in_versions(capsys: Said) -> None:
    make("--label", "scratch", "--label", "dent", "--notes", "as on Monday", "--ignore", "mask.png")
    assert make() == 2
    assert "--update" in capsys.readouterr().err
    assert main(["plan", "make", "Gasket/7", "--update", "--grid", "9"]) == 0
    assert main(["plan", "list"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert "Gasket/7" in line
    assert "version 2" in line
    assert "9 x 9 tiles, texture, scope references, 3 known-good pictures" in line
    assert main(["plan", "show", "Gasket/7"]) == 0
    shown = capsys.readouterr().out
    for part in ("2 of 1, 2, made", "scratch, dent", "as on Monday", "3.png (", "14.3% of the picture"):
        assert part in shown
    assert main(["plan", "show", "Gasket/7", "--version", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["settings"]["rows"] == 5


@pytest.mark.parametrize(
    ("name", "label", "said"),
    [("Gasket", " ", "the label is empty or longer than 80"), (" ", "dent", "the name is empty or longer than 80")],
)
def test_a_label_that_will_not_do_is_not_called_a_name(capsys: Said, name: str, label: str, said: str) -> None:
    assert main(["plan", "make", name, "--references", "good", "--label", label]) == 2
    assert said in capsys.readouterr().err


def test_what_is_ignored_fits_the_known_good_pictures(place: Path, capsys: Said) -> None:
    (place / "wide.png").write_bytes(png(np.full((112, 224, 3), np.eye(112, 224)[..., None] * 255, np.uint8)))
    assert make("--ignore", "wide.png") == 2
    said = capsys.readouterr().err
    assert "1.png: the mask of regions to ignore has 224 x 112 pixels and the picture 112 x 112" in said
    assert Plans().kept().whole == ()
    assert make() == 0
    assert main(["plan", "make", "Gasket/7", "--update", "--ignore", "wide.png"]) == 2
    assert "1.png: the mask of regions to ignore" in capsys.readouterr().err
    assert main(["plan", "make", "Gasket/7", "--update", "--ignore", "mask.png"]) == 0
    assert [plan.version for plan in Plans().kept().whole] == [2]


def test_a_deleted_plan_can_be_taken_back_until_it_is_deleted_for_good(capsys: Said) -> None:
    make()
    assert main(["plan", "delete", "Gasket/7"]) == 0
    assert main(["inspect", "part.png", "--plan", "Gasket/7"]) == 2
    said = capsys.readouterr().err
    assert "Gasket/7: no plan of this name is kept" in said
    assert "It was deleted: `segdetect plan restore`" in said
    assert main(["plan", "restore", "Gasket/7"]) == 0
    assert "version 1, is there again." in capsys.readouterr().err
    assert main(["plan", "restore", "Gasket/7"]) == 0
    assert "version 1, is there: nobody has deleted it." in capsys.readouterr().err
    assert main(["plan", "delete", "Gasket/7", "--for-good"]) == 0
    assert main(["plan", "restore", "Gasket/7"]) == 2
    assert not list((Plans().folder / "pictures").iterdir())
    assert main(["plan", "list"]) == 0
    assert "there is no plan yet" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["plan", "make", "A", "--mm-per-pixel", "0,02"], "'0,02' has a comma. Write 0.02, with a point"),
        (["inspect", "part.png", "--threshold", "much"], "'much' is no number"),
    ],
)
def test_what_is_no_number_of_an_option_is_said_in_words(arguments: list[str], said: str, capsys: Said) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert said in capsys.readouterr().err


def test_a_plan_of_nearly_this_name_is_named(capsys: Said) -> None:
    make()
    assert main(["plan", "show", "GASKET/7"]) == 2
    assert "There is Gasket/7: upper and lower case count" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["plan", "make", "A", "--scope", "references"], "there are no known-good pictures"),
        (["plan", "make", "A", "--references", "part.png", "--ignore", "none.png"], "none.png: it cannot be read"),
        (["plan", "make", " ", "--references", "part.png"], "the name is empty"),
        (["plan", "show", "none"], "none: no plan of this name is kept"),
        (
            ["inspect", "part.png", "--plan", "no.segplan"],
            "no.segplan: there is no such file, and no plan of this name",
        ),
        (["plan", "import", "part.png"], "part.png: it is no plan that SegDetect exported"),
        (["plan", "export", "A", "."], ".: it is a folder, not a file to write. Add the file's name"),
        (["inspect", "part.png", "--plan", "part.png"], "part.png: it is no plan that SegDetect exported"),
    ],
)
def test_wrong_use_is_said_in_words(arguments: list[str], said: str, capsys: Said) -> None:
    assert main(arguments) == 2
    assert said in capsys.readouterr().err


def test_a_plan_that_lacks_its_good_pictures_says_so(capsys: Said) -> None:
    assert main(["plan", "make", "Cloth", "--grid", "5", "--engine", "texture"]) == 0
    assert main(["inspect", "part.png", "--plan", "Cloth", "--scope", "references"]) == 2
    assert "Cloth: this plan compares with known-good pictures, and has none yet" in capsys.readouterr().err
