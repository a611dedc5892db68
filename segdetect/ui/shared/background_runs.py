"""The runs that go on in the background: started from any page, opened in this tab, walked through on Inspect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import streamlit as st

from segdetect.errors import SegDetectError
from segdetect.inspection import Failure, Inspection
from segdetect.message import counted
from segdetect.pictures.source_file import SourceFile, Sources
from segdetect.pictures.sources import list_sources
from segdetect.runs.queued.export import opened_picture
from segdetect.runs.queued.files import read_files, store_uploads, within
from segdetect.runs.queued.rows import Query, Rows
from segdetect.runs.queued.runs import KeptRuns
from segdetect.runs.queued.state import RunState
from segdetect.runs.room_choice import named_scheduler, open_room
from segdetect.runs.run import Work
from segdetect.settings import Scope, Settings
from segdetect.storage.history.history import History, is_on
from segdetect.storage.roots import Roots
from segdetect.ui.shared.file_pages import FilePage
from segdetect.ui.shared.history import history
from segdetect.ui.shared.jobs import account
from segdetect.ui.shared.opening import Kept, open_on_inspect, set_inspect
from segdetect.ui.shared.page import callback, part, show_error
from segdetect.ui.shared.plan_pictures import allowed_files
from segdetect.ui.shared.process import one_per_process
from segdetect.ui.shared.session import Upload, inspector, kept_uploads
from segdetect.ui.shared.texts import plain

BATCH_PAGE: Final = "pages/batch.py"
_OPENED: Final = "batch-run"
_PLACE: Final = "batch-place"
_STEP: Final = "batch-step"
# The scope takes all of them, the page as many as it has room for.
_MOST_REFERENCES: Final = 20


@one_per_process
def runs() -> KeptRuns:
    """The runs of this process; the first call goes on with those that had not ended when the last one did."""
    return KeptRuns(lambda: open_room(inspector(), scheduler=named_scheduler()), history=_history())


def _history() -> History | None:
    try:
        return history() if is_on() else None
    except SegDetectError:
        return None  # the History page says why


def start_uploaded(
    uploads: Sequence[tuple[str, bytes]], settings: Settings, *, name: str, references: Sequence[FilePage] = ()
) -> None:
    """Begin a run of a visitor's files, `(name, data)`, and open it in this tab.

    Raises:
        SegDetectError: as `KeptRuns.start`, or the engine cannot run.
    """
    with runs().new_folder() as folder:
        _start(folder, store_uploads(folder, uploads), settings, name, references)


def run_name(names: Sequence[str]) -> str:
    """What a run of files of these names is called.

    >>> run_name(["a.png"]), run_name(["a.png", "b.png", "c.png"])
    ('a.png', 'a.png and 2 others')
    """
    others = len(names) - 1
    return names[0] + (f" and {counted(others, 'other')}" if others > 0 else "") if names else "pictures"


def start_folder(place: Path, roots: Roots, settings: Settings, *, references: Sequence[FilePage] = ()) -> None:
    """The same for a folder, a ZIP or a picture of this machine, which lies in one that may be read.

    Raises:
        SegDetectError: as `start_uploaded`, or there is no such place, or no picture in it.
    """
    found = list_sources([place])
    found = replace(found, files=tuple(within(roots, found.files)))
    with runs().new_folder() as folder:
        _start(folder, found, settings, place.name, references)


def _start(folder: Path, found: Sources, settings: Settings, name: str, references: Sequence[FilePage]) -> None:
    good = [
        SourceFile(page.name, page.data, page=page.page, sha256=page.upload.sha256)
        for page in (references if settings.scope is Scope.REFERENCES else ())
    ]
    work = Work.by(inspector(), found.files, settings, references=[*good, *allowed_files(settings)])
    id = runs().start(folder, work, name=name, account=account(), left_out=found.left_out)
    open_run(id)


def opened_run() -> RunState | None:
    """The run that this tab shows; it survives a change of page, and a reload where it is in the address."""
    id = st.session_state.get(_OPENED) or st.query_params.get("run", "")
    return runs().get(account(), id)


def open_run(id: str) -> None:
    """Show a run in this tab."""
    st.session_state[_OPENED] = id


def close_run() -> None:
    """Show none."""
    st.session_state[_OPENED] = ""
    st.query_params.pop("run", None)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in a run the Inspect page is.

    Args:
        run: id of the run.
        line: of the picture.
        query: which others come before and after it.
        sha256: of its file; the page may show another since.
    """

    run: str
    line: int
    query: Query
    sha256: str


