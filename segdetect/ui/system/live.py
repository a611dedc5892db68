"""What goes on at this moment: queues, processes, memory, disk."""

from __future__ import annotations

from typing import Final

import streamlit as st

from segdetect.health.live import figures
from segdetect.ui.shared.background_runs import runs
from segdetect.ui.shared.jobs import standing
from segdetect.ui.shared.locale import data_size, number
from segdetect.ui.shared.page import part
from segdetect.ui.shared.texts import plain

_EVERY_SECONDS: Final = 5
_MEGABYTE: Final = 1e6
_GIGABYTE: Final = 1e9


@st.fragment(run_every=_EVERY_SECONDS)
@part("What goes on")
def show_live() -> None:
    """Draw the figures, anew every few seconds."""
    (running, waiting), (at_work, queued) = runs().standing(), standing()
    now = figures()
    with st.container(key="figures-system"):
        queue, processes, memory, disk = st.columns(4)
    queue.metric("Runs under way", number(running, 0), help="Batch runs of everyone who uses this server.")
    queue.caption(plain(f"{waiting_runs(waiting)}; {answers_to_come(at_work + queued)}"))
    processes.metric("Helper processes", number(now.children, 0), help="Decoders, fastdup, workers.")
    processes.caption(f"with {number(now.children_memory / _MEGABYTE, 0)} MB of memory")
    memory.metric("Memory of the server", f"{number(now.memory / _MEGABYTE, 0)} MB")
    cache, limit = now.cache / _MEGABYTE, now.cache_limit / _MEGABYTE
    memory.caption(f"of which {number(cache, 0)} of at most {number(limit, 0)} MB are kept between answers")
    disk.metric("Free on the disk", f"{number(now.free / _GIGABYTE, 1)} GB")
    disk.caption(f"history and log hold {data_size(now.kept)}")


def waiting_runs(count: int) -> str:
    """How many runs wait, in words.

    >>> waiting_runs(0), waiting_runs(1), waiting_runs(3)
    ('none waits for its turn', '1 waits for its turn', '3 wait for their turn')
    """
    if count < 2:
        return f"{'1' if count else 'none'} waits for its turn"
    return f"{number(count, 0)} wait for their turn"


def answers_to_come(count: int) -> str:
    """How many answers the open pages of all visitors wait for, in words.

    >>> answers_to_come(0), answers_to_come(1)
    ('no open page waits for an answer', '1 answer for an open page is on its way')
    >>> answers_to_come(3)
    '3 answers for open pages are on their way, one after the other'
    """
    if count < 2:
        return "1 answer for an open page is on its way" if count else "no open page waits for an answer"
    return f"{number(count, 0)} answers for open pages are on their way, one after the other"
