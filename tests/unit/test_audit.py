"""`make audit`: what is accepted is told from what is not, and no answer is no all-clear."""

from __future__ import annotations

from pathlib import Path

from scripts.audit import CLEAN, FOUND, NO_ANSWER, accepted_advisories, judged

ROOT = Path(__file__).parents[2]
ACCEPTED = {"CVE-2026-25990"}


def advisory(name: str, *aliases: str) -> dict[str, object]:
    return {"id": name, "aliases": list(aliases), "fix_versions": ["12.1.1"]}


def pillow(*advisories: dict[str, object]) -> dict[str, object]:
    return {"name": "pillow", "version": "10.3.0", "vulns": list(advisories)}


def test_the_table_of_security_is_read_and_every_row_explained() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    accepted = accepted_advisories(text)
    assert accepted >= ACCEPTED
    rows = [row for row in text.splitlines() if row.startswith("| CVE-")]
    assert len(rows) == len(accepted)
    assert [row for row in rows if any(not cell.strip() for cell in row.strip("| ").split("|"))] == []


def test_what_is_accepted_is_no_failure_under_any_of_its_names() -> None:
    audit = judged([pillow(advisory("GHSA-cfh3-3jmp-rvhc", "CVE-2026-25990"))], ACCEPTED)
    assert (audit.code, audit.accepted, audit.found) == (CLEAN, ACCEPTED, [])


def test_what_is_not_is_one() -> None:
    audit = judged([pillow(advisory("CVE-2027-1"))], ACCEPTED)
    assert (audit.code, audit.found) == (FOUND, ["pillow 10.3.0: CVE-2027-1, mended in 12.1.1"])


def test_no_answer_is_no_all_clear() -> None:
    assert judged([], ACCEPTED).code == NO_ANSWER
    assert judged([pillow(), {"name": "x", "skip_reason": "not found"}], ACCEPTED).code == NO_ANSWER
    assert judged([pillow()], ACCEPTED).code == CLEAN
