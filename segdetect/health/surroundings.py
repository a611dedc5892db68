"""What the program stands on: the machine, the packages, folders and the space in them."""

from __future__ import annotations

import platform
import shutil
import tempfile
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from segdetect.cores import cores
from segdetect.files import home, storage_errors
from segdetect.health.check import Check, State
from segdetect.log import is_on, level_name, log_folder
from segdetect.memory import MEGABYTE, cache_limit, machine_memory
from segdetect.message import Message, counted

PACKAGES: Final = (
    "numpy",
    "Pillow",
    "scipy",
    "pandas",
    "opencv-python-headless",
    "streamlit",
    "plotly",
    "pyarrow",
    "SQLAlchemy",
    "distributed",
    "onnxruntime",
    "fastdup",
)
# What only an engine that may be absent needs.
OPTIONAL: Final = frozenset({"onnxruntime", "fastdup"})
# A day's history and the temporary files of large pictures fit in the first; below the second writing begins to fail.
LITTLE_SPACE: Final = 1000 * MEGABYTE
LEAST_SPACE: Final = 200 * MEGABYTE


def machine() -> Check:
    """The platform, Python, and how much of the machine there is.

    Raises:
        SettingsError: the size of the caches is set to what is none.
    """
    memory, (cache, origin) = machine_memory() // MEGABYTE, cache_limit()
    said = Message(
        "{system}, Python {python}, {count}, {memory:d} MB of memory, of which caches may take {cache:d} MB {origin}",
        system=f"{platform.system()} {platform.release()} on {platform.machine()}",
        python=platform.python_version(),
        count=counted(cores(), "core"),
        memory=memory,
        cache=cache // MEGABYTE,
        origin=origin,
    )
    figures: dict[str, int | float | str | None] = {
        "python": platform.python_version(),
        "cores": cores(),
        "memory_mb": memory,
    }
    return Check(name="machine", said=said, figures=figures)


def packages() -> Check:
    """The versions of what matters most."""
    found = {name: _version(name) for name in PACKAGES}
    missing = [name for name, known in found.items() if known is None and name not in OPTIONAL]
    said = ", ".join(f"{name} {known}" for name, known in found.items() if known is not None)
    if not missing:
        return Check(name="packages", said=said, figures=found)
    return Check(
        name="packages",
        state=State.WRONG,
        said=f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed",
        remedy="Install what requirements.txt names: make setup",
        figures=found,
    )


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def data_folder() -> Check:
    """Where things are kept; raises `StorageError` where it cannot be written."""
    return _folder("data folder", home())


def temporary_folder() -> Check:
    """Where files lie that are needed for a moment; raises `StorageError` where it cannot be written."""
    return _folder("temporary folder", Path(tempfile.gettempdir()))


def log() -> Check:
    """Whether events are written, and from which level on; raises `StorageError` where they cannot be."""
    if not is_on():
        return Check(name="log", said="turned off (SEGDETECT_LOG)")
    told = f"a line for each event from {level_name()} on"
    place = log_folder()
    if place.exists():
        return replace(_folder("log", place), said=told)
    return Check(name="log", said=told, place=str(place))


def _folder(name: str, folder: Path) -> Check:
    # It is made when something is first kept, and a look at it changes nothing.
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    with storage_errors(folder):
        free = shutil.disk_usage(there).free
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"\n")
    told = Message("can be written, {free:.1f} GB free", free=free / 1e9)
    figures = {"free_bytes": free}
    if free >= LITTLE_SPACE:
        return Check(name=name, said=told, place=str(folder), figures=figures)
    return Check(
        name=name,
        state=State.NOTE if free >= LEAST_SPACE else State.WRONG,
        said=told,
        remedy="Free some space, or limit what the history keeps (History page)",
        place=str(folder),
        figures=figures,
    )
