"""The watchers of this process, for all visitors."""

from __future__ import annotations

from segdetect.errors import SegDetectError
from segdetect.runs.watching.watchers import Watchers
from segdetect.storage.history.history import History, is_on
from segdetect.ui.shared.history import history
from segdetect.ui.shared.places import visitor_roots
from segdetect.ui.shared.process import one_per_process
from segdetect.ui.shared.session import inspector


@one_per_process
def watchers() -> Watchers:
    """The watchers; the first call goes on with those that were on when the last process ended."""
    return Watchers(inspector, roots=visitor_roots, history=_history())


def _history() -> History | None:
    try:
        return history() if is_on() else None
    except SegDetectError:
        return None  # the History page says why
