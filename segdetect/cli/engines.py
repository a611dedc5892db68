"""The command `engines`: which of them run here, and why others do not."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from segdetect.cli.options import DONE, SOME_FAILED
from segdetect.engines.registry import AUTO_ORDER, default_engines
from segdetect.errors import EngineUnavailableError

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_parser(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the others."""
    parser = commands.add_parser("engines", help="say which engines can run here, and why others cannot")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    engines = default_engines()
    working = []
    for name in AUTO_ORDER:
        try:
            engines[name].check()
        except EngineUnavailableError as error:
            print(f"{name:10}cannot run: {error}")
        else:
            working.append(name)
            print(f"{name:10}ready, {engines[name].version}")
    if working:
        print(f"{'auto':10}means {working[0]} here")
    return DONE if working else SOME_FAILED
