"""The history of this process, and what its pages keep in it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from typing import Final

import streamlit as st

from segdetect.errors import SegDetectError
from segdetect.inspection import Inspection
from segdetect.output.thumbnails import kept_thumbnail
from segdetect.pictures.loading import LoadedImage
from segdetect.storage.history.entries import Finding, Run
from segdetect.storage.history.hiding import UNDO_SECONDS
from segdetect.storage.history.history import History, is_on
from segdetect.ui.shared.jobs import account
from segdetect.ui.shared.process import one_per_process

_LOG: Final = logging.getLogger(__name__)
_RUN: Final = "history-run"
_KEPT: Final = "history-kept"
_TROUBLE: Final = "history-trouble"
# While the history cannot be written, no page waits for it more often than this.
_AGAIN_SECONDS: Final = 60.0


@one_per_process
def history() -> History:
    """The history, for all visitors; each sees what is their account's."""
    return History()


def hide_entries(numbers: Sequence[int]) -> int:
    """Delete entries of this visitor so that they can be brought back for a while, whatever becomes of the tab.

    Returns:
        How many there were.

    Raises:
        StorageError: the history cannot be written.
    """
    gone = history().hide(numbers, account=account())
    timer = threading.Timer(UNDO_SECONDS + 1, _purge)
    timer.daemon = True
    timer.start()
    return gone


def _purge() -> None:
    try:
        history().purge()
    except SegDetectError as error:
        # The History page, the next answer that is kept and the next run try it again.
        _LOG.warning("What was deleted is still to be removed: %s", error)


def keep_answer(
    image: LoadedImage, inspection: Inspection, *, bank: Sequence[LoadedImage] = (), picture: bytes | None = None
) -> None:
    """Keep what the page answered, once: the same picture with the same settings is one entry of this tab.

    A threshold or a share of false alarms is a place on a slider: of all that were tried the last one is kept. While
    the history cannot be written nothing is kept, and `trouble` says why.

    Args:
        image: the picture.
        inspection: its answer.
        bank: the pictures that it was compared with.
        picture: the file's own bytes where the visitor wants them kept.
    """
    settings, decision = inspection.settings, inspection.decision
    asked = (settings.grid, settings.engine, settings.scope, settings.rule.name, settings.plan)
    place = repr((image.key, asked, [member.key for member in bank]))
    told = (inspection.engine_version, decision.threshold, decision.flags.tobytes(), decision.verdict)
    answer = (*told, image.name, picture is not None, account())
    kept = st.session_state.setdefault(_KEPT, {})
    if not is_on() or kept.get(place) == answer or _is_waiting():
        return
    finding = Finding(result=inspection, thumbnail=kept_thumbnail(image, inspection), picture=picture, key=place)
    try:
        run = _run(inspection)
        history().add(run, [finding])
        if not kept:
            history().trim(account=run.account)
    except SegDetectError as error:
        st.session_state[_TROUBLE] = (error, time.monotonic())
    else:
        st.session_state.pop(_TROUBLE, None)
        kept[place] = answer


def trouble() -> SegDetectError | None:
    """Why answers of this tab are not kept at present."""
    found = st.session_state.get(_TROUBLE)
    return found[0] if found else None


def _is_waiting() -> bool:
    found = st.session_state.get(_TROUBLE)
    return found is not None and time.monotonic() - found[1] < _AGAIN_SECONDS


def _run(inspection: Inspection) -> Run:
    """This tab's run: all that its visitor inspects is one."""
    owner, run = account(), st.session_state.get(_RUN)
    if run is None or run.account != owner:
        run = Run(
            name="Inspect page",
            settings=inspection.settings,
            engine=inspection.engine.value,
            engine_version=inspection.engine_version,
            account=owner,
        )
        st.session_state[_RUN] = run
    return run
