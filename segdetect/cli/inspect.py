"""The command `inspect`: verdicts and odd tiles of pictures, folders and ZIP files."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Never

from tqdm import tqdm

from segdetect.cli.ending import DONE, SOME_FAILED, answering
from segdetect.cli.keeping import add_history, keeping, thumbnail_side
from segdetect.cli.options import (
    add_output,
    add_settings,
    check_output,
    given_path,
    held_output,
    progress_bar,
    read_references,
    read_settings,
)
from segdetect.cli.plans import add_plan, check_good, opened_plan, take_scale
from segdetect.cli.rooms import add_room, opened_room
from segdetect.cli.saying import ALL_PAGES, Pace, say, say_notes, say_summary
from segdetect.comparing.notes import alone_note
from segdetect.errors import InputError, SettingsError
from segdetect.inspection import Failure, Inspection
from segdetect.message import counted
from segdetect.output.finished import Finished
from segdetect.output.formats import DEFAULT_FORMATS
from segdetect.output.journal import has_journal
from segdetect.pictures.isolation import warm_up
from segdetect.pictures.left_out import LeftOut
from segdetect.pictures.limits import MAX_PAGES
from segdetect.pictures.names import on_one_line
from segdetect.pictures.page_choice import DEFAULT_PAGES, PageChoice
from segdetect.pictures.source_file import Sources
from segdetect.pictures.sources import list_sources
from segdetect.pipeline import Inspector
from segdetect.runs.kept import KeptRun
from segdetect.runs.rooms import Room
from segdetect.runs.run import Work, inspect_run
from segdetect.settings import EngineName

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_parser(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the others."""
    parser = commands.add_parser("inspect", help="inspect pictures, folders or ZIP files")
    parser.add_argument("paths", nargs="+", type=given_path, metavar="PATH", help="a picture, a folder or a ZIP file")
    parser.add_argument(
        "--page",
        type=page_choice,
        default=DEFAULT_PAGES,
        metavar="N|all",
        help="page of files with several, from 1 on, or all of them (default: the first of a file named itself, and "
        f"up to {MAX_PAGES} of those in folders and ZIP files)",
    )
    add_plan(parser)
    add_settings(parser)
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on with the run that was stopped and left its files in --out DIR; one that is done is written anew, "
        "in the formats of --format",
    )
    parser.add_argument(
        "--json", action="store_true", help="print all that is known of each picture as a line of JSON, for programs"
    )
    add_room(parser)
    add_history(parser)
    add_output(parser, "tiles.csv, images.csv, annotated pictures, ...")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command and return its exit code.

    Raises:
        SegDetectError: wrong options, no pictures, or an engine that cannot run.
    """
    plan = opened_plan(options)
    settings = read_settings(options, None if plan is None else plan.plan)
    check_output(options)
    if not _goes_on(options):  # a run has its scale already, the plan's or the one that was given in its place
        take_scale(options, plan)
    warm_up()
    check_good(settings, options, plan)
    if options.resume and options.out is None:
        raise SettingsError("--resume was given without --out", remedy="Name the folder of the run with --out DIR")
    found = list_sources(options.paths)
    references, images = read_references(options, options.page, plan=plan)
    inspector = Inspector().settled(settings.engine)
    work = Work.by(
        inspector,
        found.files,
        settings,
        references=references,
        pages=options.page,
        annotated=options.out is not None,
        thumbnail=thumbnail_side(options),
    )
    notes = work.engine_notes
    if settings.engine is EngineName.AUTO:
        notes = (*notes, f"auto took the engine {work.engine}, the first that passed its self-test.")
    say_notes((*notes, *found.notes))
    with opened_room(options, inspector, images) as room, held_output(options):
        return _Inspecting(options, found, work).answer(room)


def _goes_on(options: argparse.Namespace) -> bool:
    return options.resume and options.out is not None and has_journal(options.out)


class _Inspecting:
    """A run as the command line tells it.

    Args:
        options: the command's.
        found: the pictures' files.
        work: what is done with them.
    """

    def __init__(self, options: argparse.Namespace, found: Sources, work: Work) -> None:
        self._options, self._found, self._work = options, found, work
        self._inspected = self._failed = self._noted = 0
        self._left_out: list[LeftOut] = list(found.left_out)
        # Notes of one picture are read; of many they are asked for.
        self._tells = options.verbose or (len(found.files) == 1 and found.files[0].named and not options.page.every)
        self._kept = self._taken_up()
        self._pace = Pace(len(found.files), self._inspected + self._failed)

    def answer(self, room: Room) -> int:
        """Inspect, tell and write; the exit code."""
        with progress_bar(len(self._found.files)) as (bar, progress):
            bar.update(self._inspected + self._failed)
            kept = self._kept
            parts = inspect_run(self._work, room, progress=progress) if kept is None else kept.parts(room, progress)
            with closing(parts), keeping(self._options, self._work, kept) as keep:
                for part in parts:
                    keep(part)
                    for finished in part:
                        self._tell(finished, bar)
        return self._sum_up()

    def _taken_up(self) -> KeptRun | None:
        """The run in its folder, where one was named."""
        folder, resume = self._options.out, self._options.resume
        if folder is None:
            return None
        kept = KeptRun(
            self._work,
            folder,
            resume=resume,
            formats=self._options.format or DEFAULT_FORMATS,
            left_out=self._found.left_out,
            mm_per_pixel=self._options.mm_per_pixel,
            bom=self._options.csv_bom,
        )
        self._inspected, self._failed, self._left_out = kept.inspected, kept.failed, list(kept.left_out)
        if kept.inspected + kept.failed:
            say(f"{counted(kept.inspected + kept.failed, 'picture')} done already.")
        return kept

    def _tell(self, finished: Finished, bar: tqdm[Never]) -> None:
        result = finished.result
        self._left_out += finished.left_out
        if result is None:
            return
        self._failed += isinstance(result, Failure)
        self._inspected += isinstance(result, Inspection)
        self._noted += bool(finished.notes)
        with answering():
            if self._options.json:
                bar.write(json.dumps(finished.document), file=sys.stdout)
            if isinstance(result, Failure):
                bar.write(_trouble(result), file=sys.stderr)
            elif not self._options.json:
                bar.write(_line(result), file=sys.stdout)
        for note in (*_alone(result), *(finished.notes if self._tells else ())):
            bar.write(on_one_line(f"segdetect: {result.image}: {note}"), file=sys.stderr)
        bar.total = max(bar.total or 0, bar.n + 1)  # a file may have several pages
        bar.update()
        if bar.disable:
            self._pace.step()

    def _sum_up(self) -> int:
        if self._noted and not self._tells:
            say(f"{counted(self._noted, 'picture')} with notes on what was assumed or done (-v says them).")
        inspected, failed = self._inspected, self._failed
        if inspected + failed != 1 or self._left_out:
            verbose = self._options.verbose
            say_summary(f"{inspected} inspected", self._left_out, failed=failed, verbose=verbose, pages=ALL_PAGES)
        if not inspected and not failed:
            page = (self._options.page.number or 0) + 1
            raise InputError(f"no picture has a page {page}", remedy="Choose another page")
        return SOME_FAILED if failed else DONE


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


def _trouble(failure: Failure) -> str:
    trouble = str(failure.error) if failure.error.file else f"{failure.image}: {failure.error}"
    return on_one_line(f"segdetect: {trouble}")


def _alone(result: Inspection | Failure) -> tuple[str, ...]:
    """That a picture was compared with itself and not as was asked, which its verdict hangs on."""
    return () if isinstance(result, Failure) else alone_note(result.settings.scope, result.scope)


def _line(inspection: Inspection) -> str:
    """What is printed of one picture; tiles count from 0, and a lone `flagged tiles 0` would read as none."""
    tiles = sorted(inspection.flagged_tiles)
    which = f", flagged tile{'s' * (len(tiles) > 1)} {' '.join(map(str, tiles))}" if tiles else ""
    return on_one_line(f"{inspection.image}: {inspection.decision.verdict.value}{which}")
