"""The table of changes fits the code, and a change that no test notices is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.mutation_table import TABLE, Mutation
from benchmarks.mutations import ROOT, main, report

CODE = "def double(number: int) -> int:\n    return number * 2\n"
TEST = "from code_ import double\n\ndef test_double() -> None:\n    assert double(3) == 6\n"


@pytest.mark.parametrize("mutation", TABLE, ids=lambda one: f"{Path(one.file).stem}-{one.title}")
def test_every_change_replaces_a_text_that_occurs_once(mutation: Mutation) -> None:
    assert mutation.occurrences(ROOT) == 1
    assert mutation.old != mutation.new
    assert (ROOT / mutation.test).is_file()


def test_no_change_is_listed_twice() -> None:
    assert len({(one.file, one.old, one.new) for one in TABLE}) == len(TABLE)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "code_.py").write_text(CODE)
    (tmp_path / "test_code.py").write_text(TEST)
    return tmp_path


def change(old: str, new: str) -> Mutation:
    return Mutation("a change", "code_.py", old, new, "test_code.py")


def test_the_report_says_what_was_noticed_and_leaves_the_project_alone(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changes = [change("number * 2", "number * 3"), change("number * 2", "2 * number"), change("number", "figure")]
    assert report(changes, project) == 1
    said = [line.split(" | ")[2] for line in capsys.readouterr().out.splitlines() if line.startswith("| a change")]
    assert said == ["test_code.py::test_double |", "SURVIVED |", "its text occurs 2 times |"]
    assert (project / "code_.py").read_text() == CODE
    assert sorted(path.name for path in project.iterdir()) == ["code_.py", "test_code.py"]


def test_where_every_change_is_noticed_all_is_well(project: Path) -> None:
    assert report([change("number * 2", "number * 3")], project) == 0


def test_code_that_cannot_be_imported_is_no_catch(project: Path) -> None:
    with pytest.raises(RuntimeError, match="could not be run"):
        report([change("def double", "def")], project)


def test_tests_that_fail_anyway_show_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "test_code.py").write_text(TEST.replace("6", "7"))
    assert report([change("number * 2", "number * 3")], project) == 1
    assert "fails on the unchanged code" in capsys.readouterr().err


def test_an_unknown_word_is_wrong_use() -> None:
    with pytest.raises(SystemExit) as caught:
        main(["no such change"])
    assert caught.value.code == 2
