"""Work that goes on only when a test lets it, and a clock that a test turns."""

from __future__ import annotations

import threading

from segdetect.progress import Progress

PATIENCE = 20.0


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Held:
    """Work that reports its progress until it is let go."""

    def __init__(self, answer: object = None) -> None:
        self.answer = answer
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self, progress: Progress) -> object:
        self.begun.set()
        while not self.go.wait(0.005):
            progress(0.5, "holding")
        return self.answer
