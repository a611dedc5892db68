"""The page that the benchmark writes: tables and charts of what was measured, and nothing else."""

from __future__ import annotations

import csv
import os
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.svg_charts import bar_chart, line_chart
from segdetect.evaluation.datasets import Dataset
from segdetect.evaluation.figures import Evaluation, Figures
from segdetect.evaluation.metrics import MIN_COVER, PRO_LIMIT
from segdetect.evaluation.run import MAX_REFERENCES
from segdetect.evaluation.tables import number, versions
from segdetect.settings import EngineName, GridSize, RuleName, Scope, Settings

SCOPES: Final = {Scope.SELF: "itself", Scope.REFERENCES: "references", Scope.BATCH: "batch"}
SCOPE_CHART: Final = "benchmark-scopes.svg"
GRID_CHART: Final = "benchmark-grids.svg"
BLOG: Final = (EngineName.FASTDUP, Scope.SELF, RuleName.STOCK)
BLOG_NAME: Final = "fastdup, the blog's method"


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What was measured of one engine.

    Args:
        engine: its name.
        version: its version; empty where it cannot run.
        evaluations: by settings, in the order in which they ran; empty where it cannot run.
        reason: why it cannot run.
    """

    engine: EngineName
    version: str
    evaluations: Mapping[Settings, Evaluation] = field(default_factory=dict)
    reason: str = ""

    def of(self, grid: GridSize, scope: Scope, rule: RuleName = RuleName.AUTO) -> Evaluation:
        """The evaluation with these settings."""
        return next(
            run
            for settings, run in self.evaluations.items()
            if (settings.grid, settings.scope, settings.rule.name) == (grid, scope, rule)
        )

    @property
    def grids(self) -> list[GridSize]:
        """The grids measured in scope self, coarse ones first."""
        found = {s.grid for s in self.evaluations if s.scope is Scope.SELF and s.rule.name is RuleName.AUTO}
        return sorted(found, key=lambda grid: grid.tiles)


Table = tuple[list[str], list[list[str]]]


def markdown_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; columns whose cells start with a letter are text, the others are figures."""
    rules = ["---" if any(row[i][:1].isalpha() for row in rows) else "---:" for i in range(len(heads))]
    return "\n".join(f"| {' | '.join(line)} |" for line in [heads, rules, *rows])


def ranking_table(measured: Sequence[Measured], grid: GridSize) -> Table:
    """How well tiles are ranked; the rule matters only to the blog's method, which cuts the tiles in its own way."""
    runs: dict[tuple[str, str], Evaluation] = {}
    for one in _ran(measured):
        runs |= {(one.engine.value, name): one.of(grid, scope) for scope, name in SCOPES.items()}
        if one.engine is BLOG[0]:
            runs[BLOG_NAME, SCOPES[BLOG[1]]] = one.of(grid, *BLOG[1:])
    kinds = sorted({kind for run in runs.values() for kind in run.by_kind})
    heads = ["engine", "compared with", "AUROC", "AP", *(f"AP {kind}" for kind in kinds), "top1"]
    heads += ["image AUROC", "pixel AUROC", "PRO"]
    rows = []
    for (engine, scope), run in runs.items():
        all_, by_kind = run.overall, run.by_kind
        shares = [all_.auroc, all_.ap, *(by_kind[k].ap if k in by_kind else None for k in kinds), all_.top1]
        rows.append([engine, scope, *map(number, [*shares, all_.image_auroc, all_.pixel_auroc, all_.pro])])
    return heads, rows


def decision_table(measured: Sequence[Measured], grid: GridSize) -> Table:
    """What each rule flags."""
    heads = ["engine", "compared with", "rule", "P", "R", "F1", "hit", "clean unflagged"]
    rows = []
    for one in _ran(measured):
        runs = [
            (s, run) for scope in SCOPES for s, run in one.evaluations.items() if (s.scope, s.grid) == (scope, grid)
        ]
        for settings, run in runs:
            rule = {RuleName.AUTO: "automatic"}.get(settings.rule.name, settings.rule.name.value)
            if (one.engine, settings.scope, settings.rule.name) == BLOG:
                rule += " (the blog's method)"
            rows.append([one.engine.value, SCOPES[settings.scope], rule, *_decision_cells(run.overall)])
    return heads, rows


