"""Faults that tests inject one at a time: each has a name, and what must hold; a run of them is a table."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import psutil
import pytest

from segdetect.errors import SegDetectError
from tests.support.processes import wait_until

# The file that what was tried is added to, a line of JSON for each; nothing is written without it.
RELIABILITY_VARIABLE: Final = "SEGDETECT_RELIABILITY"
HELD: Final = "said in a sentence with its remedy; the next picture is inspected"


def fault(name: str, *, injected: str, held: str = HELD) -> pytest.MarkDecorator:
    """Marks a test as that of a fault.

    Args:
        name: of the fault; no two have the same.
        injected: what the test does to the program.
        held: what must hold all the same. That no process, temporary folder or partial file is left is looked at by
            `tests/faults/conftest.py` in each case.
    """
    return pytest.mark.fault(name, injected=injected, held=held)


def add_line(**fields: Any) -> None:
    """Add what was tried to the file that `SEGDETECT_RELIABILITY` names, if it names one."""
    path = os.environ.get(RELIABILITY_VARIABLE)
    if path:
        with Path(path).open("a") as file:
            file.write(json.dumps(fields) + "\n")


def told(attempt: Callable[[], object], kind: type[SegDetectError], says: str) -> None:
    """The attempt fails with an error of this kind that says so, and what to do."""
    with pytest.raises(kind, match=says) as caught:
        attempt()
    assert type(caught.value).__name__ not in str(caught.value)
    assert caught.value.remedy


def one_sentence(err: str, says: str) -> None:
    """What a command says on stderr has this in one line of its own, and no traceback."""
    assert "Traceback" not in err, err
    assert any(says in line for line in err.splitlines() if line.startswith("segdetect: ")), err


def descendants(pid: int | None = None) -> set[int]:
    """Processes that a process, this one if left out, and those that it started, have started; none that has ended."""
    try:
        found = psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return set()
    return {one.pid for one in found if _lives(one)}


def all_end(pids: set[int], seconds: float = 10.0) -> float:
    """How long it took until none of these processes lived any more."""
    began = time.monotonic()
    wait_until(lambda: not any(psutil.pid_exists(pid) and _lives(psutil.Process(pid)) for pid in pids), seconds)
    return time.monotonic() - began


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
