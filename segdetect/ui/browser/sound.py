"""A short tone for each picture that is called out, made by the browser once somebody asks for it."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Final

import streamlit as st

_HERE: Final = Path(__file__).parent


def offer_sound(newest: int, call: str) -> None:
    """Draw the button that turns the sound on and off, and let a picture be heard that was not there before.

    Args:
        newest: number of the newest picture, which counts up.
        call: what was called out of it.
    """
    _component()(key="sound", data={"newest": newest, "call": call})


@functools.cache
def _component() -> Any:
    """Register the component once per process."""
    return st.components.v2.component("segdetect_sound", html=_read("html"), css=_read("css"), js=_read("js"))


def _read(kind: str) -> str:
    return (_HERE / f"sound.{kind}").read_text(encoding="utf-8")
