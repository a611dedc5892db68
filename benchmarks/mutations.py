"""Is every statistic pinned by a test? Changes the code in one place at a time and tells which test notices.

python -m benchmarks.mutations [WORD ...]

Each change of `mutation_table.py` is made alone in a temporary copy of the project, never in the project itself, and
the tests that should notice run there; before that all of them run on an unchanged copy. Words pick the changes whose
title or file holds one of them. Ends with 1 where a change goes unnoticed, or where the text that it replaces does not
occur exactly once.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.mutation_table import TABLE, Mutation

ROOT: Final = Path(__file__).parents[1]
LEFT_OUT: Final = shutil.ignore_patterns(".*", "__pycache__", "docs", "*.egg-info", "build", "dist")
# No compiled code is kept: it is told by the second and the size of its source, which two changes may share. Plugins
# that these tests do not use take longer to load than the tests to run.
COMMAND: Final = (sys.executable, "-B", "-m", "pytest", "-x", "--tb=no", "-p", "no:cacheprovider")
TIMEOUT: Final = ("-p", "pytest_timeout", "--timeout=60")
ENVIRONMENT: Final = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "", "PYTHONDONTWRITEBYTECODE": "1"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table: 0 every change is noticed, 1 one is not, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="mutations", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("words", nargs="*", metavar="WORD", help="only changes whose title or file holds it")
    words = parser.parse_args(arguments).words
    chosen = [one for one in TABLE if not words or any(word in f"{one.title} {one.file}" for word in words)]
    if not chosen:
        parser.error("no change has such a word")
    return report(chosen, ROOT)


def report(mutations: Sequence[Mutation], root: Path) -> int:
    """Try each change and print a row for it: 0 every one is noticed, 1 one is not."""
    with _copy_of(root) as copy:
        if failed := failed_test(copy, {one.test for one in mutations}):
            print(f"mutations: {failed} fails on the unchanged code", file=sys.stderr)
            return 1
    print("| change | in | caught by |\n| --- | --- | --- |")
    unnoticed = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for one, (caught, said) in zip(mutations, pool.map(lambda one: _try(one, root), mutations), strict=True):
            unnoticed += not caught
            print(f"| {one.title} | {one.file.removeprefix('segdetect/')} | {said} |", flush=True)
    print(f"\n{len(mutations) - unnoticed} of {len(mutations)} changes were caught")
    return 1 if unnoticed else 0


def _try(mutation: Mutation, root: Path) -> tuple[bool, str]:
    """Whether the change is noticed, and what to say of it."""
    with _copy_of(root) as copy:
        found = mutation.occurrences(copy)
        if found != 1:
            return False, f"its text occurs {found} times"
        path = copy / mutation.file
        path.write_text(path.read_text(encoding="utf-8").replace(mutation.old, mutation.new), encoding="utf-8")
        test = failed_test(copy, [mutation.test])
    return bool(test), test or "SURVIVED"


@contextmanager
def _copy_of(root: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="segdetect-mutation-") as folder:
        yield Path(shutil.copytree(root, Path(folder) / "copy", ignore=LEFT_OUT))


def failed_test(root: Path, tests: Iterable[str]) -> str:
    """The first of a project's tests that fails; empty where all pass.

    Raises:
        RuntimeError: they could not be run: there is no such file, or the code cannot be imported.
    """
    words = [*COMMAND, *TIMEOUT, *sorted(tests)]
    environment = {**os.environ, **ENVIRONMENT}
    run = subprocess.run(words, cwd=root, env=environment, capture_output=True, text=True, check=False)
    failed = re.search(r"^FAILED (.+?::.+?)(?: - .*)?$", run.stdout, re.MULTILINE)
    if run.returncode not in (0, 1) or bool(run.returncode) != bool(failed):
        raise RuntimeError(f"the tests could not be run:\n{run.stdout}{run.stderr}")
    return failed[1] if failed else ""


if __name__ == "__main__":
    sys.exit(main())
