"""The command `inspect`: verdicts and odd tiles of pictures, folders and ZIP files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from segdetect.cli.ending import DONE, SOME_FAILED, answering
from segdetect.cli.options import (
    add_output,
    add_settings,
    load_references,
    load_source,
    progress_bar,
    read_settings,
    record,
    run_writer,
)
from segdetect.cli.saying import ALL_PAGES, say, say_notes, say_summary
from segdetect.errors import InputError, SettingsError
from segdetect.inspection import Failure, Inspection
from segdetect.pictures.isolation import warm_up
from segdetect.pictures.limits import MAX_PAGES
from segdetect.pictures.page_choice import DEFAULT_PAGES, PageChoice, Pages
from segdetect.pictures.sources import list_sources
from segdetect.pipeline import Inspector
from segdetect.runs.batch import Answer, inspect_files
from segdetect.settings import EngineName, Scope

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_parser(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the others."""
    parser = commands.add_parser("inspect", help="inspect pictures, folders or ZIP files")
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a picture, a folder or a ZIP file")
    parser.add_argument(
        "--page",
        type=page_choice,
        default=DEFAULT_PAGES,
        metavar="N|all",
        help="page of files with several, from 1 on, or all of them (default: the first of a file named itself, and "
        f"up to {MAX_PAGES} of those in folders and ZIP files)",
    )
    add_settings(parser)
    add_output(parser, "tiles.csv, images.csv, annotated pictures, ...")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command and return its exit code.

    Raises:
        SegDetectError: wrong options, no pictures, or an engine that cannot run.
    """
    settings = read_settings(options)
    warm_up()
    if settings.scope is Scope.REFERENCES and not options.references:
        raise SettingsError("--scope references needs known-good pictures", remedy="Give them with --references PATH")
    found = list_sources(options.paths)
    files, pages = found.files, Pages(options.page, found.files)
    references = load_references(options, options.page)
    inspector = Inspector().settled(settings.engine)
    engine, notes = inspector.choose(settings.engine)
    if settings.engine is EngineName.AUTO:
        notes = (*notes, f"auto took the engine {engine.name}, the first that passed its self-test.")
    say_notes((*notes, *found.notes))
    inspected = failures = noted = 0
    tells = options.verbose or (len(files) == 1 and files[0].named and not options.page.every)
    with (
        run_writer(
            options, settings, engine.name, engine.version, lambda: (*found.left_out, *pages.left_out)
        ) as writer,
        progress_bar(len(files)) as (bar, progress),
    ):
        answers = inspect_files(
            inspector, files, settings, references=references, load=load_source, expand=pages.of, progress=progress
        )
        for result in answers:
            failures += isinstance(result, Failure)
            inspected += not isinstance(result, Failure)
            # What has been said is in the output, too, if the next one is not reached.
            if writer is not None:
                record(writer, result)
            with answering():
                bar.write(_line(result), file=sys.stderr if isinstance(result, Failure) else sys.stdout)
            of_picture = _notes(result)
            noted += bool(of_picture)
            for note in of_picture if tells else ():
                bar.write(f"segdetect: {note}", file=sys.stderr)
            bar.total = max(bar.total or 0, bar.n + 1)  # a file may have several pages
            bar.update()
    if noted and not tells:
        say(f"{noted} pictures have notes on what was assumed about them or done to them (-v says them).")
    left_out = (*found.left_out, *pages.left_out)
    if inspected + failures != 1 or left_out:
        say_summary(f"{inspected} inspected", left_out, failed=failures, verbose=options.verbose, pages=ALL_PAGES)
    if not inspected and not failures:
        raise InputError(f"no picture has a page {(options.page.number or 0) + 1}", remedy="Choose another page")
    return SOME_FAILED if failures else DONE


def page_choice(text: str) -> PageChoice:
    """What `--page` says.

    Raises:
        ArgumentTypeError: neither "all" nor a number from 1 on.
    """
    if text.lower() == "all":
        return PageChoice(every=True)
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a page, from 1 on, nor all")
    return PageChoice(number=int(text) - 1)


def _notes(result: Answer | Failure) -> list[str]:
    """What was assumed about one picture or done to it."""
    return [] if isinstance(result, Failure) else [f"{result.image.name}: {note}" for note in result.image.notes]


def _line(result: Answer | Failure) -> str:
    """What is printed of one picture."""
    if isinstance(result, Failure):
        return f"segdetect: {result.error}" if result.error.file else f"segdetect: {result.image}: {result.error}"
    inspection: Inspection = result.inspection
    tiles = " ".join(str(tile) for tile in sorted(inspection.flagged_tiles))
    verdict = inspection.decision.verdict.value
    return f"{inspection.image}: {verdict}" + (f", flagged tiles {tiles}" if tiles else "")
