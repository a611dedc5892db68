"""Decoding in processes of its own, kept warm, each ended when it misbehaves.

Decoders are large programs in C that are fed with whatever strangers send. What goes wrong in one of these processes, a
crash, an endless loop, too much memory, ends that process alone, and costs the picture it was decoding.
"""

from __future__ import annotations

import functools
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar, cast, get_type_hints

from segdetect.child import ChildProcess
from segdetect.errors import SegDetectError, UnreadableImageError
from segdetect.message import Message, packed
from segdetect.pictures.limits import answer_limit, decoding_limit, decoding_seconds
from segdetect.pictures.parcels import Parcel, receive_parcel, send_parcel
from segdetect.pictures.travel import unpacked_answer

ISOLATE_VARIABLE: Final = "SEGDETECT_ISOLATE"
READY: Final = b"r"
SECONDS_TO_START: Final = 60.0
# As many pictures are decoded at once; each process holds 60 to 90 MB while it waits (measured).
MOST_PROCESSES: Final = 4
MODULE: Final = "segdetect.pictures.decoder_process"
# What Python and the decoders need of their surroundings; credentials and settings of other programs are not handed on.
_ENVIRONMENT_NAMES: Final = (
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "PYTHONHOME",
    "PYTHONDONTWRITEBYTECODE",
    "TMPDIR",
)
# Nothing that they do there is worth threads, each of which would take memory of its own.
_ONE_THREAD: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_BROKE_OFF: Final = "reading it broke off abruptly; it is damaged, or made to do harm"
_LOG: Final = logging.getLogger(__name__)
_REMEDY: Final = "Open it in an image viewer; if it looks right there, save it anew as PNG and load that"
SMALLER: Final = "Scale the picture down or cut it in parts, and load these"

T = TypeVar("T")


def isolates() -> bool:
    """Whether pictures are decoded in other processes: on Linux and macOS, unless `SEGDETECT_ISOLATE` is 0."""
    return os.environ.get(ISOLATE_VARIABLE, "").strip() != "0" and os.name == "posix" and hasattr(socket, "send_fds")


def warm_up() -> None:
    """Start a first process, without waiting until it is ready, so that the first picture need not."""
    if isolates():
        with suppress(OSError):  # which the first picture will tell
            decoders().warm_up()


def apart(function: Callable[..., T], data: bytes, *, name: str, **options: Any) -> T:
    """What a function returns, called in another process, unless that is turned off; waits while all are busy.

    Args:
        function: of a module of this package; it takes a file's bytes, its `name` and options, and its annotation says
            which type it returns: a number, a text, or a frozen dataclass of such values, tuples of them and arrays.
        data: the file's bytes.
        name: the file's name.
        options: what else the function takes: texts, numbers, and tuples of them.

    Raises:
        SegDetectError: what the function raises.
        UnreadableImageError: it took too long, or its process crashed or does not start.
    """
    if not isolates():
        return function(data, name=name, **options)
    return decoders().run(function, data, name=name, **options)


def decoders() -> Decoders:
    """Those of this process; a forked copy of it has none of its parent's."""
    return _decoders_of(os.getpid())


@functools.cache
def _decoders_of(pid: int) -> Decoders:
    return Decoders(min(MOST_PROCESSES, os.cpu_count() or 1))


