"""Whose history it is, how much it holds, and how long that is kept."""

from __future__ import annotations

from typing import Final

import streamlit as st

from segdetect.storage.history.history import is_on
from segdetect.storage.history.retention import Limits
from segdetect.ui.shared.history import history
from segdetect.ui.shared.jobs import account
from segdetect.ui.shared.kept import attempt, show_trouble
from segdetect.ui.shared.locale import data_size, number
from segdetect.ui.shared.login import show_login
from segdetect.ui.shared.page import part

_MEGABYTE: Final = 1_000_000
_FIRST: Final = """
Every finished inspection is kept here, with all its tiles and scores, so that it can be found again next month:

- **One** is shown as it was, and opened on Inspect.
- **Two** are compared: what changed between them, setting by setting and tile by tile.
- **Any** are found by name, verdict, day or plan, and deleted for good where you want that.
"""


def show_whose() -> None:
    """Draw who sees what is here."""
    if account():
        st.caption(":material/lock: Only you see what is kept while you are logged in.")
    else:
        st.caption(":material/group: Everyone who uses this server shares this history.")
    show_login()
    if not is_on():
        st.info(
            "Nothing new is kept: whoever started this server turned the history off (SEGDETECT_HISTORY).",
            icon=":material/history_toggle_off:",
        )


def show_first() -> None:
    """Draw the empty page."""
    st.markdown(_FIRST)
    st.page_link("streamlit_app.py", label="Inspect a picture", icon=":material/frame_inspect:")


@part("What is kept")
def show_keeping() -> None:
    """Draw how much the history holds, and the limits on that."""
    owner = account()
    size, limits = history().size(account=owner), history().limits(account=owner)
    title = f"{number(size.entries, 0)} kept, {data_size(size.bytes)}"
    with st.expander(title, icon=":material/inventory_2:", key="history-keeping"), st.form("limits", border=False):
        days = st.number_input(
            "Delete what is older, in days",
            min_value=1,
            max_value=36_500,
            value=limits.days,
            placeholder="never",
            help="Empty keeps inspections however old they are. After a break of more than a week they are kept a week "
            "longer, in case the computer's date is wrong; *Keep so much* deletes at once.",
        )
        megabytes = st.number_input(
            "Delete the oldest above, in megabytes",
            min_value=1,
            max_value=100_000_000,
            value=None if limits.bytes is None else max(1, limits.bytes // _MEGABYTE),
            placeholder="never",
            help="Empty keeps inspections however much they hold, with the pictures that are kept.",
        )
        if st.form_submit_button("Keep so much"):
            attempt(_limit, days, megabytes, owner, kind="history-limits")
            if "history-limits-error" not in st.session_state:
                st.rerun()
        show_trouble("history-limits")


def _limit(days: int | None, megabytes: int | None, owner: str) -> None:
    history().set_limits(Limits(days, None if megabytes is None else megabytes * _MEGABYTE), account=owner)
    history().trim(account=owner, sure=True)