def category_table(measured: Sequence[Measured], grid: GridSize) -> Table:
    """Average precision of each category."""
    runs = {
        f"{one.engine.value}, {name}": one.of(grid, scope) for one in _ran(measured) for scope, name in SCOPES.items()
    }
    first = next(iter(runs.values()))
    rows = []
    for position, result in enumerate(first.categories):
        category, figures = result.category, result.figures
        if figures.pictures:
            values = [number(run.categories[position].figures.ap) for run in runs.values()]
            rows.append([category.name, str(figures.pictures), str(figures.clean), *values])
    return ["category", "defective", "clean", *runs], rows


def grid_table(measured: Sequence[Measured]) -> Table:
    """Average precision over the fineness of the grid, each picture compared with itself."""
    ran = _ran(measured)
    rows = [[one.engine.value, *(number(one.of(grid, Scope.SELF).overall.ap) for grid in one.grids)] for one in ran]
    return ["engine", *(str(grid) for grid in ran[0].grids)], rows


def tables_text(measured: Sequence[Measured], grid: GridSize) -> str:
    """The two main tables for a terminal, and why engines are missing."""
    missing = [f"{one.engine.value} cannot run: {one.reason}" for one in measured if one.reason]
    if not _ran(measured):
        return "\n".join(missing)
    tables = (ranking_table(measured, grid), decision_table(measured, grid))
    return "\n\n".join([*(_aligned(*table) for table in tables), *missing])


def page_text(dataset: Dataset, folder: Path, measured: Sequence[Measured], grid: GridSize) -> str:
    """The page as Markdown."""
    parts = ["# Benchmark", _opening(dataset, folder, grid)]
    if _ran(measured):
        parts += ["## How well tiles are ranked", markdown_table(*ranking_table(measured, grid))]
        parts += [f"![Average precision by engine and by what tiles are compared with]({SCOPE_CHART})"]
        parts += ["## What the rules flag", markdown_table(*decision_table(measured, grid))]
        parts += ["## Average precision by category", markdown_table(*category_table(measured, grid))]
        parts += ["## Average precision by grid", "Each picture is compared with itself."]
        parts += [markdown_table(*grid_table(measured)), f"![Average precision by grid]({GRID_CHART})"]
    missing = [f"- `{one.engine.value}`: {one.reason}" for one in measured if one.reason]
    if missing:
        parts += ["## Engines that could not run", "\n".join(missing)]
    failures = sorted({f.image for one in measured for run in one.evaluations.values() for f in run.failures})
    if failures:
        parts += ["## Pictures that failed", "\n".join(f"- {name}" for name in failures)]
    parts += ["## What the figures mean", _MEANING, "## How to repeat it", _repeat(measured)]
    return "\n\n".join(parts) + "\n"


def readme_block(dataset: Dataset, measured: Sequence[Measured], grid: GridSize) -> str:
    """The short form for the README: every engine and scope under its automatic rule, and the blog's method."""
    rows = []
    for one in _ran(measured):
        for scope, name in SCOPES.items():
            run = one.of(grid, scope)
            rows.append([one.engine.value, name, "automatic", *_short_cells(run.overall)])
        if one.engine is BLOG[0]:
            run = one.of(grid, *BLOG[1:])
            rows.append([BLOG_NAME, SCOPES[BLOG[1]], BLOG[2].value, *_short_cells(run.overall)])
    table = markdown_table(["engine", "compared with", "rule", "AP", "top1", "F1", "hit", "clean unflagged"], rows)
    sources = ", ".join(dict.fromkeys(category.dataset or dataset.name for category in dataset.categories))
    count = len(dataset.pictures)
    return (
        f"{count} pictures of {sources}, {grid} tiles; [all figures and what they mean](docs/benchmark.md).\n\n{table}"
    )


def write_charts(folder: Path, measured: Sequence[Measured], grid: GridSize) -> None:
    """Write the page's two charts beside it."""
    ran = _ran(measured)
    if not ran:
        return
    scopes = {one.engine.value: [one.of(grid, scope).overall.ap for scope in SCOPES] for one in ran}
    title = "Average precision (AP) by engine and by what tiles are compared with"
    (folder / SCOPE_CHART).write_text(bar_chart(title, list(SCOPES.values()), scopes), encoding="utf-8")
    grids = {one.engine.value: [one.of(size, Scope.SELF).overall.ap for size in one.grids] for one in ran}
    ticks = [str(size) for size in ran[0].grids]
    title = "Average precision (AP) by grid, each picture compared with itself"
    (folder / GRID_CHART).write_text(line_chart(title, ticks, grids, x_title="grid (rows x columns)"), encoding="utf-8")


