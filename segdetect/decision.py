"""From tile scores to flags and a verdict for the picture. Knows no engine and no image.

A clean picture is one without defects. Every rule but `STOCK` may flag nothing, and a rule that cannot know says so
instead of guessing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from segdetect.inspection import Decision, Flags, Floats, TileScores, Verdict
from segdetect.settings import EngineName, Rule, RuleName, Scope


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was measured on clean pictures, for one engine.

    Args:
        gate: largest tile score over the median that clean textures stay below.
        tile_cut: once the gate is passed, tiles scoring this many times the median are flagged.
        floor: score below which differences between tiles are noise; added to both sides of the ratio.
        spread: standard deviation of the log of the largest score between clean pictures of one kind.
        uniform: homogeneity below which tiles of one picture cannot be compared with each other.
    """

    gate: float
    tile_cut: float
    floor: float
    spread: float
    uniform: float


CALIBRATIONS: Final = {
    EngineName.DINOV2: Calibration(gate=1.6, tile_cut=1.2, floor=0.01, spread=0.15, uniform=0.5),
    EngineName.FASTDUP: Calibration(gate=2.5, tile_cut=1.5, floor=0.01, spread=0.25, uniform=0.5),
    EngineName.TEXTURE: Calibration(gate=1.8, tile_cut=1.3, floor=0.01, spread=0.2, uniform=0.5),
}

STOCK_SHARE: Final = 0.05  # fastdup's default: share of nearest-neighbour edges that are outliers
STOCK_NEIGHBOURS: Final = 2  # fastdup's default: edges that leave each tile
FENCE_FACTOR: Final = 3.0  # Tukey's outer fence
BORDERLINE: Final = 1.1  # a strongest score less than a tenth above what is needed is borderline
MIN_TILES: Final = 4  # fewer tiles have no typical tile
IDENTICAL: Final = 1e-6  # cosine distances agree between machines to about this
PRIOR_PICTURES: Final = 8.0  # how many good pictures the measured spread counts for


def decide(
    scores: TileScores, rule: Rule, *, scope: Scope, engine: EngineName, good: Sequence[Floats] = ()
) -> Decision:
    """Flag tiles and say what that means for the picture.

    Args:
        scores: the picture's tile scores.
        rule: how to decide. `AUTO` is `GATE` for a picture compared with itself and `CALIBRATED` otherwise.
        scope: what the tiles were compared with.
        engine: the engine that ran (never `AUTO`); it picks the constants measured for it.
        good: tile scores of known-good pictures, `(tiles,)` each, every picture scored with itself left out. In batch
            scope these are the other pictures of the batch, some of which may be defective.

    Returns:
        The decision. Under every rule but `STOCK`, `flags` is exactly `scores >= threshold`, and `NORMAL` means that no
        tile is flagged.
    """
    name = rule.name
    if name is RuleName.AUTO:
        name = RuleName.GATE if scope is Scope.SELF or not good else RuleName.CALIBRATED
    constants = CALIBRATIONS[engine]
    match name:
        case RuleName.STOCK:
            return _stock(scores, engine)
        case RuleName.THRESHOLD:
            return _threshold(scores, float(rule.threshold or 0.0))
        case RuleName.FENCE:
            return _fence(scores, constants)
        case RuleName.CALIBRATED:
            return _calibrated(scores, rule.false_alarms, good, scope, constants)
    return _gate(scores, scope, constants)


def _stock(scores: TileScores, engine: EngineName) -> Decision:
    """fastdup's own rule: the lowest 5 % of nearest-neighbour edges, at least one; their tiles are flagged.

    Two edges leave each tile: to its nearest look-alike and to the second nearest, whose distance is fastdup's score.
    Other engines have no second edge; there each kept edge flags a tile of its own.
    """
    values = scores.scores
    tiles = np.arange(len(values))
    distance, owner = values, tiles
    if engine is EngineName.FASTDUP:
        known = np.isfinite(scores.nearest_similarity)
        distance = np.concatenate([values, 1 - scores.nearest_similarity[known]])
        owner = np.concatenate([tiles, tiles[known]])
    kept = max(1, math.floor(STOCK_SHARE * STOCK_NEIGHBOURS * len(values)))
    flags = np.zeros(len(values), bool)
    flags[owner[np.argsort(-distance, kind="stable")[:kept]]] = True
    count = int(flags.sum())
    reason = (
        f"The stock rule flags the least similar tiles of every picture, here {count} of {len(values)}, whether it is "
        "clean or not: look at them, and choose another rule for a verdict."
    )
    return _decision(RuleName.STOCK, float(values[flags].min()), flags, Verdict.CANNOT_TELL, reason)


