"""A run in the background as it stands at a moment, for who looks at it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from segdetect.errors import SegDetectError
from segdetect.runs.long_runs import LongRun
from segdetect.runs.queued.record import RunRecord, State
from segdetect.runs.queued.work import Going


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """A run as it stands at this moment.

    Args:
        record: what is known of it.
        state: where it stands.
        is_stopping: it was told to pause or to stop and has not come to it yet.
        ahead: so many runs come before it.
        share: of its files that are done, 0..1, while it runs.
        doing: what is going on, in words.
        counts: how many pictures have each verdict.
        per_second: pictures a second since its turn came; None while that is not known.
        seconds_left: until it is done, at this pace; None likewise.
        unkept: why the history does not have all of it, where it was to.
    """

    record: RunRecord
    state: State
    is_stopping: bool = False
    ahead: int = 0
    share: float = 0.0
    doing: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    per_second: float | None = None
    seconds_left: float | None = None
    unkept: SegDetectError | None = None

    @property
    def pictures(self) -> int:
        """How many pictures are done, those that failed included."""
        return sum(self.counts.values())

    @property
    def goes_on(self) -> bool:
        """Whether it waits for its turn or has it."""
        return self.state in (State.WAITING, State.RUNNING)

    @property
    def is_elsewhere(self) -> bool:
        """Whether another program has it."""
        return self.state is State.WAITING and not self.doing


def state_under_way(record: RunRecord, going: Going, task: LongRun[str, None], *, ahead: int) -> RunState:
    """A run that is in the queue of this program.

    Args:
        record: what is known of it.
        going: what is asked of it, and how far it is.
        task: its place in the queue.
        ahead: so many runs come before it.
    """
    seconds = None if going.since is None or not going.done else max(1e-3, time.monotonic() - going.since)
    gained = task.share - going.share
    return RunState(
        record=record,
        state=State.WAITING if task.is_waiting else State.RUNNING,
        is_stopping=going.pausing or going.cancelled,
        ahead=ahead,
        share=task.share,
        doing=task.doing,
        counts=dict(going.counts),
        per_second=going.done / seconds if seconds else None,
        seconds_left=seconds * (1 - task.share) / gained if seconds and gained > 0 else None,
        unkept=going.unkept,
    )
