"""All engines, and which of them runs when the user leaves the choice to us."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from segdetect.engines.base import Engine
from segdetect.engines.dinov2 import Dinov2Engine
from segdetect.engines.fastdup import FastdupEngine
from segdetect.engines.texture import TextureEngine
from segdetect.errors import EngineExpiredError, EngineUnavailableError
from segdetect.message import Message
from segdetect.settings import EngineName

# fastdup first, as the product's first user asked; then the most accurate; then the one that runs everywhere.
_ENGINES: Final = (FastdupEngine, Dinov2Engine, TextureEngine)
AUTO_ORDER: Final = tuple(engine.name for engine in _ENGINES)


def default_engines() -> dict[EngineName, Engine]:
    """A fresh instance of every engine; nothing is loaded or started yet."""
    return {engine.name: engine() for engine in _ENGINES}


def choose_engine(engines: Mapping[EngineName, Engine], wanted: EngineName) -> tuple[Engine, tuple[str, ...]]:
    """The engine to use, checked, and notes that say why it was taken where the choice was ours.

    Args:
        engines: the engines by name.
        wanted: one of them, or `AUTO`: the first of fastdup, dinov2 and texture that passes its self-test.

    Raises:
        EngineUnavailableError: the wanted engine cannot run here, or none can.
    """
    if wanted is not EngineName.AUTO:
        engines[wanted].check()
        return engines[wanted], ()
    troubles: list[EngineUnavailableError] = []
    for name in (name for name in AUTO_ORDER if name in engines):
        try:
            engines[name].check()
        except EngineUnavailableError as error:
            troubles.append(error)
        else:
            return engines[name], tuple(_passed_over(trouble, name) for trouble in troubles)
    raise troubles[-1]


def _passed_over(trouble: EngineUnavailableError, name: EngineName) -> str:
    if isinstance(trouble, EngineExpiredError):
        return Message(
            "{trouble} The engine {name} was used instead. Its scores are on another scale: do not compare them with "
            "those of before, and set a threshold of your own anew.",
            trouble=trouble.message,
            name=name,
        )
    return Message("{trouble} The engine {name} was used instead.", trouble=trouble.message, name=name)
