"""What the commands share: options, the output folder and the progress bar."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Never, TypeVar

from tqdm import tqdm

from segdetect.cli.saying import ALL_PAGES, say_notes, say_summary
from segdetect.engines.registry import AUTO_ORDER
from segdetect.errors import InputError, SettingsError, StorageError
from segdetect.files import hold, storage_errors
from segdetect.inspection import Failure
from segdetect.output.formats import DEFAULT_FORMATS, FormatName
from segdetect.output.run import Run
from segdetect.output.run_folder import RunWriter
from segdetect.output.segments import check_scale
from segdetect.pictures.left_out import LeftOut
from segdetect.pictures.loading import LoadedImage
from segdetect.pictures.masks import Polarity
from segdetect.pictures.page_choice import DEFAULT_PAGES, PageChoice, Pages
from segdetect.pictures.region_masks import read_regions
from segdetect.pictures.source_file import SourceFile, load_source
from segdetect.pictures.sources import list_sources
from segdetect.progress import Progress
from segdetect.regions import Regions
from segdetect.runs.batch import Answer
from segdetect.settings import (
    DEFAULT_FALSE_ALARMS,
    DEFAULT_GRID,
    FEW_DEFECTIVE,
    MAX_GRID,
    EngineName,
    GridSize,
    Rule,
    RuleName,
    Scope,
    Settings,
    member,
)
from segdetect.storage.plans.opened import OpenPlan
from segdetect.storage.plans.plan import Plan

N = TypeVar("N", bound=StrEnum)


def real_number(text: str) -> float:
    """A number of an option; in a shell it has a point, whatever the language.

    Raises:
        ArgumentTypeError: it is none.
    """
    try:
        return float(text)
    except ValueError:
        pointed = text.replace(",", ".")
        if re.fullmatch(r"[+-]?[0-9]+[.][0-9]+", pointed):
            raise argparse.ArgumentTypeError(f"{text!r} has a comma. Write {pointed}, with a point") from None
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None


def whole_number(text: str) -> int:
    """A whole number of an option.

    Raises:
        ArgumentTypeError: it is none.
    """
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None


def given_path(text: str) -> Path:
    """A path of an option. An empty one, as a shell makes of a variable that is not set, would stand for the current
    folder with all that lies in it.

    Raises:
        ArgumentTypeError: it is empty.
    """
    if not text:
        raise argparse.ArgumentTypeError("the path is empty. Name a file or folder, or . for the current folder")
    return Path(text)


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add the options that make up `Settings`, and the references."""
    side = f"1 to {MAX_GRID}"
    parser.add_argument("--grid", type=whole_number, metavar="N", help=f"N x N tiles, {side} (default {DEFAULT_GRID})")
    for option, metavar, what in (("--rows", "R", "rows"), ("--cols", "C", "columns")):
        told = f"{what} of tiles, {side} (default {DEFAULT_GRID})"
        parser.add_argument(option, type=whole_number, metavar=metavar, help=told)
    _add_choice(
        parser,
        EngineName,
        "engine",
        f"what describes the tiles (default auto: the first of {', '.join(AUTO_ORDER)} that passes its self-test)",
    )
    _add_choice(
        parser,
        Scope,
        "scope",
        "what tiles are compared with: the same picture, known-good ones, or the others that are given (default self, "
        "or references where --references is given)",
    )
    parser.add_argument(
        "--references",
        nargs="+",
        type=given_path,
        default=[],
        metavar="PATH",
        help="known-good pictures, folders or ZIP files of them, up to the next option or --; implies --scope "
        "references",
    )
    _add_rule(parser)
    _add_ignored(parser)


def _add_choice(parser: argparse.ArgumentParser, kind: type[StrEnum], what: str, told: str) -> None:
    parser.add_argument(f"--{what}", type=one_of(kind, what), choices=list(kind), help=told)


def _add_rule(parser: argparse.ArgumentParser) -> None:
    _add_choice(
        parser,
        RuleName,
        "rule",
        "what makes flags and a verdict of scores (default auto: gate for a picture compared with itself, calibrated "
        "for one compared with others)",
    )
    parser.add_argument("--threshold", type=real_number, metavar="X", help="lowest score to flag, for --rule threshold")
    parser.add_argument(
        "--false-alarms",
        type=real_number,
        metavar="SHARE",
        help="share of clean pictures that may be flagged by mistake, for --rule gate and calibrated; less misses more "
        f"(default {DEFAULT_FALSE_ALARMS})",
    )
    parser.add_argument(
        "--expect-defective",
        type=real_number,
        metavar="SHARE",
        help="share of a batch that is expected to be defective, up to 0.5, for --scope batch; more calls more "
        f"(default {FEW_DEFECTIVE})",
    )


