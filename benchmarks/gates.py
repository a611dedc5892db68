"""Choose the gate of each engine on clean textures, one kind left out at a time, and tell how good the choice is.

python -m benchmarks.gates FOLDER ... [--defective DATASET ...] [--engine NAME ...] [--grid N] [--share 0.9]

A folder holds one folder per kind of texture (brick, cloth, ...) with clean pictures in it. For each kind, the gate is
chosen on the other kinds, and the false alarms are counted on that kind: so many are to be expected of a material that
nobody has measured. Kinds count alike, however many pictures they have. A defective picture is found when a defective
tile is flagged; it is judged by the gate that was chosen without its category, where that is one of the kinds.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from segdetect.deciding.calibrations import CALIBRATIONS, Calibration
from segdetect.deciding.decision import decide, prominence
from segdetect.engines.base import Engine
from segdetect.engines.registry import default_engines
from segdetect.errors import EngineUnavailableError, SegDetectError
from segdetect.evaluation.datasets import LabelledPicture, read_dataset
from segdetect.evaluation.metrics import tile_truth
from segdetect.inspection import Flags, TileScores
from segdetect.pictures.formats import SUFFIXES
from segdetect.pictures.loading import load_image
from segdetect.pipeline import Inspector
from segdetect.settings import DEFAULT_GRID, EngineName, GridSize, Rule, Scope, Settings

AT_ONCE: Final = 32  # pictures described together: fastdup's fixed cost is paid once for them
HEADINGS: Final = (
    "Engine",
    "gate in use",
    "false alarms",
    "found",
    "gate chosen",
    "with a kind left out",
    "false alarms on that kind",
    "found",
)


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """One picture's tile scores; `truth` is `(tiles,)` bool for a defective picture and None for a clean one."""

    kind: str
    scores: TileScores
    truth: Flags | None = None

    def is_flagged(self, engine: EngineName, constants: Calibration) -> bool:
        """Whether a tile of a clean picture, or a defective tile of a defective one, is flagged."""
        flags = decide(self.scores, Rule(), scope=Scope.SELF, engine=engine, calibration=constants).flags
        return bool(flags.any() if self.truth is None else (flags & self.truth).any())


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table: 0 done, 1 no engine runs, 2 wrong use."""
    options = _parser().parse_args(arguments)
    try:
        clean = [(path, kind) for folder in options.folder for path, kind in _by_kind(folder)]
        samples = [s for home in options.defective for s in read_dataset(home).pictures if not s.is_clean]
        samples = [sample for sample in samples if sample.kind in ("", "texture")]
        kinds = sorted({kind for _, kind in clean})
        if len(kinds) < 2:
            raise SegDetectError("there are fewer than two kinds", remedy="Name a folder with one folder per kind")
        print(f"{len(clean)} clean pictures of {len(kinds)} kinds, {len(samples)} defective ones; {', '.join(kinds)}\n")
        lines = [line for name in options.engine if (line := _row(name, clean, samples, options))]
    except SegDetectError as error:
        print(f"gates: {error}", file=sys.stderr)
        return 2
    for cells in (HEADINGS, ["---"] * len(HEADINGS), *lines):
        print(f"| {' | '.join(cells)} |")
    return 0 if lines else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gates", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", nargs="+", type=Path, metavar="FOLDER", help="holds a folder of pictures per kind")
    parser.add_argument("--defective", nargs="+", type=Path, default=[], metavar="DATASET", help="textures with masks")
    parser.add_argument("--engine", nargs="+", type=EngineName, choices=list(CALIBRATIONS), default=list(CALIBRATIONS))
    parser.add_argument("--grid", type=int, default=DEFAULT_GRID, metavar="N", help="N x N tiles (default %(default)s)")
    parser.add_argument(
        "--share", type=float, default=0.9, help="of clean pictures to stay below (default %(default)s)"
    )
    return parser


def _by_kind(folder: Path) -> list[tuple[Path, str]]:
    files = sorted(path for path in folder.glob("*/**/*") if path.suffix.lower() in SUFFIXES)
    return [(path, path.relative_to(folder).parts[0]) for path in files]


def _row(
    name: EngineName, clean: Sequence[tuple[Path, str]], samples: Sequence[LabelledPicture], options: argparse.Namespace
) -> list[str]:
    """One engine's line of the table; empty when it cannot run."""
    engine = default_engines()[name]
    try:
        engine.check()
        grid = GridSize(options.grid, options.grid)
        good = _scored(engine, [path for path, _ in clean], [kind for _, kind in clean], grid)
        bad = _scored(engine, [sample.path for sample in samples], [sample.category for sample in samples], grid)
    except EngineUnavailableError as error:
        print(f"gates: {error}", file=sys.stderr)
        return []
    finally:
        close = getattr(engine, "close", None)
        if close is not None:
            close()
    bad = [replace(one, truth=_truth(one, sample)) for one, sample in zip(bad, samples, strict=True)]
    return _cells(name, good, bad, options.share)


