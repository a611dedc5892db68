"""Where things are kept on this machine, and what the file system's troubles mean for the user."""

from __future__ import annotations

import hashlib
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Final

import platformdirs
from filelock import FileLock, Timeout

from segdetect.errors import SegDetectError, SettingsError, StorageError, storage_error

HOME_VARIABLE: Final = "SEGDETECT_HOME"
LOCK_SECONDS: Final = 30.0
_RUNNING: Final = ".running"
# File systems on which this machine is not told what others write; those of FUSE may lie anywhere.
_NETWORK: Final = (
    "nfs",
    "cifs",
    "smb",
    "9p",
    "vboxsf",
    "prl_fs",
    "afs",
    "ceph",
    "lustre",
    "drvfs",
    "virtiofs",
    "fuse.",
)
_MOUNTS: Final = Path("/proc/self/mounts")
_PART: Final = re.compile(r"\.[0-9a-f]{32}\.part")  # of `write_atomic`


def home() -> Path:
    """The folder for what is kept: the user's data folder, or `SEGDETECT_HOME`; made when something is first kept."""
    chosen = os.environ.get(HOME_VARIABLE)
    return Path(chosen) if chosen else Path(platformdirs.user_data_dir("segdetect", False))


@contextmanager
def storage_errors(folder: Path) -> Iterator[None]:
    """Turn what the file system says into a `StorageError`."""
    try:
        yield
    except OSError as error:
        raise storage_error(
            error,
            str(folder),
            remedy_full="Free some space or choose another folder",
            remedy="Choose a folder that you may write to",
        ) from error


@contextmanager
def changing(folder: Path) -> Iterator[None]:
    """Hold a folder for a change: one thread of one process at a time, on every machine that shares it.

    Args:
        folder: made where it is absent; what a writer that was killed left half done in it is removed.

    Raises:
        StorageError: another process did not let go of it within 30 seconds.
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        lock = FileLock(folder / ".lock").acquire(LOCK_SECONDS)
    except Timeout as error:
        raise StorageError(
            "another process is writing to it", remedy="Wait until that is done and try again", file=str(folder)
        ) from error
    with lock:
        for part in folder.glob(".*.part"):
            part.unlink(missing_ok=True)
        yield


@contextmanager
def hold(folder: Path, otherwise: SegDetectError) -> Iterator[None]:
    """Hold a folder for as long as a run works in it; whatever ends the process lets go of it.

    Args:
        folder: is there.
        otherwise: raised where another holds it.

    Raises:
        OSError: the folder cannot be written.
    """
    try:
        lock = FileLock(folder / _RUNNING).acquire(0)
    except Timeout as error:
        raise otherwise from error
    with lock:
        try:
            yield
        finally:
            # Not among the files that a run leaves; where it is in use, as on Windows, it stays.
            with suppress(OSError):
                (folder / _RUNNING).unlink()


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file so that, whatever happens meanwhile, either the former one is there or the whole new one.

    The data go to a temporary file beside it and to the disk, and only then is it renamed (POSIX `rename` is atomic).

    Args:
        path: the file; its folder is made where it is absent.
        data: what it is to hold.

    Raises:
        OSError: the folder cannot be written, or the disk is full; the former file is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Nothing of the file's name is in it, which may be as long as file systems allow.
    part = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def remove_unfinished(folder: Path, *, below: bool = False) -> None:
    """Remove what a writer that was killed left of `write_atomic`, from a folder that nobody else writes to.

    Nothing else is touched, since the folder may hold unfinished files of other programs.

    Args:
        folder: is there.
        below: from the folders in it, too.

    Raises:
        OSError: the folder cannot be read or written.
    """
    for part in folder.rglob(".*.part") if below else folder.glob(".*.part"):
        if _PART.fullmatch(part.name):
            part.unlink(missing_ok=True)


class Draft:
    """A file that is written bit by bit, and takes its place only when it is whole.

    Args:
        path: its place; its folder is there. What a writer that was killed left of a draft is replaced.

    Raises:
        OSError: the folder cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.part: Final = path.with_name(f".{path.name}.part")
        self.file: Final = self.part.open("w+b")

    @contextmanager
    def ending(self) -> Iterator[IO[bytes]]:
        """Gives the file for what comes last, and puts it in its place.

        What goes wrong, with what is written here or after, leaves the former one there, and nothing else.
        """
        try:
            with self.file:
                yield self.file
                self.file.flush()
                os.fsync(self.file.fileno())
            self.part.replace(self._path)
        except BaseException:
            self.part.unlink(missing_ok=True)
            raise
        _sync_folder(self._path.parent)


def scratch(folder: Path) -> IO[bytes]:
    """A file without a name for what is needed until a draft is done; it goes when it is closed, whatever happens."""
    return TemporaryFile(dir=folder)


def _sync_folder(folder: Path) -> None:
    """Make a rename in the folder last; where a folder cannot be opened, as on Windows, it is left to the system."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def checked_name(name: str, what: str = "name") -> str:
    """A name under which a user keeps something, without spaces around it.

    Args:
        name: as it was given.
        what: what it is called in the error.

    Raises:
        SettingsError: it is empty or longer than 80 characters.
    """
    name = name.strip()
    if not 1 <= len(name) <= 80:
        raise SettingsError(f"the {what} is empty or longer than 80 characters", remedy="Give a short one")
    return name


def file_name(name: str) -> str:
    """What a file or folder is called that is kept under a user's name: nothing of that name becomes part of a path."""
    return hashlib.sha256(name.strip().encode(errors="surrogatepass")).hexdigest()[:24]


def is_on_network(folder: Path, *, mounts: Path = _MOUNTS) -> bool:
    """Whether a folder lies where other machines may write and this one is not told; False where that is not known.

    Args:
        folder: the folder.
        mounts: the system's list of what lies where, which Linux has.
    """
    try:
        lines = mounts.read_text(errors="replace").splitlines()
        place = folder.resolve()
    except OSError:
        return False
    kinds = {Path(_unquoted(line.split()[1])): line.split()[2] for line in lines if len(line.split()) > 2}
    return next((kinds[at] for at in (place, *place.parents) if at in kinds), "").startswith(_NETWORK)


def _unquoted(text: str) -> str:
    """A path as the list of mounts has it: blanks are written as octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)
