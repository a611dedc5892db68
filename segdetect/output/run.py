"""What is known of a run before its first answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from segdetect import __version__
from segdetect.output.segments import check_scale
from segdetect.pictures.loading import LoadedImage
from segdetect.settings import Settings

# Opens an answer's picture where a format needs its pixels.
Opener = Callable[[], LoadedImage]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What all answers of a run have in common.

    Args:
        settings: what was asked for.
        engine: name of the engine that runs.
        engine_version: its version.
        started: when, as ISO 8601 with its zone.
        mm_per_pixel: how many millimetres a pixel is wide and high, where that is known; finite, above 0.
        bom: whether CSV files begin with the byte order mark that tells Excel that they are UTF-8.

    Raises:
        SettingsError: a scale that is not finite and above 0.
    """

    settings: Settings
    engine: str
    engine_version: str
    started: str = field(default_factory=_now)
    mm_per_pixel: float | None = None
    bom: bool = False

    def __post_init__(self) -> None:
        check_scale(self.mm_per_pixel)

    @property
    def record(self) -> dict[str, Any]:
        """What `run.json` holds, as JSON values."""
        ignore = self.settings.ignore
        return {
            "segdetect": __version__,
            "engine": self.engine,
            "engine_version": self.engine_version,
            "started": self.started,
            "settings": asdict(self.settings) | {"ignore": ignore and ignore.record()},
            "mm_per_pixel": self.mm_per_pixel,
            "csv_bom": self.bom,
        }
