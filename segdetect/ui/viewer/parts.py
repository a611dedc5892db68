"""Parts of a page that follow a picture viewer: the filmstrip of flagged segments, and the threshold on a histogram.

What they show comes from the viewer, in the browser, so that all of it agrees at every moment. Only a threshold that
has come to rest is told to Python.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Final

import streamlit as st

from segdetect.errors import InputError
from segdetect.ui.shared.page import callback
from segdetect.ui.viewer.viewer import mounted_part

FILM_HEIGHT: Final = 107
HISTOGRAM_HEIGHT: Final = 150


def filmstrip(*, key: str, viewer: str) -> None:
    """Draw the flagged segments of a viewer's first picture in a strip; a click on one chooses it in the viewer.

    Args:
        key: unique on the page.
        viewer: the viewer's key.
    """
    mounted_part()(key=key, data={"kind": "film", "viewer": viewer, "height": FILM_HEIGHT})


def threshold_histogram(*, key: str, viewer: str, on_change: Callable[[float], None]) -> None:
    """Draw the scores of a viewer's first picture with the threshold, to be dragged, typed, or chosen by a bar.

    Args:
        key: unique on the page.
        viewer: the viewer's key, which is to be drawn with what `last_tried` says.
        on_change: called with the threshold that was chosen, before the rerun that it causes.
    """
    mounted_part()(
        key=key,
        data={"kind": "histogram", "viewer": viewer, "height": HISTOGRAM_HEIGHT},
        on_threshold_change=callback(functools.partial(_note, key, on_change)),
    )


def last_tried(key: str) -> float:
    """The number of the last threshold that came from the histogram with this key; 0 for none."""
    return float(st.session_state.get(_tried_key(key), 0))


def _note(key: str, on_change: Callable[[float], None]) -> None:
    value = st.session_state[key].get("threshold")
    if value is None:
        return
    try:
        threshold, sequence = float(value["value"]), float(value["sequence"])
    except (LookupError, TypeError, ValueError) as error:
        raise InputError("the threshold came back damaged", remedy="Choose it once more") from error
    if not (math.isfinite(threshold) and threshold >= 0):
        raise InputError(f"a threshold is 0 or more, and this one is {threshold}", remedy="Choose another")
    st.session_state[_tried_key(key)] = sequence
    on_change(threshold)


def _tried_key(key: str) -> str:
    return f"{key}-tried"
