"""Why fastdup cannot run, told from its installed files without importing it."""

from __future__ import annotations

import platform
from datetime import date
from importlib.machinery import ModuleSpec
from typing import Final

from segdetect.engines.fastdup.build_date import LIFETIME, build_date
from segdetect.engines.fastdup.installation import PYTHON_VARIABLE, Installation, Origin
from segdetect.engines.fastdup.remedies import OTHER_ENGINE
from segdetect.errors import EngineExpiredError, EngineMissingError
from segdetect.message import Message

FASTDUP_PYTHONS: Final = ((3, 11), (3, 12))
FASTDUP_PLATFORMS: Final = (("Linux", "x86_64"), ("Darwin", "arm64"))


def missing_error(python: Installation) -> EngineMissingError:
    """Say that fastdup is not installed, and whether it can be on this computer.

    Args:
        python: where it was looked for.
    """
    system, machine = platform.system(), platform.machine()
    asked = python.python[:2]
    has_builds = (system, machine) in FASTDUP_PLATFORMS
    where = f" in the Python that {PYTHON_VARIABLE} names" if python.origin is Origin.NAMED else ""
    if asked in FASTDUP_PYTHONS and has_builds:
        return EngineMissingError(
            f"fastdup is not installed{where}", remedy=f"Install it with '{python.update}', {OTHER_ENGINE}"
        )
    return EngineMissingError(
        f"fastdup is not installed{where} and has no build for Python {asked[0]}.{asked[1]} on {system} {machine}",
        remedy=f"{_remedy(python.origin, has_builds)}, {OTHER_ENGINE}",
    )


def _remedy(origin: Origin, has_builds: bool) -> str:
    if not has_builds:
        return "Use Python 3.11 or 3.12 on Linux x86-64 or macOS arm64"
    if origin is Origin.NAMED:
        return "Let it name a Python 3.11 or 3.12 in which fastdup is installed"
    return (
        "Install Python 3.11 or 3.12 beside this one and run 'make setup', which makes an environment in it for fastdup"
    )


def expired_error(
    version: str, spec: ModuleSpec | None, today: date | None = None, *, update: str = "pip install -U fastdup"
) -> EngineExpiredError:
    """Say since when this version refuses to run.

    Args:
        version: for example `fastdup 2.54`.
        spec: where it is installed.
        today: the computer's date, by default.
        update: the command that gets a newer one.
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
        remedy=f"There may be a newer one: '{update}', {OTHER_ENGINE}",
    )
