"""The child process that alone imports fastdup; `engine.py` starts it as a script and speaks to it over one socket.

It runs with fastdup's output sent elsewhere, answers one request at a time, and ends with its parent, however that
ends. fastdup takes over the signals of its process (SIGINT and SIGTERM among them), aborts when two runs meet, and
cannot be interrupted, so nothing but a process of its own can hold it.

Messages are JSON objects, length-prefixed by `multiprocessing.connection`:

    worker: {"ready": true}                      once fastdup is imported, or {"error": "..."} and the end
    parent: {"tiles": LIST_FILE, "work": FOLDER}
    worker: {"code": 0}                          what `fastdup.run` returned, or {"error": "..."}
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from multiprocessing.connection import Connection
from types import ModuleType
from typing import Any, Final

PARENT_CHECK_SECONDS: Final = 1.0
# Its standard input ends with the process that holds the other end, this one.
REMOVE: Final = "import shutil, sys; sys.stdin.read(); shutil.rmtree(sys.argv[1], ignore_errors=True)"
EXTRACT_ONLY: Final = 1  # fastdup's run_mode: features, no nearest neighbours; the features are the same bits


def main(socket: int, parent_pid: int, folder: str) -> None:
    """Import fastdup, then answer requests until the parent is gone.

    Args:
        socket: file descriptor of this end of the socket.
        parent_pid: the process to end with.
        folder: holds everything this process and its parent write; removed if the parent dies first.
    """
    os.set_inheritable(socket, False)
    connection = Connection(socket)
    requests: queue.SimpleQueue[dict[str, str]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(connection, requests, parent_pid, folder), daemon=True).start()
    try:
        import fastdup
    except BaseException as error:  # a broken installation prints advice and calls sys.exit
        _send(connection, {"error": _describe(error)})
        return
    _send(connection, {"ready": True})
    while True:
        _send(connection, _run(fastdup, requests.get()))


def _listen(
    connection: Connection[Any, Any], requests: queue.SimpleQueue[dict[str, str]], parent_pid: int, folder: str
) -> None:
    # A copy of the parent's end may live on in a process forked from it, so the end of the socket is not the only sign.
    try:
        while os.getppid() == parent_pid:
            if connection.poll(PARENT_CHECK_SECONDS):
                requests.put(json.loads(connection.recv_bytes()))
    except (EOFError, OSError):
        pass  # the parent has closed its end, or is gone: that is how it says that it needs this process no more
    finally:
        _end(folder)


def _end(folder: str) -> None:
    """End every thread and process here, then remove the folder: an import makes its folders anew until it is ended."""
    try:
        subprocess.Popen(
            [sys.executable, "-IS", "-c", REMOVE, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )
    except OSError:  # the system starts no process at present
        shutil.rmtree(folder, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


def _run(fastdup: ModuleType, request: dict[str, str]) -> dict[str, Any]:
    try:
        return {"code": int(fastdup.run(request["tiles"], work_dir=request["work"], run_mode=EXTRACT_ONLY))}
    except BaseException as error:  # fastdup turns signals into KeyboardInterrupt
        return {"error": _describe(error)}


def _send(connection: Connection[Any, Any], message: dict[str, Any]) -> None:
    connection.send_bytes(json.dumps(message).encode())


def _describe(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
