"""What an evaluation finds: pictures beside their ground truth, and the figures made of them.

Ranking figures (AUROC, average precision, top1) are taken per picture, averaged per category and then over categories,
so that large categories do not drown small ones. Decision figures (precision, recall, F1) are taken over all tiles of
all defective pictures together. Pictures of which all tiles or none are defective say nothing about tiles and are left
out of both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from segdetect.evaluation.datasets import Category, LabelledPicture
from segdetect.evaluation.metrics import PixelFigures, roc_auc
from segdetect.inspection import Failure, Flags, Floats, Inspection
from segdetect.settings import EngineName, Settings


@dataclass(frozen=True, slots=True, eq=False)
class PictureResult:
    """One picture's answer beside its ground truth.

    Args:
        labelled: the picture.
        inspection: the answer.
        truth: `(tiles,)` bool, True for defective tiles.
        defect_share: share of the picture's pixels that the mask marks; 0 for a clean picture.
        auroc: area under the ROC curve of its tiles; None where all tiles or none are defective.
        ap: average precision of its tiles; None likewise.
        notes: what was assumed about its mask, each a clause.
    """

    labelled: LabelledPicture
    inspection: Inspection
    truth: Flags
    defect_share: float
    auroc: float | None
    ap: float | None
    notes: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether the picture is known to have no defect."""
        return self.labelled.is_clean

    @property
    def has_empty_mask(self) -> bool:
        """Whether the picture is named defective but its mask marks nothing; it then counts in no figure."""
        return not self.is_clean and self.defect_share == 0

    @property
    def is_ranked(self) -> bool:
        """Whether it has defective and other tiles, and so counts in the figures of tiles."""
        return self.ap is not None

    @property
    def found_first(self) -> bool:
        """Whether the highest-scoring tile is defective."""
        return bool(self.truth[self.inspection.strongest_tile])

    @property
    def flagged(self) -> int:
        """Number of flagged tiles."""
        return int(self.inspection.decision.flags.sum())

    @property
    def hits(self) -> int:
        """Number of flagged tiles that are defective."""
        return int((self.inspection.decision.flags & self.truth).sum())

    @property
    def contrast(self) -> float:
        """The largest tile score over the median one: how far the picture's strongest tile stands out."""
        scores = self.inspection.scores
        return scores.highest / max(float(np.nanmedian(scores.scores)), 1e-9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a table row shows. None stands for a figure that these pictures or this engine cannot give.

    Args:
        pictures: defective pictures that count in the tile figures.
        auroc, ap, top1: ranking of tiles, 0..1; top1 is the share of pictures whose strongest tile is defective.
        precision, recall, f1: of flagged tiles, 0..1.
        hit: share of the defective pictures with at least one correct flag.
        clean: clean pictures.
        clean_unflagged: those of them without a flag.
        image_auroc: how well the largest tile score tells defective from clean pictures that were compared in the same
            scope, 0..1.
        image_auroc_contrast: the same for the largest over the median tile score.
        pixel_auroc, pro: see `metrics.PixelFigures`; only for dense engines.
    """

    pictures: int
    auroc: float | None
    ap: float | None
    top1: float | None
    precision: float | None
    recall: float | None
    f1: float | None
    hit: float | None
    clean: int
    clean_unflagged: int
    image_auroc: float | None
    image_auroc_contrast: float | None
    pixel_auroc: float | None
    pro: float | None


@dataclass(frozen=True, slots=True, eq=False)
class CategoryResult:
    """The answers of one category.

    Args:
        category: what was evaluated.
        pictures: those that could be inspected, in order.
        pixel: figures of pixels; None where the engine gives no map or was not asked.
    """

    category: Category
    pictures: tuple[PictureResult, ...]
    pixel: PixelFigures | None = None

    @property
    def figures(self) -> Figures:
        """The category's row."""
        return summarise([self])


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Evaluation:
    """One run over a data set.

    Args:
        dataset: its name.
        settings: what was asked for.
        engine: the engine that ran (never `AUTO`).
        engine_version: its version.
        categories: the answers.
        failures: the pictures that could not be inspected or have no usable mask.
        notes: what the reader should know.
        started: when, in UTC, ISO 8601.
        seconds: time taken by the whole run.
    """

    dataset: str
    settings: Settings
    engine: EngineName
    engine_version: str
    categories: tuple[CategoryResult, ...]
    failures: tuple[Failure, ...]
    notes: tuple[str, ...]
    started: str
    seconds: float

    @property
    def overall(self) -> Figures:
        """The row of all categories together."""
        return summarise(self.categories)

    @property
    def by_kind(self) -> dict[str, Figures]:
        """A row for each kind of category, such as texture and object; empty where there are not several."""
        kinds = sorted({result.category.kind for result in self.categories} - {""})
        if len(kinds) < 2:
            return {}
        return {kind: summarise([r for r in self.categories if r.category.kind == kind]) for kind in kinds}

    @property
    def pictures(self) -> list[PictureResult]:
        """All pictures that could be inspected."""
        return [picture for result in self.categories for picture in result.pictures]

    def worst_misses(self, count: int = 12) -> list[PictureResult]:
        """Defective pictures without a right flag, those whose defects were ranked lowest first."""
        return sorted((p for p in self._ranked if not p.hits), key=lambda p: p.ap or 0.0)[:count]

    def ranked_late(self, count: int = 12) -> list[PictureResult]:
        """Defective pictures with a right flag, in which other tiles rank before defective ones; the worst first."""
        late = [p for p in self._ranked if p.hits and (p.ap or 0.0) < 1]
        return sorted(late, key=lambda p: p.ap or 0.0)[:count]

    @property
    def _ranked(self) -> list[PictureResult]:
        return [picture for picture in self.pictures if picture.is_ranked]

    def false_alarms(self, count: int = 12) -> list[PictureResult]:
        """Clean pictures with flags, the most first."""
        alarms = [p for p in self.pictures if p.is_clean and p.flagged]
        return sorted(alarms, key=lambda p: (-p.flagged, -p.contrast))[:count]

    def tiles(self) -> tuple[Flags, Floats]:
        """Truth and score of every tile of the pictures that count, `(n,)` each; -1 for tiles without a score."""
        counted = [p for p in self.pictures if not p.has_empty_mask]
        if not counted:
            return np.zeros(0, bool), np.zeros(0)
        return np.concatenate([p.truth for p in counted]), np.concatenate(
            [p.inspection.scores.comparable for p in counted]
        )


def summarise(categories: Sequence[CategoryResult]) -> Figures:
    """The figures of some categories together."""
    pictures = [picture for result in categories for picture in result.pictures]
    ranked = [picture for picture in pictures if picture.is_ranked]
    clean = [picture for picture in pictures if picture.is_clean]
    hits = sum(p.hits for p in ranked)
    precision = hits / max(1, sum(p.flagged for p in ranked)) if ranked else None
    recall = hits / sum(int(p.truth.sum()) for p in ranked) if ranked else None
    return Figures(
        pictures=len(ranked),
        auroc=_macro(categories, lambda p: p.auroc),
        ap=_macro(categories, lambda p: p.ap),
        top1=_macro(categories, lambda p: float(p.found_first)),
        precision=precision,
        recall=recall,
        f1=None if precision is None or recall is None else 2 * precision * recall / max(1e-9, precision + recall),
        hit=_mean([float(p.hits > 0) for p in ranked]),
        clean=len(clean),
        clean_unflagged=sum(not p.flagged for p in clean),
        image_auroc=_mean([_image_auroc(c, lambda p: p.inspection.scores.highest) for c in categories]),
        image_auroc_contrast=_mean([_image_auroc(c, lambda p: p.contrast) for c in categories]),
        pixel_auroc=_mean([c.pixel.auroc for c in categories if c.pixel]),
        pro=_mean([c.pixel.pro for c in categories if c.pixel]),
    )


def _macro(categories: Sequence[CategoryResult], figure: Callable[[PictureResult], float | None]) -> float | None:
    return _mean([_mean([figure(p) for p in category.pictures if p.is_ranked]) for category in categories])


def _image_auroc(category: CategoryResult, score: Callable[[PictureResult], float]) -> float | None:
    """Scores of different scopes are in different units: the only clean picture of a category has no reference left."""
    counted = [picture for picture in category.pictures if not picture.has_empty_mask]
    scopes = Counter(picture.inspection.scope for picture in counted)
    commonest = max(scopes, key=scopes.__getitem__, default=None)
    counted = [picture for picture in counted if picture.inspection.scope is commonest]
    return roc_auc(np.array([not p.is_clean for p in counted], bool), np.array([score(p) for p in counted], np.float64))


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
