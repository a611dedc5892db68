"""Show by simulation what reviewing the flags of a few pictures is worth for the others of their kind.

python -m benchmarks.review DATASET [--engine NAME] [--scope self|references] [--planted] [--orders 20] [--grid 7]

DATASET has pictures with masks (manifest.csv). Of each kind a plan is made: in scope references with the first half of
its clean pictures as known-good ones. A reviewer then answers the flags of the first k of the others truthfully, from
their masks: a segment that no mask touches is not a defect, and becomes a place that the plan allows. Printed are
figures on those that are left, by the plan as it was and by the reviewed one, for k = 1, 3, 5 and 10, with the order of
the pictures drawn anew so many times.

With --planted the pictures are made of the clean ones: varied a little, half of them with a harmless mark that all of
the kind have alike but in other places, and half of them with a defect, which is another each time.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).parents[1]))

from segdetect.engines.base import Embeddings
from segdetect.engines.registry import default_engines
from segdetect.errors import SegDetectError
from segdetect.evaluation.datasets import read_dataset
from segdetect.evaluation.metrics import tile_truth
from segdetect.inspection import Flags, Inspection
from segdetect.output.segments import Segment, segments
from segdetect.pictures.loading import LoadedImage, load_image
from segdetect.pipeline import Inspector
from segdetect.scoring import cells
from segdetect.scoring.nearest import Match
from segdetect.settings import DEFAULT_GRID, EngineName, GridSize, Scope, Settings

REVIEWED: Final = (1, 3, 5, 10)
PLANTED: Final = 20  # pictures of a planted kind
LONGEST: Final = 512  # pixels of the longer side of a planted picture

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A picture with what is wrong with it, `(height, width)` bool; None for a clean one."""

    image: LoadedImage
    mask: Flags | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """Pictures of one kind, and the known-good ones of its plan."""

    name: str
    cases: tuple[Case, ...]
    good: tuple[LoadedImage, ...] = ()


@dataclass(slots=True)
class Tally:
    """What was counted over pictures: flagged segments and flagged pictures of clean ones, defective tiles and those
    of them that were flagged, defective pictures and those with a right flag."""

    clean: int = 0
    alarms: int = 0
    alarmed: int = 0
    defective: int = 0
    hit: int = 0
    tiles: int = 0
    found: int = 0
    wrong: int = 0

    def add(self, case: Case, answer: Inspection) -> None:
        """Count one picture."""
        flags = answer.decision.flags
        if case.mask is None:
            self.clean += 1
            self.alarms += len(segments(answer))
            self.alarmed += bool(flags.any())
            return
        truth = tile_truth(case.mask, answer.scores.layout.boxes_ltrb)
        self.defective += 1
        self.hit += bool((flags & truth).any())
        self.tiles += int(truth.sum())
        self.found += int((flags & truth).sum())
        self.wrong += sum(not _touched(case.mask, answer, segment) for segment in segments(answer))

    @property
    def recall(self) -> float:
        """Of the defective tiles."""
        return self.found / max(1, self.tiles)


def _touched(mask: Flags, answer: Inspection, segment: Segment) -> bool:
    boxes = answer.scores.layout.boxes_ltrb[list(segment.tiles)].tolist()
    return any(bool(mask[t:b, left:r].any()) for left, t, r, b in boxes)


def allowed_in(case: Case, answer: Inspection) -> LoadedImage | None:
    """The picture as a bank of what a truthful reviewer allows in it; None where that is nothing."""
    wrong = [s for s in segments(answer) if case.mask is None or not _touched(case.mask, answer, s)]
    boxes = [answer.scores.layout.boxes_ltrb[tile].tolist() for segment in wrong for tile in segment.tiles]
    return replace(case.image, allowed=tuple((a, b, c, d) for a, b, c, d in boxes)) if boxes else None


@contextmanager
def remembering() -> Iterator[None]:
    """Have each comparison of two pictures made once, however many banks it is part of."""
    made: dict[tuple[object, ...], tuple[object, Match | None]] = {}
    each = {"match_self": cells.match_self, "match_other": cells.match_other}

    def remembered(name: str) -> Callable[..., Match | None]:
        def match(*pictures: Embeddings, **values: object) -> Match | None:
            told = [(id(p.layers[0]), b"" if p.ignored is None else p.ignored.tobytes()) for p in pictures]
            key = (name, *told, *(v.tobytes() if isinstance(v, np.ndarray) else v for v in values.values()))
            if key not in made:
                # The pictures are held, so that no other gets the number of one.
                made[key] = (pictures, each[name](*pictures, **values))  # type: ignore[operator]
            return made[key][1]

        return match

    try:
        for name in each:
            setattr(cells, name, remembered(name))
        yield
    finally:
        for name, function in each.items():
            setattr(cells, name, function)


