"""A sentence that remembers its numbers.

Reasons, notes and errors are read by a person, who writes decimals and dates in a way of their own, and by programs, in
files and on stderr. A `Message` is the plain English sentence, so that whatever takes a text takes it, and it keeps the
template and the values that it was made of, so that a page can write it once more for its reader.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from string import Formatter
from types import MappingProxyType
from typing import Any, Final, Self

# A string is a name, a version or a word: it is never touched. A message within a message is written as the whole is.
Value = str | int | float | date
# A field of a template may neither ask for attributes of a value nor be made wider than it is.
_FORMAT: Final = re.compile(r",?(\.\d{1,2})?[a-zA-Z%]?")


class Message(str):
    """A plain English text that can be written anew for a reader.

    Joining it to other text gives a plain string, which nobody can write anew: put it in another message instead.

    Args:
        template: the text with its values' names in braces, each with the format of its plain text where it needs one.
            It is part of the program: what comes from elsewhere is a value.
        values: what stands for the names.

    >>> Message("{count} of {tiles} tiles score at least {threshold:.3g}", count=3, tiles=49, threshold=0.5125)
    '3 of 49 tiles score at least 0.512'
    """

    __slots__ = ("template", "values")
    template: str
    values: Mapping[str, Value]

    def __new__(cls, template: str, /, **values: Value) -> Self:
        """Make the plain text."""
        message = super().__new__(cls, template.format_map(values))
        message.template, message.values = template, MappingProxyType(values)
        return message

    # A copy is made from the parts: the text alone is not enough.
    def __reduce__(self) -> tuple[Callable[[], Self], tuple[()]]:
        return partial(type(self), self.template, **self.values), ()

    def written(self, number: Callable[[float, str], str], day: Callable[[date], str]) -> str:
        """The text with its figures and dates written by these two.

        Figures are numbers with decimals, and others to which the template gives a format; plain whole numbers, such as
        those of rows or pixels, stay.

        Args:
            number: writes a number, whose plain text has the given format.
            day: writes a date.
        """
        return _Writer(number, day).vformat(self.template, (), self.values)


def counted(count: int, noun: str) -> str:
    """So many of something.

    >>> counted(1, "picture"), counted(3, "picture")
    ('1 picture', '3 pictures')
    """
    return f"{count:d} {noun}{'' if count == 1 else 's'}"


class _Writer(Formatter):
    def __init__(self, number: Callable[[float, str], str], day: Callable[[date], str]) -> None:
        self._number, self._day = number, day

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, Message):
            return value.written(self._number, self._day)
        if isinstance(value, date):
            return self._day(value)
        if isinstance(value, float) or (isinstance(value, int) and format_spec):
            return self._number(value, format_spec)
        return format(value, format_spec)


def packed(value: Any) -> Any:
    """A text, number, date or None, or a tuple of them, as JSON has it."""
    if isinstance(value, Message):
        return {"template": value.template, "values": {name: packed(part) for name, part in value.values.items()}}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if isinstance(value, tuple):
        return [packed(part) for part in value]
    return value


def unpacked(told: Any) -> Any:
    """What `packed` made; raises ValueError, KeyError or TypeError for what it never makes."""
    if isinstance(told, list):
        return tuple(map(unpacked, told))
    if not isinstance(told, Mapping):
        return told
    if "date" in told:
        return date.fromisoformat(told["date"])
    values = {str(name): unpacked(part) for name, part in told["values"].items()}
    return Message(_plain_template(told["template"], values), **values)


def _plain_template(template: str, values: Mapping[str, object]) -> str:
    for _, name, form, conversion in Formatter().parse(template):
        if name is not None and (name not in values or conversion or not _FORMAT.fullmatch(form or "")):
            raise ValueError("it is no template of a message")
    return template
