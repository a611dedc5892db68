"""The queues of this process for answers beside the page, and whom they are for."""

from __future__ import annotations

import streamlit as st

from segdetect.runs.foreground import Foreground
from segdetect.runs.jobs import Jobs
from segdetect.ui.shared.process import one_per_process


@one_per_process
def foreground() -> Foreground:
    """What visitors wait for: a page that is drawn, with the inspection on it, and what a page is filled with."""
    return Foreground()


@one_per_process
def jobs() -> Jobs:
    """What visitors see come in; who closes their tab waits for nothing any more."""
    return Jobs(is_here=st.runtime.get_instance().is_active_session)


@one_per_process
def spare_jobs() -> Jobs:
    """What they can do without for a while, which is done when nobody waits for anything."""
    return Jobs(is_here=st.runtime.get_instance().is_active_session, gives_way_to=foreground())


def standing() -> tuple[int, int]:
    """How many jobs of both are under way, and how many wait for their turn."""
    (running, waiting), (spare, spare_waiting) = jobs().standing(), spare_jobs().standing()
    return running + spare, waiting + spare_waiting


def leave() -> None:
    """The current tab waits for nothing of what it asked for any more."""
    for queue in (jobs(), spare_jobs()):
        queue.leave(visitor())


def visitor() -> str:
    """The current browser tab."""
    context = st.runtime.scriptrunner.get_script_run_ctx()
    return context.session_id if context else ""


def account() -> str:
    """Whose runs this visitor sees: their account's where they have logged in, else those of all who have not."""
    user = st.user
    return f"{user.get('iss', '')} {user.get('sub') or user.get('email')}" if user.get("is_logged_in") else ""
