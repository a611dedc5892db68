"""Changes of the code that a test must notice, and the tests that should; see `mutations.py`.

The texts are the arithmetic alone, so that words around it may change freely.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change of the code.

    Args:
        title: what it changes, for people.
        file: the module, from the project's folder.
        old: text that occurs in it once.
        new: text in its place.
        test: the test file that should notice, from the project's folder.
    """

    title: str
    file: str
    old: str
    new: str
    test: str

    def occurrences(self, root: Path) -> int:
        """How often the old text occurs in the file; 0 where there is no such file."""
        path = root / self.file
        return path.read_text(encoding="utf-8").count(self.old) if path.is_file() else 0


def _changes(file: str, test: str, *changes: tuple[str, str, str]) -> Iterator[Mutation]:
    for title, old, new in changes:
        yield Mutation(title, file, old, new, test)


SCORES: Final = "tests/unit/scoring/test_reference_scores.py"
IGNORED: Final = "tests/unit/scoring/test_ignored_cells.py"
NEIGHBOURS: Final = "tests/unit/scoring/test_reference_neighbours.py"
POOLING: Final = "tests/unit/scoring/test_reference_pooling.py"
HOMOGENEITY: Final = "tests/unit/scoring/test_reference_homogeneity.py"
DECISIONS: Final = "tests/unit/deciding/test_reference_decisions.py"
FIGURES: Final = "tests/unit/evaluation/test_reference_figures.py"
RUNS: Final = "tests/unit/runs/test_reference_runs.py"
BANKS: Final = "tests/unit/comparing/test_banks.py"
WEBP: Final = "tests/unit/pictures/test_webp_header.py"
WORKER: Final = "tests/unit/engines/test_worker_process.py"

