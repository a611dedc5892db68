"""How good the answers are on pictures with ground truth."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import numpy as np

from segdetect.errors import SegDetectError
from segdetect.evaluation.datasets import Category, Dataset, LabelledPicture
from segdetect.evaluation.elsewhere import Elsewhere
from segdetect.evaluation.figures import CategoryResult, Evaluation, Figures, PictureResult, summarise
from segdetect.evaluation.metrics import PixelFigures, average_precision, pixel_figures, roc_auc, tile_truth
from segdetect.grid import tile_layout
from segdetect.inspection import Failure
from segdetect.pictures.loading import LoadedImage, load_image
from segdetect.pictures.masks import Mask
from segdetect.pipeline import Inspector
from segdetect.progress import Progress, no_progress
from segdetect.runs.batch import Answer, inspect_files
from segdetect.settings import GridSize, Scope, Settings

__all__ = [
    "MAX_REFERENCES",
    "CategoryResult",
    "Evaluation",
    "Figures",
    "PictureResult",
    "ap_by_grid",
    "evaluate",
    "evaluate_each",
    "summarise",
]

# A false-alarm budget of 5 % takes 19 good pictures to rest on them alone; comparing them costs their square.
MAX_REFERENCES: Final = 20

OnResult = Callable[[Answer | Failure], object]


def evaluate(
    inspector: Inspector,
    dataset: Dataset,
    settings: Settings,
    progress: Progress = no_progress,
    *,
    references: Sequence[LoadedImage] = (),
    pixels: bool = True,
    on_result: OnResult = lambda result: None,
    elsewhere: Elsewhere | None = None,
) -> Evaluation:
    """Inspect every picture of a data set and compare the answers with its masks.

    In scope references a picture is compared with its category's references, at most 20 chosen evenly, itself left
    out; in scope batch with the other pictures of its category. Where none remains it is compared with itself.

    Args:
        inspector: what inspects.
        dataset: the pictures.
        settings: what to do with each.
        progress: told the share of pictures done; may raise `CancelledError`.
        references: known-good pictures to use in place of the data set's own, and those with places that are allowed.
        pixels: also compute the figures of pixels, where the engine gives a map.
        on_result: called with each answer or failure as it comes.
        elsewhere: who inspects in place of this process.

    Raises:
        EngineUnavailableError: the engine cannot run at all.
        ClusterError: who inspects elsewhere cannot be had any more.
        CancelledError: `progress` asked to stop.
    """
    return evaluate_each(
        inspector,
        dataset,
        [settings],
        progress,
        references=references,
        pixels=pixels,
        on_result=on_result,
        elsewhere=elsewhere,
    )[0]


def evaluate_each(
    inspector: Inspector,
    dataset: Dataset,
    settings: Sequence[Settings],
    progress: Progress = no_progress,
    *,
    references: Sequence[LoadedImage] = (),
    pixels: bool = True,
    on_result: OnResult = lambda result: None,
    elsewhere: Elsewhere | None = None,
) -> list[Evaluation]:
    """As `evaluate`, for several settings, category by category, so that each description is made once for all."""
    runs = [_Run(inspector, one, pixels, on_result, elsewhere) for one in settings]
    count = _Count(progress, len(settings) * len(dataset.pictures))
    for category in dataset.categories:
        wanted = any(one.scope is Scope.REFERENCES for one in settings)
        good = [image for image in references if not image.allowed]
        bank = good or (_load_references(category, runs) if wanted else [])
        for run in runs:
            run.add(category, [*bank, *(image for image in references if image.allowed)], count)
    return [run.finish(dataset) for run in runs]


def ap_by_grid(
    inspector: Inspector,
    dataset: Dataset,
    settings: Settings,
    grids: Sequence[GridSize],
    progress: Progress = no_progress,
) -> list[tuple[GridSize, Figures]]:
    """The overall figures for several grids; dense engines describe each picture once for all of them."""
    each = [replace(settings, grid=grid) for grid in grids]
    results = evaluate_each(inspector, dataset, each, progress, pixels=False)
    return [(grid, result.overall) for grid, result in zip(grids, results, strict=True)]


class _Count:
    """Turns pictures done into the share of the whole, whatever the engine reports meanwhile."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self.done = progress, max(1, total), 0

    def report(self, doing: str) -> None:
        self._progress(min(1.0, self.done / self._total), doing)


