"""Everything that can go wrong and that a person can do something about.

SegDetectError
├── InputError                  the picture, not the program, is the trouble
│   ├── UnreadableImageError    empty, truncated, not a picture, a format we do not open
│   ├── ImageTooLargeError      more pixels than the limit; found before decoding
│   ├── GridTooFineError        tiles would be smaller than the smallest that can be described
│   └── NothingToScoreError     no tile holds enough that was measured
├── SettingsError               a choice that no picture could satisfy
├── DatasetError                a folder that cannot be evaluated
├── EngineError                 an engine could not describe the picture
│   ├── EngineUnavailableError  it cannot run on this machine as it is
│   │   ├── EngineMissingError  not installed, or no build for this platform
│   │   ├── EngineExpiredError  its licence period is over
│   │   └── WeightsError        its weights file is absent or is not the model
│   ├── EngineFailedError       it ran and reported a failure
│   ├── EngineKilledError       its process died in mid-run
│   └── EngineTimeoutError      it took longer than the limit and was stopped
├── ClusterError                processes or machines that were to work cannot be had
├── StorageError                the disk is full or cannot be written
│   ├── NotKeptError            nothing is kept under the name that was asked for
│   └── DamagedPlanError        a picture of a plan is gone or is not what it was
├── ForbiddenPathError          a place on the server that its visitors may not read
└── CancelledError              the user stopped the work
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from functools import partial
from typing import Self

from segdetect.message import Message


class SegDetectError(Exception):
    """The root: `str()` names the file, the problem and the remedy, in that order.

    Args:
        problem: what is wrong, as a clause without a full stop; a `Message` where it has decimals or a date.
        remedy: what the reader can do about it, as a sentence without a full stop; may be empty.
        file: the file's name as the user gave it; may be empty.
    """

    def __init__(self, problem: str, *, remedy: str = "", file: str = "") -> None:
        self.problem, self.remedy, self.file = problem, remedy, file
        super().__init__(problem)

    # What a process of ours raises comes to another whole: the problem alone is not enough.
    def __reduce__(self) -> tuple[Callable[..., Self], tuple[str]]:
        return partial(type(self), remedy=self.remedy, file=self.file), (self.problem,)

    def __str__(self) -> str:
        return str(self.message)

    @property
    def message(self) -> Message:
        """The sentence with its numbers, for whoever writes it anew."""
        file = f"{self.file}: " if self.file else ""
        remedy = Message(" {remedy}.", remedy=self.remedy) if self.remedy else ""
        return Message("{file}{problem}.{remedy}", file=file, problem=self.problem, remedy=remedy)


class InputError(SegDetectError):
    """The picture, not the program, is the trouble."""


class UnreadableImageError(InputError):
    """Empty, truncated, not a picture, or a format we do not open."""


class ImageTooLargeError(InputError):
    """More pixels than the limit."""


class GridTooFineError(InputError):
    """Tiles would be smaller than the smallest that can be described."""


class NothingToScoreError(InputError):
    """No tile holds enough that was measured."""


class SettingsError(SegDetectError):
    """A choice that no picture could satisfy."""


class DatasetError(SegDetectError):
    """A folder that cannot be evaluated."""


class EngineError(SegDetectError):
    """An engine could not describe the picture."""


class EngineUnavailableError(EngineError):
    """The engine cannot run on this machine as it is."""


class EngineMissingError(EngineUnavailableError):
    """Not installed, or no build for this platform."""


class EngineExpiredError(EngineUnavailableError):
    """The engine's licence period is over."""


class WeightsError(EngineUnavailableError):
    """The engine's weights file is absent or is not the model."""


class EngineFailedError(EngineError):
    """The engine ran and reported a failure."""


class EngineKilledError(EngineError):
    """The engine's process died in mid-run."""


class EngineTimeoutError(EngineError):
    """The engine took longer than the limit and was stopped."""


class ClusterError(SegDetectError):
    """Processes or machines that were to work cannot be had, or not any more."""


class StorageError(SegDetectError):
    """The disk is full or cannot be written."""


class NotKeptError(StorageError):
    """Nothing is kept under the name that was asked for."""


class DamagedPlanError(StorageError):
    """A picture of a plan is gone or is not what it was; its file is the plan's name."""


class ForbiddenPathError(SegDetectError):
    """A place on the server that its visitors may not read."""


class CancelledError(SegDetectError):
    """The user stopped the work."""


def storage_error(error: OSError, place: str, *, remedy_full: str, remedy: str) -> StorageError:
    """What a failed write means for the user.

    Args:
        error: what the file system said.
        place: the folder, with what it is for where that is not plain.
        remedy_full: what to do when the disk is full.
        remedy: what to do otherwise.
    """
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageError("the disk is full", remedy=remedy_full, file=place)
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return StorageError("it cannot be written: it is a file, or lies below one", remedy="Name a folder", file=place)
    return StorageError(f"it cannot be written ({error.strerror or error})", remedy=remedy, file=place)
