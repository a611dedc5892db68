"""What the lists of kept things share: their damaged entries, and buttons whose failure is shown and stops nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from segdetect.errors import SegDetectError
from segdetect.storage.shelf import Damaged
from segdetect.ui.shared.page import callback, show_error


@callback
def attempt(action: Callable[..., object], *arguments: object, kind: str) -> None:
    """Callback of a button: do it; what goes wrong is for `show_trouble` with the same `kind`."""
    try:
        action(*arguments)
    except SegDetectError as error:
        st.session_state[f"{kind}-error"] = error


def show_trouble(kind: str) -> None:
    """Draw what went wrong at the last `attempt`, once."""
    error = st.session_state.pop(f"{kind}-error", None)
    if isinstance(error, SegDetectError):
        show_error(error)


def show_damaged(damaged: Sequence[Damaged], discard: Callable[[Damaged], None], *, kind: str) -> None:
    """Draw the entries that cannot be read, each with what to do and a button that removes what is left of it."""
    for entry in damaged:
        # Near its own box: between two, it could be of either.
        with st.container(gap="xsmall"):
            show_error(entry.error)
            if entry.can_be_removed:
                st.button(
                    "Remove what is left",
                    key=f"discard-{kind}-{entry.path.parent.name}-{entry.path.name}",
                    icon=":material/delete:",
                    on_click=attempt,
                    args=(discard, entry),
                    kwargs={"kind": kind},
                )
