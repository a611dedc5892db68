"""Compare how light dinov2's coarse view shows pictures, by average precision in every scope.

python -m benchmarks.lightness DATASET [--grey N ...] [--scope NAME ...] [--one-kind NAME ...]

DATASET has pictures with masks, each with the data set it comes from (manifest.csv). A picture is shown as it is, and
with its mean moved to each of the given greys. Of each kind, half of the clean pictures are the known-good ones of
scope references. Printed are means over the categories; last, what a choice is worth on data sets that had no say:
of each, the figure with the grey that was the best on the others.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final
from unittest.mock import patch

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from segdetect.comparing.banks import batch_bank
from segdetect.engines.dinov2 import engine as dinov2
from segdetect.engines.registry import default_engines
from segdetect.errors import SegDetectError
from segdetect.evaluation.datasets import read_dataset
from segdetect.evaluation.labelled import LabelledPicture
from segdetect.evaluation.metrics import average_precision, tile_truth
from segdetect.pictures.loading import LoadedImage, Pixels, load_image
from segdetect.pipeline import Inspector
from segdetect.settings import DEFAULT_GRID, EngineName, GridSize, Scope, Settings

GREYS: Final = (115.0, 127.5, 140.0)
LEAST_BATCH: Final = 4
AS_IT_IS: Final = "as it is"

Figures = dict[tuple[str, str], list[tuple[float, float]]]  # AP and top1 of each picture by data set and category
Cases = list[tuple[LabelledPicture, LoadedImage]]


def kinds(folder: Path, one_kind: Sequence[str]) -> list[Cases]:
    """The pictures of a data set by kind."""
    found: dict[tuple[str, str], Cases] = defaultdict(list)
    for one in read_dataset(folder).pictures:
        name = "" if one.dataset in one_kind else one.category
        found[one.dataset, name].append((one, load_image(one.data(), name=one.name)))
    return list(found.values())


def _jobs(kind: Cases, scope: Scope) -> Iterator[tuple[LabelledPicture, LoadedImage, list[LoadedImage]]]:
    """The pictures of a kind, each with what it is compared with."""
    if scope is Scope.SELF:
        yield from ((one, image, []) for one, image in kind)
    if scope is Scope.BATCH and len(kind) >= LEAST_BATCH:
        yield from ((one, image, batch_bank([other for _, other in kind])) for one, image in kind)
    clean = [image for one, image in kind if one.is_clean]
    if scope is Scope.REFERENCES and 2 <= len(clean) < len(kind):
        good = clean[: (len(clean) + 1) // 2]
        yield from ((one, image, good) for one, image in kind if image not in good)


def measured(every: Sequence[Cases], scope: Scope, grid: GridSize) -> Figures:
    """Average precision and whether the strongest tile is right, of each defective picture."""
    inspector = Inspector({EngineName.DINOV2: default_engines()[EngineName.DINOV2]})
    settings = Settings(grid=grid, engine=EngineName.DINOV2, scope=scope)
    found: Figures = defaultdict(list)
    for one, image, bank in (job for kind in every for job in _jobs(kind, scope)):
        mask = one.mask(image.size_wh)
        if mask is None:
            continue
        scores = inspector.inspect(image, settings, bank=bank).scores
        truth = tile_truth(mask, scores.layout.boxes_ltrb)
        if truth.any() and not truth.all():
            right = float(truth[np.argmax(scores.scores)])
            found[one.dataset, one.category].append((average_precision(truth, scores.scores) or 0.0, right))
    return found


def mean(figures: Figures, *, only: str = "", without: str = "") -> tuple[float, float]:
    """The mean over the categories of one data set, of all but one, or of all."""
    chosen = [
        np.mean(pictures, axis=0)
        for (dataset, _), pictures in figures.items()
        if dataset != without and only in ("", dataset)
    ]
    precision, first = np.mean(chosen, axis=0)
    return float(precision), float(first)


def _left_out(by_grey: dict[str, Figures]) -> float:
    """The mean over all categories, those of each data set with the grey that is the best on the others."""
    datasets = sorted({dataset for dataset, _ in next(iter(by_grey.values()))})
    chosen: Figures = {}
    for dataset in datasets:
        best = max(by_grey, key=lambda grey: mean(by_grey[grey], without=dataset)[0])
        chosen |= {key: found for key, found in by_grey[best].items() if key[0] == dataset}
    return mean(chosen)[0]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures: 0 done, 1 the engine does not run, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="lightness", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("dataset", type=Path, metavar="DATASET")
    parser.add_argument("--grey", type=float, nargs="+", default=list(GREYS), metavar="N", help="of 255")
    parser.add_argument("--scope", type=Scope, nargs="+", default=list(Scope), choices=list(Scope))
    parser.add_argument("--one-kind", nargs="+", default=[], metavar="NAME", help="data sets whose categories are one")
    options = parser.parse_args(arguments)
    try:
        every = kinds(options.dataset, options.one_kind)
        for scope in options.scope:
            by_grey = {}
            for name, lighter in _choices(options.grey):
                with patch.object(dinov2, "_lighter", lighter):
                    found = by_grey[name] = measured(every, scope, GridSize(DEFAULT_GRID, DEFAULT_GRID))
                each = " ".join(f"{d} {mean(found, only=d)[0]:.3f}" for d in sorted({d for d, _ in found}))
                print(f"{scope} {name:>8}: AP {mean(found)[0]:.4f} top1 {mean(found)[1]:.3f} | {each}", flush=True)
            print(f"{scope}: chosen on the other data sets, AP {_left_out(by_grey):.4f}", flush=True)
    except SegDetectError as error:
        print(f"lightness: {error}", file=sys.stderr)
        return 1
    return 0


def _choices(greys: Sequence[float]) -> Iterator[tuple[str, Callable[[Pixels], float]]]:
    yield AS_IT_IS, lambda pixels: 0.0
    for grey in greys:
        yield f"{grey:g}", partial(_moved_to, grey)


def _moved_to(grey: float, pixels: Pixels) -> float:
    return grey - float(pixels.mean())


if __name__ == "__main__":
    sys.exit(main())
