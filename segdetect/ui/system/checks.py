"""What the program needs, looked at once for all visitors and again when somebody asks."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import streamlit as st

from segdetect.health.check import Check, Health, State
from segdetect.health.examination import examine
from segdetect.ui.shared.locale import localized, number
from segdetect.ui.shared.page import callback, part
from segdetect.ui.shared.places import on_loopback, visitor_roots
from segdetect.ui.shared.process import one_per_process
from segdetect.ui.shared.progress import Progressing, passing
from segdetect.ui.shared.session import inspector
from segdetect.ui.shared.texts import capitalized, plain

ICONS: Final = {
    State.FINE: ":green[:material/check_circle:]",
    State.NOTE: ":orange[:material/info:]",
    State.WRONG: ":red[:material/error:]",
}


@dataclass(slots=True)
class _Last:
    health: Health | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


@one_per_process
def _last() -> _Last:
    return _Last()


@part("The checks")
def show_checks() -> None:
    """Draw what was found, and a button that has everything looked at again."""
    health = _looked()
    wrong = sum(check.state is State.WRONG for check in health.checks)
    if wrong:
        st.error(f"{wrong:d} of {len(health.checks):d} checks found something wrong.", icon=":material/error:")
    else:
        st.success("Nothing is wrong.", icon=":material/check_circle:")
    for check in health.checks:
        _show(check)
    minutes = round((datetime.now(UTC) - health.at).total_seconds() / 60)
    ago = f"{number(minutes, 0)} minute{'' if minutes == 1 else 's'} ago" if minutes else "just now"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Check again", icon=":material/refresh:", key="check-again", on_click=callback(_forget))
        st.caption(f"Checked {ago}. `segdetect doctor` tells the same to monitors.")


def _looked() -> Health:
    last = _last()
    with passing() as slot, last.lock:
        if last.health is None:
            last.health = examine(inspector(), progress=Progressing(slot))
        return last.health


def _forget() -> None:
    _last().health = None


def _show(check: Check) -> None:
    # Folders and addresses of a server are nothing for who comes from elsewhere, through a proxy perhaps.
    place = f"{check.place}: " if check.place and on_loopback() and visitor_roots().folders else ""
    said = f"{place}{localized(check.said)}"
    st.markdown(f"{ICONS[check.state]} **{plain(capitalized(check.name))}**: {plain(said)}.")
    if check.remedy:
        st.caption(f"{plain(localized(check.remedy))}.")
