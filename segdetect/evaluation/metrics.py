"""How well scores and flags agree with ground truth: small functions on arrays that know no picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from segdetect.grid import Boxes
from segdetect.inspection import Flags, Floats
from segdetect.pictures.masks import Mask

MIN_COVER: Final = 0.01  # a tile is defective when the mask covers more of it
PRO_LIMIT: Final = 0.3  # false-positive rate up to which overlaps count, as in Bergmann et al.
LEVELS: Final = 2000  # score levels that pixels are told apart by


def tile_truth(mask: Mask, boxes_ltrb: Boxes) -> Flags:
    """Which tiles are defective: those that the mask covers by more than 1 %.

    Args:
        mask: `(height, width)` bool, True on defects.
        boxes_ltrb: `(tiles, 4)` pixel boxes, right and bottom exclusive.
    """
    return np.array([mask[t:b, l:r].mean() > MIN_COVER for l, t, r, b in boxes_ltrb.tolist()], bool)  # noqa: E741


def roc_auc(truth: Flags, scores: Floats) -> float | None:
    """Area under the ROC curve: how often a defective item scores above a clean one, ties counting half.

    Args:
        truth: `(n,)` bool.
        scores: `(n,)`, finite; higher is more anomalous.

    Returns:
        0..1, or None where only one kind is present.

    >>> roc_auc(np.array([False, True, False]), np.array([0.1, 0.3, 0.3]))
    0.75
    """
    _, hits, alarms = _cumulated(truth, scores)
    if not hits[-1] or not alarms[-1]:
        return None
    return _area(alarms / alarms[-1], hits / hits[-1], 1.0)


def average_precision(truth: Flags, scores: Floats) -> float | None:
    """Mean precision over the recall gained at each distinct score, without interpolation.

    Args:
        truth: `(n,)` bool.
        scores: `(n,)`, finite; higher is more anomalous.

    Returns:
        0..1, or None where nothing is defective.

    >>> average_precision(np.array([True, False, True]), np.array([0.9, 0.5, 0.1]))  # doctest: +ELLIPSIS
    0.833...
    """
    if not truth.any():
        return None
    curve = precision_recall(truth, scores)
    return float(np.diff(curve.recall, prepend=0.0) @ curve.precision)


@dataclass(frozen=True, slots=True, eq=False)
class PrecisionRecall:
    """Precision and recall when everything that scores at least a threshold is flagged.

    Args:
        thresholds: `(n,)` the distinct scores, falling.
        precision: `(n,)` share of the flagged that is defective.
        recall: `(n,)` share of the defective that is flagged, rising to 1.
    """

    thresholds: Floats
    precision: Floats
    recall: Floats


def precision_recall(truth: Flags, scores: Floats) -> PrecisionRecall:
    """The precision-recall curve; recall is 0 throughout where nothing is defective."""
    thresholds, hits, alarms = _cumulated(truth, scores)
    return PrecisionRecall(thresholds[1:], (hits / np.maximum(1, hits + alarms))[1:], (hits / max(1, hits[-1]))[1:])


def _cumulated(truth: Flags, scores: Floats) -> tuple[Floats, Floats, Floats]:
    """Distinct scores, falling, with the defective and the clean at or above each; from (inf, 0, 0) on."""
    order = np.argsort(-scores, kind="stable")
    ranked, defective = scores[order], truth[order]
    last = np.append(np.nonzero(np.diff(ranked))[0], len(ranked) - 1) if len(ranked) else np.zeros(0, np.int64)
    hits = np.cumsum(defective)[last].astype(np.float64)
    return (
        np.concatenate([[np.inf], ranked[last]]),
        np.concatenate([[0.0], hits]),
        np.concatenate([[0.0], last + 1 - hits]),
    )


@dataclass(frozen=True, slots=True)
class PixelFigures:
    """How well an anomaly map agrees with masks, over all pixels of some pictures.

    Args:
        auroc: area under the ROC curve of pixels.
        pro: per-region overlap, averaged over false-positive rates from 0 to 30 %.
    """

    auroc: float
    pro: float


def pixel_figures(maps: Sequence[npt.NDArray[np.float32]], masks: Iterable[Mask]) -> PixelFigures | None:
    """Pixel AUROC and per-region overlap (Bergmann et al., CVPR 2019; IJCV 129, 2021).

    Maps are enlarged bilinearly to their picture. A region is an 8-connected part of a mask. Pixels are told apart by
    2000 score levels, closer towards the high end, which bounds memory and moves the figures by less than 0.001.

    Args:
        maps: `(rows, cols)` each, one per picture; higher is more anomalous.
        masks: `(height, width)` bool each, True on defects, in the order of the maps; read one at a time.

    Returns:
        The figures, or None where no pixel, or every pixel, is defective.
    """
    if not maps:
        return None
    levels = _levels(maps)
    clean = np.zeros(len(levels) + 1, np.int64)
    regions: list[npt.NDArray[np.int64]] = []
    for cells, mask in zip(maps, masks, strict=True):
        height, width = mask.shape
        level = np.searchsorted(
            levels, cv2.resize(cells, (width, height), interpolation=cv2.INTER_LINEAR), side="right"
        )
        clean += np.bincount(level[~mask], minlength=len(clean))
        labels, count = ndimage.label(mask, structure=np.ones((3, 3)))
        for number, box in enumerate(ndimage.find_objects(labels, max_label=count), 1):
            regions.append(np.bincount(level[box][labels[box] == number], minlength=len(clean)))
    if not regions or not clean.any():
        return None
    alarms = _share_above(clean)
    found = np.stack([_share_above(region) for region in regions])
    sizes = np.array([region.sum() for region in regions], np.float64)
    return PixelFigures(
        auroc=_area(alarms, (sizes @ found) / sizes.sum(), 1.0), pro=_area(alarms, found.mean(axis=0), PRO_LIMIT)
    )


def _levels(maps: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    values = np.concatenate([cells.ravel() for cells in maps])
    return np.asarray(np.unique(np.quantile(values, 1 - np.linspace(0, 1, LEVELS) ** 2)), np.float32)


def _share_above(counts: npt.NDArray[np.int64]) -> Floats:
    """Share of pixels at or above each level, the highest level first, from 0 to 1."""
    return np.concatenate([[0.0], np.cumsum(counts[::-1]) / counts.sum()])


def _area(x: Floats, y: Floats, limit: float) -> float:
    """Mean height of a rising curve between 0 and `limit`."""
    inside = np.append(x[x < limit], limit)
    heights = np.append(y[x < limit], np.interp(limit, x, y))
    return float(np.sum(np.diff(inside) * (heights[1:] + heights[:-1]) / 2)) / limit