def _threshold(scores: TileScores, threshold: float) -> Decision:
    values = scores.scores
    flags = values >= threshold
    reason = f"{_tiles_text(flags)} at least {_number(threshold)}, the threshold you chose; {_highest(values)}."
    verdict = _verdict(flags, _ratio(float(values.max()), threshold))
    return _decision(RuleName.THRESHOLD, threshold, flags, verdict, reason + " Its value is yours to judge.")


def _fence(scores: TileScores, constants: Calibration) -> Decision:
    """Tukey's outer fence on log scores (Tukey, Exploratory Data Analysis, 1977), which are nearly symmetric."""
    values = scores.scores
    logs = np.sort(np.log(values + constants.floor))
    last = len(logs) - 1
    low, high = logs[math.ceil(last * 0.25)], logs[math.ceil(last * 0.75)]
    fence = math.exp(high + FENCE_FACTOR * (high - low)) - constants.floor
    threshold = math.nextafter(max(fence, float(values.min())), math.inf)
    flags = values >= threshold
    reason = (
        f"{_tiles_text(flags)} beyond {_number(threshold)}, the outer fence of this picture's own scores; "
        f"{_highest(values)}. The fence sees only how the scores of this picture spread, so it misses defects in an "
        "uneven picture."
    )
    return _decision(RuleName.FENCE, threshold, flags, _verdict(flags, _ratio(float(values.max()), threshold)), reason)


def _gate(scores: TileScores, scope: Scope, constants: Calibration) -> Decision:
    """Two steps: does the strongest tile stand out far enough from the typical one, and which tiles go with it?"""
    values = scores.scores
    doubt = _nothing_to_compare(scores, scope, constants)
    if doubt:
        return _decision(RuleName.GATE, *_nothing_flagged(values), Verdict.CANNOT_TELL, doubt)
    floor = constants.floor
    typical = float(np.median(values)) + floor
    strongest = (float(values.max()) + floor) / typical
    is_open = strongest >= constants.gate
    threshold = (constants.tile_cut if is_open else constants.gate) * typical - floor
    flags = values >= threshold
    stand = (
        f"the strongest scores {strongest:.1f} times the typical tile; clean textures stay below {constants.gate:.1f}"
    )
    count = int(flags.sum())
    found = (
        f"{count} of {len(values)} tiles {'stands' if count == 1 else 'stand'} out" if count else "No tile stands out"
    )
    reason = f"{found}: {stand}."
    if is_open and strongest < constants.gate * BORDERLINE:
        reason += " That is close: look at it, or give known-good pictures to be surer."
    return _decision(RuleName.GATE, threshold, flags, _verdict(flags, strongest / constants.gate), reason)


def _nothing_to_compare(scores: TileScores, scope: Scope, constants: Calibration) -> str:
    """Why one picture's tiles cannot be judged by each other, or an empty string when they can."""
    values = scores.scores
    remedy = "Give known-good pictures to compare it with; the ranking of the tiles still shows where to look."
    if len(values) < MIN_TILES:
        return f"{len(values)} tiles are too few to know what a typical one is. Choose a finer grid."
    if scope is Scope.SELF and float(values.max()) <= IDENTICAL:
        return (
            "All tiles are alike, as in a blank or over-exposed picture: there is nothing to tell apart. "
            "Check that the picture shows what it should."
        )
    if scores.homogeneity is not None and scores.homogeneity < constants.uniform:
        return (
            "The picture shows an object or a scene whose parts differ by nature, not a surface that is the same "
            f"everywhere, so its tiles cannot be judged by each other. {remedy}"
        )
    return ""


