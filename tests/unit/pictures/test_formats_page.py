"""docs/formats.md says what becomes of each kind of file: every row is read here and compared with a second reader."""

from __future__ import annotations

import os
from functools import cache

import pytest

from tests.support.formats.case import Answer
from tests.support.formats.page import PAGE, all_rows, page

ROWS = {(heading, number): row for heading, part in all_rows().items() for number, row in enumerate(part)}
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@cache
def answer(place: tuple[str, int]) -> Answer:
    return ROWS[place].answer()


@pytest.mark.parametrize("place", ROWS, ids=lambda place: f"{place[0]}-{ROWS[place].kind}")
def test_it_is_right_or_refused(place: tuple[str, int]) -> None:
    found = answer(place)
    assert found.said == "refused" or found.said.startswith(("right", "within"))
    assert not any(word in found.beside for word in ("Error", "tifffile.", "numpy.", "None", "0x", "Traceback"))


def test_the_page_says_what_happens() -> None:
    """TAKE_FORMATS=1 writes the page anew."""
    answers: dict[str, list[tuple[str, Answer]]] = {}
    for place, row in ROWS.items():
        answers.setdefault(place[0], []).append((row.kind, answer(place)))
    text = page(answers)
    if os.environ.get("TAKE_FORMATS"):
        PAGE.write_text(text, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == text, "make formats writes it anew"


def test_there_are_rows_enough_and_none_twice() -> None:
    assert len(ROWS) >= 120
    kinds = [(place[0], row.kind) for place, row in ROWS.items()]
    assert len(set(kinds)) == len(kinds)
