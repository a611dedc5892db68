"""Puts the program through all that it has to survive, and writes docs/reliability.md: python -m scripts.reliability

Each part runs as a command of its own and adds lines of JSON to the file that `SEGDETECT_RELIABILITY` names. They are
kept in `docs/reliability`, a file for each part, so that the page has what each part told last, wherever that was.

Exit codes: 0 all held; 1 something did not.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import psutil

from scripts.reliability_page import PARTS, page, troubles

ROOT: Final = Path(__file__).resolve().parents[1]
FILE_VARIABLE: Final = "SEGDETECT_RELIABILITY"
KEPT: Final = ROOT / "docs" / "reliability"
PAGE: Final = KEPT.with_suffix(".md")
INPUTS: Final = 20_000
COMMANDS: Final[Mapping[str, Sequence[str]]] = {
    "faults": (sys.executable, "-m", "pytest", "tests/faults"),
    "fuzz": (sys.executable, "-m", "tests.fuzz", "--inputs", str(INPUTS)),
    "load": (sys.executable, "-m", "benchmarks.load"),
    "endurance": (sys.executable, "-m", "benchmarks.endurance"),
}
PACKAGES: Final = ("streamlit", "numpy", "pillow", "fastdup", "onnxruntime")


def run(part: str, kept: Path = KEPT) -> None:
    """Run a part; what it tells replaces what it told before."""
    kept.mkdir(parents=True, exist_ok=True)
    telling = kept / f"{part}.part"
    telling.unlink(missing_ok=True)
    about, began = _about(part), time.monotonic()
    done = subprocess.run(COMMANDS[part], cwd=ROOT, env=os.environ | {FILE_VARIABLE: str(telling)}, check=False)
    head = {**about, "seconds": round(time.monotonic() - began), "exit": done.returncode}
    lines = telling.read_text().splitlines() if telling.exists() else []
    (kept / f"{part}.jsonl").write_text("\n".join([json.dumps(head), *lines]) + "\n")
    telling.unlink(missing_ok=True)


def _about(part: str) -> dict[str, Any]:
    """When, where and with what a part is run."""
    gigabytes = psutil.virtual_memory().total / 1e9
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {gigabytes:.0f} GB"
    return {
        "kind": "run",
        "part": part,
        "at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "commit": _commit(),
        "versions": {"Python": platform.python_version(), **_versions()},
        "machine": f"{machine}, load {os.getloadavg()[0]:.1f} before it",
    }


def _versions() -> dict[str, str]:
    here = {str(one.name).lower(): one.version for one in metadata.distributions()}
    return {name: here[name] for name in PACKAGES if name in here}


def _commit() -> str:
    """The commit that is checked out, and whether anything but the page and what it is made of was changed since."""
    made = [f":!{path.relative_to(ROOT)}" for path in (PAGE, KEPT)]
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", *made)
    return f"{_git('rev-parse', '--short', 'HEAD') or 'no commit'}{', changed' if changed else ''}"


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def told(kept: Path = KEPT) -> dict[str, list[dict[str, Any]]]:
    """What each part told last, the line that says how it was run first."""
    files = {part: kept / f"{part}.jsonl" for part in PARTS}
    return {
        part: [json.loads(line) for line in file.read_text().splitlines()]
        for part, file in files.items()
        if file.exists()
    }


def main() -> int:
    """Run parts, write the page, say what did not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all of them if left out")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    parts = options.parts or PARTS
    for part in parts:
        print(f"---- {part}", flush=True)
        run(part)
    found = told()
    PAGE.write_text(page(found))
    wrong = troubles({part: found[part] for part in parts})
    print(f"---- {PAGE.relative_to(ROOT)} is written; {len(wrong)} did not hold", *wrong, sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
