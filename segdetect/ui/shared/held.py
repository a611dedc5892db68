"""Controls that the program set for a visitor stay so, whatever the browser says that has yet to hear of it.

With each message a browser sends the values of all controls that it shows. A page that waits looks again every second;
what it sent before it was told the new values says the old ones again, and would undo, say, the rule that goes with a
threshold that was just dragged.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import streamlit as st

# What says on Inspect what is asked for.
CONTROLS: Final = (
    "rule",
    "grid",
    "apart",
    "rows",
    "cols",
    "scope",
    "engine",
    "alarms",
    "defective",
    "sample",
    "shown",
)
_SET: Final = "held-controls"
# The whole page follows a part of it at once, or never; later the visitor may have chosen otherwise.
_SECONDS: Final = 10.0


def controls() -> dict[str, object]:
    """The controls' present values, without those that are not there."""
    return {name: st.session_state[name] for name in CONTROLS if name in st.session_state}


@contextmanager
def noting() -> Iterator[None]:
    """Note which controls are set meanwhile, for `hold_set`."""
    before = controls()
    try:
        yield
    finally:
        now = controls()
        changed = {name: value for name, value in now.items() if name not in before or before[name] != value}
        if changed:
            st.session_state[_SET] = time.monotonic(), changed


def hold_set() -> None:
    """At the beginning of a page: set again what was set just now, in the run that asked for this one."""
    when, changed = st.session_state.pop(_SET, (0.0, {}))
    if time.monotonic() - when < _SECONDS:
        hold(changed)


def hold(values: Mapping[str, object]) -> None:
    """Set controls again where they are otherwise; those that this run has drawn already are as they were drawn."""
    for name, value in values.items():
        if name not in st.session_state or st.session_state[name] != value:
            st.session_state[name] = value
