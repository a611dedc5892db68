"""Why fastdup cannot run, told from its installed files without importing it."""

from __future__ import annotations

import platform
import re
import sys
from datetime import date, datetime, timedelta
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Final

from segdetect.errors import EngineExpiredError, EngineMissingError
from segdetect.message import Message

# Seen on 2.53 (built 2026-05-25) and 2.54 (built 2026-08-23): the library refuses to run 120 days after its build.
LIFETIME: Final = timedelta(days=120)
# What the compiler's __DATE__ leaves in the library, such as "Aug 23 2026" or "May  5 2026".
BUILD_DATE: Final = re.compile(rb"\0((?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d 20\d\d)\0")
FASTDUP_PYTHONS: Final = ((3, 11), (3, 12))
FASTDUP_PLATFORMS: Final = (("Linux", "x86_64"), ("Darwin", "arm64"))

OTHER_ENGINE: Final = "or choose another engine"
RETRY: Final = f"Inspect again, {OTHER_ENGINE}"


def missing_error() -> EngineMissingError:
    """Say that fastdup is not installed, and whether it can be on this computer."""
    system, machine = platform.system(), platform.machine()
    if sys.version_info[:2] in FASTDUP_PYTHONS and (system, machine) in FASTDUP_PLATFORMS:
        return EngineMissingError(
            "fastdup is not installed", remedy=f"Install it with 'pip install -U fastdup', {OTHER_ENGINE}"
        )
    return EngineMissingError(
        f"fastdup is not installed and has no build for Python {sys.version_info[0]}.{sys.version_info[1]} on "
        f"{system} {machine}",
        remedy=f"Use Python 3.11 or 3.12 on Linux x86-64 or macOS arm64, {OTHER_ENGINE}",
    )


def expired_error(version: str, spec: ModuleSpec | None, today: date | None = None) -> EngineExpiredError:
    """Say since when this version refuses to run.

    Args:
        version: for example `fastdup 2.54`.
        spec: where it is installed.
        today: the computer's date, by default.
    """
    built = build_date(spec)
    today = today or date.today()
    if built is not None and today < built:
        return EngineExpiredError(
            Message(
                "{version} was built on {built} and refuses to run on a computer whose date is {today}",
                version=version,
                built=built,
                today=today,
            ),
            remedy=f"Set the computer's date right, {OTHER_ENGINE}",
        )
    end = built + LIFETIME if built is not None else None
    known = end is not None and end <= today
    return EngineExpiredError(
        Message("{version} expired on {end}", version=version, end=end) if end and known else f"{version} has expired",
        remedy=f"There may be a newer one: 'pip install -U fastdup', {OTHER_ENGINE}",
    )


def build_date(spec: ModuleSpec | None) -> date | None:
    """When fastdup's library was compiled, as written in it; None when it cannot be told for sure."""
    folders = (spec.submodule_search_locations or []) if spec else []
    libraries = [path for folder in folders for path in Path(folder).glob("libfastdup_shared.*")]
    dates = {text for path in libraries for text in BUILD_DATE.findall(path.read_bytes())}
    if len(dates) != 1:
        return None
    return datetime.strptime(dates.pop().decode("ascii"), "%b %d %Y").date()
