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
from segdetect.deciding.prominence import (
    CONTRAST,
    batch_level,
    growth,
    median_log,
    peak_log,
    quantile,
    reference_prominence,
    strongest_needed,
    unevenness,
)
from segdetect.deciding.reasons import MIXED, comparison_reason, gate_reason, other_kind_reason, tally
from segdetect.deciding.stock import NEIGHBOURS, edge_count, stock_flags
from segdetect.inspection import Decision, Flags, Floats, TileScores, Verdict
from segdetect.message import Message
from segdetect.settings import EngineName, Rule, RuleName, Scope

FENCE_FACTOR: Final = 3.0  # Tukey's outer fence
BORDERLINE: Final = 1.1  # a strongest score less than a tenth above or below what it takes is borderline
MIN_TILES: Final = 4  # fewer tiles have no typical one
IDENTICAL: Final = 1e-6  # cosine distances agree between machines to about this
ENOUGH_PICTURES: Final = 19  # good pictures that need no help from other kinds
# Of the false alarms allowed, the share for pictures that may show an object: there the strongest tiles tell hardly
# more than chance (AUROC of pictures .53, against .93 for sure surfaces).
DOUBTFUL: Final = 0.2
QUANTILE_90: Final = float(stats.norm.ppf(0.9))  # in standard deviations


