"""The lock files hold all that the requirements ask for, by version and hash, and name no place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = sorted(ROOT.glob("requirements*.lock-*.txt"))
APART = "requirements-fastdup"  # an environment for fastdup alone, beside a Python that is too new for it


def wanted(lock: Path) -> list[Requirement]:
    files = [f"{APART}.txt"] if lock.name.startswith(APART) else ["requirements.txt", "requirements-dinov2.txt"]
    lines = [line for name in files for line in (ROOT / name).read_text(encoding="utf-8").splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def python_of(lock: Path) -> str:
    return lock.name.partition(".lock-")[2].removesuffix(".txt")


def locked(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)(?:\[\w+\])?==(\S+)", lock.read_text(encoding="utf-8"), re.MULTILINE))


def test_there_is_one_for_each_python() -> None:
    apart = [lock for lock in LOCKS if lock.name.startswith(APART)]
    assert [python_of(lock) for lock in LOCKS if lock not in apart] == ["3.11", "3.12", "3.13", "3.14"]
    assert [python_of(lock) for lock in apart] == ["3.11", "3.12"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_it_holds_what_is_asked_for(lock: Path) -> None:
    surroundings = {
        "python_version": python_of(lock),
        "sys_platform": "linux",
        "platform_machine": "x86_64",
    }
    found = {canonicalize_name(name): version for name, version in locked(lock).items()}
    asked = [one for one in wanted(lock) if one.marker is None or one.marker.evaluate(surroundings)]
    missing = [str(one) for one in asked if found.get(canonicalize_name(one.name), "0") not in one.specifier]
    assert missing == [], "make lock writes it anew"


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_everything_has_a_hash_and_nothing_an_address(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    entries = re.split(r"^(?=\S)", text, flags=re.MULTILINE)[1:]
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text
    assert "index" not in text
