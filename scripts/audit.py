"""Asks a database of advisories about every locked version; what SECURITY.md accepts is no failure.

Exit codes: 0 nothing but what is accepted; 1 something else; 3 there is no answer for all of them.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
CLEAN, FOUND, NO_ANSWER = 0, 1, 3


@dataclass(slots=True)
class Audit:
    """What was learnt.

    Args:
        asked: how many packages an answer was had for.
        unknown: those that none was had for, each with the reason.
        accepted: advisories that apply and are accepted.
        found: advisories that apply and are not: `package version: id, mended in ...`.
    """

    asked: int = 0
    unknown: dict[str, str] = field(default_factory=dict)
    accepted: set[str] = field(default_factory=set)
    found: list[str] = field(default_factory=list)

    @property
    def code(self) -> int:
        """The exit code."""
        if self.found:
            return FOUND
        return NO_ANSWER if self.unknown or not self.asked else CLEAN


def accepted_advisories(text: str) -> set[str]:
    """The advisories that SECURITY.md accepts: the first column of its table."""
    table = text.partition("<!-- accepted:start -->")[2].partition("<!-- accepted:end -->")[0]
    return set(re.findall(r"^\| ((?:CVE|GHSA|PYSEC)-[\w-]+) \|", table, re.MULTILINE))


def judged(dependencies: Sequence[Mapping[str, Any]], accepted: set[str]) -> Audit:
    """What the answer of pip-audit means.

    Args:
        dependencies: as its JSON has them.
        accepted: advisories that are no failure, under any of their names.
    """
    audit = Audit()
    for one in dependencies:
        if "skip_reason" in one:
            audit.unknown[one["name"]] = one["skip_reason"]
            continue
        audit.asked += 1
        for advisory in one["vulns"]:
            names = {advisory["id"], *advisory.get("aliases", ())}
            if names & accepted:
                audit.accepted |= names & accepted
            else:
                mended = ", ".join(advisory.get("fix_versions", ())) or "no version yet"
                audit.found.append(f"{one['name']} {one['version']}: {advisory['id']}, mended in {mended}")
    return audit


def ask(lock: Path, options: Sequence[str]) -> list[Mapping[str, Any]]:
    """What pip-audit says of a lock file; nothing where it does not reach its database."""
    tool = ROOT / ".venv-tools" / "bin" / "pip-audit"
    command = [
        str(tool),
        "-r",
        str(lock),
        "--require-hashes",
        "--disable-pip",
        "--progress-spinner",
        "off",
        "-f",
        "json",
    ]
    done = subprocess.run([*command, *options], capture_output=True, text=True)
    try:
        answer: list[Mapping[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        print("".join(done.stderr.splitlines(keepends=True)[-1:]), file=sys.stderr)
        return []
    return answer


def report(lock: Path, audit: Audit) -> None:
    """Say what was learnt."""
    print(f"{lock.name}: an answer for {audit.asked} packages, none for {len(audit.unknown)}.")
    if audit.accepted:
        print(f"  accepted in SECURITY.md: {', '.join(sorted(audit.accepted))}")
    for line in audit.found:
        print(f"  NOT accepted: {line}")
    if audit.code == NO_ANSWER:
        print(
            "  No database of advisories answered, or not for all: this is no all-clear. Run it where one can be had."
        )


def main() -> int:
    """Audit each lock file; the worst exit code."""
    accepted = accepted_advisories((ROOT / "SECURITY.md").read_text(encoding="utf-8"))
    codes = []
    for lock in sorted(ROOT.glob("requirements*.lock-*.txt")):
        audit = judged(ask(lock, sys.argv[1:]), accepted)
        report(lock, audit)
        codes.append(audit.code)
    return FOUND if FOUND in codes else max(codes, default=NO_ANSWER)


if __name__ == "__main__":
    sys.exit(main())