def _calibrated(
    scores: TileScores, false_alarms: float, good: Sequence[Floats], scope: Scope, constants: Calibration
) -> Decision:
    """A threshold that at most `false_alarms` of clean pictures should reach, from the largest scores of good ones."""
    values = scores.scores
    if not good:
        reason = (
            "There is no known-good picture to learn from what is normal. Give at least one, or choose another rule."
        )
        return _decision(RuleName.CALIBRATED, *_nothing_flagged(values), Verdict.CANNOT_TELL, reason)
    maxima = np.sort([float(np.max(one)) for one in good])
    enough = (len(maxima) + 1) * false_alarms >= 1
    if scope is not Scope.BATCH and enough:
        threshold = _conformal(maxima, false_alarms)
        trust = f"at most {false_alarms:.0%} of clean pictures reach that"
    else:
        threshold = _predicted(maxima, false_alarms, constants, robust=scope is Scope.BATCH)
        trust = (
            f"about {false_alarms:.0%} of clean pictures should reach that, as far as {_pictures(len(maxima))} can tell"
        )
    flags = values >= threshold
    source = "the other pictures of the batch" if scope is Scope.BATCH else f"{_pictures(len(maxima))} given"
    reason = f"{_tiles_text(flags)} at least {_number(threshold)}, learnt from {source}; {_highest(values)}; {trust}."
    if scope is not Scope.BATCH and not enough:
        reason += f" With {math.ceil(1 / false_alarms) - 1} or more good pictures that would be a guarantee."
    verdict = _verdict(flags, _ratio(float(values.max()), threshold))
    return _decision(RuleName.CALIBRATED, threshold, flags, verdict, reason)


def _conformal(maxima: Floats, false_alarms: float) -> float:
    """Split-conformal bound: a clean picture exchangeable with the good ones exceeds it with at most this probability.

    Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World (2005); Lei et al., JASA 113 (2018).
    """
    rank = math.ceil((len(maxima) + 1) * (1 - false_alarms) - 1e-9)
    return math.nextafter(float(maxima[rank - 1]), math.inf)


def _predicted(maxima: Floats, false_alarms: float, constants: Calibration, *, robust: bool) -> float:
    """Upper prediction bound for the next clean picture's largest score, from as little as one good picture.

    Log maxima are taken as normal; their variance has a scaled inverse chi-squared prior centred on the spread measured
    between clean pictures, worth `PRIOR_PICTURES` pictures (Gelman et al., Bayesian Data Analysis, 3rd ed., section
    3.3). `robust` takes median and median absolute deviation, for pictures of which some may be defective.
    """
    logs = np.log(maxima + constants.floor)
    count = len(logs)
    centre = float(np.median(logs)) if robust else float(logs.mean())
    variance = 0.0
    if count > 1:
        variance = float(stats.median_abs_deviation(logs, scale="normal")) ** 2 if robust else float(logs.var(ddof=1))
    freedom = PRIOR_PICTURES + count - 1
    pooled = (PRIOR_PICTURES * constants.spread**2 + (count - 1) * variance) / freedom
    reach = float(stats.t.ppf(1 - false_alarms, freedom)) * math.sqrt(pooled * (1 + 1 / count))
    return math.exp(centre + reach) - constants.floor


def _verdict(flags: Flags, strength: float) -> Verdict:
    """`SUSPICIOUS` when tiles are flagged but the strongest is less than a tenth above what it takes."""
    if not flags.any():
        return Verdict.NORMAL
    return Verdict.ANOMALOUS if strength >= BORDERLINE else Verdict.SUSPICIOUS


def _ratio(value: float, threshold: float) -> float:
    return value / threshold if threshold > 0 else math.inf


def _nothing_flagged(values: Floats) -> tuple[float, Flags]:
    """The lowest threshold that no tile reaches, and the flags that go with it."""
    return math.nextafter(float(values.max()), math.inf), np.zeros(len(values), bool)


def _tiles_text(flags: Flags) -> str:
    count = int(flags.sum())
    return f"{count} of {len(flags)} tiles {'scores' if count == 1 else 'score'}" if count else "No tile scores"


def _highest(values: Floats) -> str:
    return f"the highest score is {_number(float(values.max()))}"


def _pictures(count: int) -> str:
    return f"{count} good picture{'s' if count != 1 else ''}"


def _number(value: float) -> str:
    return f"{value:.3g}"


def _decision(rule: RuleName, threshold: float, flags: Flags, verdict: Verdict, reason: str) -> Decision:
    flags.flags.writeable = False
    return Decision(rule, threshold, flags, verdict, reason)
