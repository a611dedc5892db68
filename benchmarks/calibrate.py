"""Measure how far clean pictures stand out, and what decisions made of that are worth on data sets left out.

python -m benchmarks.calibrate DATASET [--surfaces FOLDER ...] [--engine NAME ...] [--one-kind NAME ...] [--keep FILE]
                               [--lone LOG ...]

DATASET has pictures with masks, each with the data set it comes from (manifest.csv). FOLDER holds a folder of clean
pictures for each further kind of surface. For every data set, the tables of `segdetect/deciding/calibrations.py` are
made of the others, and its pictures are decided on with these; printed are precision, recall and F1 of the flagged
tiles, the share of defective pictures with a right flag, and the clean pictures left alone. Last come the tables of all
data sets, which are to be used, and what is found at each share of false alarms that can be chosen, each data set left
out in turn.
"""

from __future__ import annotations

import argparse
import pickle
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Final

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from segdetect.comparing.banks import batch_bank
from segdetect.deciding.calibrations import CALIBRATIONS, FALSE_ALARMS, Calibration
from segdetect.deciding.decision import decide, prominence
from segdetect.deciding.prominence import (
    SHARES,
    CleanPictures,
    batch_level,
    growth,
    peak_log,
    reference_prominence,
)
from segdetect.engines.base import Engine
from segdetect.engines.registry import default_engines
from segdetect.errors import SegDetectError
from segdetect.evaluation.datasets import read_dataset
from segdetect.evaluation.labelled import LabelledPicture
from segdetect.evaluation.metrics import roc_auc, tile_truth
from segdetect.inspection import Flags, Floats, Inspection, TileScores
from segdetect.pictures.formats import SUFFIXES
from segdetect.pictures.loading import LoadedImage, load_image
from segdetect.pipeline import Inspector
from segdetect.settings import DEFAULT_GRID, FEW_DEFECTIVE, EngineName, GridSize, Rule, Scope, Settings

