"""A cache for costly values, shared by threads: what one is computing, another waits for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import Future, wait
from typing import Final, Generic, Protocol, TypeVar

from cachetools import LRUCache

_POLL_SECONDS: Final = 0.1


class Sized(Protocol):
    """A value that knows the memory it holds."""

    @property
    def nbytes(self) -> int:
        """Memory held, in bytes."""
        ...


T = TypeVar("T", bound=Sized)


class Memo(Generic[T]):
    """Least recently used values up to a number of bytes.

    Args:
        max_bytes: values above this size together push the oldest out; a single larger value is not kept.
    """

    def __init__(self, max_bytes: int) -> None:
        self._values: LRUCache[Hashable, T] = LRUCache(max_bytes, getsizeof=lambda value: value.nbytes)
        self._running: dict[Hashable, Future[T]] = {}
        self._lock = threading.Lock()

    def __contains__(self, key: Hashable) -> bool:
        with self._lock:
            return key in self._values

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
            positions = list(mine)
            try:
                values = compute(positions)
            except BaseException as error:
                self._abandon([keys[p] for p in positions], error)
                raise
            found |= self._store([keys[p] for p in positions], values)
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
                if key in self._values:
                    found[key] = self._values[key]
                elif key in self._running:
                    theirs[key] = self._running[key]
                else:
                    self._running[key] = Future()
                    claimed.add(key)
                    mine.append(position)
        return found, theirs, mine

    def _store(self, keys: Sequence[Hashable], values: Sequence[T]) -> dict[Hashable, T]:
        with self._lock:
            for key, value in zip(keys, values, strict=True):
                if value.nbytes <= self._values.maxsize:
                    self._values[key] = value
                self._running.pop(key).set_result(value)
        return dict(zip(keys, values, strict=True))

    def _abandon(self, keys: Sequence[Hashable], error: BaseException) -> None:
        with self._lock:
            for key in keys:
                self._running.pop(key).set_exception(error)