class Simulation:
    """One plan for each kind, reviewed in one order after another."""

    def __init__(self, inspector: Inspector, settings: Settings, *, confirm: bool) -> None:
        self._inspector, self._settings, self._confirm = inspector, settings, confirm
        self._answers: dict[tuple[object, ...], Inspection] = {}

    def run(self, kind: Kind, orders: int, seed: int) -> dict[int, tuple[Tally, Tally]]:
        """By how many were reviewed: the others before and after, summed over the orders."""
        random = np.random.default_rng(seed)
        before = [self._ask(kind, at, (), ()) for at in range(len(kind.cases))]
        places = [allowed_in(*pair) for pair in zip(kind.cases, before, strict=True)]
        sums = {k: (Tally(), Tally()) for k in REVIEWED if k < len(kind.cases)}
        for _ in range(orders):
            order = random.permutation(len(kind.cases)).tolist()
            for k, (old, new) in sums.items():
                seen, rest = sorted(order[:k]), order[k:]
                known = tuple(at for at in seen if places[at] is not None)
                good = tuple(at for at in seen if self._confirm and kind.cases[at].mask is None)
                for at in rest:
                    old.add(kind.cases[at], before[at])
                    new.add(kind.cases[at], self._ask(kind, at, tuple(a for a in known if a not in good), good, places))
        return sums

    def _ask(
        self,
        kind: Kind,
        at: int,
        known: tuple[int, ...],
        good: tuple[int, ...],
        places: Sequence[LoadedImage | None] = (),
    ) -> Inspection:
        key = (kind.name, at, known, good)
        if key not in self._answers:
            bank = [*kind.good, *(kind.cases[i].image for i in good), *(places[i] for i in known)]
            image = kind.cases[at].image
            self._answers[key] = self._inspector.inspect(image, self._settings, bank=[b for b in bank if b is not None])
        return self._answers[key]


