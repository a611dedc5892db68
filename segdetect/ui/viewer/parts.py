"""Parts of a page that follow a picture viewer: the filmstrip of flagged segments, the threshold on a histogram, the
explanation of the chosen tile, the choice of tiles.

What they show comes from the viewer, in the browser, so that all of it agrees at every moment. Only a threshold that
has come to rest, and a choice, are told to Python.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import streamlit as st

from segdetect.ui.shared.page import callback
from segdetect.ui.viewer.component import mounted_part
from segdetect.ui.viewer.described import described_marks
from segdetect.ui.viewer.messages import ViewerEvent, threshold_tried
from segdetect.ui.viewer.pane import Mark
from segdetect.ui.viewer.told import last_seen, note_selection

FILM_HEIGHT: Final = 107
HISTOGRAM_HEIGHT: Final = 150
_EXPLANATION_HEIGHT: Final = 280


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What is most like the chosen tile, where it lies in a picture that the viewer does not have.

    Args:
        place: of which picture it is, and where it lies there, fit to be shown.
        picture: that part of it, as a `data:` address.
    """

    place: str
    picture: str


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


def tile_explanation(*, key: str, viewer: str) -> None:
    """Say why the tile that is chosen in a viewer is as odd as it is, and show it with what is most like it.

    All of it is known in the browser as soon as a tile is chosen. Only a nearest tile that lies in another picture
    comes with the choice.

    Args:
        key: unique on the page.
        viewer: the viewer's key, which is to be drawn with `by_choice`.
    """
    mounted_part()(key=key, data={"kind": "explanation", "viewer": viewer, "height": _EXPLANATION_HEIGHT})


def tile_choice(
    *,
    key: str,
    viewer: str,
    selected: Sequence[int],
    marks: Sequence[Mark],
    nearest: Elsewhere | None = None,
    on_select: Callable[[ViewerEvent], None],
) -> None:
    """Tell a viewer which tiles are chosen, and be told by it; the page's style is to hide it.

    In a fragment, a choice draws that fragment again, and the viewer is not sent again.

    Args:
        key: unique on the page.
        viewer: the viewer's key, which is to be drawn with `by_choice`.
        selected: the chosen tiles, the most recent last.
        marks: outlined boxes that belong to this choice.
        nearest: what is most like the last of them, where the viewer does not have it.
        on_select: called with the event before the rerun that it causes.
    """
    data = {
        "kind": "choice",
        "viewer": viewer,
        "height": 0,
        "seen": last_seen(key),
        "selected": list(selected),
        "selected_pane": None,
        "marks": described_marks(marks),
        "nearest": nearest and {"place": nearest.place, "picture": nearest.picture},
    }
    mounted_part()(key=key, data=data, on_select_change=callback(functools.partial(note_selection, key, on_select)))


def last_tried(key: str) -> float:
    """The number of the last threshold that came from the histogram with this key; 0 for none."""
    return float(st.session_state.get(_tried_key(key), 0))


def _note(key: str, on_change: Callable[[float], None]) -> None:
    told = threshold_tried(st.session_state[key].get("threshold"))
    if told is None:
        return
    threshold, sequence = told
    st.session_state[_tried_key(key)] = sequence
    on_change(threshold)


def _tried_key(key: str) -> str:
    return f"{key}-tried"
