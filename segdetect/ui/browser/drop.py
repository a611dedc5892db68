"""Ways to hand in a picture beside the uploader in the sidebar, which is out of sight on a narrow screen."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Final

import streamlit as st

_HERE: Final = Path(__file__).parent


def take_drops(invitation: str = "Drop to inspect") -> None:
    """Let pictures be dropped anywhere on the page, or pasted; they go to the uploader with the key `files`.

    Args:
        invitation: what the page says while files are dragged over it.
    """
    with st.container(key="take-drops"):
        _listener()(key="drops", data=invitation)


def show_chooser() -> None:
    """The large field of the empty page: where to drop a picture, and a button that opens the file dialog."""
    _chooser()(key="choose-picture")


@functools.cache
def _listener() -> Any:
    """Registered once per process; a second registration under its name would only log a warning."""
    # The veil that it draws lies over the whole page, outside of the component's own element.
    return st.components.v2.component(
        "segdetect_drops", css=_read("listen.css"), js=_read("listen.js"), isolate_styles=False
    )


@functools.cache
def _chooser() -> Any:
    return st.components.v2.component(
        "segdetect_chooser", html=_read("choose.html"), css=_read("choose.css"), js=_read("choose.js")
    )


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
