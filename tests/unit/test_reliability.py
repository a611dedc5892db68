"""`make reliability`: the page says what was told, and of what was not run that it was not."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from scripts import reliability
from scripts.reliability_page import PARTS, page, troubles

HEAD = {
    "kind": "run",
    "at": "2026-11-30 22:10 UTC",
    "commit": "abc1234",
    "versions": {"Python": "3.11.7", "streamlit": "1.67.0"},
    "machine": "Linux x86_64, 2 cores, 25 GB, load 0.1 before it",
    "seconds": 90,
    "exit": 0,
}
FAULT = {"kind": "fault", "name": "child | killed", "injected": "SIGKILL", "held": "the next works", "seconds": 1.5}
FUZZ = {
    **{"kind": "fuzz", "name": "TIFF", "inputs": 12_000, "refused": 11_000, "read": 1000},
    **{"slowest_seconds": 0.914, "largest_mb": 310.2, "findings": 0, "seed": 7},
}
LOAD = {
    **{
        "kind": "load",
        "users": 20,
        "minutes": 5.0,
        "pause": 4.0,
        "cores": 2,
        "cache_mb": 300,
        "engines": {"texture": 20},
    },
    **{"errors": [], "foreign": [], "tracebacks": 0, "unfair": 0, "temporary_left": []},
    "seconds": {
        "threshold": {"count": 800, "median": 0.08, "p95": 0.3, "most": 1.1},
        "threshold, in table and files": {"count": 800, "median": 0.41, "p95": 1.2, "most": 1.9},
    },
    "queue_places": {"waits": 12, "farthest": 3},
    "memory_mb": {
        "before": {"server": 700, "children": 300},
        "most": {"server": 1100, "children": 350},
        "after": {"server": 740, "children": 300},
    },
    "files": {"before": 40, "most": 90, "after": 41},
}
ENDURANCE = {
    **{"kind": "endurance", "name": "day", "count": 3000, "wrong": 0, "from": 50, "grown_mb": 9, "seconds": 600},
    "memory_mb": {"first": 340, "most": 360, "last": 349},
    **{"files": {"first": 18, "last": 18}, "processes": {"first": 1, "last": 1}, "temporary_left": 0},
}
ALL: dict[str, Sequence[dict[str, Any]]] = {
    "faults": [HEAD, FAULT],
    "fuzz": [HEAD, FUZZ],
    "load": [HEAD, LOAD],
    "endurance": [HEAD, ENDURANCE],
}


def test_the_page_has_what_every_part_told() -> None:
    text = page(ALL)
    assert troubles(ALL) == []
    assert text.count("all held") == len(PARTS)
    assert "not run" not in text
    for said in (
        "| Faults | 2026-11-30 22:10 UTC | abc1234 | Python 3.11.7, streamlit 1.67.0 | Linux x86_64, 2 cores, 25 GB",
        "**1 of 1 kinds of faults survived.**",
        "| child \\| killed | SIGKILL | the next works | 1.50 |",
        "**12,000 inputs tried, 0 findings.** Seed: 7",
        "| TIFF | 12,000 | 11,000 | 1,000 | 0.91 | 310.20 | 0 |",
        "**20 visitors for 5 minutes on 2 cores: 0 errors, 0 answers of somebody else.**",
        "12 times a visitor was told their place in a queue, at most 3; nobody was overtaken.",
        "| threshold, in table and files | 800 | 0.41 | 1.20 | 1.90 |",
        "| after they had gone | 740 | 300 | 41 |",
        "| a watched folder's day | 3,000 | 0 | 10.0 | 340 | 360 | 349 | 9 | 18 to 18 | 0 |",
    ):
        assert said in text


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_was_not_run_is_said_to_be(part: str) -> None:
    told = {name: lines for name, lines in ALL.items() if name != part}
    text = page(told)
    assert text.count("**This part was not run.**") == 1
    assert text.count("| not run |") == 1
    assert troubles(told) == []


@pytest.mark.parametrize(
    ("part", "changed", "said"),
    [
        ("faults", {"held": ""}, "child | killed was not survived"),
        ("fuzz", {"findings": 2}, "TIFF: 2 findings"),
        ("fuzz", {"slowest_seconds": 11.0}, "TIFF: an input took 11.0 s"),
        ("fuzz", {"largest_mb": 1600.0}, "TIFF: 1600.0 MB were held"),
        ("load", {"errors": ["a script failed"]}, "an error: a script failed"),
        ("load", {"foreign": ["another's table"]}, "an answer of somebody else: another's table"),
        ("load", {"tracebacks": 1}, "1 failures in the server's log"),
        ("load", {"unfair": 3}, "3 visitors were overtaken in a queue"),
        *(
            found
            for step, one in LOAD["seconds"].items()  # type: ignore[attr-defined]
            for found in (
                ("load", {"seconds": {**LOAD["seconds"], step: {**one, "p95": 2.1}}}, f"{step}: a change took 2.1 s"),  # type: ignore[dict-item]
                ("load", {"seconds": {step: one}}, "nobody came to the threshold"),
            )
        ),
        ("load", {"memory_mb": {**LOAD["memory_mb"], "after": {"server": 900, "children": 201}}}, "1000 to 1101 MB"),  # type: ignore[dict-item]
        ("load", {"temporary_left": ["a.png"]}, "temporary files were left: a.png"),
        ("endurance", {"wrong": 1}, "day: 1 wrong answers"),
        ("endurance", {"grown_mb": 50}, "day: memory grew by 50 MB"),
        ("endurance", {"files": {"first": 18, "last": 19}}, "day: open files went from 18 to 19"),
        ("endurance", {"temporary_left": 4}, "day: 4 temporary files were left"),
        ("endurance", {"failed": "it ended with 1"}, "day: it ended with 1"),
    ],
)
def test_what_did_not_hold_is_said(part: str, changed: dict[str, Any], said: str) -> None:
    head, line = ALL[part]
    told = {part: [head, {**line, **changed}]}
    (found,) = troubles(told)
    assert found.endswith(said) or said in found
    assert "**1 did not hold**" in page(told)


def test_a_part_that_told_nothing_or_ended_badly_did_not_hold() -> None:
    assert troubles({"load": [HEAD]}) == ["Load: it told nothing"]
    assert "**It told nothing.**" in page({"load": [HEAD]})
    assert troubles({"faults": [{**HEAD, "exit": 4}, FAULT]}) == ["Faults: it ended with 4"]


def test_a_part_is_run_as_a_command_that_adds_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = "import os, sys; open(os.environ['SEGDETECT_RELIABILITY'], 'a').write(sys.argv[1] + '\\n'); sys.exit(3)"
    for line in (FAULT, FAULT | {"name": "later"}):
        command = (sys.executable, "-c", script, json.dumps(line))
        monkeypatch.setattr(reliability, "COMMANDS", {"faults": command})
        reliability.run("faults", tmp_path)
    head, *lines = reliability.told(tmp_path)["faults"]
    assert lines == [FAULT | {"name": "later"}], "what it told before is replaced"
    assert head["exit"] == 3
    assert head["versions"]["streamlit"]
    assert [file.name for file in tmp_path.iterdir()] == ["faults.jsonl"]
