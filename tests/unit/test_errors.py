"""The error tree that pages and outside code catch by, and the sentence that a user reads."""

from __future__ import annotations

import inspect
import re

import pytest

from segdetect import errors
from segdetect.errors import EngineExpiredError, GridTooFineError, SegDetectError

TREE = """
SegDetectError
    InputError
        UnreadableImageError
        ImageTooLargeError
        GridTooFineError
        NothingToScoreError
    SettingsError
    DatasetError
    EngineError
        EngineUnavailableError
            EngineMissingError
            EngineExpiredError
            WeightsError
        EngineFailedError
        EngineKilledError
        EngineTimeoutError
    ClusterError
    StorageError
        NotKeptError
        DamagedPlanError
    ForbiddenPathError
    CancelledError
"""


def _tree(error: type[Exception], depth: int = 0) -> list[str]:
    below = [
        line
        for child in error.__subclasses__()
        if child.__module__ == errors.__name__
        for line in _tree(child, depth + 1)
    ]
    return ["    " * depth + error.__name__, *below]


def test_the_tree_is_as_it_was_promised() -> None:
    assert _tree(SegDetectError) == TREE.strip().splitlines()


def test_the_drawing_at_the_top_of_the_module_is_the_tree() -> None:
    drawn = re.findall(r"^[ │├└─]*(\w+Error)\b", errors.__doc__ or "", re.MULTILINE)
    assert drawn == [line.strip() for line in TREE.strip().splitlines()]


def test_every_error_of_the_module_is_in_the_tree_and_explained() -> None:
    ours = [member for _, member in inspect.getmembers(errors, inspect.isclass) if issubclass(member, Exception)]
    assert {error.__name__ for error in ours} == {line.strip() for line in TREE.strip().splitlines()}
    assert all(error.__doc__ for error in ours)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (SegDetectError("it is empty"), "it is empty."),
        (SegDetectError("it is empty", remedy="Load another"), "it is empty. Load another."),
        (SegDetectError("it is empty", file="a b.png"), "a b.png: it is empty."),
        (GridTooFineError("too small", remedy="Use 3 x 3", file="x.png"), "x.png: too small. Use 3 x 3."),
        (EngineExpiredError("fastdup expired"), "fastdup expired."),
    ],
    ids=["problem", "remedy", "file", "all", "subclass"],
)
def test_the_sentence_names_file_problem_and_remedy(error: SegDetectError, text: str) -> None:
    assert str(error) == text