def decide(
    scores: TileScores,
    rule: Rule,
    *,
    scope: Scope,
    engine: EngineName,
    bank_scores: Sequence[Floats] = (),
    bank_unlikeness: Sequence[float] = (),
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
        bank_unlikeness: the same pictures' `TileScores.unlikeness`.
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
            bank_unlikeness=bank_unlikeness,
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
        case RuleName.CALIBRATED if scope is Scope.BATCH and _is_mixed(scores, bank_unlikeness, constants):
            return _decision(name, *_nothing_flagged(scores.scores), Verdict.CANNOT_TELL, MIXED)
        case RuleName.CALIBRATED:
            return _calibrated(scores, rule, bank_scores, scope, constants)
    return _gate(scores, scope, rule.false_alarms, constants)


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


def _gate(scores: TileScores, scope: Scope, false_alarms: float, constants: Calibration) -> Decision:
    """Do the two strongest tiles stand out from the typical one further than in so many clean pictures?

    A picture whose ordinary tiles differ more must show more: the typical tile's score over the lowest tenth's raises
    the gate. Defects are not among these tiles, so they do not raise it, as they do the spread of all.
    """
    values = scores.scores
    doubt = _why_incomparable(scores, scope, constants)
    if doubt:
        return _decision(RuleName.GATE, *_nothing_flagged(values), Verdict.CANNOT_TELL, doubt)
    typical = quantile(values, constants.typical) + constants.floor
    clean = constants.surfaces
    allowed = DOUBTFUL * false_alarms if scores.doubtful else false_alarms
    gate = clean.bound(allowed) + math.log(typical * gate_scale(values, constants))
    needed = strongest_needed(values, gate, constants.floor, constants.lone)
    threshold, flags = _two_steps(values, needed, math.log(typical), constants.self_ratio, constants.floor)
    multiples = (values + constants.floor) / typical
    verdict = _careful_verdict(flags, _margin(values, needed, constants))
    share = clean.share_above(prominence(values, constants))
    reason = gate_reason(flags, multiples, (needed + constants.floor) / typical, share, constants, verdict)
    if scores.doubtful and verdict is Verdict.NORMAL:
        verdict = Verdict.CANNOT_TELL
        reason = Message(
            "{reason} But it may show an object, whose parts differ by nature: give known-good pictures to be sure.",
            reason=reason,
        )
    return _decision(RuleName.GATE, threshold, flags, verdict, reason, needed=max(needed, IDENTICAL))


def gate_scale(values: Floats, constants: Calibration) -> float:
    """How many times as far as in an even picture of 49 tiles the strongest ones must stand out."""
    uneven = unevenness(values, typical=constants.typical, floor=constants.floor)
    return min(uneven, constants.uneven) * math.exp(growth(values, constants.growth))


def prominence(values: Floats, constants: Calibration) -> float:
    """Log of how many times the typical tile's score the two strongest are, made comparable between pictures."""
    typical = quantile(values, constants.typical) + constants.floor
    return peak_log(values, constants.floor, constants.lone) - math.log(typical * gate_scale(values, constants))


def _two_steps(values: Floats, needed: float, ordinary: float, ratio: float, floor: float) -> tuple[float, Flags]:
    """The lowest score that is flagged, and the flags: none, or the tiles that go with the strongest.

    Args:
        values: the tiles' scores.
        needed: the score that the strongest must reach.
        ordinary: log of an ordinary tile's score.
        ratio: of the strongest score, that others must come to; half of the way to it from the ordinary ones, on a log
            scale, they must come as well.
        floor: as in `Calibration`.
    """
    strongest, needed = float(values.max()), max(needed, IDENTICAL)
    if strongest < needed:
        return needed, np.zeros(len(values), bool)
    middle = math.exp((ordinary + math.log(strongest + floor)) / 2) - floor
    threshold = min(strongest, max(ratio * (strongest + floor) - floor, middle))
    return threshold, values >= threshold


def _margin(values: Floats, needed: float, constants: Calibration) -> float:
    """The strongest score over the one that it takes."""
    return (float(values.max()) + constants.floor) / (needed + constants.floor)


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
        return Message(
            "The picture shows an object or a scene whose parts differ by nature, not a surface that is the same "
            "everywhere, so its tiles cannot be judged by one another: give known-good pictures to compare it with. If "
            "something is wrong, the tile most unlike the rest is the place to look first: it was right in {share:.0%} "
            "of the defective objects and scenes that were tried.",
            share=constants.first_right,
        )
    return ""


def _is_mixed(scores: TileScores, bank_unlikeness: Sequence[float], constants: Calibration) -> bool:
    """Whether the pictures of a batch do not show the same thing."""
    each = np.array([scores.unlikeness, *bank_unlikeness])
    return bool(np.isfinite(each).all() and each.mean() >= constants.one_kind)


def _calibrated(
    scores: TileScores, rule: Rule, bank_scores: Sequence[Floats], scope: Scope, constants: Calibration
) -> Decision:
    """Do the two strongest tiles stand out further than in so many clean pictures, those of this kind first of all?"""
    values, floor, lone = scores.scores, constants.floor, constants.lone
    if not bank_scores:
        reason = (
            "There is no known-good picture to learn from what is normal. Give one or more, or choose another rule."
        )
        return _decision(RuleName.CALIBRATED, *_nothing_flagged(values), Verdict.CANNOT_TELL, reason)
    ordinary, more = median_log(values, floor), growth(values, constants.growth)
    if scope is Scope.BATCH:
        level = batch_level(bank_scores, rule.expected_defective, floor, lone)
        peak = constants.batch.bound(rule.false_alarms) + level + more
        share = constants.batch.share_above(peak_log(values, floor, lone) - level - more)
    else:
        good = np.array([reference_prominence(one, floor, lone) - growth(one, constants.growth) for one in bank_scores])
        bound = _reference_bound(good, rule.false_alarms, constants)
        peak = (bound + more + CONTRAST * ordinary) / (1 + CONTRAST)
        share = constants.references.share_above(reference_prominence(values, floor, lone) - more)
    needed = strongest_needed(values, peak, floor, lone)
    threshold, flags = _two_steps(values, needed, ordinary, constants.others_ratio, floor)
    verdict = _careful_verdict(flags, _margin(values, needed, constants))
    below = sum(float(one.max()) < float(values.max()) for one in bank_scores)
    ranked = (below, len(bank_scores))
    reason = comparison_reason(flags, values, needed, ranked, share, scope, constants, verdict)
    if scores.unlikeness >= constants.other_kind:
        reason = other_kind_reason(reason, scope)
    return _decision(RuleName.CALIBRATED, threshold, flags, verdict, reason, needed=max(needed, IDENTICAL))


def _reference_bound(good: Floats, false_alarms: float, constants: Calibration) -> float:
    """The prominence that a clean picture of this kind reaches with this probability.

    From `ENOUGH_PICTURES` good pictures on they alone decide, without an assumption on how prominences are
    distributed (split conformal prediction: Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, 2005).
    Of alarms that are rarer than one in so many pictures they tell only that it takes more than the highest of them.
    """
    count = len(good)
    if count < ENOUGH_PICTURES:
        return _joint_bound(good, false_alarms, constants)
    rank = math.ceil((count + 1) * (1 - false_alarms) - 1e-9)
    own = math.nextafter(float(np.sort(good)[min(rank, count) - 1]), math.inf)
    return own if rank <= count else max(own, _joint_bound(good, false_alarms, constants))


def _joint_bound(good: Floats, false_alarms: float, constants: Calibration) -> float:
    """The same of few good pictures, taken together with what was measured on other kinds.

    That counts for `constants.prior` of them: mean and variance as of a normal distribution with a conjugate prior
    (Gelman et al., Bayesian Data Analysis, 3.3).
    """
    count = len(good)
    bound, middle = constants.references.bound(false_alarms), constants.references.bound(0.5)
    # A lone good picture was compared with itself alone, which tells nothing of another one's prominence.
    if count == 1:
        return bound
    prior = constants.prior
    weight = count / (count + prior)
    spread = (constants.references.bound(0.1) - middle) / QUANTILE_90
    own = count * float(good.var()) + weight * prior * (float(good.mean()) - middle) ** 2
    wider = math.sqrt((prior + own / spread**2) / (prior + count))
    return middle + weight * (float(good.mean()) - middle) + wider * (bound - middle)


def _verdict(flags: Flags, strength: float) -> Verdict:
    """`SUSPICIOUS` when tiles are flagged but the strongest is less than a tenth above what it takes."""
    if not flags.any():
        return Verdict.NORMAL
    return Verdict.ANOMALOUS if strength >= BORDERLINE else Verdict.SUSPICIOUS


def _careful_verdict(flags: Flags, margin: float) -> Verdict:
    """The same, and `CANNOT_TELL` for a picture that is less than a tenth below."""
    close_below = not flags.any() and margin * BORDERLINE > 1
    return Verdict.CANNOT_TELL if close_below else _verdict(flags, margin)


def _strength(values: Floats, threshold: float) -> float:
    return float(values.max()) / threshold if threshold > 0 else math.inf


def _nothing_flagged(values: Floats) -> tuple[float, Flags]:
    """The lowest threshold that no tile reaches, and the flags that go with it."""
    return math.nextafter(float(values.max()), math.inf), np.zeros(len(values), bool)


def _decision(
    rule: RuleName, threshold: float, flags: Flags, verdict: Verdict, reason: str, *, needed: float | None = None
) -> Decision:
    flags.flags.writeable = False
    return Decision(rule, threshold, flags, verdict, reason, needed)
