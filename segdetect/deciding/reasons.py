"""Why a rule decided as it did, in sentences that keep their numbers."""

from __future__ import annotations

from segdetect.deciding.calibrations import Calibration
from segdetect.inspection import Flags, Floats, Verdict
from segdetect.message import Message


def tally(values: Floats, threshold: float) -> Message:
    """How many tiles score at least the threshold, as a clause: `3 of 49 tiles score at least 0.5 (...)`."""
    return Message(
        "{found} at least {threshold:.3g} (the highest score is {highest:.3g})",
        found=_found(values >= threshold, "scores", "score"),
        threshold=threshold,
        highest=float(values.max()),
    )


def gate_reason(flags: Flags, strongest: float, gate: float, constants: Calibration, verdict: Verdict) -> Message:
    """How far the strongest tile stands out, and how far it would have to.

    Args:
        flags: `(tiles,)` bool.
        strongest: the largest score as a multiple of the typical tile's.
        gate: the same that it takes.
        constants: where the gate comes from.
        verdict: what is said of the picture.
    """
    close = " It is a close call: look for yourself, or give known-good pictures for a surer verdict."
    return Message(
        "{found} out: the strongest scores {strongest:.2f} times as high as {ordinary}. In about nine of ten clean "
        "textures{alike}, that ratio stays below {gate:.2f}.{close}",
        found=_found(flags, "stands", "stand"),
        strongest=strongest,
        ordinary="the typical tile" if constants.typical < 0.8 else "any of the ordinary tiles (the lower four fifths)",
        alike=" that are as uneven" if constants.uneven > 1 else "",
        gate=gate,
        close=close if verdict is Verdict.SUSPICIOUS else "",
    )


def expectation(reached: int, average: float, most: float) -> Message:
    """What is known of a threshold that rests on the good pictures alone, to go on after their number.

    Args:
        reached: how many of the good pictures reach it.
        average: share of clean pictures that reach it at most, on average over sets of good pictures.
        most: the same with nine sets in ten.
    """
    return Message(
        ", {reached} of which {reach} it. Of clean pictures like them, at most {average:{average_format}} do by "
        "mistake on average over such sets, and at most {most:{most_format}} with nine sets in ten",
        reached=reached or "none",
        reach="reach" if reached > 1 else "reaches",
        average=average,
        average_format=_percent_format(average),
        most=most,
        most_format=_percent_format(most),
    )


def estimate(false_alarms: float, condition: str) -> Message:
    """The share of clean pictures that may reach an estimated threshold, to go on after the number of good pictures."""
    return Message(
        "; about {share:{share_format}} of clean pictures would reach that by mistake{condition}",
        share=false_alarms,
        share_format=_percent_format(false_alarms),
        condition=condition,
    )


def _found(flags: Flags, one: str, many: str) -> str:
    """How many tiles do something: the beginning of a sentence, with the verb for one tile or for several."""
    count = int(flags.sum())
    if not count:
        return f"No tile {one}"
    return f"{count} of {len(flags)} tiles {one if count == 1 else many}"


def _percent_format(share: float) -> str:
    """The format of a percentage with three digits, or fewer where the rest are zeros."""
    decimals = format(100 * share, ".3g").partition(".")[2]
    return f".{len(decimals)}%"
