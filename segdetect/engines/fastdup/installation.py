"""The Python that holds fastdup, which need not be this program's: found, and looked at from outside.

fastdup has builds for few versions of Python and holds numpy and Pillow back. So it may have a Python of its own, in
which its worker runs, while the rest of the program lives on a newer one. Nothing here imports fastdup.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from importlib import metadata
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Final

from segdetect.engines.fastdup.build_date import build_date
from segdetect.engines.fastdup.remedies import OTHER_ENGINE
from segdetect.errors import EngineUnavailableError

PYTHON_VARIABLE: Final = "SEGDETECT_FASTDUP_PYTHON"
# Where scripts/setup.sh makes an environment for fastdup alone: within the one that the program runs in.
FOLDER: Final = "fastdup"

# What a Python is asked: the one that really runs, which is not the one named where that is a shim.
_QUESTION: Final = "import json, sys; print(json.dumps([sys.executable, list(sys.version_info[:2]), sys.path]))"
# -I keeps variables, the user's own packages and the script's folder out of a Python that is not this program's;
# -P keeps the latter alone out, where modules may be named like the package that the script imports.
_APART: Final = "-I"
_SAME: Final = "-P"
_ASK_SECONDS: Final = 30
# A Python that did not answer may do so later; until then it is not asked for every page that is drawn.
_ASK_AGAIN_SECONDS: Final = 30.0


class Origin(Enum):
    """Why it is this Python."""

    OWN = "the program runs in it"
    NAMED = f"{PYTHON_VARIABLE} names it"
    MADE = "scripts/setup.sh made it"


@dataclass(frozen=True, slots=True)
class Installation:
    """A Python, and what of fastdup is installed in it at this moment.

    Args:
        executable: the Python's path.
        python: its version, as `(3, 12)`.
        search_path: the folders in which it looks for packages.
        origin: why it is this one.
    """

    executable: str
    python: tuple[int, int]
    search_path: tuple[str, ...]
    origin: Origin

    @property
    def command(self) -> tuple[str, ...]:
        """What a script is started with."""
        return (self.executable, _SAME if self.origin is Origin.OWN else _APART)

    @property
    def place(self) -> str:
        """Its path where it is not the program's own Python, else nothing."""
        return "" if self.origin is Origin.OWN else self.executable

    @property
    def spec(self) -> ModuleSpec | None:
        """Where fastdup lies; None where it is not installed."""
        return PathFinder.find_spec("fastdup", list(self.search_path))

    @property
    def version(self) -> str:
        """For example `fastdup 2.54`; read from the installed package's metadata."""
        found = next(iter(metadata.distributions(name="fastdup", path=list(self.search_path))), None)
        return f"fastdup {found.version}" if found else "fastdup"

    @property
    def built(self) -> date | None:
        """When its library was compiled, as far as that is known."""
        return build_date(self.spec)

    @property
    def update(self) -> str:
        """The command that gets a newer fastdup."""
        match self.origin:
            case Origin.OWN:
                return "pip install -U fastdup"
            case Origin.NAMED:
                return f"${PYTHON_VARIABLE} -m pip install -U fastdup"
            case Origin.MADE:
                return "make setup"

    @property
    def repair(self) -> str:
        """The command that installs the same fastdup again."""
        if self.origin is Origin.MADE:
            return "make setup"
        return self.update.replace("-U", "--force-reinstall")


def find_installation(first: Sequence[str] = ()) -> Installation:
    """The Python that holds fastdup: this program's own; else the one that is named; else the one that was made for it.

    Where none of them is there, it is this program's own, without fastdup.

    Args:
        first: folders that are searched before all others for fastdup.

    Raises:
        EngineUnavailableError: the Python that is named, or was made, does not start.
    """
    own = Installation(sys.executable, sys.version_info[:2], (*first, *sys.path), Origin.OWN)
    if own.spec is not None:
        return own
    if named := os.environ.get(PYTHON_VARIABLE, "").strip():
        return _looked_at(named, Origin.NAMED)
    made = Path(sys.prefix, FOLDER)
    return _looked_at(str(made / "bin" / "python"), Origin.MADE) if (made / "pyvenv.cfg").is_file() else own


def _looked_at(name: str, origin: Origin) -> Installation:
    """Ask a Python where it looks for packages; once, unless it is exchanged."""
    path = shutil.which(name)
    reason = "there is no such program" if path is None else ""
    if path is not None:
        answer = _ANSWERS.get(path)
        if isinstance(answer, _Answer):
            return Installation(answer.executable, answer.python, answer.search_path, origin)
        reason = answer
    raise _useless(name, origin, reason)


def _useless(name: str, origin: Origin, reason: str) -> EngineUnavailableError:
    if origin is Origin.MADE:
        return EngineUnavailableError(
            f"fastdup's own Python does not start ({reason})",
            remedy=f"Make it anew with 'make setup', {OTHER_ENGINE}",
            file=name,
        )
    return EngineUnavailableError(
        f"{PYTHON_VARIABLE} names what does not start as a Python ({reason})",
        remedy=f"Let it name a Python 3.11 or 3.12 in which fastdup is installed, {OTHER_ENGINE}",
        file=name,
    )


@dataclass(frozen=True, slots=True)
class _Answer:
    executable: str
    python: tuple[int, int]
    search_path: tuple[str, ...]


class _Answers:
    """What Pythons said of themselves. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[str, int, int], tuple[_Answer | str, float]] = {}

    def get(self, path: str) -> _Answer | str:
        """The answer of the Python at a path, or the reason why there is none."""
        try:
            status = Path(path).stat()
        except OSError as error:
            return error.strerror or str(error)
        key = (path, status.st_ino, status.st_mtime_ns)
        with self._lock:
            answer, at = self._known.get(key, ("", 0.0))
            if not answer or (isinstance(answer, str) and time.monotonic() - at > _ASK_AGAIN_SECONDS):
                answer = _asked(path)
                self._known[key] = answer, time.monotonic()
            return answer


_ANSWERS: Final = _Answers()


def _asked(path: str) -> _Answer | str:
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    try:
        done = subprocess.run(
            [path, _APART, "-c", _QUESTION],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_ASK_SECONDS,
            env=surroundings,
        )
        executable, (major, minor), search_path = json.loads(done.stdout)
        return _Answer(str(executable), (int(major), int(minor)), tuple(map(str, search_path)))
    except subprocess.TimeoutExpired:
        return f"no answer within {_ASK_SECONDS:d} seconds"
    except OSError as error:
        return error.strerror or str(error)
    except (ValueError, TypeError):
        return f"exit code {done.returncode}" if done.returncode else "its answer is not that of a Python"
