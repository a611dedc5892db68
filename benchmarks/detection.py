"""Measure every engine, scope and rule on a data set with masks, and write the page docs/benchmark.md.

python -m benchmarks.detection DATASET [--engine NAME ...] [--grid N] [--out FILE] [--readme]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Final

from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.detection_page import Measured, page_text, readme_block, tables_text, write_charts
from segdetect.engines.base import Engine
from segdetect.engines.registry import AUTO_ORDER, default_engines
from segdetect.errors import EngineUnavailableError, SegDetectError
from segdetect.evaluation.datasets import Dataset, read_dataset
from segdetect.evaluation.figures import Evaluation
from segdetect.evaluation.run import evaluate_each
from segdetect.pipeline import Inspector
from segdetect.progress import Progress
from segdetect.settings import DEFAULT_GRID, EngineName, GridSize, Rule, RuleName, Scope, Settings

ROOT: Final = Path(__file__).parents[1]
GRIDS: Final = (4, 7, 10)
RULES: Final = (
    (Scope.SELF, RuleName.STOCK),
    (Scope.SELF, RuleName.FENCE),
    (Scope.SELF, RuleName.GATE),
    (Scope.REFERENCES, RuleName.FENCE),
    (Scope.REFERENCES, RuleName.GATE),
    (Scope.REFERENCES, RuleName.CALIBRATED),
    (Scope.BATCH, RuleName.FENCE),
    (Scope.BATCH, RuleName.GATE),
    (Scope.BATCH, RuleName.CALIBRATED),
)
README_START: Final = "<!-- benchmark:start -->"
README_END: Final = "<!-- benchmark:end -->"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark: 0 done, 1 some pictures failed or no engine runs, 2 wrong use."""
    options = _parser().parse_args(arguments)
    try:
        dataset = read_dataset(options.dataset)
        grid = GridSize(options.grid, options.grid)
        measured = [_measure(name, dataset, grid) for name in options.engine]
        text = page_text(dataset, options.dataset, measured, grid)
    except SegDetectError as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return 2
    print(tables_text(measured, grid))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(text, encoding="utf-8")
    write_charts(options.out.parent, measured, grid)
    if options.readme:
        _update_readme(ROOT / "README.md", readme_block(dataset, measured, grid))
    ran = [one for one in measured if one.evaluations]
    return 0 if ran and not any(run.failures for one in ran for run in one.evaluations.values()) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmark", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("dataset", type=Path, metavar="DATASET", help="a folder that `segdetect evaluate` takes")
    engines = [name for name in EngineName if name is not EngineName.AUTO]
    parser.add_argument("--engine", nargs="+", type=EngineName, choices=engines, default=list(AUTO_ORDER))
    parser.add_argument("--grid", type=int, default=DEFAULT_GRID, metavar="N", help="N x N tiles (default %(default)s)")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmark.md", metavar="FILE", help="the page")
    parser.add_argument(
        "--readme",
        action="store_true",
        help=f"also replace what stands in README.md between {README_START} and its end",
    )
    return parser


def _measure(name: EngineName, dataset: Dataset, grid: GridSize) -> Measured:
    engine = default_engines()[name]
    try:
        engine.check()
    except EngineUnavailableError as error:
        return Measured(name, "", {}, str(error))
    try:
        return Measured(name, engine.version, _evaluations(engine, dataset, grid))
    finally:
        # fastdup keeps a warm child process, which would take memory from the next engine.
        close = getattr(engine, "close", None)
        if close is not None:
            close()


def _evaluations(engine: Engine, dataset: Dataset, grid: GridSize) -> dict[Settings, Evaluation]:
    """Category by category, so that what an engine described is still there for the next scope, rule and grid."""
    scopes = [Settings(grid=grid, engine=engine.name, scope=scope) for scope in Scope]
    rules = [Settings(grid=grid, engine=engine.name, scope=scope, rule=Rule(rule)) for scope, rule in RULES]
    grids = [replace(scopes[0], grid=GridSize(side, side)) for side in GRIDS if side != grid.rows]
    inspector = Inspector({engine.name: engine})
    parts = []
    with _bar(engine.name, len(dataset.pictures) * len([*scopes, *rules, *grids])) as bar:
        for category in dataset.categories:
            part = replace(dataset, categories=(category,))
            told = _counter(bar, category.name)
            parts.append(
                [
                    *evaluate_each(inspector, part, scopes, told, on_result=lambda _: bar.update()),
                    *evaluate_each(
                        inspector, part, [*rules, *grids], told, pixels=False, on_result=lambda _: bar.update()
                    ),
                ]
            )
    return {runs[0].settings: _joined(runs) for runs in zip(*parts, strict=True)}


def _counter(bar: tqdm, category: str) -> Progress:  # type: ignore[type-arg]
    return lambda share, doing: bar.set_postfix_str(category, refresh=False)


@contextmanager
def _bar(name: str, total: int) -> Iterator[tqdm]:  # type: ignore[type-arg]
    with tqdm(total=total, desc=name, unit=" answers", file=sys.stderr, dynamic_ncols=True, mininterval=1) as bar:
        yield bar


def _joined(runs: Sequence[Evaluation]) -> Evaluation:
    """One evaluation of those of the single categories."""
    return replace(
        runs[0],
        categories=tuple(chain.from_iterable(run.categories for run in runs)),
        failures=tuple(chain.from_iterable(run.failures for run in runs)),
        notes=tuple(dict.fromkeys(chain.from_iterable(run.notes for run in runs))),
        seconds=sum(run.seconds for run in runs),
    )


def _update_readme(path: Path, block: str) -> None:
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    before, start, rest = text.partition(README_START)
    _, end, after = rest.partition(README_END)
    if not (start and end):
        print(f"benchmark: {path.name} has no lines {README_START} and {README_END}; left as it is", file=sys.stderr)
        return
    path.write_text(f"{before}{start}\n{block}\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
