"""Numbers and dates as the reader writes them: 0.71 for one, 0,71 for another. Words stay English.

The browser says which locale that is; one that says none, or none that is known, gets English. Nothing written here is
cached, and what the pages cache holds no such text, so that no reader sees another's. Files keep their points.
"""

from __future__ import annotations

import functools
import re
from datetime import date
from decimal import Decimal
from typing import Any, Final

import plotly.graph_objects as go
import streamlit as st
from babel import Locale, UnknownLocaleError
from babel.dates import format_skeleton
from babel.numbers import format_decimal, format_percent, get_decimal_symbol, get_group_symbol

# What follows such a word is a version.
_PRODUCTS: Final = ("fastdup", "Python", "version", "onnxruntime", "texture", "OpenCV")
_FIGURE: Final = re.compile(
    "".join(rf"(?<!{name} )" for name in _PRODUCTS)
    + r"(?<![\w.,:/\\])(?<![\w.]-)(?:0|[1-9]\d*)(?:%|\.\d+(?:%|e[+-]\d+)?)(?=(?:st|nd|rd|th)?(?![\w/\\-]|[.,]\w))"
)
_ISO_DATE: Final = re.compile(r"(?<![\w./\\-])\d{4}-\d\d-\d\d(?![\w/\\-]|\.\w)")


def reader() -> Locale:
    """The locale of who is looking."""
    return _known(st.context.locale or "en")


@functools.lru_cache(maxsize=64)
def _known(tag: str) -> Locale:
    for candidate in (tag.replace("_", "-"), re.split("[-_]", tag)[0]):
        try:
            return Locale.parse(candidate, sep="-")
        except (ValueError, UnknownLocaleError):
            continue
    return Locale("en")


def number(value: float | Decimal, digits: int) -> str:
    """A number with this many decimals."""
    return format_decimal(Decimal(f"{value:.{digits}f}"), format=_decimals("#,##0", digits), locale=reader())


def percent(share: float | Decimal, digits: int = 0) -> str:
    """A share, 0..1, in hundredths with this many decimals."""
    locale = reader()
    pattern = _decimals(locale.percent_formats[None].pattern, digits)
    return format_percent(Decimal(f"{share:.{digits + 2}f}"), format=pattern, locale=locale)


def localized(sentence: str) -> str:
    """An English sentence of the program with its decimals, percentages and dates as the reader writes them.

    It is for sentences, not for names: versions that follow a product's name, digests, sizes such as 7x7, and what is
    part of a file's name or path are left alone.
    """
    return _ISO_DATE.sub(_date, _FIGURE.sub(_figure, sentence))


def _figure(found: re.Match[str]) -> str:
    figure, share, _ = found[0].partition("%")
    mantissa, exponential, exponent = figure.partition("e")
    digits = len(mantissa.partition(".")[2])
    if share:
        return percent(Decimal(mantissa) / 100, digits)
    return number(Decimal(mantissa), digits) + exponential + exponent


def _date(found: re.Match[str]) -> str:
    try:
        return format_skeleton("yMd", date.fromisoformat(found[0]), locale=reader())
    except ValueError:  # no such day
        return found[0]


def localized_chart(figure: go.Figure) -> go.Figure:
    """The same chart, its ticks, hover texts and annotations as the reader writes numbers."""
    locale = reader()
    figure.update_layout(separators=get_decimal_symbol(locale) + get_group_symbol(locale))
    return figure.for_each_annotation(lambda annotation: annotation.update(text=localized(annotation.text)))


def _decimals(pattern: str, digits: int) -> str:
    return pattern.replace("#0", "#0." + "0" * digits) if digits else pattern


def number_column(digits: int) -> dict[str, Any]:
    """Options of a table's column of numbers or bars: this many decimals.

    A column of numbers cuts off further decimals where a bar rounds: its values are to be rounded already.
    """
    return {"format": "localized", "step": 10.0**-digits if digits else 1}