class _Run:
    """One evaluation while it goes on."""

    def __init__(
        self,
        inspector: Inspector,
        settings: Settings,
        pixels: bool,
        on_result: OnResult,
        elsewhere: Elsewhere | None,
    ) -> None:
        self._settings, self._pixels, self._on_result = settings, pixels, on_result
        self._elsewhere = elsewhere
        self._inspector = inspector.settled(settings.engine)
        self._engine, notes = self._inspector.choose(settings.engine)
        self._notes = list(notes)
        self._failures: list[Failure] = []
        self._paged: list[str] = []
        self._categories: list[CategoryResult] = []
        self._started = datetime.now(UTC).isoformat(timespec="seconds")
        self._seconds = 0.0

    @property
    def settings(self) -> Settings:
        return self._settings

    def fail(self, failure: Failure) -> None:
        self._failures.append(failure)
        self._on_result(failure)

    def add(self, category: Category, references: Sequence[LoadedImage], count: _Count) -> None:
        start = time.perf_counter()
        pictures = list(self._pictures(category, references, count))
        pixel = self._pixel_figures(category, pictures, count) if self._pixels and self._engine.dense else None
        self._categories.append(CategoryResult(category, tuple(pictures), pixel))
        self._notes += [f"{p.labelled.name}: its mask is empty; left out." for p in pictures if p.has_empty_mask]
        self._notes += _mask_notes(pictures)
        self._seconds += time.perf_counter() - start

    def _pictures(
        self, category: Category, references: Sequence[LoadedImage], count: _Count
    ) -> Iterator[PictureResult]:
        answers = self._answers(category, references, lambda _, doing: count.report(f"{category.name}: {doing}"))
        for labelled, answer in zip(category.pictures, answers, strict=True):
            count.done += 1
            count.report(f"{category.name}: {labelled.name}")
            if isinstance(answer, Failure):
                self.fail(answer)
                continue
            try:
                picture = _compare(labelled, answer)
                self._paged += [labelled.name] if answer.image.pages > 1 else []
            except SegDetectError as error:
                self.fail(Failure(labelled.name, error, answer.image.sha256))
            else:
                self._on_result(_noted(answer, picture))
                yield picture

    def _answers(
        self, category: Category, references: Sequence[LoadedImage], progress: Progress
    ) -> Iterator[Answer | Failure]:
        if self._elsewhere is not None:
            return self._elsewhere.answers(self._inspector, category, self._settings, references, progress)
        return inspect_files(
            self._inspector, category.pictures, self._settings, references=references, progress=progress
        )

    def _pixel_figures(
        self, category: Category, pictures: Sequence[PictureResult], count: _Count
    ) -> PixelFigures | None:
        counted = [picture for picture in pictures if not picture.has_empty_mask]
        maps = [p.inspection.scores.cell_map for p in counted]

        def masks() -> Iterator[Mask]:
            for picture in counted:
                count.report(f"{category.name}: comparing pixels")
                width, height = picture.inspection.size_wh
                mask = picture.labelled.mask((width, height))
                yield np.zeros((height, width), bool) if mask is None else mask

        return pixel_figures([np.nan_to_num(cells, nan=-1.0) for cells in maps if cells is not None], masks())

    def finish(self, dataset: Dataset) -> Evaluation:
        return Evaluation(
            dataset=dataset.name,
            settings=self._settings,
            engine=self._engine.name,
            engine_version=self._engine.version,
            categories=tuple(self._categories),
            failures=tuple(self._failures),
            notes=(*dataset.notes, *self._notes, *self._alone_notes(), *_page_notes(self._paged)),
            started=self._started,
            seconds=self._seconds,
        )

    def _alone_notes(self) -> tuple[str, ...]:
        """What is said of pictures that were not compared with what was asked for: figures hang on it."""
        pictures = (picture for result in self._categories for picture in result.pictures)
        names = [one.labelled.name for one in pictures if one.inspection.scope is not self._settings.scope]
        return _listed("Compared with themselves, as there was no other picture to compare them with", names)


def _page_notes(names: Sequence[str]) -> tuple[str, ...]:
    """What is said of pictures with several pages: masks are of their first."""
    return _listed("Several pages, of which the first was evaluated", names)


def _listed(what: str, names: Sequence[str]) -> tuple[str, ...]:
    """What is said of pictures, with the first of them; nothing where there are none."""
    if not names:
        return ()
    named = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    return (f"{what}: {named} ({len(names)} in all).",)


def _compare(labelled: LabelledPicture, answer: Answer) -> PictureResult:
    scores = answer.inspection.scores
    known = labelled.truth(answer.image.size_wh)
    mask = None if known is None else known.pixels
    truth = np.zeros(len(scores.scores), bool) if mask is None else tile_truth(mask, scores.layout.boxes_ltrb)
    truth.flags.writeable = False
    is_ranked = truth.any() and not truth.all()
    return PictureResult(
        labelled=labelled,
        inspection=answer.inspection,
        truth=truth,
        defect_share=0.0 if mask is None else float(mask.mean()),
        auroc=roc_auc(truth, scores.comparable) if is_ranked else None,
        ap=average_precision(truth, scores.comparable) if is_ranked else None,
        notes=() if known is None else known.notes,
    )


def _noted(answer: Answer, picture: PictureResult) -> Answer:
    """The answer with what was assumed about the picture's mask among its notes."""
    if not picture.notes:
        return answer
    told = tuple(f"Its mask: {note}." for note in picture.notes)
    return replace(answer, inspection=replace(answer.inspection, notes=(*answer.inspection.notes, *told)))


def _mask_notes(pictures: Sequence[PictureResult]) -> list[str]:
    """Each assumption about masks once, with the first picture that it was made for."""
    names: dict[str, list[str]] = {}
    for picture in pictures:
        for note in picture.notes:
            names.setdefault(note, []).append(picture.labelled.name)
    return [
        f"The mask of {found[0]}{f' (and of {len(found) - 1} more)' if len(found) > 1 else ''}: {note}."
        for note, found in names.items()
    ]


def _load_references(category: Category, runs: Sequence[_Run]) -> list[LoadedImage]:
    """The category's references, evenly chosen where there are many; one that cannot be used is reported."""
    step = max(1.0, len(category.references) / MAX_REFERENCES)
    chosen = [category.references[int(i * step)] for i in range(min(len(category.references), MAX_REFERENCES))]
    loaded = []
    for labelled in chosen:
        try:
            image = load_image(labelled.data(), name=labelled.name)
            for run in runs:
                tile_layout(image.size_wh, run.settings.grid, name=labelled.name)
        except SegDetectError as error:
            for run in runs:
                # A clean picture of the category itself is reported when its own turn comes.
                if run.settings.scope is Scope.REFERENCES and labelled not in category.pictures:
                    run.fail(Failure(labelled.name, error))
        else:
            loaded.append(image)
    return loaded
