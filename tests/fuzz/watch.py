"""Sees what a process does that reading a file must never do: write elsewhere, start a program, ask the network."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

# Where processes put down what they were seen to do.
SEEN: Final = "seen"
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Events of `sys.addaudithook` that begin so, whatever they are about; a socket pair to a child raises none of them.
_NEVER: Final = (
    *("os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.startfile", "os.system", "pty.spawn"),
    *(
        "ftplib.",
        "http.client.",
        "imaplib.",
        "poplib.",
        "smtplib.",
        "socket.bind",
        "socket.connect",
        "socket.getaddrinfo",
    ),
    *("socket.gethostby", "socket.sendto", "urllib.", "webbrowser."),
)
# Events whose first one or two arguments are paths that are changed.
_CHANGES: Final = {
    **dict.fromkeys(("os.chmod", "os.chown", "os.mkdir", "os.remove", "os.rmdir", "os.truncate", "os.utime"), 1),
    **dict.fromkeys(("os.setxattr", "os.removexattr", "shutil.rmtree"), 1),
    **dict.fromkeys(("os.link", "os.rename", "os.symlink", "shutil.copyfile", "shutil.move"), 2),
}


_LOOKING: Final[list[Watch]] = []


@functools.cache
def _hook() -> None:
    """See all that happens from now on; such a hook cannot be taken off a process again."""

    def saw(event: str, args: tuple[Any, ...]) -> None:
        for watch in _LOOKING:
            watch.saw(event, args)

    sys.addaudithook(saw)


class Watch:
    """Puts down in a file what must not happen while it looks.

    Args:
        folder: its file `SEEN` is written by all processes that watch for the same worker.
        own: folders in which the program may write.
        programs: what may be started: command lines have one of them among their words.
    """

    def __init__(self, folder: Path, *, own: Sequence[Path] = (), programs: Sequence[str] = ()) -> None:
        self._file = os.open(folder / SEEN, os.O_CREAT | os.O_APPEND | os.O_RDWR)
        self._own = tuple(os.path.realpath(place) + os.sep for place in own)
        self._programs = programs
        self._told = os.fstat(self._file).st_size

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Look at what happens meanwhile."""
        _hook()
        _LOOKING.append(self)
        try:
            yield
        finally:
            _LOOKING.remove(self)

    def news(self) -> str:
        """What was seen since this was last asked, by all processes; empty for nothing."""
        news = os.pread(self._file, 1 << 16, self._told)
        self._told += len(news)
        return news.decode(errors="replace").strip()

    def saw(self, event: str, args: tuple[Any, ...]) -> None:
        """Put an audit event down if it must not happen."""
        if self._is_wrong(event, args):
            os.write(self._file, f"{event} {args!r:.300}\n".encode(errors="replace"))

    def _is_wrong(self, event: str, args: tuple[Any, ...]) -> bool:
        if event == "open":
            path, _, flags = args
            return isinstance(flags, int) and bool(flags & _WRITING) and self._is_elsewhere(path)
        if event == "subprocess.Popen":
            return not any(program in map(str, args[1]) for program in self._programs)
        if (
            event == "socket.sendmsg"
        ):  # without an address it goes to the other end of a pair, or failed to connect before
            return args[1] is not None
        if event == "socket.bind":  # urllib3, which pydicom imports, looks whether there is IPv6
            return args[1] != ("::1", 0)
        if event == "pickle.find_class":  # Babel has its own data so
            return not str(args[0]).startswith("babel.")
        if event in ("os.remove", "os.rmdir") and args[1] >= 0:  # beside an open folder, as when a tree is removed
            return self._is_elsewhere(f"/proc/self/fd/{args[1]}")
        if event in _CHANGES:
            return any(self._is_elsewhere(path) for path in args[: _CHANGES[event]])
        return event.startswith(_NEVER)

    def _is_elsewhere(self, path: Any) -> bool:
        """Whether a path leads out of the program's folders; a number is a file that was opened before."""
        if not isinstance(path, str | bytes | os.PathLike) or os.fspath(path) in ("/dev/null", b"/dev/null"):
            return False
        return not (os.path.realpath(os.fsdecode(path)) + os.sep).startswith(self._own or ("\0",))
