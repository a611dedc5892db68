"""From tile scores to flags and a verdict for the picture. Knows no engine and no image.

A clean picture has no defects. Every rule but `STOCK` may flag nothing, and one that cannot know says so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from scipy import stats

from segdetect.deciding.calibrations import CALIBRATIONS, Calibration
from segdetect.deciding.reasons import estimate, expectation, gate_reason, tally
from segdetect.deciding.stock import NEIGHBOURS, edge_count, stock_flags
from segdetect.inspection import Decision, Flags, Floats, TileScores, Verdict
from segdetect.message import Message
from segdetect.settings import EngineName, Rule, RuleName, Scope

FENCE_FACTOR: Final = 3.0  # Tukey's outer fence
BORDERLINE: Final = 1.1  # a strongest score less than a tenth above what it takes is borderline
LOW: Final = 0.1  # share of the tiles that score at most as much as its lowest tenth
MIN_TILES: Final = 4  # fewer tiles have no typical one
CUT: Final = 0.5  # log of the lowest score of a flagged tile over the log of the gate, both over the typical tile's
GATE_TILES: Final = 49  # the grid on which the gates were measured
IDENTICAL: Final = 1e-6  # cosine distances agree between machines to about this
MOST_SETS: Final = 0.9  # share of the sets of good pictures that the words "nine sets in ten" stand for
PRIOR_PICTURES: Final = 8.0  # how many good pictures the measured spread counts for
QUARTILE: Final = float(stats.norm.ppf(0.75))  # upper quartile of a normal distribution, in standard deviations


def decide(
    scores: TileScores,
    rule: Rule,
    *,
    scope: Scope,
    engine: EngineName,
    bank_scores: Sequence[Floats] = (),
    lone_object: bool = False,
    calibration: Calibration | None = None,
) -> Decision:
    """Flag tiles and say what that means for the picture.

    Args:
        scores: the picture's tile scores. Tiles without one play no part and are not flagged, also in the bank.
        rule: how to decide. `AUTO` is `GATE` for a picture compared with itself and `CALIBRATED` otherwise.
        scope: what the tiles were compared with.
        engine: the engine that ran (never `AUTO`); it picks the constants measured for it.
        bank_scores: tile scores of the bank's pictures, `(tiles,)` each, every picture scored with itself left out:
            references, or peers of a batch, some of which may be defective.
        lone_object: the bank is one picture of an object, whose unique parts had no look-alike.
        calibration: constants to try in place of those measured for the engine.

    Returns:
        The decision. `threshold` is finite. Under every rule but `STOCK`, `flags` is exactly `scores >= threshold`, and
        the verdict is `NORMAL` or `CANNOT_TELL` if and only if no tile is flagged.
    """
    scored = scores.scored
    if not scored.all():
        lists = scores.neighbour_lists
        known = replace(scores, scores=scores.scores[scored], neighbour_lists=None if lists is None else lists[scored])
        answer = decide(
            known,
            rule,
            scope=scope,
            engine=engine,
            bank_scores=bank_scores,
            lone_object=lone_object,
            calibration=calibration,
        )
        return replace(answer, flags=_spread(answer.flags, scored))
    bank_scores = [given for one in bank_scores if len(given := one[~np.isnan(one)])]
    name = rule.name
    if name is RuleName.AUTO:
        name = RuleName.GATE if scope is Scope.SELF or not bank_scores else RuleName.CALIBRATED
    constants = calibration or CALIBRATIONS[engine]
    match name:
        case RuleName.STOCK:
            return _stock(scores)
        case RuleName.THRESHOLD:
            return _threshold(scores, float(rule.threshold or 0.0))
        case RuleName.FENCE:
            return _fence(scores, constants)
        case RuleName.CALIBRATED:
            return _calibrated(scores, rule.false_alarms, bank_scores, scope, constants, lone_object)
    return _gate(scores, scope, constants)


def _spread(flags: Flags, scored: Flags) -> Flags:
    """The flags of the tiles with a score among those of all; the others are not flagged."""
    every = np.zeros(len(scored), bool)
    every[scored] = flags
    every.flags.writeable = False
    return every


def _stock(scores: TileScores) -> Decision:
    """fastdup's own rule, which `segdetect.stock` describes.

    Without fastdup's lists of neighbours, as many tiles are flagged, by score, as if no tile had two outlying edges.
    """
    values = scores.scores
    if scores.neighbour_lists is not None:
        flags = stock_flags(scores.neighbour_lists)
    else:
        kept = edge_count(NEIGHBOURS * len(values))
        flags = np.zeros(len(values), bool)
        flags[np.argsort(-values, kind="stable")[:kept]] = True
    count = int(flags.sum())
    reason = Message(
        "The stock rule flags the least similar tiles of every picture, clean or not, here {count} of {tiles}: "
        "look at them, and choose another rule for a verdict.",
        count=count,
        tiles=len(values),
    )
    return _decision(RuleName.STOCK, float(values[flags].min()), flags, Verdict.CANNOT_TELL, reason)


def _threshold(scores: TileScores, threshold: float) -> Decision:
    values = scores.scores
    reason = Message(
        "{tally}, the threshold you chose. How far to trust it depends on how you found it.",
        tally=tally(values, threshold),
    )
    verdict = _verdict(values >= threshold, _strength(values, threshold))
    return _decision(RuleName.THRESHOLD, threshold, values >= threshold, verdict, reason)


def _fence(scores: TileScores, constants: Calibration) -> Decision:
    """Tukey's outer fence (Exploratory Data Analysis, 1977) on log scores, which are nearly symmetric."""
    values = scores.scores
    lower, upper = np.quantile(values, (0.25, 0.75), method="lower")
    low, high = np.log((lower + constants.floor, upper + constants.floor))
    fence = math.exp(high + FENCE_FACTOR * (high - low)) - constants.floor
    # Rounding must not put the fence below the quartile that it stands on.
    threshold = math.nextafter(max(fence, float(upper), float(values.min()) + IDENTICAL), math.inf)
    flags = values >= threshold
    reason = Message(
        "{tally}, the outer fence of this picture's own scores. The fence knows only how these spread: it misses "
        "defects in an uneven picture.",
        tally=tally(values, threshold),
    )
    return _decision(RuleName.FENCE, threshold, flags, _verdict(flags, _strength(values, threshold)), reason)