class Decoder:
    """One process that decodes pictures, for one thread at a time.

    Args:
        module: what runs in it.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, module: str = MODULE) -> None:
        command = [sys.executable, "-P", "-s", "-m", module]
        self._child = ChildProcess(command, environment=_environment(), folder=Path("/"))
        self._ready = False

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._child.pid

    @property
    def usable(self) -> bool:
        """Alive, and started by this very process."""
        return self._child.usable

    def close(self) -> None:
        """End it."""
        self._child.close()

    def run(self, function: Callable[..., T], data: bytes, *, name: str, **options: Any) -> T:
        """As `apart`; whatever goes wrong with its process, that is ended.

        Raises:
            SegDetectError: what the function raises, or that it took too long or that its process crashed.
            OSError: the process cannot be used.
        """
        seconds, well = decoding_seconds(len(data)), False
        try:
            self._await_start()
            answer = self._exchange(_request(function, data, {"name": name, **options}, seconds), seconds)
            result = unpacked_answer(answer, get_type_hints(function)["return"], name=name)
            well = not answer.head.get("spent")
        except TimeoutError as error:
            raise _too_long(name, seconds) from error
        except ConnectionError as error:
            raise self._died(name, seconds) from error
        except ValueError as error:
            raise _no_picture(_BROKE_OFF, name) from error
        finally:
            if not well:
                self.close()
        if isinstance(result, SegDetectError):
            raise result
        return cast(T, result)

    def _await_start(self) -> None:
        if self._ready:
            return
        self._child.socket.settimeout(SECONDS_TO_START)
        try:
            self._ready = self._child.socket.recv(1) == READY
        except TimeoutError as error:
            raise OSError(f"it took longer than {round(SECONDS_TO_START)} seconds") from error
        if not self._ready:
            raise OSError(f"exit code {self._child.exit_code()}")

    def _exchange(self, request: Parcel, seconds: float) -> Parcel:
        self._child.socket.settimeout(seconds)
        send_parcel(self._child.socket, request)
        answer = receive_parcel(self._child.socket, most=request.head["limits"]["answer"])
        if answer is None:
            raise ConnectionResetError
        return answer

    def _died(self, name: str, seconds: float) -> UnreadableImageError:
        code = self._child.exit_code()
        if code == -signal.SIGALRM:
            return _too_long(name, seconds)
        _LOG.debug("decoding %r ended with code %d", name, code)
        return _no_picture(_BROKE_OFF, name)


class Decoders:
    """Processes that decode pictures, started when they are needed and kept. Threads may share it.

    Args:
        most: how many there may be; who comes later waits.
        module: what runs in them.
    """

    def __init__(self, most: int, module: str = MODULE) -> None:
        self._module = module
        self._places = threading.BoundedSemaphore(most)
        self._idle: list[Decoder] = []

    def warm_up(self) -> None:
        """Start one unless there is one, without waiting until it is ready.

        Raises:
            OSError: it cannot be started.
        """
        if not self._idle:
            with self._one():
                pass

    def run(self, function: Callable[..., T], data: bytes, *, name: str, **options: Any) -> T:
        """As `apart`, always in another process."""
        try:
            with self._one() as decoder:
                return decoder.run(function, data, name=name, **options)
        except OSError as error:
            raise UnreadableImageError(
                f"the process that decodes pictures does not start ({error.strerror or error})",
                remedy=f"Free some memory and try again; with {ISOLATE_VARIABLE}=0 pictures are decoded without it",
                file=name,
            ) from error

    @contextmanager
    def _one(self) -> Iterator[Decoder]:
        with self._places:
            decoder = self._take()
            try:
                yield decoder
            finally:
                if decoder.usable:
                    self._idle.append(decoder)
                else:
                    decoder.close()

    def close(self) -> None:
        """End those that nobody uses at the moment; others are started when they are needed."""
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> Decoder:
        while self._idle:
            try:
                decoder = self._idle.pop()  # the last one used, so that others can be swapped out
            except IndexError:  # another thread was faster
                break
            if decoder.usable:
                return decoder
            decoder.close()
        return Decoder(self._module)


def _request(function: Callable[..., Any], data: bytes, options: Mapping[str, Any], seconds: float) -> Parcel:
    size = len(data)
    head = {
        "function": [function.__module__, function.__name__],
        "options": {name: packed(value) for name, value in options.items()},
        "limits": {"seconds": seconds, "memory": decoding_limit(size), "answer": answer_limit(size)},
    }
    return Parcel(head, {"data": data})


def _too_long(name: str, seconds: float) -> UnreadableImageError:
    problem = Message("it took longer than {seconds:g} seconds to decode and was given up", seconds=seconds)
    return UnreadableImageError(problem, remedy=SMALLER, file=name)


def _no_picture(problem: str, name: str) -> UnreadableImageError:
    return UnreadableImageError(problem, remedy=_REMEDY, file=name)


def _environment() -> dict[str, str]:
    """All that a child gets; modules are found where this process finds them, but never in a current folder."""
    root = str(Path(__file__).parents[2])
    places = dict.fromkeys([root, *filter(os.path.isabs, sys.path)])
    inherited = {name: os.environ[name] for name in _ENVIRONMENT_NAMES if name in os.environ}
    return {**inherited, **_ONE_THREAD, "PYTHONPATH": os.pathsep.join(places)}
