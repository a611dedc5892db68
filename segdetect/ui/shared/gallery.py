"""Things beside each other, four in a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

T = TypeVar("T")

_IN_A_ROW: Final = 4


def in_fours(things: Sequence[T]) -> Iterator[tuple[DeltaGenerator, T]]:
    """Each thing with the column that it is to be drawn in.

    A pair stays side by side on a phone, where the two halves of a row go below each other.
    """
    for start in range(0, len(things), _IN_A_ROW):
        columns = [column for half in st.columns(2) for column in half.columns(2, wrap=False)]
        yield from zip(columns, things[start : start + _IN_A_ROW], strict=False)