SETS: Final = 12  # of good pictures that clean pictures of one kind are compared with, at most
MOST_GOOD: Final = 3  # pictures in such a set
LEAST_BATCH: Final = 4
SURFACES: Final = "surfaces: "  # data sets of one kind of surface, which decisions are learnt from only
BUDGETS: Final = (0.05, 0.1, 0.15, 0.2)


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A picture as it was scored once.

    Args:
        dataset: where it comes from.
        kind: what it shows; pictures of one kind count together as much as those of another.
        scope: what it was compared with.
        scores: its tiles.
        truth: `(tiles,)` bool, which tiles are defective.
        bank_scores: tile scores of the pictures it was compared with.
        shown: it is one of those that decisions are tried on, rather than only learnt from.
    """

    dataset: str
    kind: str
    scope: Scope
    scores: TileScores
    truth: Flags
    bank_scores: tuple[Floats, ...] = ()
    shown: bool = True

    @property
    def clean(self) -> bool:
        """Nothing is wrong with it."""
        return not self.truth.any()

    def prominence(self, constants: Calibration) -> float:
        """How far its strongest tiles stand out, in the units of its scope."""
        values = self.scores.scores
        if self.scope is Scope.SELF:
            return prominence(values, constants)
        if self.scope is Scope.REFERENCES:
            return reference_prominence(values, constants.floor, constants.lone) - growth(values, constants.growth)
        level = batch_level(self.bank_scores, FEW_DEFECTIVE, constants.floor, constants.lone)
        return peak_log(values, constants.floor, constants.lone) - level - growth(values, constants.growth)


class _Bench:
    """Pictures by kind, scored in every scope by one engine; those of surfaces compared with themselves alone."""

    def __init__(self, engine: Engine, grid: GridSize) -> None:
        self._inspector, self._engine, self._grid = Inspector({engine.name: engine}), engine, grid

    def see(self, kind: Sequence[LabelledPicture], dataset: str, name: str) -> Iterator[Seen]:
        """Score the pictures of one kind: alone, against good ones, as a batch."""
        images = [load_image(one.data(), name=one.name) for one in kind]
        whole = [one.is_clean for one in kind]

        def seen(at: int, scope: Scope, bank: Sequence[int] = (), *, shown: bool = True) -> Seen:
            answer, others = self._answer(images[at], scope, [images[i] for i in bank])
            return Seen(dataset, name, scope, answer.scores, _truth(kind[at], answer), others, shown)

        yield from (seen(at, Scope.SELF) for at in range(len(images)))
        # Their folders hold pictures of one sort, not of one material: they are no good pictures of each other.
        if dataset.startswith(SURFACES):
            return
        good = [at for at, clean in enumerate(whole) if clean]
        for some in _sets(good):
            yield from (seen(at, Scope.REFERENCES, some, shown=False) for at in good if at not in some)
        first = good[: (len(good) + 1) // 2]
        if len(good) >= 2 and not all(whole):
            yield from (seen(at, Scope.REFERENCES, first) for at in range(len(images)) if at not in first)
        # Good pictures by themselves are a batch too.
        for members in {tuple(range(len(images))), tuple(good)}:
            if len(members) >= LEAST_BATCH:
                others = batch_bank(members)
                yield from (seen(at, Scope.BATCH, others, shown=len(members) > len(good)) for at in members)

    def _answer(
        self, image: LoadedImage, scope: Scope, bank: Sequence[LoadedImage]
    ) -> tuple[Inspection, tuple[Floats, ...]]:
        settings = Settings(grid=self._grid, engine=self._engine.name, scope=scope)
        return self._inspector.inspect(image, settings, bank=bank), self._inspector.bank_scores(image, settings, bank)


def _sets(good: Sequence[int]) -> list[tuple[int, ...]]:
    """Sets of one to three good pictures with a good one left over, evenly chosen of many."""
    every = [one for size in range(1, min(MOST_GOOD, len(good) - 1) + 1) for one in combinations(good, size)]
    return [every[i] for i in np.unique(np.linspace(0, len(every) - 1, min(SETS, len(every))).astype(int))]


def _truth(one: LabelledPicture, answer: Inspection) -> Flags:
    mask = one.mask(answer.size_wh)
    boxes = answer.scores.layout.boxes_ltrb
    return np.zeros(len(boxes), bool) if mask is None else tile_truth(mask, boxes)


def collect(engine: Engine, options: argparse.Namespace) -> list[Seen]:
    """All pictures in all scopes."""
    bench = _Bench(engine, GridSize(options.grid, options.grid))
    kinds: dict[tuple[str, str], list[LabelledPicture]] = defaultdict(list)
    for one in read_dataset(options.dataset).pictures:
        kinds[one.dataset, one.dataset if one.dataset in options.one_kind else one.category].append(one)
    for folder in options.surfaces:
        for path in sorted(path for path in folder.glob("*/**/*") if path.suffix.lower() in SUFFIXES):
            name = path.relative_to(folder).parts[0]
            kinds[f"{SURFACES}{name}", name].append(LabelledPicture(path.name, path, (), name, kind="texture"))
    found: list[Seen] = []
    for number, ((dataset, name), pictures) in enumerate(kinds.items(), start=1):
        print(f"{engine.name}: {name} ({number} of {len(kinds)})", file=sys.stderr)
        found += bench.see(pictures, dataset, name)
    return found


def clean_pictures(seen: Iterable[Seen], constants: Calibration) -> CleanPictures:
    """What these clean pictures say, each kind counting alike."""
    clean = [one for one in seen if one.clean]
    kinds = [one.kind for one in clean]
    values = np.array([one.prominence(constants) for one in clean])
    weights = np.array([1 / kinds.count(kind) for kind in kinds])
    order = np.argsort(values, kind="stable")
    places = (np.cumsum(weights[order]) - weights[order] / 2) / weights.sum()
    table = np.interp(SHARES, places, values[order])
    # Two shares between which no picture lies must not be the same bound.
    return CleanPictures(tuple(np.round(np.maximum.accumulate(table + 1e-3 * np.arange(len(table))), 3).tolist()))


def learnt(constants: Calibration, seen: Sequence[Seen]) -> Calibration:
    """The constants with tables made of these pictures."""
    alone = [one for one in seen if one.scope is Scope.SELF and not one.scores.varied]
    references = [one for one in seen if one.scope is Scope.REFERENCES and not one.shown]
    batch = [one for one in seen if one.scope is Scope.BATCH and one.shown]
    return replace(
        constants,
        surfaces=clean_pictures(alone, constants),
        references=clean_pictures(references, constants),
        batch=clean_pictures(batch, constants),
    )


def left_out(seen: Sequence[Seen], constants: Calibration) -> dict[str, Calibration]:
    """For each data set, the constants with tables made of the others."""
    datasets = {one.dataset for one in seen if not one.dataset.startswith(SURFACES)}
    return {name: learnt(constants, [one for one in seen if one.dataset != name]) for name in datasets}


def _report(
    engine: EngineName, seen: Sequence[Seen], constants: Calibration, without: dict[str, Calibration]
) -> Iterator[str]:
    for scope in Scope:
        shown = _shown(seen, scope)
        yield f"{engine} {scope}: {_told_apart(shown, constants)}"
        groups: dict[str, Callable[[Seen], bool]] = {"all": lambda _: True}
        if scope is Scope.SELF:
            odd_objects = [one for one in shown if one.scores.varied and not one.clean]
            first = np.mean([one.truth[one.scores.scores.argmax()] for one in odd_objects])
            yield f"  strongest tile right in {first:.2f} of {len(odd_objects)} defective objects and scenes"
            groups["surfaces"] = lambda one: not one.scores.varied
            for doubtful, kind in ((False, "sure surfaces"), (True, "what may be an object")):
                such = [one for one in shown if one.scores.doubtful is doubtful and not one.scores.varied]
                yield f"  {kind}: {_told_apart(such, constants)}"
        for name, member in groups.items():
            for budget in BUDGETS:
                yield f"  {name}, {budget:.0%}: {_figures(engine, [o for o in shown if member(o)], without, budget)}"
    among = [one for one in seen if one.scope is Scope.BATCH and not one.shown]
    for budget in BUDGETS:
        left = _figures(engine, among, without, budget)
        yield f"  in batches of clean pictures alone, {budget:.0%}: clean {left.alone} of {left.clean}"


def _tried(engine: EngineName, seen: Sequence[Seen], constants: Calibration) -> Iterator[str]:
    """What decisions are worth with other constants, each data set left out; surfaces alone in scope self."""
    without = left_out(seen, constants)
    for scope in Scope:
        shown = [one for one in _shown(seen, scope) if not one.scores.varied]
        told = _told_apart(shown, constants)
        for budget in BUDGETS:
            found = _figures(engine, shown, without, budget)
            yield f"  lone {constants.lone:g}, {scope}, {budget:.0%}: {told}; {found}"


def _told_apart(shown: Sequence[Seen], constants: Calibration) -> str:
    """How well the strongest tiles tell defective pictures from clean ones."""
    odd = np.array([not one.clean for one in shown])
    if odd.all() or not odd.any():
        return f"{len(shown)} pictures, not of both sorts"
    auc = roc_auc(odd, np.array([one.prominence(constants) for one in shown]))
    return f"AUROC of {len(shown)} pictures {auc:.3f}"


@dataclass(frozen=True, slots=True)
class _Figures:
    """Counts of tiles (hits, flagged, defective) and of pictures (found, bad, alone, clean)."""

    hits: int
    flagged: int
    defective: int
    found: int
    bad: int
    alone: int
    clean: int

    @property
    def hit(self) -> float:
        """The share of defective pictures with a right flag."""
        return self.found / max(1, self.bad)

    def __str__(self) -> str:
        precision, recall = self.hits / max(1, self.flagged), self.hits / max(1, self.defective)
        score = 2 * precision * recall / max(1e-9, precision + recall)
        alone = f"clean {self.alone} of {self.clean}"
        return f"P {precision:.2f} R {recall:.2f} F1 {score:.3f} hit {self.hit:.2f} {alone}"


def hit_rates(engine: EngineName, seen: Sequence[Seen], without: dict[str, Calibration], scope: Scope) -> list[float]:
    """At each share of false alarms, the share of defective pictures with a right flag: `Calibration.hits`."""
    shown = [one for one in _shown(seen, scope) if not one.scores.varied]
    return [round(_figures(engine, shown, without, share).hit, 2) for share in FALSE_ALARMS]


def _shown(seen: Sequence[Seen], scope: Scope) -> list[Seen]:
    """The pictures that decisions of a scope are tried on."""
    return [one for one in seen if one.scope is scope and one.shown and not one.dataset.startswith(SURFACES)]


def _figures(engine: EngineName, shown: Sequence[Seen], without: dict[str, Calibration], budget: float) -> _Figures:
    hits = flagged = defective = found = bad = alone = clean = 0
    for one in shown:
        flags = decide(
            one.scores,
            Rule(false_alarms=budget),
            scope=one.scope,
            engine=engine,
            bank_scores=one.bank_scores,
            calibration=without[one.dataset],
        ).flags
        if one.clean:
            clean += 1
            alone += not flags.any()
            continue
        right = int((flags & one.truth).sum())
        hits, flagged, defective = hits + right, flagged + int(flags.sum()), defective + int(one.truth.sum())
        bad, found = bad + 1, found + (right > 0)
    return _Figures(hits, flagged, defective, found, bad, alone, clean)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures and the tables: 0 done, 1 an engine does not run, 2 wrong use."""
    options = _parser().parse_args(arguments)
    for name in options.engine:
        engine = default_engines()[name]
        keep = options.keep.with_suffix(f".{name}") if options.keep else None
        try:
            if keep and keep.exists():
                seen = pickle.loads(keep.read_bytes())
            else:
                engine.check()
                seen = collect(engine, options)
        except SegDetectError as error:
            print(f"calibrate: {error}", file=sys.stderr)
            return 1
        finally:
            close = getattr(engine, "close", None)
            if close is not None:
                close()
        if keep and not keep.exists():
            keep.write_bytes(pickle.dumps(seen))
        constants = CALIBRATIONS[name]
        without = left_out(seen, constants)
        print("\n".join(_report(name, seen, constants, without)))
        for lone in options.lone:
            print("\n".join(_tried(name, seen, replace(constants, lone=lone))))
        found = learnt(constants, seen)
        for table in ("surfaces", "references", "batch"):
            print(f"  {table}={getattr(found, table)},")
        rates = [f"Scope.{scope.name}: {tuple(hit_rates(name, seen, without, scope))}" for scope in Scope]
        print(f"  hits={{{', '.join(rates)}}},")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="calibrate", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("dataset", type=Path, metavar="DATASET", help="pictures with masks, of several data sets")
    parser.add_argument("--surfaces", nargs="+", type=Path, default=[], metavar="FOLDER", help="a folder for each kind")
    parser.add_argument("--engine", nargs="+", type=EngineName, choices=list(CALIBRATIONS), default=list(CALIBRATIONS))
    parser.add_argument("--one-kind", nargs="+", default=[], metavar="NAME", help="data sets whose categories are one")
    parser.add_argument("--grid", type=int, default=DEFAULT_GRID, metavar="N", help="N x N tiles (default %(default)s)")
    parser.add_argument("--lone", nargs="+", type=float, default=[], metavar="LOG", help="other such constants to try")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="scores to go on from, or to write")
    return parser


if __name__ == "__main__":
    sys.exit(main())
