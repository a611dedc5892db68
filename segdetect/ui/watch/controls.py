"""Which folder is watched by which plan: started, stopped, and chosen to be seen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import streamlit as st

from segdetect.errors import InputError
from segdetect.runs.watching.watchers import WatcherState
from segdetect.storage.roots import ROOTS_VARIABLE
from segdetect.ui.shared.jobs import account
from segdetect.ui.shared.kept import attempt, show_trouble
from segdetect.ui.shared.page import PLANS_PAGE, callback, part, show_error
from segdetect.ui.shared.places import visitor_roots
from segdetect.ui.shared.plans import plans
from segdetect.ui.shared.texts import plain, shown
from segdetect.ui.shared.watchers import watchers

_OPENED: Final = "watch-opened"
_KIND: Final = "watch"
_TEACHING: Final = """
A camera, or whoever takes pictures, puts them into a folder of this server. Each is inspected once, by a plan, as soon
as it is fully written, and called out so that it is read across a room:

| called out | the verdict | what to do |
| --- | --- | --- |
| ✓&nbsp;**OK** | normal | go on |
| ⬢&nbsp;**NOT&nbsp;OK** | anomalous | take the part out |
| △&nbsp;**LOOK** | suspicious, cannot tell, or a file that cannot be read | have somebody look |

1. **Make a plan** of some pictures of good parts, on Inspect or with `segdetect plan make`.
2. **Name the folder** above and start. What lies in it already comes first; what is done is not done again.
3. **Leave the page, if you like.** It goes on, also when the tab is closed and after a restart of the server. To run
   without this page, and to have files written, moved or other programs told, there is the command `segdetect watch`.
"""


@part("The list of watchers")
def show_watchers() -> WatcherState | None:
    """Draw what is watched and the way to watch more, and return the watcher that is to be seen."""
    found = watchers().of(account())
    for damaged in watchers().damaged:
        show_error(damaged.error)
    show_trouble(_KIND)
    chosen = _choose(found)
    if chosen is not None:
        _show_controls(chosen)
    title = "Watch another folder" if found else "Watch a folder"
    with st.expander(plain(title), icon=":material/add:", expanded=not found):
        _offer_start()
    if not found:
        st.markdown(_TEACHING)
    return chosen


def _choose(found: Sequence[WatcherState]) -> WatcherState | None:
    if not found:
        return None
    states = {state.record.id: state for state in found}
    wanted = st.session_state.get(_OPENED) or st.query_params.get("watcher", "")
    if wanted not in states:
        wanted = next((id for id, state in states.items() if state.goes_on), found[0].record.id)
    if len(states) > 1:
        ids = list(states)
        wanted = st.selectbox(
            "Watched folder",
            ids,
            index=ids.index(wanted),
            format_func=lambda id: shown(_called(states[id])) if id in states else "",
        )
    st.session_state[_OPENED] = wanted
    st.query_params["watcher"] = wanted
    return states[wanted]


def _called(state: WatcherState) -> str:
    return f"{Path(state.record.folder).name}, by {state.record.plan}{'' if state.goes_on else ' (stopped)'}"


def _show_controls(state: WatcherState) -> None:
    record = state.record
    with st.container(horizontal=True, vertical_alignment="center", key="watch-controls"):
        version = "" if state.version is None else f", version {state.version.version}"
        st.markdown(f"**{plain(record.folder)}** by the plan **{plain(record.plan)}**{plain(version)}")
        if state.goes_on:
            _button("Stop", "stop_circle", _stop, record.id)
            return
        _button("Go on", "play_arrow", _start, record.folder, record.plan)
        with st.popover("Forget", icon=":material/delete:"):
            st.markdown("Forget this folder and what was seen in it? Its files stay; all of them are then new again.")
            _button("Forget it", "delete", _forget, record.id)


def _button(label: str, icon: str, work: object, *args: str) -> None:
    st.button(
        plain(label),
        key=f"watch-{label}",
        icon=f":material/{icon}:",
        on_click=attempt,
        args=(work, *args),
        kwargs={"kind": _KIND},
        width="content",
    )


def _offer_start() -> None:
    roots, kept = visitor_roots(), [plan.name for plan in plans().kept().whole]
    if not roots.folders:
        st.caption(f"Whoever starts this server can allow folders of it to be watched: `{ROOTS_VARIABLE}=/data`")
        return
    if not kept:
        st.info("There is no plan yet, and a watched folder needs one.", icon=":material/bookmarks:")
        st.page_link(PLANS_PAGE, label="What a plan is, and how to make one", icon=":material/arrow_forward:")
        return
    where = f" It must lie in {plain(roots.names)}." if roots.shown else ""
    folder, plan, start = st.columns([5, 3, 2], vertical_alignment="bottom")
    folder.text_input(
        "Folder of this server",
        key="watch-folder",
        placeholder="…/line-3/camera",
        persist_state="session",
        help=f"On the machine that SegDetect runs on, with the folders in it. Its files stay there.{where}",
    )
    plan.selectbox("Plan", kept, key="watch-plan", format_func=shown)
    start.button(
        "Start watching",
        type="primary",
        icon=":material/visibility:",
        disabled=not st.session_state.get("watch-folder", "").strip(),
        on_click=callback(_start_new),
    )


def _start_new() -> None:
    plan = st.session_state.get("watch-plan")
    if plan is None:
        raise InputError("no plan was chosen", remedy="Choose one")
    _start(st.session_state["watch-folder"].strip(), plan)


def _start(folder: str, plan: str) -> None:
    place = visitor_roots().checked(folder)
    st.session_state[_OPENED] = watchers().start(place, plan, account=account())


def _stop(id: str) -> None:
    watchers().stop(account(), id)


def _forget(id: str) -> None:
    watchers().forget(account(), id)
    st.query_params.pop("watcher", None)
