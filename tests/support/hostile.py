"""Names that try to be more than a name."""

from __future__ import annotations

import re
from typing import Final

ELSEWHERE: Final = "evil.example"
IMAGE: Final = f"![x](http://{ELSEWHERE}/a.png)"
TAG: Final = f"<img src=http://{ELSEWHERE}/b.png>"
HOSTILE: Final = f"{IMAGE} {TAG} :material/home: :red[x] $x$ [l](http://{ELSEWHERE}) www.{ELSEWHERE} :streamlit:"
# As long as the name of a preset may be.
HOSTILE_SHORT: Final = f"{IMAGE} {TAG} $x$"
# A file of it on disk: a slash would be another folder.
HOSTILE_FILE: Final = HOSTILE.replace("/", "\u2215")

# What Markdown itself makes something of, and what Streamlit looks for in the text that comes of it.
_AT_ONCE: Final = ("![", "<", "](", "$x", ":red[", ":material")
_LATE: Final = ("://", "www.e", ":material", ":streamlit:", ":red[")
_OWN_ICON: Final = re.compile(r"^(:\w+\[:material/\w+:\] |:material/\w+: )")
_ESCAPE: Final = re.compile(r"\\([!-/:-@\[-`{-~])")


def markup_in(text: str) -> list[str]:
    """What a hostile name left in a text that is read as Markdown; the program's own icon at its beginning is none."""
    text = _OWN_ICON.sub("", text)
    at_once, late = _ESCAPE.sub("\0", text), _ESCAPE.sub(r"\1", text)
    return [part for part in _AT_ONCE if part in at_once] + [part for part in _LATE if part in late]