def _gate(scores: TileScores, scope: Scope, constants: Calibration) -> Decision:
    """Two steps: does the strongest tile stand out far enough from the typical one, and which tiles go with it?

    A picture whose ordinary tiles differ more must show more: the typical tile's score over the lowest tenth's raises
    the gate. Defects are not among these tiles, so they do not raise it, as they do the spread of all.

    Once the gate is passed, tiles count from half of the way, on a log scale, between the typical tile and it, if they
    also come far enough on the way to the strongest.
    """
    values = scores.scores
    doubt = _why_incomparable(scores, scope, constants)
    if doubt:
        return _decision(RuleName.GATE, *_nothing_flagged(values), Verdict.CANNOT_TELL, doubt)
    typical = _quantile(values, constants.typical, constants)
    gate = constants.gate * gate_scale(values, constants)
    strongest = _times_typical(values, typical, constants)
    is_open = strongest >= gate
    threshold = (max(gate**CUT, strongest**constants.share) if is_open else gate) * typical - constants.floor
    flags = values >= threshold
    if is_open != bool(flags.any()):  # rounding at the gate itself
        threshold, flags = float(values.max()), values >= values.max()
    verdict = _verdict(flags, strongest / gate)
    return _decision(RuleName.GATE, threshold, flags, verdict, gate_reason(flags, strongest, gate, constants, verdict))


def gate_scale(values: Floats, constants: Calibration) -> float:
    """How many times `constants.gate` the gate of a picture with these scores is: by its unevenness and its tiles."""
    uneven = _quantile(values, constants.typical, constants) / _quantile(values, LOW, constants)
    return min(uneven, constants.uneven) * float((max(len(values), 16) / GATE_TILES) ** constants.growth)


def prominence(values: Floats, constants: Calibration) -> float:
    """How many times the typical tile's score the largest is, made comparable with `constants.gate`."""
    return _times_typical(values, _quantile(values, constants.typical, constants), constants) / gate_scale(
        values, constants
    )


def _quantile(values: Floats, share: float, constants: Calibration) -> float:
    return float(np.quantile(values, share, method="lower")) + constants.floor


def _times_typical(values: Floats, typical: float, constants: Calibration) -> float:
    """How many times the typical tile's score the largest is."""
    return (float(values.max()) + constants.floor) / typical


def _why_incomparable(scores: TileScores, scope: Scope, constants: Calibration) -> str:
    """Why one picture's tiles cannot be judged by each other; an empty string when they can."""
    values = scores.scores
    if len(values) < MIN_TILES:
        return f"{len(values)} tiles are too few to know what a typical one looks like. Choose a finer grid."
    if scope is Scope.SELF and float(values.max()) <= IDENTICAL:
        return (
            "All tiles are alike, as in a blank or over-exposed picture: there is nothing to tell apart. "
            "Check that the picture shows what it should."
        )
    if scores.varied:
        return (
            "The picture shows an object or a scene whose parts differ by nature, not a surface that is the same "
            "everywhere, so its tiles cannot be judged by one another. Give known-good pictures to compare it with; "
            "the ranking still shows where to look first."
        )
    return ""


