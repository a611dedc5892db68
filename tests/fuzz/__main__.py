"""Hostile input for every way in: python -m tests.fuzz [--seconds N] [--inputs N] [--seed N] [--only NAME ...]

Prints a line for each target: inputs tried, refused, read, those that broke the decoding process off (and were
refused), the slowest, the most memory, findings. Inputs that are findings are kept in out/fuzz; `--only NAME --file
PATH` tries one again. The same seed and number of inputs give the same inputs. Ends with 1 where anything was found.
"""

from __future__ import annotations

import argparse
import secrets
import sys
from math import inf
from pathlib import Path

from tests.fuzz.run import HEAD, ROOT, Order, has_atheris, run, run_all, tell
from tests.fuzz.targets import TARGETS


def main() -> int:
    """Try and tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=(__doc__ or "").split(":")[0])
    parser.add_argument("--seconds", type=float, help="for all targets together; 60 where no number of inputs is given")
    parser.add_argument("--inputs", type=int, help="for all targets together")
    parser.add_argument("--seed", type=int, help="a number that was printed before")
    parser.add_argument("--only", nargs="+", default=[], choices=TARGETS, metavar="NAME", help=", ".join(TARGETS))
    parser.add_argument("--file", type=Path, help="an input to try again, with --only")
    parser.add_argument("--findings", type=Path, default=ROOT / "out" / "fuzz", help="where findings are kept")
    options = parser.parse_args()
    seed = secrets.randbelow(10**6) if options.seed is None else options.seed
    if options.file:
        outcomes = [run(options.only[0], Order(seed, 1, 60), options.findings, file=options.file.absolute())]
        print(outcomes[0].line, *outcomes[0].problems, sep="\n")
    else:
        guide = "" if has_atheris() else "; atheris is not installed: nothing guides the search"
        print(
            f"seed {seed}: make fuzz SEED={seed} INPUTS={options.inputs or '...'} tries the same again{guide}\n{HEAD}",
            flush=True,
        )
        seconds = options.seconds or (inf if options.inputs else 60)
        order = Order(seed, options.inputs or 10**9, min(seconds, 10**7))
        outcomes = run_all(order, options.findings, only=options.only, say=lambda line: print(line, flush=True))
        print(f"{sum(outcome.tally.inputs for outcome in outcomes)} inputs, seed {seed}")
    tell(outcomes, seed)
    return 1 if any(outcome.problems for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
