"""Findings made up for the history."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from segdetect.errors import UnreadableImageError
from segdetect.inspection import Failure, Inspection, Verdict
from segdetect.settings import GridSize, Settings
from segdetect.storage.history.entries import Finding, Run
from tests.support.pictures import answer, picture, weave

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
GRID = GridSize(3, 4)
IMAGE = picture(weave((64, 48)), "cloth.png")


def run(name: str = "cloth", **values: Any) -> Run:
    """A run."""
    return Run(name=name, settings=Settings(grid=GRID), engine="texture", engine_version="tiny 1", **values)


def inspection(name: str = "cloth.png", *, seed: int = 0, verdict: Verdict = Verdict.ANOMALOUS) -> Inspection:
    """An answer of its own for each seed."""
    scores = np.random.default_rng(seed).random(GRID.tiles)
    made = answer(IMAGE, scores.tolist(), grid=GRID, flagged=[int(scores.argmax())], verdict=verdict)
    return replace(made, image=name, sha256=digest(seed))


def digest(seed: int) -> str:
    """A digest of its own for each seed."""
    return f"{seed:04x}" * 16


def finding(name: str = "cloth.png", *, seed: int = 0, minutes: int = 0, **values: Any) -> Finding:
    """A finding so many minutes after noon."""
    verdict = values.pop("verdict", Verdict.ANOMALOUS)
    plan = values.pop("plan", None)
    created, result = NOON + timedelta(minutes=minutes), inspection(name, seed=seed, verdict=verdict)
    result = replace(result, settings=replace(result.settings, plan=plan))
    return Finding(result=result, created=created, **values)


def failure(name: str = "bad.png", *, minutes: int = 0) -> Finding:
    """A failure so many minutes after noon."""
    error = UnreadableImageError("it is empty", remedy="Choose another", file=name)
    return Finding(result=Failure(name, error), created=NOON + timedelta(minutes=minutes))
