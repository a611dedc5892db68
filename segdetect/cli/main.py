"""The command line: `python -m segdetect COMMAND`."""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Sequence

from segdetect import __version__
from segdetect.cli.ending import EXIT_CODES, ended
from segdetect.cli.parser import Parser
from segdetect.log import begin_log, event
from segdetect.memo import process_budget


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code, one of those in `EXIT_CODES`."""
    began = time.monotonic()
    code = ended(lambda: _run(arguments))
    event("command ended", exit_code=code, seconds=round(time.monotonic() - began, 3))
    return code


def _run(arguments: Sequence[str] | None) -> int:
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
    # They take a second to import, or several, in which a Ctrl-C is to end the program as at any other time.
    from segdetect.cli import doctor, engines, evaluate, history, inspect, plan, watch

    whole = Parser(prog="segdetect", description="Where in this picture is something wrong?")
    whole.add_argument("--version", action="version", version=f"segdetect {__version__}")
    commands = whole.add_subparsers(required=True, dest="command", metavar="COMMAND")
    for command in (inspect, watch, evaluate, plan, history, engines, doctor):
        command.add_parser(commands)
    for one in (whole, *commands.choices.values()):
        one.epilog, one.formatter_class = EXIT_CODES, argparse.RawDescriptionHelpFormatter
    return whole
