"""The command `evaluate`: how good the answers are on pictures with ground truth."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from segdetect.cli.ending import DONE, SOME_FAILED, answering
from segdetect.cli.options import (
    add_output,
    add_settings,
    check_output,
    given_path,
    held_output,
    one_of,
    progress_bar,
    read_references,
    read_settings,
    record,
    run_writer,
)
from segdetect.cli.plans import add_plan, opened_plan, take_scale
from segdetect.cli.rooms import add_room, opened_room
from segdetect.cli.saying import say_notes, say_summary
from segdetect.evaluation.datasets import Dataset, Polarity, read_dataset
from segdetect.evaluation.elsewhere import Elsewhere
from segdetect.evaluation.figures import Evaluation
from segdetect.evaluation.run import evaluate
from segdetect.evaluation.tables import figures_text, write_evaluation
from segdetect.inspection import Failure
from segdetect.message import counted
from segdetect.output.run_folder import RunWriter
from segdetect.pictures.isolation import warm_up
from segdetect.pictures.names import on_one_line
from segdetect.pipeline import Inspector
from segdetect.runs.batch import Answer
from segdetect.runs.rooms import Here

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_parser(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the others."""
    parser = commands.add_parser("evaluate", help="compare answers with the masks of a data set")
    parser.add_argument(
        "dataset",
        type=given_path,
        metavar="DATASET",
        help="a folder with CATEGORY/test and CATEGORY/ground_truth (as MVTec AD), with images/ and masks/, or another "
        "layout that README.md lists",
    )
    parser.add_argument(
        "--masks",
        type=one_of(Polarity, "choice"),
        choices=list(Polarity),
        default=Polarity.ASK,
        help="which pixels of masks are defects: what they mark, or their background (default ask: what they mark, and "
        "an error where that is nearly everything)",
    )
    add_plan(parser)
    add_settings(parser)
    add_room(parser)
    add_output(parser, "evaluation.csv, evaluation.json and what inspect writes")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command and return its exit code.

    Raises:
        SegDetectError: wrong options, a folder that cannot be evaluated, or an engine that cannot run.
    """
    plan = opened_plan(options)
    settings = read_settings(options, None if plan is None else plan.plan)
    check_output(options)
    take_scale(options, plan)
    warm_up()
    dataset = read_dataset(options.dataset, polarity=options.masks)
    files, references = read_references(options, plan=plan)
    inspector = Inspector().settled(settings.engine)
    with opened_room(options, inspector, references) as room, held_output(options):
        elsewhere = None if isinstance(room, Here) else Elsewhere(room, files)
        ask = partial(evaluate, inspector, dataset, settings, references=references, elsewhere=elsewhere)
        engine, _ = inspector.choose(settings.engine)
        with run_writer(options, settings, engine.name, engine.version, lambda: dataset.left_out) as writer:
            result = _asked(ask, writer, len(dataset.pictures))
        _say(result, dataset, options)
        # Last, so that nothing is lost where they cannot be written.
        if options.out is not None:
            write_evaluation(result, options.out, bom=options.csv_bom)
    return SOME_FAILED if result.failures else DONE


def _asked(ask: Callable[..., Evaluation], writer: RunWriter | None, pictures: int) -> Evaluation:
    """The evaluation, whose pictures are written as they come."""
    with progress_bar(pictures) as (bar, progress):

        def on_result(result: Answer | Failure) -> None:
            bar.update()
            if isinstance(result, Failure):
                bar.write(on_one_line(f"segdetect: {_reason(result)}"), file=sys.stderr)
            if writer is not None:
                record(writer, result)

        return ask(progress, on_result=on_result)


def _say(result: Evaluation, dataset: Dataset, options: argparse.Namespace) -> None:
    say_notes(result.notes)
    if dataset.left_out or result.failures:
        inspected = f"{len(result.pictures)} inspected"
        say_summary(inspected, dataset.left_out, failed=len(result.failures), verbose=options.verbose)
    with answering():
        print(_heading(result))
        print(figures_text(result))


def _reason(failure: Failure) -> str:
    return str(failure.error) if failure.error.file else f"{failure.image}: {failure.error}"


def _heading(result: Evaluation) -> str:
    settings = result.settings
    rules = sorted({picture.inspection.decision.rule.value for picture in result.pictures})
    done = f"{counted(len(result.pictures), 'picture')} in {result.seconds:.1f} s"
    failed = f", {len(result.failures)} failed" if result.failures else ""
    what = f"{settings.grid} tiles, scope {settings.scope}, rule {' and '.join(rules) or settings.rule.name.value}"
    return f"{on_one_line(result.dataset)}: {result.engine}, {what}; {done}{failed}\n"
