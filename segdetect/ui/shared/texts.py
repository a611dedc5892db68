"""Names and sentences that are not the program's own, made fit to be shown: as they are, and as nothing else.

File names, kept names and what is in a data set are written by whoever made them. Where Streamlit reads Markdown
(labels, captions, boxes, progress, help) they go through `plain`, within HTML through `escaped`, and where text stays
text (the options of a select box, cells, alternative texts, names of downloads) through `shown`.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Final

# No sentence of ours comes near; a member of a ZIP may have a name of 65,000 characters.
LONGEST: Final = 600
# Between facts in a line; it never begins the next one.
DOT: Final = "\u00a0· "
_ELLIPSIS: Final = " \u2026 "
# Spaces that keep a number with its unit are none of these.
_BREAKS: Final = re.compile(r"[\t-\r\x1c-\x1f \x85\u2028\u2029]+")
_HIDDEN: Final = "\ufffd"
_CONTROLS: Final = {"Cc", "Cs"}
_TURNS: Final = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
_BLANK: Final = "\u2423"

_PUNCTUATION: Final = re.compile(r"([!-/:-@\[-`{-~])")
# Streamlit looks for these once more in text that was read already, when the backslashes are gone: icons, emoji, links,
# arrows. A word joiner, which has no width, keeps them apart.
_FOUND_LATE: Final = re.compile(r":(?=[\w+/-])|@(?=\w)|www(?=\.)|(?<!\S)[<>~-](?=(?:-?>|-|=)(?!\S))", re.IGNORECASE)
_JOINER: Final = "\u2060"


def shown(text: str) -> str:
    """Text on one line that shows what is in it: a sign for each control character and each that turns the direction of
    writing or is no character, and for nothing but blanks; the middle is left out where it is very long.
    """
    line = _BREAKS.sub(" ", text).strip(" ")
    line = "".join(_HIDDEN if _is_hidden(character) else character for character in line)
    if text and not any(character.isprintable() and not character.isspace() for character in line):
        return _BLANK
    if len(line) <= LONGEST:
        return line
    half = (LONGEST - len(_ELLIPSIS)) // 2
    return line[:half] + _ELLIPSIS + line[-half:]


def plain(text: str) -> str:
    """Text for where Markdown is read, with nothing of it read as Markdown, HTML, an icon, a link or a formula."""
    return _PUNCTUATION.sub(r"\\\1", _FOUND_LATE.sub(rf"\g<0>{_JOINER}", shown(text)))


def escaped(text: str) -> str:
    """Text for use within HTML."""
    return html.escape(shown(text), quote=True)


def dotted(*parts: str) -> str:
    """Facts in a line, with a dot between them that never begins the next line.

    >>> dotted("7 x 7 tiles", "itself").replace("\u00a0", "_")
    '7 x 7 tiles_· itself'
    """
    return DOT.join(parts)


def capitalized(text: str) -> str:
    """Text with a capital at its beginning; names further on stay as they are."""
    return text[:1].upper() + text[1:]


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in _CONTROLS or unicodedata.bidirectional(character) in _TURNS
