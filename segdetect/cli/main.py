"""The command line: `python -m segdetect COMMAND`."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from typing import Final

from segdetect import __version__
from segdetect.cli import engines, evaluate, inspect
from segdetect.cli.options import INTERRUPTED, WRONG_USE
from segdetect.errors import SegDetectError
from segdetect.memo import process_budget

COMMANDS: Final = (inspect, evaluate, engines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 some pictures failed, 2 wrong use."""
    options = parser().parse_args(arguments)
    # A picture's name may hold what the terminal cannot show; it is spelt out, as Python does on stderr.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        # A wrong size of the caches is told before anything is computed or written.
        process_budget()
        return int(options.run(options))
    except SegDetectError as error:
        print(f"segdetect: {error}", file=sys.stderr)
        return WRONG_USE
    except KeyboardInterrupt:
        print("segdetect: stopped. What was done so far is in the output folder.", file=sys.stderr)
        return INTERRUPTED


def parser() -> argparse.ArgumentParser:
    """All commands with their options."""
    whole = argparse.ArgumentParser(prog="segdetect", description="Where in this picture is something wrong?")
    whole.add_argument("--version", action="version", version=f"segdetect {__version__}")
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(commands)
    return whole
