"""A file that came, inspected: its pictures with what is called out of each."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from PIL import Image

from segdetect.documents.failures import failure_document
from segdetect.documents.inspections import inspection_document
from segdetect.errors import SettingsError
from segdetect.inspection import Failure, Inspection
from segdetect.output.annotation import annotated_thumbnail, png_bytes
from segdetect.output.finished import Finished
from segdetect.output.thumbnails import kept_thumbnail
from segdetect.pictures.loading import LoadedImage, load_image
from segdetect.pictures.page_choice import Pages
from segdetect.pictures.source_file import SourceFile, load_source
from segdetect.pipeline import Inspector
from segdetect.runs.batch import Answer, answers_of, load_each, parts_of
from segdetect.runs.watching.calls import Call, call_of
from segdetect.runs.watching.ledger import Seen
from segdetect.settings import Scope
from segdetect.storage.history.entries import FAILED
from segdetect.storage.plans.opened import OpenPlan

# Wide enough for a screen that hangs above a line.
LARGE_SIDE: Final = 1200
_WARM_SIDE: Final = 512


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture that came, with its answer.

    Args:
        result: the answer, or why there is none.
        image: its pixels; None where there are none.
        notes: what was assumed about it or done to it.
    """

    result: Inspection | Failure
    image: LoadedImage | None = None
    notes: tuple[str, ...] = ()

    @property
    def call(self) -> Call:
        """What is called out."""
        return call_of(self.result)

    @property
    def reason(self) -> str:
        """Why."""
        return str(self.result.error) if isinstance(self.result, Failure) else self.result.decision.reason

    @property
    def document(self) -> Mapping[str, Any]:
        """The answer as JSON values, as `documents.py` has them."""
        result = self.result
        return inspection_document(result) if isinstance(result, Inspection) else failure_document(result)

    @property
    def thumbnail(self) -> bytes:
        """It with its flagged tiles boxed, small, as JPEG; empty where there are no pixels."""
        if self.image is None or isinstance(self.result, Failure):
            return b""
        return kept_thumbnail(self.image, self.result)

    def large(self) -> bytes:
        """The same, to be seen from afar."""
        if self.image is None or isinstance(self.result, Failure):
            return b""
        buffer = io.BytesIO()
        annotated_thumbnail(self.image, self.result, LARGE_SIDE).save(buffer, "JPEG", quality=85)
        return buffer.getvalue()

    def finished(self, *, last: bool, annotated: bool) -> Finished:
        """As a run puts it down."""
        drawn = self.image is not None and isinstance(self.result, Inspection) and annotated
        png = png_bytes(self.image, self.result) if drawn else b""  # type: ignore[arg-type]
        return Finished.of(self.result, file=0, last=last, notes=self.notes, annotated=png)

    def seen(self, at: float, seconds: float, *, shown: bool) -> Seen:
        """As it is listed, `seconds` after it came; with the pictures of it where it is shown."""
        known = Seen(name=self.result.image, call=self.call, verdict=FAILED, reason=str(self.reason), at=at)
        known = replace(known, seconds=seconds)
        if isinstance(self.result, Inspection):
            decision = self.result.decision
            known = replace(
                known,
                verdict=decision.verdict.value,
                score=self.result.scores.highest,
                threshold=self.result.threshold,
                flagged=int(decision.flags.sum()),
            )
        return replace(known, large=self.large() or None, thumbnail=self.thumbnail or None) if shown else known


class Inspecting:
    """Inspects what comes by a plan, with all that is slow at first done beforehand.

    Args:
        plan: the plan, opened.
        inspector: what inspects; settled on one engine.

    Raises:
        SettingsError: the plan compares pictures with others of a batch, or with good ones of which it has none.
        SegDetectError: a good picture cannot be read, or the engine cannot run.
    """

    def __init__(self, plan: OpenPlan, inspector: Inspector) -> None:
        _check(plan)
        self.settings = plan.plan.applied
        self._inspector = inspector.settled(self.settings.engine)
        self.engine, self.engine_notes = self._inspector.choose(self.settings.engine)
        compares = self.settings.scope is Scope.REFERENCES
        self._good = [load_source(file) for file in plan.good_files()] if compares else []

    def warm_up(self) -> None:
        """Inspect a picture, so that the first that comes is answered as fast as the others."""
        picture = self._good[0] if self._good else _noise()
        for _ in answers_of([picture], self._inspector, replace(self.settings, ignore=None), self._good):
            pass

    def pictures(self, file: SourceFile) -> Iterator[Picture]:
        """The pictures of a file one by one, each as soon as it is inspected.

        Raises:
            EngineUnavailableError: the engine cannot run any more.
        """
        for item in load_each(parts_of(file, Pages().of), self.settings, load_source):
            for answer in answers_of([item], self._inspector, self.settings, self._good):
                yield _picture(answer)
            if isinstance(item, LoadedImage):
                self._inspector.forget([item], self.settings, bank=self._good)


def _picture(answer: Answer | Failure) -> Picture:
    if isinstance(answer, Failure):
        return Picture(answer)
    return Picture(answer.inspection, answer.image, answer.image.notes)


def _check(plan: OpenPlan) -> None:
    name, scope = plan.plan.name, plan.plan.settings.scope
    if scope is Scope.BATCH:
        raise SettingsError(
            "this plan compares the pictures of a batch with each other, and here they come one by one",
            remedy="Give it known-good pictures, or have each compared with itself",
            file=name,
        )
    if plan.plan.lacks_good:
        raise SettingsError(
            "this plan compares with known-good pictures, and has none yet", remedy="Give it some", file=name
        )


def _noise() -> LoadedImage:
    """A picture of nothing, for engines that have not begun; decoded like any other."""
    pixels = np.random.default_rng(0).integers(0, 256, (_WARM_SIDE, _WARM_SIDE, 3)).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return load_image(buffer.getvalue(), name="warm-up.png")
