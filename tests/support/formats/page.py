"""The page docs/formats.md, made of what the program does with each kind of file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.formats import common, dicom, masks, others, stills, tiff, unmeasured
from tests.support.formats.case import Answer, Row

PAGE = Path(__file__).parents[3] / "docs" / "formats.md"
MODULES = (common, stills, tiff, dicom, unmeasured, masks, others)
_HEAD = """# Files that are read

Made by `make formats`, which builds a file of each kind in code, has SegDetect read it, and compares every pixel with
the values that were written or with a second reader. A test does the same and fails where this page says anything else.
The files that come with pydicom are compared with pydicom's own functions for windows, palettes and units, on values
that pydicom has decoded for both; tifffile's package brings no files.

- **Right to the pixel**: every pixel is what the second reader has. Deeper values than 8 bits are compared in a window
  over their whole range, rounded to 8 bits.
- **Within N of 255**: they differ by at most so much, where two ways of computing a colour round differently.
- **Refused**: nothing is inspected, and the words are said, with the file's name in front.

"""


def all_rows() -> dict[str, Sequence[Row]]:
    """The rows of all parts, by the heading of each."""
    return {heading: part for module in MODULES for heading, part in module.rows().items()}


def page(answers: Mapping[str, Sequence[tuple[str, Answer]]]) -> str:
    """The page's text.

    Args:
        answers: kinds with what became of them, by heading.
    """
    every = [answer for part in answers.values() for _, answer in part]
    refused = sum(answer.said == "refused" for answer in every)
    exact = sum(answer.said == "right to the pixel" for answer in every)
    within = len(every) - exact - refused
    count = f"{len(every)} kinds: {exact} right to the pixel, {within} within a few of 255, {refused} refused.\n"
    return _HEAD + count + "".join(_part(heading, part) for heading, part in answers.items())


def _part(heading: str, part: Sequence[tuple[str, Answer]]) -> str:
    lines = [f"| {_cell(kind)} | {answer.said} | {_cell(answer.beside)} |" for kind, answer in part]
    return "\n".join(
        ("", f"## {heading}", "", "| kind | read | compared with, or said |", "| --- | --- | --- |", *lines, "")
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
