"""Records of evaluations: written whole, read with tolerance, read once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from segdetect.errors import StorageError
from segdetect.evaluation import records
from segdetect.evaluation.datasets import read_dataset
from segdetect.evaluation.figures import Evaluation
from segdetect.evaluation.records import keep_record, read_records, records_folder
from segdetect.evaluation.run import evaluate
from segdetect.pipeline import Inspector
from segdetect.settings import EngineName, Settings
from tests.support.tiny_dataset import mvtec_category
from tests.support.tiny_engine import TinyDenseEngine


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    dataset = read_dataset(mvtec_category(tmp_path_factory.mktemp("data") / "cloth"))
    return evaluate(Inspector({EngineName.TEXTURE: TinyDenseEngine()}), dataset, Settings(engine=EngineName.TEXTURE))


def test_a_record_is_read_as_it_was_kept(evaluation: Evaluation, tmp_path: Path) -> None:
    keep_record(evaluation, tmp_path / "new")
    found = read_records(tmp_path / "new")
    assert found.troubles == ()
    (row,) = found.table.to_dict("records")
    assert row["started"].isoformat() == evaluation.started
    assert (row["data set"], row["engine"], row["grid"]) == ("cloth", "texture", "7 x 7")
    assert row["ap"] == evaluation.overall.ap
    assert [path.name for path in (tmp_path / "new").iterdir() if path.suffix != ".json"] == []


def test_records_of_one_second_are_all_kept_and_the_last_is_listed_first(
    evaluation: Evaluation, tmp_path: Path
) -> None:
    names = [f"cloth {number}" for number in range(8)]
    for name in names:
        keep_record(replace(evaluation, dataset=name), tmp_path)
    assert [*read_records(tmp_path).table["data set"]] == names[::-1]


def test_where_nothing_was_kept_there_is_nothing(tmp_path: Path) -> None:
    found = read_records(tmp_path / "absent")
    assert found.table.empty
    assert found.troubles == ()


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b"null", b'{"settings": 1}', b"\xff\xfe", b"[" * 100_000], ids=range(7)
)
def test_a_damaged_record_is_named_and_set_aside_and_the_others_are_read(
    evaluation: Evaluation, tmp_path: Path, damage: bytes
) -> None:
    keep_record(evaluation, tmp_path)
    (tmp_path / "2020.json").write_bytes(damage)
    for _ in range(2):
        found = read_records(tmp_path)
        assert len(found.table) == 1
        (trouble,) = found.troubles
        assert trouble.file == f"{tmp_path.name}/2020.json.broken"
    assert (tmp_path / "2020.json.broken").read_bytes() == damage


def test_a_damaged_record_that_cannot_be_renamed_is_named_too(
    evaluation: Evaluation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> Path:
        raise PermissionError(13, "Permission denied")

    keep_record(evaluation, tmp_path)
    (tmp_path / "2020.json").write_bytes(b"{")
    monkeypatch.setattr(Path, "replace", refuse)
    found = read_records(tmp_path)
    assert len(found.table) == 1
    (trouble,) = found.troubles
    assert trouble.file == f"{tmp_path.name}/2020.json"
    assert "Permission denied" in trouble.problem


def test_a_folder_that_cannot_be_written_is_a_storage_error(evaluation: Evaluation, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        keep_record(evaluation, tmp_path / "file" / "evaluations")


def test_a_write_that_fails_leaves_nothing_half_done(
    evaluation: Evaluation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageError, match="the disk is full"):
        keep_record(evaluation, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_unchanged_record_is_read_once(
    evaluation: Evaluation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_record(evaluation, tmp_path)
    records._row.cache_clear()
    for _ in range(3):
        assert len(read_records(tmp_path).table) == 1
    assert records._row.cache_info().misses == 1
    (path,) = tmp_path.glob("*.json")
    path.write_text("{")
    assert len(read_records(tmp_path).troubles) == 1


def test_records_lie_where_the_variable_says_now_and_apart_for_each_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path / "one"))
    assert records_folder() == tmp_path / "one" / "evaluations"
    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path / "two"))
    assert records_folder() == tmp_path / "two" / "evaluations"
    anna, ben = records_folder("https://id.example 1"), records_folder("https://id.example/../.. 2")
    assert anna.parent == ben.parent == tmp_path / "two" / "evaluations"
    assert anna != ben