def _scored(engine: Engine, paths: Sequence[Path], kinds: Sequence[str], grid: GridSize) -> list[Scored]:
    """Each picture compared with itself."""
    settings = Settings(grid=grid, engine=engine.name, scope=Scope.SELF)
    found: list[Scored] = []
    for start in range(0, len(paths), AT_ONCE):
        images = [load_image(path.read_bytes(), name=path.name) for path in paths[start : start + AT_ONCE]]
        answers = Inspector({engine.name: engine}).inspect_many(images, settings)  # forgets what it described
        found += [Scored(kinds[start + i], answer.scores) for i, answer in enumerate(answers)]
        print(f"{engine.name}: {len(found)} of {len(paths)}", end="\r", file=sys.stderr)
    return found


def _truth(one: Scored, sample: LabelledPicture) -> Flags:
    mask = sample.mask(one.scores.layout.size_wh)
    boxes = one.scores.layout.boxes_ltrb
    return np.zeros(len(boxes), bool) if mask is None else tile_truth(mask, boxes)


def _cells(engine: EngineName, good: Sequence[Scored], bad: Sequence[Scored], share: float) -> list[str]:
    used = CALIBRATIONS[engine]
    kinds = sorted({one.kind for one in good})
    bad = [one for one in bad if one.truth is not None and one.truth.any()]
    whole = replace(used, gate=_choose(good, used, share))
    without = {k: replace(used, gate=_choose([o for o in good if o.kind != k], used, share)) for k in kinds}
    gates = [constants.gate for constants in without.values()]

    def rate(pictures: Sequence[Scored], constants: dict[str, Calibration], default: Calibration) -> str:
        flagged = {
            kind: [o.is_flagged(engine, constants.get(kind, default)) for o in pictures if o.kind == kind]
            for kind in {o.kind for o in pictures}
        }
        return f"{np.mean([np.mean(flags) for flags in flagged.values()]):.0%}" if flagged else "-"

    def found(constants: dict[str, Calibration], default: Calibration) -> str:
        hits = sum(one.is_flagged(engine, constants.get(one.kind, default)) for one in bad)
        return f"{hits} of {len(bad)}"

    return [
        engine,
        f"{used.gate:.2f}",
        rate(good, {}, used),
        found({}, used),
        f"{whole.gate:.2f}",
        f"{min(gates):.2f} to {max(gates):.2f}",
        rate(good, without, whole),
        found(without, whole),
    ]


def _choose(clean: Sequence[Scored], constants: Calibration, share: float) -> float:
    """The gate that this share of clean pictures stay below, each kind counting alike.

    A picture that cannot be its own reference opens no gate.
    """
    kinds = [one.kind for one in clean]
    values = np.array([_prominence(one.scores, constants) for one in clean])
    weights = np.array([1 / kinds.count(kind) for kind in kinds])
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weights[order])
    return float(np.nextafter(values[order][np.searchsorted(below, share * below[-1])], np.inf))


def _prominence(scores: TileScores, constants: Calibration) -> float:
    return 0.0 if scores.varied else prominence(scores.scores, constants)


if __name__ == "__main__":
    sys.exit(main())
