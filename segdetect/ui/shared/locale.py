"""Numbers and dates as the reader writes them: 0.71 for one, 0,71 for another. Words stay English.

The browser says which locale that is; one that says none, or none that is known, gets English. Nothing written here is
cached, and what the pages cache holds no such text, so that no reader sees another's. Files keep their points.

Nothing here looks for numbers in a text: a sentence that has some brings them along, as a `Message`.
"""

from __future__ import annotations

import functools
import math
import re
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
import streamlit as st
from babel import Locale, UnknownLocaleError
from babel.dates import format_skeleton, format_time
from babel.numbers import format_decimal, format_percent, get_decimal_symbol, get_group_symbol

from segdetect.message import Message

# Decimals have 28 digits, those behind the point included. Larger numbers and what is no number stay as they are.
_LARGEST: Final = 1e15
_KILOBYTES_BELOW: Final = 100_000  # bytes


def reader() -> Locale:
    """The locale of who is looking."""
    return _known(st.context.locale or "en")


def reader_zone() -> tzinfo:
    """Where the clock of who is looking is; a browser may say what no one knows."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (KeyError, ValueError, OSError):
        return UTC


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


def data_size(count: int) -> str:
    """So many bytes in kilobytes, or from a hundred of them on in megabytes; what is there is never said to be 0.

    >>> data_size(0), data_size(40), data_size(60_200), data_size(100_000)
    ('0 kB', '1 kB', '61 kB', '0.1 MB')
    """
    if count < _KILOBYTES_BELOW:
        return f"{number(math.ceil(count / 1e3), 0)} kB"
    return f"{number(count / 1e6, 1)} MB"


def percent(share: float | Decimal, digits: int = 0) -> str:
    """A share, 0..1, in hundredths with this many decimals."""
    locale = reader()
    pattern = _decimals(locale.percent_formats[None].pattern, digits)
    return format_percent(Decimal(f"{share:.{digits + 2}f}"), format=pattern, locale=locale)


def localized(text: str) -> str:
    """A message of the program with its figures and dates as the reader writes them; any other text as it is."""
    return text.written(_figure, _day) if isinstance(text, Message) else text


def _figure(value: float, spec: str) -> str:
    """A number with the decimals, the percent sign and the power of ten that its plain text has."""
    plain = format(value, spec)
    if not abs(value) < _LARGEST:
        return plain
    mantissa, exponential, exponent = plain.rstrip("%").partition("e")
    digits = len(mantissa.partition(".")[2])
    if plain.endswith("%"):
        return percent(Decimal(mantissa) / 100, digits)
    return number(Decimal(mantissa), digits) + exponential + exponent


def _day(day: date) -> str:
    return format_skeleton("yMd", day, locale=reader())


def moment(at: datetime) -> str:
    """A day and a time on the reader's clock, without seconds.

    Args:
        at: with its zone.
    """
    there = at.astimezone(reader_zone())
    return f"{_day(there.date())}, {format_time(there, 'short', locale=reader())}"


def localized_chart(figure: go.Figure) -> go.Figure:
    """The same chart, its ticks, hover texts and what it says in messages, as the reader writes numbers."""
    locale = reader()
    figure.update_layout(separators=get_decimal_symbol(locale) + get_group_symbol(locale))
    for trace in figure.select_traces({"type": "heatmap"}):
        if trace.colorbar.ticktext is not None:
            trace.colorbar.ticktext = [localized(text) for text in trace.colorbar.ticktext]
    return figure.for_each_annotation(lambda annotation: annotation.update(text=localized(annotation.text)))


def _decimals(pattern: str, digits: int) -> str:
    return pattern.replace("#0", "#0." + "0" * digits) if digits else pattern


def number_column(digits: int) -> dict[str, Any]:
    """Options of a table's column of numbers or bars: this many decimals.

    A column of numbers cuts off further decimals where a bar rounds: its values are to be rounded already.
    """
    return {"format": "localized", "step": 10.0**-digits if digits else 1}
