"""Which room a run is done in: this process, others of this machine, or the machines of a scheduler."""

from __future__ import annotations

import os
from collections.abc import Sequence

from segdetect.pictures.loading import LoadedImage
from segdetect.pipeline import Inspector
from segdetect.runs.rooms import SCHEDULER_VARIABLE, Here, Room


def named_scheduler() -> str:
    """The scheduler that `SEGDETECT_SCHEDULER` names; empty where it names none."""
    return os.environ.get(SCHEDULER_VARIABLE, "").strip()


def open_room(
    inspector: Inspector, references: Sequence[LoadedImage] = (), *, scheduler: str = "", workers: int = 1
) -> Room:
    """The machines of a scheduler where one is named, else so many processes, or this one with this inspector.

    Raises:
        ClusterError: the workers cannot be had.
    """
    if not scheduler and workers == 1:
        return Here(inspector, references)
    from segdetect.runs import cluster  # with Dask, which takes a while

    return cluster.connect(scheduler) if scheduler else cluster.local(workers)
