"""Choose an engine's `Comparison` by leaving categories out: do its settings hold where they were not chosen?

python -m benchmarks.comparison DATASET [--engine NAME ...] [--grid N]

For each category, the settings with the best average precision on the other categories are applied to it. The mean of
these is what the choice is worth on pictures that nobody looked at; it stands beside the settings in use.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parents[1]))

from segdetect.engines.base import Comparison, Embeddings, EmbedRequest, Engine
from segdetect.engines.registry import default_engines
from segdetect.errors import SegDetectError
from segdetect.evaluation.datasets import Category, LabelledPicture, read_dataset
from segdetect.evaluation.metrics import average_precision, tile_truth
from segdetect.grid import TileLayout, tile_layout
from segdetect.inspection import Flags
from segdetect.pictures.loading import load_image
from segdetect.scoring.cells import score_references, score_self
from segdetect.scoring.homogeneity import homogeneity
from segdetect.scoring.pooling import Scores, pool_map
from segdetect.settings import DEFAULT_GRID, EngineName, GridSize, Scope

NEIGHBOURS: Final = (1, 3, 5)
WINDOWS: Final = (3, 5, 7, 9)
NARROW_WINDOWS: Final = (1, 2, 3)
TOP_SHARES: Final = (0.02, 0.05, 0.1)
SMOOTHINGS: Final = (0.0, 0.7, 1.0, 1.3, 1.7)
DENSE: Final = (EngineName.DINOV2, EngineName.TEXTURE)

# Average precision of each candidate, by category.
Precisions = Mapping[Comparison, Mapping[str, float]]


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """One defective picture with what is needed to score it."""

    category: str
    embeddings: Embeddings
    references: Sequence[Embeddings]
    layout: TileLayout
    truth: Flags


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the choice per engine and scope: 0 done, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="comparison", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("dataset", type=Path, metavar="DATASET", help="a folder that `segdetect evaluate` takes")
    parser.add_argument("--engine", nargs="+", type=EngineName, choices=DENSE, default=list(DENSE))
    parser.add_argument("--grid", type=int, default=DEFAULT_GRID, metavar="N", help="N x N tiles (default %(default)s)")
    options = parser.parse_args(arguments)
    try:
        categories = read_dataset(options.dataset).categories
        engines = default_engines()
        for name in options.engine:
            pictures = _described(engines[name], categories, GridSize(options.grid, options.grid))
            in_use = pictures[0].embeddings.comparison
            for scope in (Scope.SELF, Scope.REFERENCES):
                print(f"\n{name}, compared with {'itself' if scope is Scope.SELF else 'references'}")
                print(_report(_precisions(pictures, _candidates(scope, in_use), scope), in_use))
    except SegDetectError as error:
        print(f"comparison: {error}", file=sys.stderr)
        return 2
    return 0


def _described(engine: Engine, categories: Sequence[Category], grid: GridSize) -> list[Described]:
    """Every defective picture that can be ranked, with the descriptions of its category's references."""
    described = []
    for category in tqdm(categories, desc=f"{engine.name}: describing"):
        references = [_embed(engine, sample, grid, turned=True)[0] for sample in category.references]
        for sample in category.pictures:
            if not sample.is_clean:
                embeddings, layout = _embed(engine, sample, grid, turned=False)
                truth = _truth(sample, layout)
                if truth.any() and not truth.all():
                    described.append(Described(category.name, embeddings, references, layout, truth))
    return described


def _truth(sample: LabelledPicture, layout: TileLayout) -> Flags:
    mask = sample.mask(layout.size_wh)
    return np.zeros(len(layout.boxes_ltrb), bool) if mask is None else tile_truth(mask, layout.boxes_ltrb)


def _embed(engine: Engine, sample: LabelledPicture, grid: GridSize, *, turned: bool) -> tuple[Embeddings, TileLayout]:
    image = load_image(sample.data(), name=sample.name)
    layout = tile_layout(image.size_wh, grid, name=sample.name)
    return engine.embed([EmbedRequest(image, layout, turned=turned)])[0], layout


def _candidates(scope: Scope, in_use: Comparison) -> list[Comparison]:
    """The settings to choose from. With references only the nearest cell counts, and all windows are wide."""
    alone = scope is Scope.SELF
    every = product(
        NEIGHBOURS if alone else (in_use.neighbours,),
        WINDOWS,
        NARROW_WINDOWS if alone else (in_use.exclude_varied,),
        TOP_SHARES,
        SMOOTHINGS,
    )
    found = [
        replace(in_use, neighbours=n, exclude=e, exclude_varied=v, top_share=t, smoothing=s) for n, e, v, t, s in every
    ]
    # The settings in use are always one of them.
    return list(dict.fromkeys([*found, in_use]))


def _precisions(pictures: Sequence[Described], candidates: Sequence[Comparison], scope: Scope) -> Precisions:
    """Average precision of every candidate: the mean over each category's pictures."""
    found: dict[Comparison, dict[str, list[float]]] = {one: {} for one in candidates}
    for picture in tqdm(pictures, desc="comparing"):
        varied = scope is Scope.SELF and homogeneity(picture.embeddings) < picture.embeddings.comparison.uniform
        # Many candidates are one and the same for a picture: only one of the two windows plays a part.
        known: dict[Comparison, float] = {}
        maps: dict[Comparison, Scores] = {}
        for one in candidates:
            window = one.exclude_varied if varied else one.exclude
            same = replace(one, exclude=window, exclude_varied=window)
            if same not in known:
                bare = replace(same, smoothing=0.0, top_share=1.0)
                if bare not in maps:
                    maps[bare] = _cells(picture, bare, scope)
                known[same] = _precision(picture, maps[bare], same)
            found[one].setdefault(picture.category, []).append(known[same])
    return {one: {name: float(np.mean(aps)) for name, aps in by.items()} for one, by in found.items()}


def _precision(picture: Described, cells: Scores, comparison: Comparison) -> float:
    smooth = gaussian_filter(cells, comparison.smoothing, mode="nearest") if comparison.smoothing else cells
    scores, _ = pool_map(smooth, picture.layout, comparison.top_share)
    return average_precision(picture.truth, scores) or 0.0


def _cells(picture: Described, comparison: Comparison, scope: Scope) -> Scores:
    embeddings = replace(picture.embeddings, comparison=comparison, finer=None)
    if scope is Scope.REFERENCES and picture.references:
        return score_references(embeddings, picture.references).values
    return score_self(embeddings).values


def _report(precisions: Precisions, in_use: Comparison) -> str:
    """A line per category left out: what the others chose, what that gives, and what the settings in use give."""
    names = list(precisions[in_use])
    lines = [f"{'left out':14s} {'chosen':>7s} {'in use':>7s}   chosen on the others: {_settings(in_use)} are in use"]
    held_out = []
    for name in names:
        others = [other for other in names if other != name] or names
        best = max(precisions, key=lambda one: float(np.mean([precisions[one][other] for other in others])))
        held_out.append(precisions[best][name])
        lines.append(f"{name:14s} {held_out[-1]:7.3f} {precisions[in_use][name]:7.3f}   {_settings(best)}")
    used = float(np.mean(list(precisions[in_use].values())))
    lines.append(f"{'mean':14s} {np.mean(held_out):7.3f} {used:7.3f}   of {len(precisions)} settings")
    return "\n".join(lines)


def _settings(one: Comparison) -> str:
    return (
        f"neighbours {one.neighbours}, exclude {one.exclude} or {one.exclude_varied}, top {one.top_share:.0%}, "
        f"smoothing {one.smoothing}"
    )


if __name__ == "__main__":
    sys.exit(main())
