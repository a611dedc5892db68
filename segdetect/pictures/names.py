"""Names of files as people see them: alike whatever bytes a system keeps them in."""

from __future__ import annotations

import unicodedata
from pathlib import Path


def as_text(name: str) -> str:
    """A name on disk as text that any table or page takes; bytes in it that are no UTF-8 become question marks."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def on_one_line(text: str) -> str:
    """Text that a terminal shows as it is, on one line: control characters and those that turn the direction of writing
    are spelt out, or a file's name could colour, erase or forge what stands around it.

    >>> on_one_line("new\\nline.png")
    'new\\\\nline.png'
    """
    return "".join(_spelt_out(character) if _is_control(character) else character for character in text)


def _spelt_out(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _is_control(character: str) -> bool:
    turns = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    # Line and paragraph separators end a line for some readers, too.
    return unicodedata.category(character) in {"Cc", "Zl", "Zp"} or unicodedata.bidirectional(character) in turns


def composed(name: str) -> str:
    """The same for all spellings of a name that look alike: macOS keeps an accent apart from its letter, others do not.

    >>> composed("cafe\\u0301.png") == composed("caf\\u00e9.png")
    True
    """
    return unicodedata.normalize("NFC", name)


def folded(name: str) -> str:
    """As `composed`, and the same in upper and lower case."""
    return composed(composed(name).casefold())


def on_disk(path: Path) -> Path:
    """The path as the disk spells it, where only accents are spelt otherwise; else the path itself.

    Raises:
        OSError: a folder on the way cannot be listed.
    """
    if path.parent == path or path.exists() or path.is_symlink():
        return path
    parent = on_disk(path.parent)
    if not parent.is_dir():
        return path
    wanted = composed(path.name)
    return next((entry for entry in sorted(parent.iterdir()) if composed(entry.name) == wanted), path)


def inside(folder: Path, name: str) -> Path:
    """What a folder calls by this name in any case of letters and any spelling of accents; there or not."""
    exact = folder / name
    try:
        if exact.exists() or not folder.is_dir():
            return exact
        return min((entry for entry in folder.iterdir() if folded(entry.name) == folded(name)), default=exact)
    except OSError:  # what cannot be listed is told when it is read
        return exact