def kinds_of(folder: Path, scope: Scope) -> Iterator[Kind]:
    """The kinds of a data set that a plan can be made of; in scope self only surfaces can be judged."""
    for name, members in _by_kind(folder, None if scope is Scope.REFERENCES else "texture").items():
        clean = [case for case in members if case.mask is None]
        first = clean[: (len(clean) + 1) // 2] if scope is Scope.REFERENCES else []
        if scope is Scope.REFERENCES and len(clean) < 2:
            continue
        yield Kind(name, tuple(c for c in members if c not in first), tuple(c.image for c in first))


def _by_kind(folder: Path, wanted: str | None) -> dict[str, list[Case]]:
    found: dict[str, list[Case]] = defaultdict(list)
    for one in read_dataset(folder).pictures:
        if wanted in (None, one.kind):
            image = load_image(one.data(), name=one.name)
            name = one.dataset if one.dataset == "magnetic_tile" else f"{one.dataset}, {one.category}"
            found[name].append(Case(image, one.mask(image.size_wh)))
    return found


def planted_kinds(folder: Path, scope: Scope, seed: int) -> Iterator[Kind]:
    """Kinds made of the clean pictures of a data set."""
    for number, (name, members) in enumerate(
        _by_kind(folder, None if scope is Scope.REFERENCES else "texture").items()
    ):
        clean = [case.image.pixels for case in members if case.mask is None]
        if not clean:
            continue
        random = np.random.default_rng([seed, number])
        mark = _harmless(random)
        good = tuple(_image(f"good {i}", _varied(clean, random)) for i in range(3 if scope is Scope.REFERENCES else 0))
        made = tuple(_case(i, clean, mark, random) for i in range(PLANTED))
        yield Kind(name, made, good)


def _case(number: int, clean: Sequence[Pixels], mark: Pixels, random: np.random.Generator) -> Case:
    pixels = _varied(clean, random)
    taken = np.zeros(pixels.shape[:2], bool)
    if number % 2:
        taken |= _stamp(pixels, mark, random)
    mask = _damage(pixels, taken, random) if number % 4 >= 2 else None
    return Case(_image(f"picture {number}", pixels), mask)


def _image(name: str, pixels: Pixels) -> LoadedImage:
    pixels.flags.writeable = False
    return LoadedImage(name, hashlib.sha256(pixels.tobytes()).hexdigest(), pixels)


def _varied(clean: Sequence[Pixels], random: np.random.Generator) -> Pixels:
    """Another picture of the same thing: nine tenths of it, somewhat brighter or darker, with noise."""
    source = clean[random.integers(len(clean))]
    scale = min(1.0, LONGEST / max(source.shape[:2]))
    source = cv2.resize(source, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    height, width = (round(0.9 * side) for side in source.shape[:2])
    top, left = (random.integers(side - part + 1) for side, part in zip(source.shape, (height, width), strict=False))
    part = source[top : top + height, left : left + width] * random.uniform(0.94, 1.06)
    return np.asarray(np.clip(part + random.normal(0, 2, part.shape), 0, 255), np.uint8)


def _harmless(random: np.random.Generator) -> Pixels:
    """What all pictures of a kind may have: a small printed sign, black on white, of its own shape."""
    sign = np.full((64, 64), 255, np.uint8)
    for _ in range(3):
        ends = [(int(x), int(y)) for x, y in random.integers(8, 56, (2, 2))]
        cv2.line(sign, *ends, 0, int(random.integers(4, 9)), cv2.LINE_AA)
    cv2.circle(sign, (32, 32), int(random.integers(14, 28)), 0, int(random.integers(3, 8)), cv2.LINE_AA)
    return sign


def _stamp(pixels: Pixels, mark: Pixels, random: np.random.Generator) -> Flags:
    """Print the sign somewhere, a little larger or smaller, turned and fainter each time; where it is."""
    height, width = pixels.shape[:2]
    side = round(min(height, width) * random.uniform(0.12, 0.15))
    turn = cv2.getRotationMatrix2D((32, 32), random.uniform(-10, 10), 1)
    turned = cv2.warpAffine(mark, turn, (64, 64), borderValue=255)
    ink = (1 - cv2.resize(turned, (side, side), interpolation=cv2.INTER_AREA) / 255) * random.uniform(0.5, 0.7)
    top, left = random.integers(height - side), random.integers(width - side)
    part = pixels[top : top + side, left : left + side]
    part[:] = part * (1 - ink[..., None])
    where = np.zeros((height, width), bool)
    where[top : top + side, left : left + side] = True
    return where


def _damage(pixels: Pixels, taken: Flags, random: np.random.Generator) -> Flags:
    """Plant a scratch, a blot or a dull patch, away from the sign; what it covers."""
    height, width = taken.shape
    while True:
        shape = np.zeros((height, width), np.uint8)
        middle = random.integers((width // 8, height // 8), (7 * width // 8, 7 * height // 8))
        reach = random.uniform(0.04, 0.1, 2) * min(height, width)
        sort = random.integers(3)
        if sort == 0:
            angle = random.uniform(0, np.pi)
            along = np.array([np.cos(angle), np.sin(angle)]) * reach[0] * 2
            ends = [(int(x), int(y)) for x, y in (middle - along, middle + along)]
            cv2.line(shape, *ends, 255, int(random.integers(2, 4)), cv2.LINE_AA)
        else:
            axes = (int(reach[0]), int(reach[1]))
            cv2.ellipse(shape, (int(middle[0]), int(middle[1])), axes, random.uniform(0, 180), 0, 360, 255, -1)
        if not (shape.astype(bool) & taken).any():
            break
    cover = (cv2.GaussianBlur(shape, (0, 0), 1.0) / 255)[..., None]
    smooth = cv2.GaussianBlur(pixels, (0, 0), 6)
    colour = random.uniform(0, 255, 3) if sort < 2 else smooth
    pixels[:] = pixels * (1 - 0.7 * cover) + 0.7 * cover * colour
    return shape > 127


def report(found: dict[str, dict[int, tuple[Tally, Tally]]], orders: int) -> None:
    """Print what the reviews of each kind were worth, and of all together."""
    print("k   kind                          clean  false flags     flagged clean   defective  recall        hit")
    for k in REVIEWED:
        pairs = [(name, sums[k]) for name, sums in found.items() if k in sums]
        for name, (old, new) in [*pairs, ("all", (_sum([p[0] for _, p in pairs]), _sum([p[1] for _, p in pairs])))]:
            print(
                f"{k:2}  {name:28} {old.clean / orders:6.1f}  {old.alarms / orders:5.1f} ->{new.alarms / orders:6.1f}"
                f"  {old.alarmed / orders:6.1f} ->{new.alarmed / orders:6.1f}  {old.defective / orders:8.1f}"
                f"  {old.recall:.3f} -> {new.recall:.3f}"
                f"  {old.hit / max(1, old.defective):.3f} -> {new.hit / max(1, new.defective):.3f}"
                f"  wrong in defective {old.wrong / orders:5.1f} ->{new.wrong / orders:5.1f}"
            )


def _sum(tallies: Sequence[Tally]) -> Tally:
    names = Tally.__dataclass_fields__
    return Tally(**{name: sum(getattr(tally, name) for tally in tallies) for name in names})


def main() -> None:
    """Run the simulation that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path, metavar="DATASET")
    parser.add_argument("--engine", type=EngineName, default=EngineName.TEXTURE)
    parser.add_argument("--scope", type=Scope, choices=(Scope.SELF, Scope.REFERENCES), default=Scope.SELF)
    parser.add_argument("--planted", action="store_true")
    parser.add_argument("--confirm", action="store_true", help="reviewed pictures without a defect become known-good")
    parser.add_argument("--orders", type=int, default=20)
    parser.add_argument("--grid", type=int, default=DEFAULT_GRID)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", help="names of kinds")
    options = parser.parse_args()
    settings = Settings(grid=GridSize(options.grid, options.grid), engine=options.engine, scope=options.scope)
    engines = default_engines()
    inspector = Inspector({options.engine: engines[options.engine]})
    simulation = Simulation(inspector, settings, confirm=options.confirm)
    made = planted_kinds(options.dataset, options.scope, options.seed) if options.planted else None
    found = {}
    for kind in made or kinds_of(options.dataset, options.scope):
        if options.only and kind.name not in options.only:
            continue
        print(f"{kind.name}: {len(kind.cases)} pictures", file=sys.stderr, flush=True)
        with remembering():
            found[kind.name] = simulation.run(kind, options.orders, options.seed)
    report(found, options.orders)


if __name__ == "__main__":
    try:
        main()
    except SegDetectError as error:
        sys.exit(str(error))
