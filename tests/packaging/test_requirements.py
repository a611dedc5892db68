"""The requirements files name every package that the program imports, so that none comes only through another."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.requirements import requirement_lines

ROOT = Path(__file__).parents[2]
PROGRAM = [*(ROOT / "segdetect").rglob("*.py"), *(ROOT / "pages").glob("*.py"), ROOT / "streamlit_app.py"]
REQUIREMENTS = [
    Requirement(line)
    for file in ("requirements.txt", "requirements-dinov2.txt")
    for line in requirement_lines(ROOT / file)
]


def _imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def _names() -> set[str]:
    tops = {name.partition(".")[0] for file in PROGRAM for name in _imported(file)}
    return tops - sys.stdlib_module_names - {"segdetect"}


def test_every_import_is_a_requirement() -> None:
    required = {canonicalize_name(requirement.name) for requirement in REQUIREMENTS}
    installed = packages_distributions()
    # A package that is not installed here, as fastdup on some platforms, is known by its module's name.
    packages = {name: {canonicalize_name(package) for package in installed.get(name, [name])} for name in _names()}
    assert {name: found for name, found in packages.items() if not found & required} == {}


@pytest.mark.parametrize(
    ("version", "system", "machine", "wanted"),
    [
        ("3.11", "linux", "x86_64", True),
        ("3.12", "darwin", "arm64", True),
        ("3.13", "linux", "x86_64", False),
        ("3.12", "linux", "aarch64", False),
        ("3.12", "darwin", "x86_64", False),
        ("3.12", "win32", "AMD64", False),
    ],
)
def test_fastdup_is_asked_for_where_it_has_builds(version: str, system: str, machine: str, wanted: bool) -> None:
    place = default_environment() | {
        "python_version": version,
        "python_full_version": f"{version}.0",
        "sys_platform": system,
        "platform_machine": machine,
    }
    asked = [r.name for r in REQUIREMENTS if r.marker is None or r.marker.evaluate(place)]
    assert ("fastdup" in asked) == wanted
    # Once for everyone, and once more with the bound that fastdup brings.
    assert asked.count("pillow-heif") == asked.count("opencv-python-headless") == 1 + wanted


def test_what_fastdup_gets_alone_is_what_it_gets_beside_the_rest() -> None:
    beside = {r.name: r.specifier for r in REQUIREMENTS if r.marker is not None}
    apart = {r.name: r.specifier for r in map(Requirement, requirement_lines(ROOT / "requirements-fastdup.txt"))}
    assert apart == {name: beside[name] for name in apart}
    assert "fastdup" in apart
