"""A strip of pictures with their verdicts, as a Streamlit component."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import streamlit as st

_HERE: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture of the strip.

    Args:
        name: as it can be shown.
        verdict: in words; empty while nothing is known of it.
        sign: of the verdict; never colour alone.
        why: the reason in full, said where the pointer rests or the focus is.
        thumbnail: a `data:` address; empty for none.
    """

    name: str
    verdict: str = ""
    sign: str = ""
    why: str = ""
    thumbnail: str = ""


def picture_strip(
    pictures: Sequence[Picture], *, key: str, current: int | None, on_choose: Callable[[int], None]
) -> None:
    """Draw the strip; a click chooses a picture, J and K the next and the one before.

    Args:
        pictures: in the order in which they are shown.
        key: unique on the page.
        current: which of them is shown, if any.
        on_choose: called with the place of the chosen one before the rerun that it causes.
    """

    def chosen() -> None:
        at = st.session_state[key].get("choose")
        if isinstance(at, int) and 0 <= at < len(pictures):
            on_choose(at)

    data = {"current": current, "pictures": [asdict(picture) for picture in pictures]}
    _strip()(key=key, data=data, on_choose_change=chosen)


@functools.cache
def _strip() -> Any:
    """Registered once per process; a second registration under its name would only log a warning."""
    css, js = ((_HERE / f"strip.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    html = '<div class="strip" role="group"></div><div class="tip" aria-hidden="true" hidden></div>'
    return st.components.v2.component("segdetect_strip", html=html, css=css, js=js)