def _ran(measured: Sequence[Measured]) -> list[Measured]:
    return [one for one in measured if one.evaluations]


def _decision_cells(figures: Figures) -> list[str]:
    shares = map(number, (figures.precision, figures.recall, figures.f1, figures.hit))
    return [*shares, f"{figures.clean_unflagged} of {figures.clean}"]


def _short_cells(figures: Figures) -> list[str]:
    shares = map(number, (figures.ap, figures.top1, figures.f1, figures.hit))
    return [*shares, f"{figures.clean_unflagged} of {figures.clean}"]


def _opening(dataset: Dataset, folder: Path, grid: GridSize) -> str:
    clean = sum(sample.is_clean for sample in dataset.pictures)
    names = ", ".join(category.name for category in dataset.categories)
    return (
        f"Measured on {datetime.now(UTC):%d %B %Y} with {grid} tiles on the data set `{dataset.name}`: "
        f"{len(dataset.pictures)} pictures ({len(dataset.pictures) - clean} defective with masks, {clean} clean) of "
        f"{len(dataset.categories)} categories ({names}). {_licences(folder)}\n\n"
        "This page is written by the command given at its end. The pictures are no part of this project."
    )


def _licences(folder: Path) -> str:
    """The licences that a manifest names, with their numbers of pictures."""
    manifest = folder / "manifest.csv"
    if not manifest.is_file():
        return "For the licence see the data set."
    with manifest.open(newline="", encoding="utf-8-sig") as file:
        counts = Counter(row.get("licence") or "not stated" for row in csv.DictReader(file))
    return "Licences: " + ", ".join(f"{name} ({count} pictures)" for name, count in counts.most_common()) + "."


def _repeat(measured: Sequence[Measured]) -> str:
    made_with: dict[str, str] = {}
    for one in _ran(measured):
        made_with |= versions(one.engine.value, one.version)
    versions_text = ", ".join(v if v.startswith(k) else f"{k} {v}" for k, v in made_with.items())
    return (
        "    make benchmark DATASET=path/to/dataset\n\n"
        "The folder is in MVTec AD's layout, or has `images/`, `masks/` and perhaps `manifest.csv`; "
        "`python -m segdetect evaluate` takes the same and evaluates one combination in more detail. "
        "Speed and memory are measured apart, by `benchmarks/speed.py`.\n\n"
        f"Versions: {versions_text}.\n\n"
        f"Machine: {platform.system()} {platform.machine()}, {os.cpu_count()} cores, {_processor()}."
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "processor not known"


def _aligned(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(len(heads))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in [heads, *rows]
    )


_MEANING: Final = f"""\
- A tile is defective when the mask covers more than {MIN_COVER:.0%} of it. Pictures of which all tiles or none are
  defective say nothing about tiles and are left out of the figures of tiles.
- **AUROC** (how often a defective tile scores above a good one), **AP** (average precision) and **top1** (the strongest
  tile is defective) are taken per picture, averaged per category and then over categories.
- **P**, **R**, **F1**: precision and recall of flagged tiles, over all tiles of all defective pictures together.
  **hit**: share of defective pictures with at least one correct flag. **clean unflagged**: clean ones without flags.
- **image AUROC**: how well the largest tile score tells defective from clean pictures of a category that were compared
  in the same way; mean over categories.
- **pixel AUROC** and **PRO** (per-region overlap up to a false-positive rate of {PRO_LIMIT:.0%}; Bergmann et al., CVPR
  2019): of the fine map, for engines that give one; mean over categories.
- **automatic**: the rule `gate` for pictures compared with themselves, else `calibrated`.
- **references**: known-good pictures of the category, at most {MAX_REFERENCES}: those in `train/good` where the data
  set has them, else its other clean pictures. **batch**: the other pictures of the category, good or not. A picture is
  never compared with its own copy; where no other picture is left, it is compared with itself."""
