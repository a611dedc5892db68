"""Reads requirements files."""

from __future__ import annotations

from pathlib import Path


def requirement_lines(file: Path) -> list[str]:
    """The requirements, without comments and empty lines."""
    lines = (line.partition(" #")[0].strip() for line in file.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]
