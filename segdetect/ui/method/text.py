"""The method, from the one text that the project keeps of it: docs/method.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

DOCS: Final = Path(__file__).parents[3] / "docs"
METHOD: Final = DOCS / "method.md"

_PICTURE: Final = re.compile(r"^!\[([^\]]*)\]\(([^)\s]+)\)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the text with the picture that it begins with.

    Args:
        text: Markdown without pictures.
        picture: a PNG file, shown above the text; None where there is none.
        alt: what the picture shows, for those who cannot see it; empty where there is none.
    """

    text: str
    picture: bytes | None = None
    alt: str = ""


_HEADING: Final = re.compile(r"^## (.+?)\s*$", re.MULTILINE)
_BETWEEN: Final = re.compile(r"[^a-z0-9]+")


def method_contents() -> Section:
    """The headings of the text as a list in Markdown, each a link to its place on the page.

    >>> method_contents().text.splitlines()[0]
    '- [Tiles](#tiles)'
    """
    headings = _HEADING.findall(METHOD.read_text(encoding="utf-8"))
    return Section("\n".join(f"- [{heading}](#{_anchor(heading)})" for heading in headings))


def _anchor(heading: str) -> str:
    """Where Streamlit puts a heading in plain letters."""
    return _BETWEEN.sub("-", heading.lower()).strip("-")


def method_sections() -> Iterator[Section]:
    """The text in its order, divided at its pictures."""
    yield from _sections(METHOD)


@cache
def _sections(path: Path) -> tuple[Section, ...]:
    before, *rest = _PICTURE.split(path.read_text(encoding="utf-8"))
    sections = [Section(before.strip())]
    for alt, name, text in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
        sections.append(Section(text.strip(), (path.parent / name).read_bytes(), alt))
    return tuple(sections)
