"""All commands with their options, and how one of them is run."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence
from typing import Final

from segdetect import __version__
from segdetect.cli import doctor, engines, evaluate, history, inspect, plan, watch
from segdetect.cli.ending import EXIT_CODES
from segdetect.cli.parser import Parser
from segdetect.log import begin_log, event
from segdetect.memo import process_budget

COMMANDS: Final = (inspect, watch, evaluate, plan, history, engines, doctor)


def run(arguments: Sequence[str] | None) -> int:
    """Run the command that the arguments name, by default those of this process, and return its exit code.

    Raises:
        SystemExit: they are wrong, or ask for help or the version, which was printed.
        SegDetectError: what went wrong with the command.
    """
    options = parser().parse_args(arguments)
    # What libraries remark on damaged files, with places in their code, means nothing to who runs this; -W shows it.
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    begin_log("command")
    event("command began", command=options.command)
    # A wrong size of the caches is told before anything is computed or written.
    process_budget()
    return int(options.run(options))


def parser() -> argparse.ArgumentParser:
    """All commands with their options."""
    whole = Parser(prog="segdetect", description="Where in this picture is something wrong?")
    whole.add_argument("--version", action="version", version=f"segdetect {__version__}")
    commands = whole.add_subparsers(required=True, dest="command", metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(commands)
    for one in (whole, *commands.choices.values()):
        one.epilog, one.formatter_class = EXIT_CODES, argparse.RawDescriptionHelpFormatter
    return whole
