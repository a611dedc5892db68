"""A child process that is kept warm, in a folder of its own; knows no engine."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any, Final

from segdetect.child import ChildProcess
from segdetect.errors import EngineFailedError, EngineKilledError, EngineTimeoutError, StorageError, storage_error
from segdetect.message import Message

FOLDER_PREFIX: Final = "segdetect-worker-"
LOCK_NAME: Final = "lock"
POLL_SECONDS: Final = 0.1
OUTPUT_TAIL_BYTES: Final = 4096
# What `multiprocessing.connection` puts before a message; an answer is a number or a sentence.
LENGTH_BYTES: Final = 4
MAX_MESSAGE_BYTES: Final = 1 << 20
# A folder gets the name above only when its lock is held; until then it is no worker's, and is left alone for a day.
UNFINISHED_PREFIX: Final = "segdetect-new-"
UNFINISHED_SECONDS: Final = 86400.0
PLAIN_PATH: Final = re.compile(r"/[A-Za-z0-9._/+-]*")


class WorkerProcess:
    """A child process running a Python script, with one socket to it and its output kept out of the way.

    The script gets the socket's file descriptor, this process's id and the folder as arguments. It sends one message
    when it is ready and one answer for each request. When its socket closes it must remove the folder and end: that is
    how neither survives a parent that was killed.

    Args:
        label: what to call it in errors.
        script: the script.
        environment: the whole environment of the child, to which HOME and TMPDIR are added.
        python: the Python that runs it, with its options; this program's own by default. It must keep the script's own
            folder, where modules may be named like the package that the script imports, off `sys.path`.

    Raises:
        StorageError: no temporary folder can be made.
        EngineFailedError: the system starts no process at present.
    """

    def __init__(
        self,
        *,
        label: str,
        script: Path,
        environment: Mapping[str, str],
        python: Sequence[str] = (sys.executable, "-P"),
    ) -> None:
        self._label = label
        self.ready = False
        self.folder, lock = _new_folder()
        try:
            self._child = _start([*python, str(script)], self.folder, lock, environment)
        except OSError as error:
            _remove(self.folder, lock)
            raise EngineFailedError(
                f"{label}'s process cannot be started ({error.strerror or error})",
                remedy="Close other programs and inspect again, or choose another engine",
            ) from error
        except BaseException:
            _remove(self.folder, lock)
            raise
        self._connection: Connection[Any, Any] = Connection(self._child.socket.detach())
        self._inbox = bytearray()
        self._tail = bytearray()
        self._drain = threading.Thread(target=_keep_tail, args=(self._child.printed, self._tail), daemon=True)
        self._drain.start()

    @property
    def pid(self) -> int:
        """Process id, and the id of its process group."""
        return self._child.pid

    @property
    def usable(self) -> bool:
        """Alive, with its folder in place (tidying services empty /tmp), and started by this very process."""
        return self._child.usable and self.folder.is_dir()

    @property
    def output(self) -> str:
        """The end of what it printed."""
        self._drain.join(POLL_SECONDS if self._child.running else 1.0)
        return bytes(self._tail).decode(errors="replace")

    def send(self, message: Mapping[str, str]) -> None:
        """Send a request.

        Raises:
            EngineKilledError: the process is dead.
        """
        try:
            self._connection.send_bytes(json.dumps(message).encode())
        except OSError as error:
            raise self._died() from error

    def receive(self, *, seconds: float, on_wait: Callable[[float], None]) -> dict[str, Any]:
        """Wait for the next message; whatever goes wrong meanwhile, the process is ended and its folder removed.

        Args:
            seconds: time limit.
            on_wait: called about ten times a second with the seconds waited so far; whatever it raises stops the wait.

        Raises:
            EngineKilledError: the process died.
            EngineTimeoutError: no answer within the limit.
            EngineFailedError: what it sent is no message.
        """
        started = time.monotonic()
        try:
            while (waited := time.monotonic() - started) < seconds:
                message = self._next_message()
                if message is not None:
                    return message
                on_wait(waited)
            raise EngineTimeoutError(
                Message(
                    "{engine} did not answer within {seconds:.0f} seconds and was stopped",
                    engine=self._label,
                    seconds=seconds,
                ),
                remedy="Inspect again, with fewer pictures or a coarser grid, or choose another engine",
            )
        except BaseException:
            self.close()
            raise

    def _next_message(self) -> dict[str, Any] | None:
        # Asked first: what it said before it ended is there by then.
        ended = not self._child.running
        try:
            if self._connection.poll(POLL_SECONDS):
                return self._received()
        except (EOFError, OSError) as error:
            raise self._died() from error
        if ended:
            raise self._died()
        return None

    def _received(self) -> dict[str, Any] | None:
        """A message, once the whole of it is there: waiting for the rest here would have no end."""
        part = os.read(self._connection.fileno(), MAX_MESSAGE_BYTES)
        if not part:
            raise EOFError
        self._inbox += part
        try:
            return _taken(self._inbox)
        except (ValueError, RecursionError) as error:
            raise EngineFailedError(
                f"{self._label}'s process sent what is no answer and was stopped",
                remedy="Inspect again; if it happens again, choose another engine",
            ) from error

    def close(self) -> None:
        """End the process and remove its folder; does nothing the second time."""
        self._child.close()
        self._connection.close()

    def _died(self) -> EngineKilledError:
        code = self._child.exit_code()
        how = f"was killed (signal {-code})" if code < 0 else f"ended by itself (exit code {code})"
        self.close()
        return EngineKilledError(
            f"{self._label}'s process {how} before it had answered",
            remedy="Inspect again; if it happens again, the computer may be short of memory: inspect fewer pictures at "
            "once, or choose another engine",
        )


def temporary_storage_error(error: OSError, folder: Path) -> StorageError:
    """Say what a failed write in `folder`, the temporary folder or one made in it, means for the user."""
    root = next((path.parent for path in (folder, *folder.parents) if path.name.startswith(FOLDER_PREFIX)), folder)
    return storage_error(
        error,
        f"the folder for temporary files, {root}",
        remedy_full="Free some space, or set TMPDIR to a folder on another disk and start the program again",
        remedy="Set TMPDIR to a folder that can be written and start the program again",
    )


def temporary_root(candidates: Sequence[str] | None = None) -> Path:
    """The first folder that can be written and whose path needs no quoting in any shell.

    Args:
        candidates: folders to try; by default the usual temporary folders.

    Raises:
        StorageError: there is none.
    """
    for candidate in candidates or (tempfile.gettempdir(), "/tmp", "/var/tmp"):
        path = Path(candidate).resolve()
        if PLAIN_PATH.fullmatch(str(path)) and path.is_dir() and os.access(path, os.W_OK | os.X_OK):
            return path
    raise StorageError(
        "there is no temporary folder that can be written and whose path has only plain letters, digits and . _ + -",
        remedy="Set TMPDIR to such a folder, for example /tmp, and start the program again",
    )


def _new_folder() -> tuple[Path, IO[bytes]]:
    """A folder for a worker, and its lock, which is held from the moment that the folder has its name."""
    root = temporary_root()
    remove_stale_folders(root)
    try:
        unfinished = Path(tempfile.mkdtemp(prefix=UNFINISHED_PREFIX, dir=root))
    except OSError as error:
        raise temporary_storage_error(error, root) from error
    lock = None
    try:
        lock = (unfinished / LOCK_NAME).open("wb")
        _lock(lock)
        for name in ("home", "tmp"):
            (unfinished / name).mkdir()
        return unfinished.rename(root / f"{FOLDER_PREFIX}{uuid.uuid4().hex}"), lock
    except OSError as error:
        if lock is not None:
            lock.close()
        shutil.rmtree(unfinished, ignore_errors=True)
        raise temporary_storage_error(error, root) from error


def remove_stale_folders(root: Path) -> None:
    """Remove the folders of workers whose parent and worker were both killed; others hold a lock on theirs."""
    for prefix in (FOLDER_PREFIX, UNFINISHED_PREFIX):
        for folder in root.glob(f"{prefix}*"):
            if _is_stale(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_stale(folder: Path) -> bool:
    try:
        status = folder.stat()
        old = time.time() - status.st_mtime > UNFINISHED_SECONDS
        if status.st_uid != os.getuid() or (folder.name.startswith(UNFINISHED_PREFIX) and not old):
            return False
        if not (folder / LOCK_NAME).exists():
            return old
        with (folder / LOCK_NAME).open("rb") as lock:
            _lock(lock)
        return True
    except OSError:
        return False  # its owner holds the lock, another process has just removed it, or it is no worker's


def _lock(file: IO[bytes]) -> None:
    import fcntl  # not on Windows, where this module must still import

    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _start(command: Sequence[str], folder: Path, lock: IO[bytes], environment: Mapping[str, str]) -> ChildProcess:
    return ChildProcess(
        command,
        arguments=[str(folder)],
        environment={**environment, "HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp")},
        folder=folder,
        output=subprocess.PIPE,
        tidy=functools.partial(_remove, folder, lock),
    )


def _taken(inbox: bytearray) -> dict[str, Any] | None:
    """Take the first message; None while its end has not come, and a `ValueError` where it is none."""
    length = int.from_bytes(inbox[:LENGTH_BYTES], "big", signed=True)
    if len(inbox) >= LENGTH_BYTES and not 0 < length <= MAX_MESSAGE_BYTES:
        raise ValueError("no message is so long")
    end = LENGTH_BYTES + length
    if len(inbox) < max(end, LENGTH_BYTES):
        return None
    message = json.loads(inbox[LENGTH_BYTES:end])
    del inbox[:end]
    if not isinstance(message, dict):
        raise ValueError("it is no JSON object")
    return message


def _keep_tail(output: IO[bytes] | None, tail: bytearray) -> None:
    if output is not None:
        with output:
            while chunk := os.read(output.fileno(), OUTPUT_TAIL_BYTES):
                tail += chunk
                del tail[:-OUTPUT_TAIL_BYTES]


def _remove(folder: Path, lock: IO[bytes]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    lock.close()
