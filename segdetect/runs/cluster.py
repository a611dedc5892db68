"""Runs by the workers of dask.distributed: processes of this machine, or other machines.

Dask queues, gives what a lost worker was doing to another, and starts that anew. Here stands only how it is asked, and
what its troubles mean. It is imported when it is asked for, since that takes most of a second.
"""

from __future__ import annotations

import functools
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError as LostError
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final, TypeVar

from segdetect.cores import THREADS_VARIABLE, cores
from segdetect.errors import ClusterError
from segdetect.progress import Progress, no_progress
from segdetect.runs.chunks import inspect_chunk
from segdetect.runs.rooms import NO_WORKERS, Record, WorkerLostError

if TYPE_CHECKING:
    from distributed import Client, Future

SECONDS_TO_CONNECT: Final = 10.0
# Workers of a cluster that grows with its work come when there is some.
SECONDS_WITHOUT_WORKERS: Final = 120.0
# While a worker is at a part, its next is on the way; one more makes up for parts that take longer than others.
PLACES_A_WORKER: Final = 2
# How often a part is given to another local worker when one died with it: that may have had another cause.
RETRIES: Final = 1
# What libraries ask for how many threads they may have.
_THREADS: Final = (THREADS_VARIABLE, "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_SECONDS_TO_CHECK: Final = 1.0
_SAME_VERSIONS: Final = (
    "Install the same versions of SegDetect and of what it needs on all machines, the scheduler's too, "
    "and start scheduler and workers where they find it, as docs/scale.md says"
)
_GO_ON: Final = "With --resume the run goes on from what is done"

T = TypeVar("T")


class Cluster:
    """The workers of a scheduler.

    Args:
        client: is connected.
        name: of the scheduler, for errors.
        closing: what is closed with it.
    """

    def __init__(self, client: Client, name: str, closing: ExitStack) -> None:
        self._client, self._name, self._closing = client, name, closing

    @property
    def workers(self) -> int:
        """How many parts are inspected at the same time, at least 1."""
        return max(1, self._threads())

    @property
    def places(self) -> int:
        """How many parts are worth having under way at once."""
        return PLACES_A_WORKER * self.workers + 1

    def submit(self, order: Record, files: Sequence[Record], progress: Progress = no_progress) -> Part:
        """As `Room.submit`; of how far a part is nothing is known but that it is under way."""
        return Part(self._asked(lambda: self._client.submit(inspect_chunk, order, files, pure=False)), self, progress)

    def close(self) -> None:
        """Leave the cluster; processes of this machine are ended."""
        self._closing.close()

    def waiting_for(self, seconds: float) -> str:
        """What is waited for, in words.

        Args:
            seconds: how long nothing has come.

        Raises:
            ClusterError: there is nobody to wait for.
        """
        if self._threads():
            return "the workers are at it"
        if seconds > SECONDS_WITHOUT_WORKERS:
            raise ClusterError(
                f"the scheduler has had no workers for {round(seconds)} seconds", remedy=_GO_ON, file=self._name
            )
        return NO_WORKERS

    def lost(self) -> ClusterError:
        """That the scheduler is not there any more."""
        return ClusterError("the scheduler was lost in mid-run", remedy=_GO_ON, file=self._name)

    def _threads(self) -> int:
        return sum(self._asked(self._client.nthreads).values())

    def _asked(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        # A client that is closed, or whose connection is, answers in several ways.
        except (OSError, ValueError, RuntimeError, AttributeError, LostError) as error:
            raise self.lost() from error


class Part:
    """A part under way, as `rooms.Pending` describes it."""

    def __init__(self, future: Future[Any], cluster: Cluster, progress: Progress = no_progress) -> None:
        self._future, self._cluster, self._progress = future, cluster, progress
        self._done = threading.Event()
        future.add_done_callback(lambda _: self._done.set())

    def result(self) -> Record:
        """What `inspect_chunk` returned; see `Pending.result`."""
        from distributed import KilledWorker
        from distributed.comm.core import CommClosedError

        began = time.monotonic()
        while not self._done.wait(_SECONDS_TO_CHECK):
            # Whoever does not want it any more says so here.
            self._progress(0.0, self._cluster.waiting_for(time.monotonic() - began))
        try:
            answer: dict[str, Any] = self._future.result()
        except KilledWorker as error:
            raise WorkerLostError from error
        except (LostError, CommClosedError) as error:
            raise self._cluster.lost() from error
        except ImportError as error:
            raise ClusterError(f"a worker lacks what it needs ({error})", remedy=_SAME_VERSIONS) from error
        except RuntimeError as error:
            # So the scheduler says that it cannot read what it is sent.
            if "deserialization" not in str(error):
                raise
            reason = f" ({_first_line(error.__cause__)})" if isinstance(error.__cause__, Exception) else ""
            raise ClusterError(f"the scheduler lacks what it needs{reason}", remedy=_SAME_VERSIONS) from error
        return answer

    def cancel(self) -> bool:
        """Nobody waits for it any more."""
        self._future.release()
        return True


def _check_address(address: str) -> None:
    # A client that was given what is no address says so, and then prints a traceback when it is cleared away.
    from distributed.comm.addressing import parse_address, parse_host_port
    from distributed.comm.registry import get_backend

    try:
        scheme, place = parse_address(address)
        get_backend(scheme)
        if scheme in {"tcp", "tls"}:
            parse_host_port(place)
    except ValueError as error:
        raise ClusterError(
            "it is no address of a scheduler", remedy="Give one with its port, as tcp://HOST:8786", file=address
        ) from error


def connect(address: str) -> Cluster:
    """The cluster of a scheduler.

    Args:
        address: of the scheduler, as `tcp://host:8786`.

    Raises:
        ClusterError: it is no address, cannot be reached, or has no workers.
    """
    _quiet()
    _check_address(address)
    from distributed import Client

    with ExitStack() as opened:
        try:
            client = Client(address, timeout=SECONDS_TO_CONNECT, set_as_default=False)
        except (OSError, ValueError, TypeError, ImportError) as error:
            raise ClusterError(
                f"no scheduler answers there ({_first_line(error).replace(address, 'it')})",
                remedy="Start one as docs/scale.md says, or check the address: tcp://HOST:8786",
                file=address,
            ) from error
        opened.callback(_close, client)
        try:
            client.wait_for_workers(1, timeout=SECONDS_TO_CONNECT)
        except TimeoutError as error:
            raise ClusterError(
                "the scheduler has no workers", remedy="Start some as docs/scale.md says", file=address
            ) from error
        return Cluster(client, address, opened.pop_all())


def local(workers: int) -> Cluster:
    """Processes of this machine, each with its share of the cores; they end with this process.

    Args:
        workers: how many, at least 1.

    Raises:
        ClusterError: they do not start.
    """
    _quiet()
    import dask
    from distributed import Client, LocalCluster, Security

    share = max(1, cores() // workers)
    # Decided before Python starts in them, since libraries look at it when they are loaded.
    shares = {f"distributed.nanny.pre-spawn-environ.{name}": share for name in _THREADS}
    with ExitStack() as opened, dask.config.set(shares):
        try:
            cluster = opened.enter_context(
                LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    processes=True,
                    dashboard_address=None,
                    silence_logs=logging.CRITICAL,
                    # Whoever else is on this machine must not give them work.
                    security=Security.temporary(),
                    scheduler_kwargs={"allowed_failures": RETRIES},
                )
            )
            client = Client(cluster, set_as_default=False)
            opened.callback(_close, client)
            client.run(_ignore_interrupts)
        except (OSError, ValueError, RuntimeError) as error:
            raise ClusterError(
                f"{workers} processes to work in do not start ({_first_line(error)})",
                remedy="Ask for fewer, or leave --workers out",
            ) from error
        return Cluster(client, f"{workers} workers of this machine", opened.pop_all())


def _close(client: Client) -> None:
    client.close(timeout=2)


def _ignore_interrupts() -> None:
    """Ctrl-C goes to all processes of a terminal; who started the workers ends them, too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


@functools.cache
def _quiet() -> None:
    """What Dask remarks on its own work means nothing to who inspects pictures; its failures are told as errors."""
    import dask

    # Its client and the web server in it have levels of their own, which the first does not change.
    loggers = dict.fromkeys(("distributed", "distributed.client", "tornado.application"), "critical")
    dask.config.set({"logging": loggers, "distributed.admin.large-graph-warning-threshold": "1GB"})
    os.environ.setdefault("DASK_LOGGING__DISTRIBUTED", "critical")
