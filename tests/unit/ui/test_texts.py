"""Texts that are not the program's own are shown as they are."""

from __future__ import annotations

import html
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segdetect.ui.shared.texts import LONGEST, capitalized, escaped, plain, shown
from tests.support.hostile import HOSTILE, HOSTILE_FILE, markup_in

JOINER = "\u2060"


@pytest.mark.parametrize("name", [HOSTILE, HOSTILE_FILE], ids=["name", "file"])
def test_a_hostile_name_is_no_markup(name: str) -> None:
    assert markup_in(name) != []
    assert markup_in(plain(name)) == []
    assert "<" not in escaped(name)
    assert '"' not in escaped('"' + name)


@given(st.text())
def test_every_sign_that_markdown_knows_is_escaped(text: str) -> None:
    assert not re.search(r"[!-/:-@\[-`{-~]", re.sub(r"\\[!-/:-@\[-`{-~]", "", plain(text)))


@given(st.text(st.characters(exclude_characters=JOINER)))
def test_nothing_is_lost_or_added_that_can_be_seen(text: str) -> None:
    assert re.sub(r"\\(.)", r"\1", plain(text)).replace(JOINER, "") == shown(text)
    assert html.unescape(escaped(text)) == shown(text)


@given(st.text())
def test_what_is_shown_is_one_line_that_can_be_sent(text: str) -> None:
    line = shown(text)
    assert len(line) <= LONGEST
    assert len(line.splitlines()) <= 1
    assert bool(line) == bool(text)
    line.encode()
    assert shown(line) == line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("picture.png", "picture.png"),
        ("  a \t b\r\n c  ", "a b c"),
        ("   ", "\u2423"),
        ("\u200b", "\u2423"),
        ("", ""),
        ("a\x00b\x1b[31m", "a\ufffdb\ufffd[31m"),
        ("invoice\u202egnp.exe", "invoice\ufffdgnp.exe"),
        ("\u2067a\u2069", "\ufffda\ufffd"),
        ("ab\udcff", "ab\ufffd"),
        ("12\u202f%", "12\u202f%"),
        ("\u05e9\u05dc\u05d5\u05dd.png", "\u05e9\u05dc\u05d5\u05dd.png"),
        ("\U0001f468\u200d\U0001f469.png", "\U0001f468\u200d\U0001f469.png"),
    ],
)
def test_shown(text: str, line: str) -> None:
    assert shown(text) == line


def test_a_very_long_name_keeps_its_ends() -> None:
    line = shown("start" + "x" * 65_000 + "end.png")
    assert line.startswith("start")
    assert line.endswith("end.png")
    assert len(line) in (LONGEST - 1, LONGEST)


@pytest.mark.parametrize(
    "text", ["a -> b", "a <- b", "a <-> b", "a -- b", "x >= 1", "x <= 1", "x ~= 1", "me@example.org", ":100:"]
)
def test_what_streamlit_replaces_late_is_kept_apart(text: str) -> None:
    assert JOINER in plain(text)


@pytest.mark.parametrize(
    "text", ["a-b", "known-good", "score: 1", "C:\\pictures", "x > 1", "a - b", string.ascii_letters]
)
def test_what_it_does_not_replace_is_left_alone(text: str) -> None:
    assert JOINER not in plain(text)


def test_a_capital_at_the_beginning_leaves_names_alone() -> None:
    assert capitalized("describing IMG_1.PNG") == "Describing IMG_1.PNG"
    assert capitalized("") == ""
