"""Two pictures on top of each other, wiped or blinked by the person, as a Streamlit component."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Final

import streamlit as st

_HERE: Final = Path(__file__).parent


def show_overlay(sides: tuple[tuple[str, str], tuple[str, str]], *, alt: str, key: str) -> None:
    """Draw two pictures on top of each other, with a slider between them and a button that blinks them.

    Args:
        sides: caption and `data:` address of the left and of the right one.
        alt: says in words what is compared.
        key: unique on the page.
    """
    data = {"alt": alt, "sides": [{"caption": caption, "picture": picture} for caption, picture in sides]}
    _overlay()(key=key, data=data)


@functools.cache
def _overlay() -> Any:
    """Registered once per process; a second registration under its name would only log a warning."""
    html, css, js = ((_HERE / f"overlay.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js"))
    return st.components.v2.component("segdetect_overlay", html=html, css=css, js=js)
