"""The command `doctor`: whether all that the program needs is there and works, and what to do where it does not."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from segdetect.cli.ending import DONE, SOME_FAILED, answering
from segdetect.health.check import Check, Health, State
from segdetect.health.examination import examine
from segdetect.pipeline import Inspector

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_parser(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the others."""
    parser = commands.add_parser("doctor", help="check that all that is needed is there and works")
    parser.add_argument("--json", action="store_true", help="print JSON, for monitors")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    health = examine(Inspector())
    with answering():
        print(json.dumps(health.record) if options.json else "\n".join(_lines(health)))
    return SOME_FAILED if health.state is State.WRONG else DONE


def _lines(health: Health) -> Iterator[str]:
    for check in health.checks:
        yield f"{check.state:6}{check.name:18}{_said(check)}"
        if check.remedy:
            yield f"{'':24}{check.remedy}."
    wrong = sum(check.state is State.WRONG for check in health.checks)
    yield f"{wrong} of {len(health.checks)} checks found something wrong." if wrong else "Nothing is wrong."


def _said(check: Check) -> str:
    return f"{check.place}: {check.said}" if check.place else check.said
