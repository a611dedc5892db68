"""JSON files that claim to be exports: whatever is in them, they are read whole or refused in words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segdetect.documents.failures import failure_document
from segdetect.errors import InputError, UnreadableImageError
from segdetect.inspection import Failure, Inspection
from segdetect.output import json_files
from segdetect.output.json_files import is_export, json_bytes, read_export, read_inspections
from segdetect.settings import GridSize
from tests.support.pictures import answer, picture, weave

WHOLE = json_bytes(answer(picture(weave((40, 40)), "a.png"), [0.1, 0.9], grid=GridSize(1, 2), flagged=[1]))


def _changed(**fields: Any) -> bytes:
    return json.dumps({**json.loads(WHOLE), **fields}).encode()


def _run(**fields: Any) -> bytes:
    return json.dumps({"document": "segdetect run", "version": 1, "results": [json.loads(WHOLE)], **fields}).encode()


@pytest.mark.parametrize("data", [WHOLE, _run(), b"\xef\xbb\xbf" + WHOLE, _changed(later="unknown")])
def test_what_is_whole_is_read(data: bytes) -> None:
    (found,) = read_export(data)
    assert isinstance(found, Inspection)
    assert found.flagged_tiles == [1]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it is no whole JSON file"),
        (WHOLE[:-5], "it is no whole JSON file"),
        (b"[" * 100_000, "it is no whole JSON file"),
        (b"\xff\xfe\x00", "it is no whole JSON file"),
        (b"[]", "it is no inspection that SegDetect exported"),
        (b'{"images": [], "annotations": []}', "it is no inspection that SegDetect exported"),
        (_changed(version=2), "it is of version 2, and this SegDetect reads version 1"),
        (_changed(scores={}), "this inspection is damaged"),
        (_changed(verdict="fine"), "this inspection is damaged"),
        (_run(version=9), "it is a run of version 9, and this SegDetect reads version 1"),
        (_run(results=[]), "it is a run without results"),
        (_run(results={"a": 1}), "it is a run without results"),
        (_run(results=[[]]), "it is no inspection that SegDetect exported"),
        (_run(results=[json.loads(_run())]), "it is no inspection that SegDetect exported"),
    ],
)
def test_what_is_not_is_refused_by_name(data: bytes, said: str) -> None:
    with pytest.raises(InputError) as caught:
        read_export(data, name="a.json")
    assert str(caught.value).startswith(f"a.json: {said}")
    assert caught.value.remedy


@pytest.mark.parametrize("run", [False, True])
def test_where_all_has_failed_it_is_said_that_there_is_no_inspection(run: bool) -> None:
    failed = failure_document(Failure("bad.png", UnreadableImageError("it is empty", file="bad.png")))
    data = _run(results=[failed, failed]) if run else json.dumps(failed).encode()
    with pytest.raises(InputError) as caught:
        read_inspections(data, name="a.json")
    what = f"it holds no inspection, only what failed (bad.png: it is empty{', and 1 more' if run else ''})"
    assert str(caught.value) == f"a.json: {what}. Inspect its pictures again."


def test_beside_the_inspections_of_a_run_there_is_what_failed() -> None:
    failed = failure_document(Failure("bad.png", UnreadableImageError("it is empty", file="bad.png")))
    (found,), (other,) = read_inspections(_run(results=[failed, json.loads(WHOLE)]))
    assert found.flagged_tiles == [1]
    assert (other.image, str(other.error)) == ("bad.png", "bad.png: it is empty.")


def test_what_is_too_large_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_files, "MAX_EXPORT_BYTES", len(WHOLE) - 1)
    with pytest.raises(InputError, match="it is larger than"):
        read_export(WHOLE)


@pytest.mark.parametrize(
    ("name", "data", "claims"),
    [
        ("a.json", b"", True),
        ("A.JSON", b"x", True),
        ("a.txt", WHOLE, True),
        ("a.png", b"\x89PNG", False),
        ("a.txt", b'{"images": []}', False),
    ],
)
def test_a_file_claims_to_be_an_export_by_name_or_beginning(name: str, data: bytes, claims: bool) -> None:
    assert is_export(name, data) == claims