def _calibrated(
    scores: TileScores,
    false_alarms: float,
    bank_scores: Sequence[Floats],
    scope: Scope,
    constants: Calibration,
    lone_object: bool,
) -> Decision:
    """A threshold that on average `false_alarms` of clean pictures reach, from the largest scores of good ones."""
    values = scores.scores
    if not bank_scores:
        reason = (
            "There is no known-good picture to learn from what is normal. Give one or more, or choose another rule."
        )
        return _decision(RuleName.CALIBRATED, *_nothing_flagged(values), Verdict.CANNOT_TELL, reason)
    maxima = np.sort([float(np.max(one)) for one in bank_scores])
    logs = np.log(maxima + constants.floor)
    if scope is Scope.BATCH:
        threshold = _batch_bound(logs, false_alarms, constants)
        trust = estimate(false_alarms, ", as long as most of the batch is good")
    elif (len(maxima) + 1) * false_alarms >= 1:
        threshold = _conformal_bound(maxima, false_alarms)
        reached = int(np.count_nonzero(maxima >= threshold))
        trust = expectation(reached, false_alarms, _most_false_alarms(len(maxima), false_alarms))
    else:
        correction = math.log(constants.alone) if lone_object else 0.0
        threshold = _predictive_bound(logs + correction, false_alarms, constants)
        trust = estimate(
            false_alarms,
            ". That is an estimate, in part from how clean pictures of other kinds vary: "
            f"{math.ceil(1 / false_alarms) - 1} good pictures would do without that",
        )
    flags = values >= threshold
    source = f"{len(maxima)} {'other' if scope is Scope.BATCH else 'good'} picture{'s' if len(maxima) != 1 else ''}"
    reason = Message(
        "{tally}, learnt from {source}{trust}.", tally=tally(values, threshold), source=source, trust=trust
    )
    return _decision(RuleName.CALIBRATED, threshold, flags, _verdict(flags, _strength(values, threshold)), reason)


def _conformal_bound(maxima: Floats, false_alarms: float) -> float:
    """A clean picture exchangeable with the good ones reaches it with at most this probability, these being random too.

    Split conformal prediction: Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, 2005.
    """
    return math.nextafter(float(maxima[_conformal_rank(len(maxima), false_alarms) - 1]), math.inf)


def _conformal_rank(pictures: int, false_alarms: float) -> int:
    return math.ceil((pictures + 1) * (1 - false_alarms) - 1e-9)


def _most_false_alarms(pictures: int, false_alarms: float) -> float:
    """The share of clean pictures that reach the conformal bound at most, with nine sets of good pictures in ten.

    Over sets, it has a beta distribution (Vovk, Conditional Validity of Inductive Conformal Predictors, 2012).
    """
    rank = _conformal_rank(pictures, false_alarms)
    return float(stats.beta.ppf(MOST_SETS, pictures + 1 - rank, rank))


def _predictive_bound(logs: Floats, false_alarms: float, constants: Calibration) -> float:
    """Upper prediction bound for a clean picture's largest score.

    Log maxima are taken as normal; their variance has a scaled inverse chi-squared prior, centred on the spread
    measured between clean pictures and worth `PRIOR_PICTURES` of them (Gelman et al., Bayesian Data Analysis, 3.3).
    """
    freedom = PRIOR_PICTURES + len(logs) - 1
    spread = math.sqrt((PRIOR_PICTURES * constants.spread**2 + len(logs) * float(logs.var())) / freedom)
    reach = float(stats.t.ppf(1 - false_alarms, freedom)) * math.sqrt(1 + 1 / len(logs))
    return math.exp(float(logs.mean()) + reach * spread) - constants.floor


def _batch_bound(logs: Floats, false_alarms: float, constants: Calibration) -> float:
    """The same from pictures of which up to a half may be defective: their lower quartile stands for all.

    The spread is the one measured between clean pictures, since defective ones widen the batch's own.
    """
    reach = QUARTILE + float(stats.norm.ppf(1 - false_alarms)) * math.sqrt(1 + 1 / len(logs))
    return math.exp(float(np.quantile(logs, 0.25)) + reach * constants.spread) - constants.floor


def _verdict(flags: Flags, strength: float) -> Verdict:
    """`SUSPICIOUS` when tiles are flagged but the strongest is less than a tenth above what it takes."""
    if not flags.any():
        return Verdict.NORMAL
    return Verdict.ANOMALOUS if strength >= BORDERLINE else Verdict.SUSPICIOUS


def _strength(values: Floats, threshold: float) -> float:
    return float(values.max()) / threshold if threshold > 0 else math.inf


def _nothing_flagged(values: Floats) -> tuple[float, Flags]:
    """The lowest threshold that no tile reaches, and the flags that go with it."""
    return math.nextafter(float(values.max()), math.inf), np.zeros(len(values), bool)


def _decision(rule: RuleName, threshold: float, flags: Flags, verdict: Verdict, reason: str) -> Decision:
    flags.flags.writeable = False
    return Decision(rule, threshold, flags, verdict, reason)
