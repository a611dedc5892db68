"""Inspections as JSON values, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from segdetect import __version__
from segdetect.documents.checked import DAMAGE, number, text, whole
from segdetect.documents.kind import VERSION, check_kind
from segdetect.documents.scores import read_scores, scores_record
from segdetect.documents.settings import read_settings, settings_record
from segdetect.errors import InputError
from segdetect.inspection import Decision, Inspection, TileScores, Verdict
from segdetect.message import packed, unpacked
from segdetect.settings import EngineName, RuleName, Scope


def inspection_document(inspection: Inspection) -> dict[str, Any]:
    """An inspection as JSON values; `read_inspection` makes an equal one of them."""
    decision = inspection.decision
    return {
        "document": "segdetect inspection",
        "version": VERSION,
        "segdetect": __version__,
        "image": inspection.image,
        "sha256": inspection.sha256,
        "page": inspection.page,
        "settings": settings_record(inspection.settings),
        "ignored_share": inspection.ignored_share,
        "engine": inspection.engine.value,
        "engine_version": inspection.engine_version,
        "scope": inspection.scope.value,
        "verdict": decision.verdict.value,
        "rule": decision.rule.value,
        "threshold": inspection.threshold,
        "needed": None if inspection.threshold is None else decision.needed,
        "reason": packed(decision.reason),
        "notes": packed(inspection.notes),
        "seconds": dict(inspection.seconds),
        "scores": scores_record(inspection.scores, decision.flags),
    }


def read_inspection(document: Mapping[str, Any]) -> Inspection:
    """The inspection that a document was made of.

    Raises:
        InputError: it is no such document, one of a later version, or one that contradicts itself.
    """
    check_kind(document)
    try:
        scores, flags = read_scores(document["scores"])
        settings = read_settings(document["settings"])
        if settings.ignore is not None:
            settings.ignore.check(scores.layout.size_wh, name="")
        decision = Decision(
            rule=RuleName(document["rule"]),
            threshold=_threshold(document["threshold"], scores),
            flags=flags,
            verdict=Verdict(document["verdict"]),
            reason=text(unpacked(document["reason"])),
            needed=_needed(document),
        )
        return Inspection(
            image=text(document["image"]),
            sha256=text(document["sha256"]),
            size_wh=scores.layout.size_wh,
            page=whole(document["page"]),
            settings=settings,
            engine=EngineName(document["engine"]),
            engine_version=text(document["engine_version"]),
            scope=Scope(document["scope"]),
            scores=scores,
            decision=decision,
            notes=tuple(text(note) for note in unpacked(document["notes"])),
            seconds={text(step): number(seconds) for step, seconds in document["seconds"].items()},
        )
    except DAMAGE as error:
        raise InputError(
            f"this inspection is damaged ({type(error).__name__}: {error})", remedy="Export it again"
        ) from error


def _needed(document: Mapping[str, Any]) -> float | None:
    """What the strongest tile must reach; documents of before it was told have none."""
    value = document.get("needed")
    return None if value is None else number(value)


def _threshold(value: Any, scores: TileScores) -> float:
    """The lowest score that is flagged; where nothing was learnt, the lowest number that no tile reaches."""
    return math.nextafter(scores.highest, math.inf) if value is None else number(value)