def open_picture(run: RunState, line: int, query: Query) -> None:
    """Go to the Inspect page with a picture of a run: its settings, its known-good pictures, and its answer.

    Raises:
        SegDetectError: its file cannot be read any more.
    """
    settings, uploads, kept = _picture(run, line, query)
    open_on_inspect(settings, uploads, kept=kept)


def _picture(run: RunState, line: int, query: Query) -> tuple[Settings, tuple[Upload, ...], Kept | None]:
    """What the Inspect page shows of a picture of a run."""
    folder = runs().folder(run.record.id)
    finished, file = opened_picture(folder, line)
    upload = Upload(file.name, file.data(), file.notes)
    result = finished.result
    assert isinstance(result, Inspection | Failure)
    if run.record.settings.scope is Scope.REFERENCES:
        known = [one for one in read_files(folder).references if not one.allowed]
        good = {one.sha256: one for one in known[:_MOST_REFERENCES]}
        st.session_state["references"] = tuple(Upload(one.name, one.data()) for one in good.values())
    st.session_state[_PLACE] = _Place(run.record.id, line, query, upload.sha256)
    return run.record.settings, (upload,), Kept(result) if isinstance(result, Inspection) else None


@part("The way through the run")
def follow_steps() -> None:
    """On the Inspect page, before all else: take the picture that a button or a key asked for."""
    step = st.session_state.pop(_STEP, 0)
    place, run = _place()
    if not step or place is None or run is None:
        return
    lines = Rows(runs().folder(place.run)).lines(place.query)
    at = lines.index(place.line) if place.line in lines else -1
    for line in lines[at + 1 :] if step > 0 else lines[: max(0, at)][::-1]:
        try:
            settings, uploads, kept = _picture(run, line, place.query)
        except SegDetectError as error:
            show_error(error)  # and on to the one after it
        else:
            set_inspect(settings, uploads, kept=kept)
            return


@part("The way through the run")
def show_steps_of_run() -> None:
    """On the Inspect page: where in a run its picture is, and the way to the next and the previous one."""
    place, run = _place()
    if place is None or run is None:
        return
    lines = Rows(runs().folder(place.run)).lines(place.query)
    at = lines.index(place.line) if place.line in lines else 0
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="run-steps"):
        st.button(
            "Previous picture",
            icon=":material/skip_previous:",
            shortcut="Shift+Left",
            disabled=at == 0,
            on_click=callback(_step),
            args=(-1,),
        )
        st.button(
            "Next picture",
            icon=":material/skip_next:",
            shortcut="Shift+Right",
            disabled=at + 1 >= len(lines),
            on_click=callback(_step),
            args=(1,),
        )
        st.page_link(BATCH_PAGE, label="Back to the run", icon=":material/stacks:")
        st.caption(f"Picture {at + 1:d} of {len(lines):d} of the run **{plain(run.record.name)}**")


def _step(step: int) -> None:
    st.session_state[_STEP] = step


def _place() -> tuple[_Place | None, RunState | None]:
    """The place, and its run, while the page still shows the picture that was opened."""
    place: _Place | None = st.session_state.get(_PLACE)
    uploads = kept_uploads("uploads")
    shows = place is not None and not st.session_state.get("sample") and [u.sha256 for u in uploads] == [place.sha256]
    return (place, runs().get(account(), place.run)) if place is not None and shows else (None, None)
