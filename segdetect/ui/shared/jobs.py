"""The queue of this process for answers beside the page, and whom they are for."""

from __future__ import annotations

import streamlit as st

from segdetect.runs.jobs import Jobs
from segdetect.ui.shared.process import one_per_process


@one_per_process
def jobs() -> Jobs:
    """The one queue of this process; who closes their tab waits for nothing any more."""
    return Jobs(is_here=st.runtime.get_instance().is_active_session)


def visitor() -> str:
    """The current browser tab."""
    context = st.runtime.scriptrunner.get_script_run_ctx()
    return context.session_id if context else ""


def account() -> str:
    """Whose runs this visitor sees: their account's where they have logged in, else those of all who have not."""
    user = st.user
    return f"{user.get('iss', '')} {user.get('sub') or user.get('email')}" if user.get("is_logged_in") else ""
