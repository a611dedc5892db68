"""How a command ends: its exit code, and what is said on stderr; never a traceback that nobody asked for."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Final, TextIO

from segdetect.errors import ClusterError, EngineError, NotKeptError, SegDetectError, StorageError, storage_error
from segdetect.pictures.names import on_one_line
from segdetect.stopping import stop

DONE: Final = 0
SOME_FAILED: Final = 1
WRONG_USE: Final = 2
CRASHED: Final = 70  # EX_SOFTWARE of sysexits.h
INTERRUPTED: Final = 130  # as a shell says of SIGINT
PIPE_CLOSED: Final = 141  # as a shell says of SIGPIPE
TERMINATED: Final = 143  # as a shell says of SIGTERM
DEBUG_VARIABLE: Final = "SEGDETECT_DEBUG"
EXIT_CODES: Final = f"""\
exit codes:
  {DONE:<4} done
  {SOME_FAILED:<4} not all was done: pictures failed, the engine cannot run, the workers cannot be had, the
       memory is used up, or the output cannot be written; what was done is in the output.
       With `engines`: none can run; with `doctor`: something is wrong
  {WRONG_USE:<4} wrong use: options, paths, references or a data set that will not do, or a plan or entry
       that is not kept
  {CRASHED:<4} a fault of the program itself; {DEBUG_VARIABLE}=1 prints the details
  {INTERRUPTED:<4} stopped with Ctrl-C
  {PIPE_CLOSED:<4} whoever read the output has stopped reading, as in `| head`
  {TERMINATED:<4} stopped by the system or another program (SIGTERM), as with Ctrl-C
"""
_STOPPED: Final = "stopped. With --out, what was done so far is in that folder."


class Terminated(BaseException):
    """The system or another program asked for the end."""


@contextlib.contextmanager
def answering() -> Iterator[None]:
    """Print answers on stdout, at once.

    Raises:
        StorageError: stdout is a file on a full disk, or cannot be written for another reason.
        BrokenPipeError: nobody reads it any more.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        remedy = "Free some space, or send the answers elsewhere"
        raise storage_error(error, "standard output", remedy_full=remedy, remedy=remedy) from error


def ended(work: Callable[[], int]) -> int:
    """Do a command's work and return the exit code; what it raises is said in a sentence on stderr."""
    _prepare_streams()
    try:
        with _stoppable():
            code = work()
        with answering():
            return code
    except BrokenPipeError:
        return PIPE_CLOSED
    except SegDetectError as error:
        _say(on_one_line(str(error)))
        return _code(error)
    except KeyboardInterrupt:
        _say(_STOPPED)
        return INTERRUPTED
    except Terminated:
        _say(_STOPPED)
        return TERMINATED
    except MemoryError:
        _say("the memory of this machine is used up. Take fewer or smaller pictures, or close other programs.")
        return SOME_FAILED
    except Exception as error:
        return _crashed(error)
    finally:
        _let_go(sys.stdout)
        _let_go(sys.stderr)


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """Let SIGTERM end the work as Ctrl-C does, so that what is open is closed."""

    def end(number: int, frame: FrameType | None) -> None:
        stop(KeyboardInterrupt() if number == signal.SIGINT else Terminated())

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [signal.SIGTERM]
    # In the background of a shell Ctrl-C is ignored, and stays so.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        numbers.append(signal.SIGINT)
    former = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _prepare_streams() -> None:
    # A stream that was closed by whoever called is None; its number must not go to a file of ours.
    sys.stdout, sys.stderr = sys.stdout or _nowhere(), sys.stderr or _nowhere()
    # A picture's name may hold what the terminal cannot show; it is spelt out, as Python does on stderr.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _nowhere() -> TextIO:
    return os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")


def _code(error: SegDetectError) -> int:
    if isinstance(error, NotKeptError):
        return WRONG_USE
    return SOME_FAILED if isinstance(error, (EngineError, StorageError, ClusterError)) else WRONG_USE


def _crashed(error: Exception) -> int:
    if os.environ.get(DEBUG_VARIABLE):
        _say("".join(traceback.format_exception(error)))
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    _say(f"{reason}. This is a fault of the program, not of the pictures; {DEBUG_VARIABLE}=1 prints the details.")
    return CRASHED


def _say(text: str) -> None:
    with contextlib.suppress(OSError):  # nobody reads stderr any more
        print(f"segdetect: {text}", file=sys.stderr, flush=True)


def _let_go(stream: TextIO) -> None:
    """Empty a stream; what cannot be written is dropped, or the interpreter would complain of it at its end."""
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
