"""`streamlit run` with tiny engines of which one takes its time: to be tested, and to describe."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import segdetect.pipeline
from segdetect.engines.base import Embeddings, EmbedRequest
from segdetect.progress import Progress, no_progress
from segdetect.settings import EngineName
from tests.support.pages import MissingEngine
from tests.support.tiny_engine import TinyDenseEngine, TinyTileEngine

SECONDS_TO_TEST = 4.0
SECONDS_TO_DESCRIBE = 3.0


class SlowTileEngine(TinyTileEngine):
    """Long enough for a page to ask how far it is a few times."""

    def __init__(self) -> None:
        super().__init__()
        self._tested = False

    def check(self) -> None:
        if not self._tested:
            time.sleep(SECONDS_TO_TEST)
            self._tested = True

    def embed(self, requests: Sequence[EmbedRequest], progress: Progress = no_progress) -> list[Embeddings]:
        for step in range(30):
            progress(step / 30, "describing slowly")
            time.sleep(SECONDS_TO_DESCRIBE / 30)
        return super().embed(requests, progress)


def slow_engines() -> dict[EngineName, Any]:
    """One that is slow, one that is missing, one that is quick."""
    return {
        EngineName.FASTDUP: SlowTileEngine(),
        EngineName.DINOV2: MissingEngine(),
        EngineName.TEXTURE: TinyDenseEngine(),
    }


if __name__ == "__main__":
    segdetect.pipeline.default_engines = slow_engines
    from streamlit.web.cli import main

    main()
