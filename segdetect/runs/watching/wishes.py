"""What is asked of a watcher."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from segdetect.errors import InputError, SettingsError
from segdetect.files import file_name, home
from segdetect.message import Message
from segdetect.runs.watching.webhook import checked_webhook
from segdetect.storage.plans.opened import OpenPlan

LEAST_POLL: Final = 0.05  # seconds between two looks
MOST_POLL: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is watched, and what becomes of the pictures.

    Args:
        folder: what is watched, with the folders in it; kept without links, since the system tells nothing of these.
        plan: inspects, opened.
        out: where the files of `inspect --out` are written; None for nowhere.
        move_to: where files go that are done with; None where they stay.
        webhook: told of each picture; empty for none.
        poll: search the folder so often, in seconds; None to be told by the system where it can.
        account: whose the entries of the history are.

    Raises:
        SettingsError: these do not go together.
    """

    folder: Path
    plan: OpenPlan
    out: Path | None = None
    move_to: Path | None = None
    webhook: str = ""
    poll: float | None = None
    account: str = ""

    def __post_init__(self) -> None:
        if self.folder.is_file():
            raise InputError(
                "it is a file, not a folder", remedy="Name the folder that it lies in", file=str(self.folder)
            )
        if not self.folder.is_dir():
            raise InputError("there is no such folder", remedy="Check the path", file=str(self.folder))
        object.__setattr__(self, "folder", self.folder.resolve())
        for place in (self.out, self.move_to):
            if place is not None and self.folder.is_relative_to(place.resolve()):
                raise SettingsError(
                    "what is written would come among the watched pictures, or take their place",
                    remedy="Choose another folder for it; one within the watched one will do",
                    file=str(place),
                )
        if self.poll is not None and not LEAST_POLL <= self.poll <= MOST_POLL:
            raise SettingsError(
                Message("{seconds:g} is no time between two looks", seconds=self.poll),
                remedy=Message(
                    "Give seconds, from {least:g} to {most:g}, with --poll", least=LEAST_POLL, most=MOST_POLL
                ),
            )
        if self.webhook:
            checked_webhook(self.webhook)

    @property
    def outside(self) -> list[Path]:
        """Folders that may lie in the watched one and are not looked at."""
        return [place for place in (self.out, self.move_to) if place is not None]


def state_folder(folder: Path) -> Path:
    """Where it is kept what was seen in a watched folder."""
    return home() / "watched" / file_name(str(folder.resolve()))
