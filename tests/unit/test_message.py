"""A message is its plain text, keeps its numbers, and is the way in which sentences carry them."""

from __future__ import annotations

import ast
import copy
import json
import pickle
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segdetect.errors import EngineExpiredError, SegDetectError
from segdetect.message import Message

PACKAGE = Path(__file__).parents[2] / "segdetect"
TALLY = Message("{count} of {tiles} tiles score at least {threshold:.3g}", count=3, tiles=49, threshold=0.5125)
NESTED = Message(
    "{name}: {tally} since {day}, {share:.0%}.", name="a{0} 2.5.png", tally=TALLY, day=date(2026, 12, 21), share=0.05
)
PLAIN = "a{0} 2.5.png: 3 of 49 tiles score at least 0.512 since 2026-12-21, 5%."


def shouted(message: Message) -> str:
    """The text with brackets around what was written anew."""
    return message.written(lambda value, spec: f"<{value!r}|{spec}>", lambda day: f"<{day:%d/%m}>")


def test_it_is_its_plain_text() -> None:
    assert NESTED == PLAIN
    assert hash(NESTED) == hash(PLAIN)
    assert f"{NESTED}" == str(NESTED) == PLAIN
    assert json.dumps([NESTED]) == json.dumps([PLAIN])


def test_figures_and_dates_are_written_anew_also_in_messages_within() -> None:
    assert shouted(NESTED) == "a{0} 2.5.png: 3 of 49 tiles score at least <0.5125|.3g> since <21/12>, <0.05|.0%>."


@pytest.mark.parametrize(
    ("message", "written"),
    [
        (Message("{n} rows", n=1234), "1234 rows"),
        (Message("{n:g} rows", n=1234), "<1234|g> rows"),
        (Message("{n}", n=0.5), "<0.5|>"),
        (Message("{n}", n="0.5"), "0.5"),
        (Message("{n:{form}}", n=0.5, form=".2f"), "<0.5|.2f>"),
        (Message("{{0.5}} {n}", n="{x:.2f}"), "{0.5} {x:.2f}"),
        (Message("{n!r}", n="0.5"), "'0.5'"),
    ],
    ids=["whole", "whole with a format", "decimals", "a name", "a format that is a value", "braces", "quoted"],
)
def test_only_numbers_with_decimals_or_a_format_are_figures(message: Message, written: str) -> None:
    assert shouted(message) == written


def _pickled(protocol: int) -> Callable[[object], object]:
    return lambda value: pickle.loads(pickle.dumps(value, protocol))


@pytest.mark.parametrize(
    "again",
    [copy.copy, copy.deepcopy, *map(_pickled, range(pickle.HIGHEST_PROTOCOL + 1))],
    ids=["copy", "deepcopy", *(f"pickle {n}" for n in range(pickle.HIGHEST_PROTOCOL + 1))],
)
def test_a_copy_keeps_its_numbers(again: Callable[[object], object]) -> None:
    found = again(NESTED)
    assert isinstance(found, Message)
    assert found == NESTED
    assert (found.template, found.values) == (NESTED.template, NESTED.values)
    assert shouted(found) == shouted(NESTED)


def test_its_values_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        TALLY.values["count"] = 4


values = st.one_of(st.integers(), st.floats(allow_nan=False), st.text(), st.dates())


@settings(deadline=None, max_examples=50)
@given(values=st.dictionaries(st.sampled_from("abc"), values, min_size=1))
def test_written_plainly_it_is_its_plain_text(values: dict[str, str | int | float | date]) -> None:
    message = Message(" and ".join(f"{{{name}}}" for name in values), **values)
    whole = Message("{part}{part}", part=message)
    assert whole.written(format, str) == whole == 2 * message


def test_an_error_keeps_the_numbers_of_its_problem_and_remedy() -> None:
    expired = Message("fastdup 2.54 expired on {day}", day=date(2026, 12, 21))
    error = EngineExpiredError(expired, remedy=Message("Wait {days:.1f} days", days=1.5), file="0.5.png")
    assert str(error) == "0.5.png: fastdup 2.54 expired on 2026-12-21. Wait 1.5 days."
    assert type(str(error)) is str
    again = pickle.loads(pickle.dumps(error))
    for one in (error, again):
        assert shouted(one.message) == "0.5.png: fastdup 2.54 expired on <21/12>. Wait <1.5|.1f> days."
    assert shouted(SegDetectError("it is empty").message) == "it is empty."


# A page writes its numbers itself, a terminal has no reader's locale, and a table's cells are no sentences.
WRITERS = {"ui", "cli"}
TABLES = [PACKAGE / "evaluation" / "tables.py", PACKAGE / "output" / "report.py"]
# Makes the messages again that come from elsewhere, and checks their templates.
UNPACKING = PACKAGE / "message.py"
MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if path.relative_to(PACKAGE).parts[0] not in WRITERS]


def _nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_sentences_below_the_pages_carry_their_numbers(path: Path) -> None:
    fields = [node for node in _nodes(path) if isinstance(node, ast.FormattedValue) and node.format_spec is not None]
    decimals = [node.lineno for node in fields if ast.unparse(node.format_spec).rstrip("'")[-1:] in "efg%"]
    assert path in TABLES or decimals == [], "use a Message in place of a formatted number"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_templates_are_part_of_the_program(path: Path) -> None:
    made = [
        n for n in _nodes(path) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == "Message"
    ]
    assert path == UNPACKING or [node.lineno for node in made if not isinstance(node.args[0], ast.Constant)] == []