def _add_ignored(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--ignore",
        type=given_path,
        metavar="MASK",
        help="a mask that is white where nothing is to be looked at, as over a label: of any size with the pictures' "
        "proportions; it holds for all of them and for the known-good ones",
    )
    parser.add_argument(
        "--ignore-pixels",
        type=one_of(Polarity, "choice"),
        choices=list(Polarity),
        default=Polarity.ASK,
        help="which pixels of --ignore are ignored: what it marks, or its background (default ask: what it marks, and "
        "an error where that is nearly everything)",
    )


def add_output(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the options of what is written and said.

    Args:
        parser: the command's.
        what: what `--out` writes.
    """
    parser.add_argument("--out", type=given_path, metavar="DIR", help=f"write {what}")
    parser.add_argument(
        "--format",
        type=format_names,
        metavar="NAME,...",
        help=f"what --out DIR writes, of {', '.join(FormatName)} (default {', '.join(DEFAULT_FORMATS)})",
    )
    parser.add_argument(
        "--mm-per-pixel",
        type=real_number,
        metavar="X",
        help="how many millimetres a pixel is wide and high, for areas of segments in mm\u00b2",
    )
    parser.add_argument(
        "--csv-bom", action="store_true", help="begin CSV files with a byte order mark, for accents in Excel"
    )
    parser.add_argument(
        "-v",
        "--verbose",
        action="store_true",
        help="say of each file that was left out why, and of each picture what was assumed about it or done to it",
    )


def one_of(kind: type[N], what: str) -> Callable[[str], N]:
    """How an option that takes one of a few names reads it; others are refused with the names there are."""

    def read(text: str) -> N:
        try:
            return member(kind, text, what)
        except SettingsError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return read


def format_names(text: str) -> tuple[FormatName, ...]:
    """What `--format` says.

    Raises:
        ArgumentTypeError: there is no such format; names those there are.
    """
    try:
        return tuple(member(FormatName, name.strip().lower(), "format") for name in text.split(","))
    except SettingsError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def check_output(options: argparse.Namespace) -> None:
    """Refuse options of what is written where nothing is.

    Raises:
        SettingsError: one was given without `--out`, or a scale that is none.
    """
    for name, value in (("--format", options.format), ("--mm-per-pixel", options.mm_per_pixel)):
        if options.out is None and value is not None:
            raise SettingsError(f"{name} was given without --out", remedy="Name the folder to write to with --out DIR")
    check_scale(options.mm_per_pixel)


def read_settings(options: argparse.Namespace, plan: Plan | None = None) -> Settings:
    """The settings that the options ask for; what they leave open is as in the plan, or as usual without one.

    Raises:
        SettingsError: options that contradict each other or are out of range.
        InputError: the mask of regions to ignore cannot be read.
    """
    base = Settings() if plan is None else plan.applied
    if options.grid is not None and (options.rows is not None or options.cols is not None):
        raise SettingsError("--grid was given together with --rows or --cols", remedy="Give one or the other")
    scope = options.scope or (Scope.REFERENCES if options.references else base.scope)
    if options.references and scope is not Scope.REFERENCES:
        raise SettingsError(f"--references was given with --scope {scope}", remedy="Use --scope references")
    return Settings(
        grid=GridSize(
            _first(options.rows, options.grid, base.grid.rows), _first(options.cols, options.grid, base.grid.cols)
        ),
        engine=options.engine or base.engine,
        scope=scope,
        rule=_read_rule(options, base.rule),
        plan=base.plan,
        ignore=_read_ignored(options) if options.ignore is not None else base.ignore,
    )


def _read_rule(options: argparse.Namespace, base: Rule) -> Rule:
    name = options.rule or base.name
    if options.threshold is not None and name is not RuleName.THRESHOLD:
        raise SettingsError("--threshold was given without --rule threshold", remedy="Add --rule threshold")
    if name is RuleName.THRESHOLD and _first(options.threshold, base.threshold) is None:
        raise SettingsError("--rule threshold was given without --threshold", remedy="Add --threshold X, as 0.3")
    return Rule(
        name,
        threshold=_first(options.threshold, base.threshold) if name is RuleName.THRESHOLD else None,
        false_alarms=_first(options.false_alarms, base.false_alarms),
        expected_defective=_first(options.expect_defective, base.expected_defective),
    )


def _first(*values: Any) -> Any:
    """The first that was given."""
    return next((value for value in values if value is not None), None)


def _read_ignored(options: argparse.Namespace) -> Regions | None:
    path: Path = options.ignore
    try:
        data = path.read_bytes()
    except OSError as error:
        problem = f"it cannot be read ({error.strerror or error})"
        raise InputError(problem, remedy="Check the path given with --ignore", file=str(path)) from error
    regions, notes = read_regions(data, name=str(path), polarity=options.ignore_pixels)
    say_notes([f"Of the mask {path}: {note}." for note in notes])
    if regions is None:
        say_notes([f"The mask {path} marks nothing, so nothing is ignored."])
    return regions


def read_references(
    options: argparse.Namespace, choice: PageChoice = DEFAULT_PAGES, *, plan: OpenPlan | None = None
) -> tuple[list[SourceFile], list[LoadedImage]]:
    """The known-good pictures by their pages, and decoded; one that cannot be read is an error, since the answer would
    hang on it.

    Args:
        options: the command's.
        choice: which pages of files are taken; of those with one page, that one.
        plan: whose pictures are taken where the options name none.
    """
    if plan is not None and not options.references:
        parts = plan.bank_files(options.scope or plan.plan.settings.scope)
        return parts, [load_source(part) for part in parts]
    found = list_sources(options.references)
    say_notes(found.notes)
    pages = Pages(choice, (file.name for file in found.files), forgiving=True)
    parts = [page for file in found.files for page in pages.of(file)]
    images = [load_source(part) for part in parts]
    left_out = (*found.left_out, *pages.left_out)
    if left_out:
        how = ALL_PAGES if "page" in options else ""
        say_summary(f"{len(images)} references read", left_out, verbose=options.verbose, pages=how)
    parts = [replace(part, sha256=image.sha256) for part, image in zip(parts, images, strict=True)]
    allowed = [] if plan is None else plan.allowed_files()
    return [*parts, *allowed], [*images, *map(load_source, allowed)]


@contextmanager
def held_output(options: argparse.Namespace) -> Iterator[None]:
    """Hold the output folder, where one was named, so that no other command writes to it meanwhile.

    Raises:
        StorageError: another command does, or it cannot be written.
    """
    with ExitStack() as holding:
        if options.out is not None:
            busy = StorageError(
                "another command is writing to this folder",
                remedy="Wait until that is done, or choose another folder with --out",
                file=str(options.out),
            )
            with storage_errors(options.out):
                options.out.mkdir(parents=True, exist_ok=True)
                holding.enter_context(hold(options.out, busy))
        yield


@contextmanager
def run_writer(
    options: argparse.Namespace,
    settings: Settings,
    engine: str,
    version: str,
    left_out: Callable[[], Sequence[LeftOut]],
) -> Iterator[RunWriter | None]:
    """What writes the answers to the output folder, and last what was left out; None where no folder was named."""
    if options.out is None:
        yield None
        return
    run = Run(
        settings=settings,
        engine=engine,
        engine_version=version,
        mm_per_pixel=options.mm_per_pixel,
        bom=options.csv_bom,
    )
    with RunWriter(options.out, run, options.format or DEFAULT_FORMATS) as writer:
        yield writer
        for item in left_out():
            if item.maybe_picture:
                writer.add_left_out(item)


@contextmanager
def progress_bar(total: int) -> Iterator[tuple[tqdm[Never], Progress]]:
    """A progress bar on stderr where a person looks at it and there is more than one picture to wait for."""
    hidden = total < 2 or not sys.stderr.isatty()
    bar: tqdm[Never] = tqdm(total=total, unit=" pictures", file=sys.stderr, disable=hidden, dynamic_ncols=True)
    with bar:
        yield bar, lambda share, doing: bar.set_postfix_str(doing)


def record(writer: RunWriter, result: Answer | Failure) -> None:
    """Write one answer or failure."""
    if isinstance(result, Failure):
        writer.add_failure(result)
    else:
        writer.add(result.inspection, lambda: result.image)
