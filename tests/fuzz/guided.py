"""A worker whose search is led by the branches that the code takes; the packages that count come first."""

from __future__ import annotations

import sys

import atheris

if __name__ == "__main__":
    with atheris.instrument_imports(include=sys.argv.pop(1).split(",")):
        from tests.fuzz import worker
    worker.main()
