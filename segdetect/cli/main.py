"""The command line: `python -m segdetect COMMAND`."""

from __future__ import annotations

import time
from collections.abc import Sequence

from segdetect.cli.ending import ended
from segdetect.stopping import whole


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code, one of those in `EXIT_CODES`."""
    began = time.monotonic()
    code = ended(lambda: _run(arguments))
    from segdetect.log import event

    event("command ended", exit_code=code, seconds=round(time.monotonic() - began, 3))
    return code


def _run(arguments: Sequence[str] | None) -> int:
    # All that commands need takes a second to import, or several, and Ctrl-C is to be heard from the start. It ends the
    # program when all is imported: NumPy, stopped in between, says that its import failed, whatever stopped it.
    with whole():
        from segdetect.cli.commands import run
    return run(arguments)
