"""Stop a writer at each of its steps on the disk, to see what it leaves."""

from __future__ import annotations

import errno
import itertools
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from segdetect.errors import StorageError

_STEPS = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.listdir", "os.scandir")


def killed() -> None:
    """As by the kernel: nothing is tidied up."""
    os.kill(os.getpid(), signal.SIGKILL)


def full() -> None:
    """As on a full disk."""
    raise OSError(errno.ENOSPC, "No space left on device")


def interruptions(action: Callable[[], object], folder: Path, stop: Callable[[], None]) -> Iterator[int]:
    """Run `action` in a forked process that `stop` meets at its first step below `folder`, then at its second, ...

    Yields:
        The number of the step, after each run, until one was not met: then `action` has come to its end.
    """
    for step in itertools.count():
        child = os.fork()
        if child == 0:
            signal.alarm(60)  # one that hangs is ended by the system
            os._exit(_run(action, folder, stop, step))
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status in (0, 1, -signal.SIGKILL), f"step {step} ended with {status}"
        yield step
        if status == 0:
            return


def _run(action: Callable[[], object], folder: Path, stop: Callable[[], None], at: int) -> int:
    """1 where `stop` was met and ended as an error of ours, or was made up for; 0 where the end came before it."""
    met, sync = 0, os.fsync

    def step() -> None:
        nonlocal met
        met += 1
        if met - 1 == at:
            stop()

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _STEPS and str(arguments[0]).startswith(str(folder)):
            step()

    def counted(descriptor: int) -> None:
        step()
        sync(descriptor)

    os.fsync = counted
    sys.addaudithook(hook)
    try:
        action()
    except StorageError:
        return 1
    except BaseException as error:
        print(f"{error!r}", file=sys.stderr, flush=True)
        return 2
    return 0 if met <= at else 1
