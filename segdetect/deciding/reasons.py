"""Why a rule decided as it did, in sentences that keep their numbers."""

from __future__ import annotations

from typing import Final

from segdetect.deciding.calibrations import Calibration
from segdetect.deciding.prominence import next_strongest
from segdetect.inspection import Flags, Floats, Verdict
from segdetect.message import Message
from segdetect.settings import Scope

MIXED: Final = (
    "These pictures do not show the same thing: most of each is unlike anything in the others, so they cannot be "
    "judged by one another. Give pictures of one part or material, or compare each picture with itself."
)


def tally(values: Floats, threshold: float) -> Message:
    """How many tiles score at least the threshold, as a clause: `3 of 49 tiles score at least 0.5 (...)`."""
    return Message(
        "{found} at least {threshold:.3g} (the highest score is {highest:.3g})",
        found=_found(values >= threshold, "scores", "score"),
        threshold=threshold,
        highest=float(values.max()),
    )


def gate_reason(
    flags: Flags, multiples: Floats, gate: float, share: float, constants: Calibration, verdict: Verdict
) -> Message:
    """How far the strongest tile stands out, how far it would have to, and how many clean pictures come as far.

    Args:
        flags: `(tiles,)` bool.
        multiples: `(tiles,)` the scores as multiples of the typical tile's.
        gate: the same that the strongest must reach.
        share: of clean surfaces whose strongest tiles stand out as far.
        constants: where the gate comes from.
        verdict: what is said of the picture.
    """
    beside = _beside(multiples, gate, constants)
    return Message(
        "{found} out. The strongest scores {strongest:.2f} times as high as {ordinary}; it takes "
        "{gate:.2f}{beside}. {share}{close}",
        found=_found(flags, "stands", "stand"),
        strongest=float(multiples.max()),
        ordinary="the typical tile" if constants.typical < 0.8 else "any of the ordinary tiles (the lower four fifths)",
        gate=gate,
        beside="" if beside is None else Message(", with the next one at {beside:.2f}", beside=beside),
        share=_as_far(share, "clean surfaces" + (" that are as uneven" if constants.uneven > 1 else "")),
        close=_close(verdict, "look for yourself, or give known-good pictures for a surer verdict"),
    )


def comparison_reason(
    flags: Flags,
    values: Floats,
    needed: float,
    below: tuple[int, int],
    share: float,
    scope: Scope,
    constants: Calibration,
    verdict: Verdict,
) -> Message:
    """How high the strongest tile scores beside the other pictures' and beside clean pictures of other kinds.

    Args:
        flags: `(tiles,)` bool.
        values: `(tiles,)` the scores.
        needed: the score that the strongest must reach.
        below: how many of the other pictures have a strongest tile that scores lower, and how many they are.
        share: of clean pictures of other kinds whose strongest tiles stand out as far.
        scope: what the pictures compared with are.
        constants: what the score that is needed comes from.
        verdict: what is said of the picture.
    """
    batch, beside = scope is Scope.BATCH, _beside(values, needed, constants)
    return Message(
        "{found} out. The strongest scores {strongest:.3g}{rank}; it takes {needed:.3g}{beside}. {share}{close}",
        found=_found(flags, "stands", "stand"),
        strongest=float(values.max()),
        needed=needed,
        beside="" if beside is None else Message(", with the next one at {beside:.3g}", beside=beside),
        rank=_rank(*below, "other pictures" if batch else "good pictures"),
        share=_as_far(share, "clean pictures of other kinds"),
        close=_close(verdict, "look for yourself" if batch else "look for yourself, or give more known-good pictures"),
    )


def other_kind_reason(reason: Message, scope: Scope) -> Message:
    """The same for a picture most of which is unlike anything in those that it was compared with."""
    return Message(
        "Most of it is unlike anything in the {others}: does it show the same thing, seen the same way? {reason}",
        others="other pictures" if scope is Scope.BATCH else "good pictures",
        reason=reason,
    )


def _beside(scores: Floats, needed: float, constants: Calibration) -> float | None:
    """The next tile's score, where it takes more because of it: other pictures of the kind may then take less."""
    second = next_strongest(scores)
    return second if constants.lone and second is not None and second < needed else None


def _rank(below: int, pictures: int, what: str) -> str:
    """A lone picture, which has no other to be compared with, tells no rank."""
    if pictures < 2:
        return ""
    if not below:
        return Message(", no higher than in any of the {pictures} {what}", pictures=pictures, what=what)
    return Message(
        ", higher than in {below} of the {pictures} {what}",
        below=below if below < pictures else "all",
        pictures=pictures,
        what=what,
    )


def _as_far(share: float, what: str) -> Message:
    least, most = 0.01, 0.5
    if share < least:
        return Message("Fewer than {share:.0%} of {what} come as far.", share=least, what=what)
    if share > most:
        return Message("More than {share:.0%} of {what} come as far.", share=most, what=what)
    return Message("About {share:.0%} of {what} come as far.", share=share, what=what)


def _close(verdict: Verdict, remedy: str) -> str:
    """What is said of a close call, on either side."""
    if verdict in (Verdict.SUSPICIOUS, Verdict.CANNOT_TELL):
        return f" It is a close call: {remedy}."
    return ""


def _found(flags: Flags, one: str, many: str) -> str:
    """How many tiles do something: the beginning of a sentence, with the verb for one tile or for several."""
    count = int(flags.sum())
    if not count:
        return f"No tile {one}"
    return f"{count} of {len(flags)} tiles {one if count == 1 else many}"
