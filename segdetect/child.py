"""A child process with one socket to it, which is ended with all that it started, by the process that started it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

_END_SECONDS: Final = 1.0


class ChildProcess:
    """A process in a session of its own, with nothing of this one's but one end of a socket.

    When its socket closes, or the process whose id it was given is no longer its parent, it must end by itself: that is
    how it does not survive a parent that was killed.

    Args:
        command: the program and its first arguments, to which the socket's file descriptor and this process's id are
            added.
        arguments: what comes after these.
        environment: the whole environment of the child.
        folder: where it runs.
        output: where what it prints goes, as `subprocess` has it.
        tidy: called once, when it has ended.

    Raises:
        OSError: it cannot be started; `tidy` is not called then.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        arguments: Sequence[str] = (),
        output: int = subprocess.DEVNULL,
        tidy: Callable[[], None] = lambda: None,
    ) -> None:
        self._owner_pid = os.getpid()
        self.socket, theirs = map(_beyond_standard_streams, socket.socketpair())
        try:
            self._process = subprocess.Popen(
                [*command, str(theirs.fileno()), str(self._owner_pid), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
                cwd=folder,
                env=environment,
                start_new_session=True,
            )
        except BaseException:
            self.socket.close()
            raise
        finally:
            theirs.close()
        self._end = weakref.finalize(self, _end, self._process, self.socket, self._owner_pid, tidy)

    @property
    def pid(self) -> int:
        """Process id, and the id of its process group."""
        return self._process.pid

    @property
    def printed(self) -> IO[bytes] | None:
        """What it prints, where `output` is a pipe."""
        return self._process.stdout

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    @property
    def usable(self) -> bool:
        """Running, not closed, and started by this very process."""
        return self._end.alive and self._owner_pid == os.getpid() and self.running

    def exit_code(self) -> int:
        """Its exit code when it ends within a second, negative for a signal; else 0."""
        try:
            return self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            return 0

    def close(self) -> None:
        """End it with all that it started, unless this is a forked copy of its parent; nothing the second time."""
        self._end()


def _end(process: subprocess.Popen[bytes], connection: socket.socket, owner_pid: int, tidy: Callable[[], None]) -> None:
    if os.getpid() == owner_pid:  # else this is a forked copy of the parent
        if process.poll() is None:  # else the number may belong to another process by now
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        tidy()
    connection.close()


def _beyond_standard_streams(connection: socket.socket) -> socket.socket:
    """Where a program's standard streams are closed, their numbers go to whatever is opened next, and to a child's."""
    import fcntl  # not on Windows, where this module must still import

    with connection:
        return socket.socket(fileno=fcntl.fcntl(connection.fileno(), fcntl.F_DUPFD_CLOEXEC, 3))
