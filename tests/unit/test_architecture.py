"""docs/architecture.md names every room that there is, and none that there is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
NAMED = sorted({name.rstrip("/") for name in re.findall(r"`((?:segdetect|tests)/[\w/.]*)`", TEXT)})
PACKAGES = sorted(path.parent.relative_to(ROOT).as_posix() for path in (ROOT / "segdetect").rglob("__init__.py"))
# An engine's own folder is nobody's business but the engine's.
INNER = {"segdetect", "segdetect/engines/fastdup", "segdetect/engines/dinov2"}


@pytest.mark.parametrize("name", NAMED)
def test_what_the_page_names_exists(name: str) -> None:
    assert (ROOT / name).exists()


def test_every_package_is_named() -> None:
    assert [package for package in PACKAGES if package not in INNER and package not in NAMED] == []


def test_every_module_at_the_top_is_named() -> None:
    modules = [path.name for path in (ROOT / "segdetect").glob("*.py") if not path.name.startswith("__")]
    assert [module for module in modules if f"segdetect/{module}" not in NAMED] == []


def test_every_module_named_by_its_file_alone_exists() -> None:
    files = {path.name for path in (ROOT / "segdetect").rglob("*.py")}
    named = set(re.findall(r"`(?:\w+/)?(\w+\.py)`", TEXT))
    assert named - files - {"streamlit_app.py"} == set()
