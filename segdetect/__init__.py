"""SegDetect: where in this picture is something wrong?

The names below are its public API; everything else may change without notice.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from segdetect.api import inspect, load, read_inspection, write_inspection
    from segdetect.errors import SegDetectError
    from segdetect.grid import TileLayout
    from segdetect.inspection import Decision, Inspection, Source, TileScores, Verdict
    from segdetect.pictures.loading import LoadedImage
    from segdetect.settings import EngineName, GridSize, Rule, RuleName, Scope, Settings

__version__ = "0.1.0"

__all__ = [
    "Decision",
    "EngineName",
    "GridSize",
    "Inspection",
    "LoadedImage",
    "Rule",
    "RuleName",
    "Scope",
    "SegDetectError",
    "Settings",
    "Source",
    "TileLayout",
    "TileScores",
    "Verdict",
    "__version__",
    "inspect",
    "load",
    "read_inspection",
    "write_inspection",
]

# Every module of the package runs this one first, so nothing is imported before it is asked for.
_HOMES: Final = {
    "segdetect.api": ("inspect", "load", "read_inspection", "write_inspection"),
    "segdetect.errors": ("SegDetectError",),
    "segdetect.grid": ("TileLayout",),
    "segdetect.inspection": ("Decision", "Inspection", "Source", "TileScores", "Verdict"),
    "segdetect.pictures.loading": ("LoadedImage",),
    "segdetect.settings": ("EngineName", "GridSize", "Rule", "RuleName", "Scope", "Settings"),
}
_HOME_OF: Final = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
