"""Numbers with a comma, in a real browser that is not set to a language that writes them so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.browsing import rest

pytestmark = pytest.mark.browser

COPY = """text => {
  const box = document.body.appendChild(document.createElement("textarea"));
  box.value = text;
  box.select();
  document.execCommand("copy");
  box.remove();
}"""


@pytest.fixture
def field(tab: Callable[..., Any]) -> Any:
    """A field of numbers: the threshold on the Evaluate page."""
    page = tab("evaluate-engine=texture&evaluate-rule=My+own+threshold", page="evaluate")
    return page.get_by_label("Threshold", exact=True)


def entered(field: Any) -> str:
    """What the server made of it."""
    field.press("Enter")
    rest(field.page)
    return str(field.input_value())


def test_a_comma_that_is_typed_is_the_decimal_point(field: Any) -> None:
    found = {}
    for typed in ("0,35", "0.25", "12"):
        field.press("Control+a")
        field.press_sequentially(typed)
        found[typed] = entered(field)
    assert found == {"0,35": "0.350", "0.25": "0.250", "12": "12.000"}


def test_so_is_one_that_is_pasted_where_no_point_beside_it_could_be_meant(field: Any) -> None:
    found = {}
    for copied in ("0,35", "1,234.5"):
        field.page.evaluate(COPY, copied)
        field.press("Control+a")
        field.press("Control+v")
        found[copied] = entered(field)
    assert found == {"0,35": "0.350", "1,234.5": "1234.500"}


def test_in_a_text_it_stays_a_comma(field: Any) -> None:
    text = field.page.get_by_role("textbox", name="Folder with pictures and masks")
    text.press_sequentially("a,b")
    assert text.input_value() == "a,b"
