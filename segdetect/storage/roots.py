"""Which folders of this machine the visitors of the dashboard may read: whoever starts the server says so."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from segdetect.errors import ForbiddenPathError

ROOTS_VARIABLE: Final = "SEGDETECT_ROOTS"


@dataclass(frozen=True, slots=True)
class Roots:
    """Folders below which files may be read.

    Args:
        folders: absolute, with all links followed; none where nothing may be read.
        shown: whether whoever asks may be told what they are called.
    """

    folders: tuple[Path, ...] = ()
    shown: bool = False

    @property
    def names(self) -> str:
        """The folders, for a sentence."""
        return ", ".join(map(str, self.folders))

    def inside(self, path: Path) -> Path | None:
        """The place that a path leads to, links followed, there or not; None where no folder holds it."""
        place = _place(path)
        held = place is not None and any(place.is_relative_to(folder) for folder in self.folders)
        return place if held else None

    def checked(self, text: str) -> Path:
        """The place that a typed path leads to, `~` and links followed; it need not exist.

        Raises:
            ForbiddenPathError: it lies in none of the folders. The error is the same whether it exists or not.
        """
        typed = _typed(text)
        place = None if typed is None else self.inside(typed)
        if place is None:
            raise ForbiddenPathError(
                "it lies in no folder of this server that may be read from here", remedy=self._remedy(), file=text
            )
        return place

    def _remedy(self) -> str:
        if not (self.shown and self.folders):
            return f"Ask whoever runs SegDetect to name its folder in {ROOTS_VARIABLE}"
        return f"Those are {self.names} and what they hold; start SegDetect with {ROOTS_VARIABLE} to name others"


def allowed_roots(*, loopback: bool) -> Roots:
    """The folders that `SEGDETECT_ROOTS` names, separated as in PATH; empty, it names none.

    Where it is not set, they are the home of whoever started the server, or none if others can reach the server.

    Args:
        loopback: whether only this machine can reach the server.
    """
    named = os.environ.get(ROOTS_VARIABLE)
    if named is None:
        named = "~" if loopback else ""
    places = (_typed(folder.strip()) for folder in named.split(os.pathsep) if folder.strip())
    return Roots(tuple(dict.fromkeys(place for place in places if place is not None)), shown=loopback)


def is_loopback(address: str | None) -> bool:
    """Whether a server that listens there can be reached from this machine alone.

    No address means all of the machine's. A socket's file may have others behind it, as a proxy does.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0"), is_loopback(None)
    (True, True, False, False)
    """
    if address is None:
        return False
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address.lower() == "localhost"


def _typed(text: str) -> Path | None:
    """The place that a person's path leads to; None where it begins with `~` and a user that there is not."""
    try:
        return _place(Path(text).expanduser())
    except RuntimeError:
        return None


def _place(path: Path) -> Path | None:
    """Where a path leads, links followed; None for what leads nowhere: a NUL byte, links in a circle."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):
        return None