TABLE: Final = (
    *_changes(
        "segdetect/scoring/ignoring.py",
        IGNORED,
        ("half of a cell is enough to ignore it", "< 1 - MOST_IGNORED", "<= 1 - MOST_IGNORED"),
    ),
    *_changes(
        "segdetect/scoring/nearest.py",
        IGNORED,
        ("ignored cells stay in the bank", "kept = ~picture.ignored[cells]", "kept = ~picture.ignored[cells] | True"),
        ("surroundings do not shrink", "_fewest_seen(picture, window) < 1:", "_fewest_seen(picture, window) < -999:"),
    ),
    *_changes(
        "segdetect/scoring/pooling.py",
        IGNORED,
        ("a tenth of a tile is enough", "> LEAST_LEFT", ">= LEAST_LEFT"),
    ),
    *_changes(
        "segdetect/scoring/cells.py",
        IGNORED,
        ("ignored cells count in the mean", "distances[:, ~picture.ignored]", "distances[:, :]"),
        ("empty pictures in the bank", "if len(member.counted):", "if len(member.counted) >= 0:"),
    ),
    *_changes(
        "segdetect/scoring/homogeneity.py",
        IGNORED,
        ("ignored cells are regions", "if embeddings.ignored is None else", "if True else"),
    ),
    *_changes(
        "segdetect/scoring/cells.py",
        SCORES,
        ("batch share .3 to .5", "LOWEST_SHARE: Final = 0.3", "LOWEST_SHARE: Final = 0.5"),
        ("batch share rounded down", "round(LOWEST_SHARE", "int(LOWEST_SHARE"),
        ("two pictures of a batch at least", "max(1, round(LOWEST_SHARE", "max(2, round(LOWEST_SHARE"),
        ("the first of a batch, not the nearest", "np.sort(nearest, axis=0)[:kept]", "nearest[:kept]"),
        ("batch sorted over layers", "np.sort(nearest, axis=0)", "np.sort(nearest, axis=1)"),
        ("mean of a batch's nearest to maximum", "[:kept].mean(axis=0)", "[:kept].max(axis=0)"),
        ("one neighbour for tiles", "1 if picture.dense else picture.comparison.neighbours", "1"),
        (
            "largest of the layers",
            "divided(distances, typical)).mean(axis=0))",
            "divided(distances, typical)).max(axis=0))",
        ),
        (
            "small window for a lone reference",
            "neighbours=neighbours)\n    if own",
            "neighbours=neighbours, varied=varied)\n    if own",
        ),
        ("later of equal pictures", "~(match.best_similarity <= similarity)", "~(match.best_similarity < similarity)"),
        ("similarity above one", "np.clip(similarity, -1, 1)", "similarity"),
        ("as even as a texture is varied", "homogeneity(picture) < picture", "homogeneity(picture) <= picture"),
        ("smoothing mirrors the border", 'mode="nearest"', 'mode="reflect"'),
    ),
    *_changes(
        "segdetect/scoring/distances.py",
        SCORES,
        (
            "mean typical distance to maximum",
            "np.sort(means, axis=0).mean(axis=0)",
            "np.sort(means, axis=0).max(axis=0)",
        ),
        ("mean typical distance to median", "np.sort(means, axis=0).mean(axis=0)", "np.median(means, axis=0)"),
        ("typical distances unsorted", "np.sort(means, axis=0).mean", "np.asarray(means).mean"),
        ("pictures with one cell count", "if len(picture.counted) > 1]", "if len(picture.counted) > 0]"),
        ("mean nearest distance to maximum", ".mean(axis=1, dtype=np.float64)", ".max(axis=1)"),
        ("every cell tells the typical distance", "queries=_sample(picture.counted)", "queries=None"),
        ("sample of 256 to 64", "SCALE_QUERIES: Final = 256", "SCALE_QUERIES: Final = 64"),
        (
            "sample of the first cells",
            "np.linspace(0, len(cells) - 1, min(len(cells), SCALE_QUERIES))",
            "np.arange(min(len(cells), 256))",
        ),
        ("rounding from 1e-6 to 1e-9", "NO_DISTANCE: Final = 1e-6", "NO_DISTANCE: Final = 1e-9"),
        ("rounding from 1e-6 to 1e-4", "NO_DISTANCE: Final = 1e-6", "NO_DISTANCE: Final = 1e-4"),
        (
            "divided by next to nothing",
            "np.where(typical > NO_DISTANCE, typical, 1)",
            "np.where(typical > 0, typical, 1)",
        ),
    ),
    *_changes(
        "segdetect/scoring/nearest.py",
        SCORES,
        ("longer side to shorter in the window", "max(picture.lattice) - 2", "min(picture.lattice) - 2"),
        ("window one cell too wide", "(max(picture.lattice) - 2) // 2", "(max(picture.lattice) - 1) // 2"),
        ("window one cell too narrow", "(max(picture.lattice) - 2) // 2", "(max(picture.lattice) - 3) // 2"),
        ("one neighbour more than is seen", "min(picture.lattice[0], side)", "min(picture.lattice[0], side - 1)"),
        (
            "similarity of the first layer",
            "total = reduce(np.add, similarities)",
            "total = similarities[0] * len(similarities)",
        ),
    ),
    *_changes(
        "segdetect/scoring/nearest.py",
        NEIGHBOURS,
        ("opposite as what is left out", "MASKED: Final = np.float32(-2.0)", "MASKED: Final = np.float32(-1.0)"),
        ("most alike of the layers", "np.mean([vectors[queries] @ bank.T", "np.max([vectors[queries] @ bank.T"),
        (
            "own tile or surroundings to both",
            "_window(picture, varied), cells) | (tiles",
            "_window(picture, varied), cells) & (tiles",
        ),
        ("later of equal tiles", "~(best <= similarity)", "~(best < similarity)"),
        ("wide window in a varied picture", "_window(picture, varied), cells)", "_window(picture, False), cells)"),
        ("tile more alike than one", ".clip(-1, 1)", ""),
    ),
    *_changes(
        "segdetect/scoring/look_alikes.py",
        NEIGHBOURS,
        (
            "equal look-alikes from the last on",
            'np.argsort(-similar, kind="stable")',
            'np.argsort(similar, kind="stable")[::-1]',
        ),
        ("more alike than the first", "min(float(similar[other]), nearest.similarity)", "float(similar[other])"),
        ("wide window for look-alikes", "own_tiles=own, varied=scores.varied", "own_tiles=own"),
    ),
    *_changes(
        "segdetect/inspection.py",
        NEIGHBOURS,
        (
            "equal scores ranked from the last on",
            '[np.argsort(-self.scores, kind="stable")]',
            '[np.argsort(self.scores, kind="stable")[::-1]]',
        ),
    ),
    *_changes(
        "segdetect/scoring/pooling.py",
        POOLING,
        ("eight points a tile to four", "max(8, round(4", "max(4, round(4"),
        ("four points a cell to two", "round(4 * float", "round(2 * float"),
        ("share of points rounded down", "round(share *", "int(share *"),
        ("two points at least", "max(1, round(share", "max(2, round(share"),
        ("points at the edges", "(np.arange(count) + 0.5) / count", "np.arange(count) / count"),
        ("mean of the highest to median", "top.mean(axis=1, dtype=np.float64)", "np.median(top, axis=1)"),
        ("narrowest tile sets the points", "(stop - start).max()", "(stop - start).min()"),
        ("corner of a cell across", "(col + 0.5) / lattice[1]", "col / lattice[1]"),
        ("corner of a cell down", "(row + 0.5) / lattice[0]", "row / lattice[0]"),
    ),
    *_changes(
        "segdetect/scoring/homogeneity.py",
        HOMOGENEITY,
        ("seven regions to eight", "REGIONS: Final = 7", "REGIONS: Final = 8"),
        ("odd share .15 to .1", "ODD_SHARE: Final = 0.15", "ODD_SHARE: Final = 0.1"),
        ("odd share .15 to .2", "ODD_SHARE: Final = 0.15", "ODD_SHARE: Final = 0.2"),
        ("median of regions to mean", "np.median(others, axis=1)", "np.mean(others, axis=1)"),
        ("percentile to the region below", "1 - ODD_SHARE))", '1 - ODD_SHARE, method="lower"))'),
        ("n-1 to n within regions", "counts * (counts - 1), 1)", "counts * counts, 1)"),
        ("each cell with itself within regions", "(np.diag(total) - counts)", "np.diag(total)"),
        ("distance within one cell", " * (counts > 1)\n", "\n"),
        ("whole distance within", "(within[:, None] + within) / 2", "(within[:, None] + within)"),
        ("n-1 to n of all cells", "max(1, count * (count - 1))", "max(1, count * count)"),
        ("each cell with itself", "(total @ total - count)", "(total @ total)"),
        ("share of the variety for all", "if embeddings.comparison.by_variety else 1.0", "if True else 1.0"),
        ("largest of the layers", "distances = np.mean([_region", "distances = np.max([_region"),
        ("largest variety of the layers", "np.mean([_mean_distance(layer)", "np.max([_mean_distance(layer)"),
        ("more than even", "np.clip(1 - odd / variety, 0, 1)", "1 - odd / variety"),
        ("no variety at 1e-3", "NO_DISTANCE: Final = 1e-6", "NO_DISTANCE: Final = 1e-3"),
    ),
    *_changes(
        "segdetect/scoring/allowing.py",
        "tests/unit/test_allowed_places.py",
        ("nothing is explained", "after - typical <= MOST_LEFT", "after - typical <= -MOST_LEFT"),
        (
            "all cells of a picture with an allowed place",
            "~inside if picture.ignored is None",
            "inside & False if picture.ignored is None",
        ),
        ("the mark keeps its score", "_as_typical(scores, _around(lifted, scores.layout))", "scores"),
    ),
    *_changes(
        "segdetect/deciding/decision.py",
        DECISIONS,
        ("unevenness without limit", "min(uneven, constants.uneven)", "uneven"),
        (
            "no floor under the multiples",
            "multiples = (values + constants.floor) / typical",
            "multiples = values / typical",
        ),
        (
            "an uneven picture needs no more",
            "(allowed) + math.log(typical * gate_scale(values, constants))",
            "(allowed) + math.log(typical)",
        ),
        ("a tile alone passes the gate", "gate, constants.floor, constants.lone)", "gate, constants.floor, 0.0)"),
        (
            "a tile alone counts in full by itself",
            "peak_log(values, constants.floor, constants.lone)",
            "peak_log(values, constants.floor, 0.0)",
        ),
        (
            "a tile alone passes among others",
            "strongest_needed(values, peak, floor, lone)",
            "strongest_needed(values, peak, floor, 0.0)",
        ),
        (
            "a tile alone in full in the batch's share",
            "share_above(peak_log(values, floor, lone)",
            "share_above(peak_log(values, floor, 0.0)",
        ),
        (
            "a tile alone in full in the share",
            "share_above(reference_prominence(values, floor, lone)",
            "share_above(reference_prominence(values, floor, 0.0)",
        ),
        (
            "a tile alone in full in a good picture",
            "reference_prominence(one, floor, lone)",
            "reference_prominence(one, floor, 0.0)",
        ),
        ("doubtful as sure", "DOUBTFUL: Final = 0.2", "DOUBTFUL: Final = 1.0"),
        ("borderline 1.1 to 1.2", "BORDERLINE: Final = 1.1", "BORDERLINE: Final = 1.2"),
        ("a tenth above is borderline", "strength >= BORDERLINE", "strength > BORDERLINE"),
        ("four tiles too few", "MIN_TILES: Final = 4", "MIN_TILES: Final = 5"),
        ("alike up to 1e-6 to 1e-8", "IDENTICAL: Final = 1e-6", "IDENTICAL: Final = 1e-8"),
        ("alike up to 1e-6 to 1e-4", "IDENTICAL: Final = 1e-6", "IDENTICAL: Final = 1e-4"),
        ("alike in every scope", "scope is Scope.SELF and float", "float"),
        ("outer fence 3 to 2.5", "FENCE_FACTOR: Final = 3.0", "FENCE_FACTOR: Final = 2.5"),
        ("quartiles of the fence interpolated", '(0.25, 0.75), method="lower")', "(0.25, 0.75))"),
        ("no floor under the fence", "(high - low)) - constants.floor", "(high - low))"),
        ("fence on equal scores", ", float(values.min()) + IDENTICAL)", ")"),
        ("fence on the upper quartile", "max(fence, float(upper), ", "max(fence, "),
        ("at what it takes is below it", "if strongest < needed:", "if strongest <= needed:"),
        ("nothing at all stands out", "float(values.max()), max(needed, IDENTICAL)", "float(values.max()), needed"),
        (
            "half of the way to a third",
            "(ordinary + math.log(strongest + floor)) / 2",
            "(2 * ordinary + math.log(strongest + floor)) / 3",
        ),
        (
            "lower of share and middle",
            "max(ratio * (strongest + floor) - floor, middle)",
            "min(ratio * (strongest + floor) - floor, middle)",
        ),
        ("share without the floor", "ratio * (strongest + floor) - floor", "ratio * strongest"),
        (
            "others' share for a lone picture",
            "constants.self_ratio, constants.floor)",
            "constants.others_ratio, constants.floor)",
        ),
        (
            "a lone picture's share for others",
            "ordinary, constants.others_ratio, floor)",
            "ordinary, constants.self_ratio, floor)",
        ),
        ("18 good pictures decide alone", "ENOUGH_PICTURES: Final = 19", "ENOUGH_PICTURES: Final = 18"),
        ("one good picture more to decide alone", "own if rank <= count", "own if rank < count"),
        ("too few for so rare an alarm", "return own if rank <= count else max(", "return own if rank else max("),
        ("an outlier means nothing for a rare alarm", "else max(own, ", "else max(-9.0, "),
        ("rank rounded down", "math.ceil((count + 1)", "math.floor((count + 1)"),
        ("n+1 to n in the rank", "math.ceil((count + 1)", "math.ceil(count"),
        ("rounding of the rank", "(1 - false_alarms) - 1e-9)", "(1 - false_alarms))"),
        ("one rank lower", "[min(rank, count) - 1]", "[min(rank, count) - 2]"),
        ("a lone good picture counts", "    if count == 1:\n", "    if count == 0:\n"),
        ("weight without the prior", "weight = count / (count + prior)", "weight = 1.0"),
        ("n to n-1 of the variance", "count * float(good.var())", "count * float(good.var(ddof=1))"),
        ("mean's distance plain", "(float(good.mean()) - middle) ** 2", "abs(float(good.mean()) - middle)"),
        ("mean's distance counts fully", "weight * prior * (float(good.mean())", "prior * (float(good.mean())"),
        ("spread as variance", "own / spread**2", "own / spread"),
        ("no wider", "wider * (bound - middle)", "(bound - middle)"),
        (
            "one in ten to half of a batch",
            "batch_level(bank_scores, rule.expected_defective",
            "batch_level(bank_scores, 0.5",
        ),
        ("contrast left out", "(bound + more + CONTRAST * ordinary) / (1 + CONTRAST)", "bound + more"),
        ("equal ones score lower", "float(one.max()) < float(values.max())", "float(one.max()) <= float(values.max())"),
        ("close below is normal", "margin * BORDERLINE > 1", "margin > 1"),
        ("threshold of nothing", "if threshold > 0 else math.inf", "if threshold >= 0 else 0"),
        ("one stock edge a tile", "edge_count(NEIGHBOURS * len(values))", "edge_count(len(values))"),
        (
            "stock flags from the last on",
            'np.argsort(-values, kind="stable")',
            'np.argsort(values, kind="stable")[::-1]',
        ),
    ),
    *_changes(
        "segdetect/deciding/calibrations.py",
        DECISIONS,
        ("fastdup's typical tile", "typical=0.8", "typical=0.75"),
        ("texture's unevenness", "uneven=2.2", "uneven=2.0"),
    ),
    *_changes(
        "segdetect/deciding/prominence.py",
        DECISIONS,
        ("no minimum of 16 tiles", "max(len(values), 16)", "len(values)"),
        ("measured on 49 tiles to 64", "GATE_TILES: Final = 49", "GATE_TILES: Final = 64"),
        ("growth fixed", "return power * math.log", "return math.log"),
        ("lowest tenth to fifth", "LOW: Final = 0.1", "LOW: Final = 0.2"),
        ("quantile interpolated", 'np.quantile(values, share, method="lower")', "np.quantile(values, share)"),
        ("contrast counts fully", "CONTRAST: Final = 0.5", "CONTRAST: Final = 1.0"),
        (
            "no contrast",
            "(1 + CONTRAST) * peak_log(values, floor, lone) - CONTRAST * median_log(values, floor)",
            "peak_log(values, floor, lone)",
        ),
        ("no floor under what it takes", "min(lone, lacking)) - floor", "min(lone, lacking))"),
        ("a lone tile needs no more", "min(lone, lacking)", "0.0"),
        ("a high second one lowers what it takes", "+ floor), 0.0)", "+ floor), -9.0)"),
        ("a single tile counts as alone", "lacking = 0.0 if second", "lacking = lone if second"),
        ("no floor under the second", "math.log(second + floor)", "math.log(second)"),
        ("a tile alone in a batch in full", "[peak_log(one, floor, lone)", "[peak_log(one, floor, 0.0)"),
        ("middle of all of a batch", "(1 - defective) / 2", "1 / 2"),
        ("no floor under a peak", "np.sort(values)[-2:] + floor", "np.sort(values)[-2:]"),
        ("a lone tile counts in full", "strongest[-1] - min(lone,", "strongest[-1] - 0 * min(lone,"),
        (
            "a lone tile counts against without limit",
            "min(lone, (strongest[-1] - strongest[0]) / 2)",
            "(strongest[-1] - strongest[0]) / 2",
        ),
        ("the second tile counts in full", "(strongest[-1] - strongest[0]) / 2", "(strongest[-1] - strongest[0])"),
        ("two-sided bound", "stats.norm.ppf(1 - false_alarms)", "stats.norm.ppf(1 - false_alarms / 2)"),
        ("share below", "stats.norm.sf(", "stats.norm.cdf("),
        ("piece above", "np.searchsorted(xs, at) - 1, 0", "np.searchsorted(xs, at), 0"),
    ),
    *_changes(
        "segdetect/deciding/stock.py",
        DECISIONS,
        ("one edge in twenty rounded up", "edges * SHARE_PERCENT // 100", "-(-edges * SHARE_PERCENT // 100)"),
        ("five per cent to six", "SHARE_PERCENT: Final = 5", "SHARE_PERCENT: Final = 6"),
        (
            "equal edges from the last on",
            'np.argsort(edges, kind="stable")',
            "(len(edges) - 1 - np.argsort(edges[::-1], kind='stable'))",
        ),
    ),
    *_changes(
        "segdetect/evaluation/metrics.py",
        FIGURES,
        ("2000 levels to 500", "LEVELS: Final = 2000", "LEVELS: Final = 500"),
        ("levels spaced evenly", "np.linspace(0, 1, LEVELS) ** 2", "np.linspace(0, 1, LEVELS)"),
        ("regions touch at sides only", "structure=np.ones((3, 3))", "structure=None"),
        ("overlap up to .3 to .25", "PRO_LIMIT: Final = 0.3", "PRO_LIMIT: Final = 0.25"),
        ("large regions count more", "found.mean(axis=0), PRO_LIMIT", "(sizes @ found) / sizes.sum(), PRO_LIMIT"),
        ("regions count alike in AUROC", "(sizes @ found) / sizes.sum(), 1.0)", "found.mean(axis=0), 1.0)"),
        ("maps enlarged in steps", "cv2.INTER_LINEAR", "cv2.INTER_NEAREST"),
        ("defects count as clean pixels", "level[~mask]", "level.ravel()"),
        (
            "average precision interpolated",
            "@ curve.precision)",
            "@ np.maximum.accumulate(curve.precision[::-1])[::-1])",
        ),
    ),
    *_changes(
        "segdetect/evaluation/figures.py",
        FIGURES,
        ("contrast to the mean", "float(np.nanmedian(scores.scores)), 1e-9", "float(np.nanmean(scores.scores)), 1e-9"),
        (
            "contrast over 1e-3 at least",
            "float(np.nanmedian(scores.scores)), 1e-9",
            "float(np.nanmedian(scores.scores)), 1e-3",
        ),
        ("precision over all pictures", "sum(p.flagged for p in ranked)", "sum(p.flagged for p in pictures)"),
        (
            "recall over all pictures",
            "sum(int(p.truth.sum()) for p in ranked)",
            "sum(int(p.truth.sum()) for p in pictures)",
        ),
        ("any flag is a hit", "float(p.hits > 0)", "float(p.flagged > 0)"),
        (
            "F1 to the mean of P and R",
            "2 * precision * recall / max(1e-9, precision + recall)",
            "(precision + recall) / 2",
        ),
        ("mean of categories to median", "float(np.mean(known))", "float(np.median(known))"),
        (
            "pictures with an empty mask count",
            "category.pictures if not picture.has_empty_mask",
            "category.pictures if True",
        ),
        ("tiles with an empty mask count", "self.pictures if not p.has_empty_mask", "self.pictures if True"),
        ("rarest scope", "max(scopes, key=scopes.__getitem__", "min(scopes, key=scopes.__getitem__"),
        ("any picture that is ranked late is a miss", "if not p.hits), key", "if (p.ap or 0.0) < 1), key"),
        ("ranked late without a flag", "if p.hits and (p.ap or 0.0) < 1", "if (p.ap or 0.0) < 1"),
        ("fewest false alarms first", "(-p.flagged, -p.contrast)", "(p.flagged, -p.contrast)"),
        ("false alarms in any order", "(-p.flagged, -p.contrast)", "-p.flagged"),
    ),
    *_changes(
        "segdetect/pictures/masks.py",
        FIGURES,
        ("masks from 128 on", "np.asarray(grey > 0)", "np.asarray(grey > 127)"),
    ),
    *_changes(
        "segdetect/runs/stability.py",
        RUNS,
        ("share of the cuts to any", "share = np.mean(", "share = np.max("),
        ("corner of a column", "(x + 0.5) / cols * width", "x / cols * width"),
        ("four tiles to three", "rows * cols >= 4", "rows * cols >= 3"),
    ),
    *_changes(
        "segdetect/runs/batch.py",
        RUNS,
        ("forty pictures to twenty", "CHUNK_PICTURES: Final = 40", "CHUNK_PICTURES: Final = 20"),
        ("megapixels at once", "CHUNK_PIXELS: Final = 100_000_000", "CHUNK_PIXELS: Final = 200_000_000"),
        ("full is not full", "pixels >= CHUNK_PIXELS", "pixels > CHUNK_PIXELS"),
    ),
    *_changes(
        "segdetect/comparing/banks.py",
        BANKS,
        ("limit of turned references", "MAX_TURNED_REFERENCES: Final = 4", "MAX_TURNED_REFERENCES: Final = 5"),
        ("four references not turned", "len(pictures) <= MAX_TURNED", "len(pictures) < MAX_TURNED"),
        ("peers turned", "settings.scope is Scope.REFERENCES and len(pictures)", "len(pictures)"),
    ),
    *_changes("segdetect/comparing/keys.py", BANKS, ("turned as plain", "picture.turned and engine.dense", "False")),
    *_changes(
        "segdetect/comparing/comparer.py",
        BANKS,
        (
            "lone reference judged by the picture",
            "own if own.scope is Scope.REFERENCES and len(own.members) == 1 else bank",
            "bank",
        ),
        (
            "lone peer judged by itself",
            "if own.scope is Scope.REFERENCES and len(own.members) == 1",
            "if len(own.members) == 1",
        ),
    ),
    *_changes(
        "segdetect/comparing/banks.py",
        RUNS,
        ("sixteen peers to seventeen", "MAX_BATCH_BANK: Final = 16", "MAX_BATCH_BANK: Final = 17"),
        ("the first peers of many", "images[int(i * step)]", "images[i]"),
    ),
    *_changes(
        "segdetect/pictures/decoders.py",
        WEBP,
        (
            "WebP's size unchecked",
            "encoded.check_size(*_webp_size(encoded), pixel_bytes=_HELD_TWICE)",
            "pass",
        ),
        ("one pixel less in VP8X", "1 + int.from_bytes(data[24:27]", "int.from_bytes(data[24:27]"),
        ("13 bits of height in VP8L", "bits >> 14 & 0x3FFF", "bits >> 14 & 0x1FFF"),
        ("scale bits as size in VP8", "width & 0x3FFF, height & 0x3FFF", "width, height"),
    ),
    *_changes(
        "segdetect/child.py",
        WORKER,
        ("killpg to kill", "os.killpg(process.pid, signal.SIGKILL)", "os.kill(process.pid, signal.SIGKILL)"),
        ("no forked-copy guard", "if os.getpid() == owner_pid:  #", "if True:  #"),
        ("of use to any process", "self._owner_pid == os.getpid() and self.running", "self.running"),
        ("a dead child's number killed", "if process.poll() is None:  #", "if True:  #"),
    ),
    *_changes(
        "segdetect/engines/fastdup/worker_process.py",
        WORKER,
        ("of use without its folder", " and self.folder.is_dir()", ""),
        ("all output kept", "del tail[:-OUTPUT_TAIL_BYTES]", "pass"),
    ),
    *_changes(
        "segdetect/engines/fastdup/worker.py",
        WORKER,
        ("killpg to kill in the worker", "os.killpg(0, signal.SIGKILL)", "os.kill(os.getpid(), signal.SIGKILL)"),
        ("outlives its parent", "while os.getppid() == parent_pid:", "while True:"),
        ("folder left behind", "shutil.rmtree(folder, ignore_errors=True)", "pass"),
    ),
)
