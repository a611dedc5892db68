"""Caches for costly values that share one budget of memory; what one thread is computing, another waits for."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import Future, wait
from typing import Final, Generic, NamedTuple, TypeVar, cast

from cachetools import LRUCache

from segdetect.memory import MEGABYTE, cache_limit, held_bytes, return_freed

_POLL_SECONDS: Final = 0.1
# What the cache itself needs for an entry (measured).
_ENTRY_BYTES: Final = 320
# When so much has been dropped, it is time to see that the system gets it back.
_RETURN_BYTES: Final = 100 * MEGABYTE

T = TypeVar("T")


class _Entry(NamedTuple):
    value: object
    nbytes: int


class Budget:
    """Bytes that several memos share: what was used longest ago goes first, whichever of them it is in.

    Args:
        max_bytes: for the values together, with their keys; a single larger value is not kept.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._entries: LRUCache[Hashable, _Entry] = LRUCache(max_bytes, getsizeof=lambda entry: entry.nbytes)
        self._dropped = 0
        self._lock = threading.Lock()

    @property
    def used_bytes(self) -> int:
        """What the values hold at the moment."""
        return int(self._entries.currsize)

    def __contains__(self, key: Hashable) -> bool:
        with self._lock:
            return key in self._entries

    def find(self, key: Hashable) -> object | None:
        """The value under a key, which counts as used now; None where there is none."""
        with self._lock:
            entry = self._entries.get(key)
            return None if entry is None else entry.value

    def keep(self, key: Hashable, value: object, nbytes: int) -> bool:
        """Put a value in; others go where there is no room for it.

        Returns:
            Whether so much has gone since this last said so that `return_freed` is worth its time.
        """
        if nbytes > self.max_bytes:
            return False
        with self._lock:
            wanted = self.used_bytes + nbytes
            self._entries[key] = _Entry(value, nbytes)
            return self._has_gone(wanted - self.used_bytes)

    def drop(self, keys: Iterable[Hashable]) -> bool:
        """Let go of values, where they are kept; returns as `keep` does."""
        with self._lock:
            before = self.used_bytes
            for key in keys:
                self._entries.pop(key, None)
            return self._has_gone(before - self.used_bytes)

    def _has_gone(self, nbytes: int) -> bool:
        self._dropped += nbytes
        is_due = self._dropped > _RETURN_BYTES
        self._dropped = 0 if is_due else self._dropped
        return is_due


@functools.cache
def process_budget() -> Budget:
    """The one budget that this process's caches share.

    Raises:
        SettingsError: as `cache_limit`.
    """
    return Budget(cache_limit()[0])


class Memo(Generic[T]):
    """Values by their keys, each computed once for all threads and kept while the budget has room.

    Args:
        budget: what the values count against; the process's one if left out. None may not be a value.
    """

    def __init__(self, budget: Budget | None = None) -> None:
        self._own_budget = budget
        self._running: dict[Hashable, Future[T]] = {}
        self._lock = threading.Lock()

    @property
    def _budget(self) -> Budget:
        return process_budget() if self._own_budget is None else self._own_budget

    def __contains__(self, key: Hashable) -> bool:
        return (self, key) in self._budget

    def find(self, key: Hashable) -> T | None:
        """The value of one key where it is kept, which counts as used now."""
        return cast("T | None", self._budget.find((self, key)))

    def forget(self, keys: Iterable[Hashable]) -> None:
        """Let go of values that nobody will ask for again."""
        if self._budget.drop([(self, key) for key in keys]):
            return_freed()

    def get(self, key: Hashable, compute: Callable[[], T]) -> T:
        """The value of one key, computed where it is absent."""
        return self.get_many([key], lambda _: [compute()])[key]

    def get_many(
        self,
        keys: Sequence[Hashable],
        compute: Callable[[list[int]], Sequence[T]],
        *,
        waiting: Callable[[], None] = lambda: None,
    ) -> Mapping[Hashable, T]:
        """The values of many keys, the absent ones computed together in one call.

        Args:
            keys: may repeat.
            compute: gets the positions in `keys` that are to be computed and returns their values in that order. What
                it raises is raised here; threads that wait for one of these keys then compute it themselves.
            waiting: called now and then while another thread computes; it may raise to give up.
        """
        found, theirs, mine = self._claim(keys)
        if mine:
            asked = [keys[position] for position in mine]
            try:
                found |= self._store(asked, compute(mine))
            except BaseException as error:
                self._abandon(asked, error)
                raise
        for key, future in theirs.items():
            while not wait([future], timeout=_POLL_SECONDS).done:
                waiting()
            # The other thread may have been cancelled by its own user: that is no reason to fail here.
            found[key] = future.result() if not future.exception() else self._retry(key, keys, compute, waiting)
        return found

    def _retry(
        self,
        key: Hashable,
        keys: Sequence[Hashable],
        compute: Callable[[list[int]], Sequence[T]],
        waiting: Callable[[], None],
    ) -> T:
        position = keys.index(key)
        return self.get_many([key], lambda _: compute([position]), waiting=waiting)[key]

    def _claim(self, keys: Sequence[Hashable]) -> tuple[dict[Hashable, T], dict[Hashable, Future[T]], list[int]]:
        found: dict[Hashable, T] = {}
        theirs: dict[Hashable, Future[T]] = {}
        mine: list[int] = []
        claimed: set[Hashable] = set()
        with self._lock:
            for position, key in enumerate(keys):
                if key in claimed or key in found:
                    continue
                kept = self._budget.find((self, key))
                if kept is not None:
                    found[key] = cast(T, kept)
                elif key in self._running:
                    theirs[key] = self._running[key]
                else:
                    self._running[key] = Future()
                    claimed.add(key)
                    mine.append(position)
        return found, theirs, mine

    def _store(self, keys: Sequence[Hashable], values: Sequence[T]) -> dict[Hashable, T]:
        sizes = [held_bytes(key, value) + _ENTRY_BYTES for key, value in zip(keys, values, strict=True)]
        with self._lock:
            due = False
            for key, value, nbytes in zip(keys, values, sizes, strict=True):
                due |= self._budget.keep((self, key), value, nbytes)
                self._running.pop(key).set_result(value)
        # It takes a while, and runs what objects do when they end: not while others wait for the lock.
        if due:
            return_freed()
        return dict(zip(keys, values, strict=True))

    def _abandon(self, keys: Sequence[Hashable], error: BaseException) -> None:
        with self._lock:
            for key in keys:
                future = self._running.pop(key, None)
                if future is not None:  # else its value was stored before the failure
                    future.set_exception(error)
