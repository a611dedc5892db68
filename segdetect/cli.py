"""The command line: `python -m segdetect inspect | evaluate | engines`."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path

from segdetect import __version__, cli_evaluate
from segdetect.batch import Answer, inspect_files
from segdetect.cli_options import (
    DONE,
    INTERRUPTED,
    SOME_FAILED,
    WRONG_USE,
    add_settings,
    load_references,
    progress_bar,
    read_settings,
    record,
    run_writer,
)
from segdetect.engines.registry import AUTO_ORDER, choose_engine, default_engines
from segdetect.errors import EngineUnavailableError, SegDetectError, SettingsError
from segdetect.export import Failure
from segdetect.inspection import Inspection
from segdetect.pipeline import Inspector
from segdetect.settings import EngineName, Scope
from segdetect.sources import read_sources


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 some pictures failed, 2 wrong use."""
    options = _parser().parse_args(arguments)
    # A picture's name may hold what the terminal cannot show; it is spelt out, as Python does on stderr.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        return int(options.run(options))
    except SegDetectError as error:
        print(f"segdetect: {error}", file=sys.stderr)
        return WRONG_USE
    except KeyboardInterrupt:
        print("segdetect: stopped. What was done so far is in the output folder.", file=sys.stderr)
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="segdetect", description="Where in this picture is something wrong?")
    parser.add_argument("--version", action="version", version=f"segdetect {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    inspect = commands.add_parser("inspect", help="inspect pictures, folders or ZIP files")
    inspect.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a picture, a folder or a ZIP file")
    add_settings(inspect)
    inspect.add_argument("--out", type=Path, metavar="DIR", help="write tiles.csv, images.csv, annotated pictures, ...")
    inspect.set_defaults(run=_inspect)
    cli_evaluate.add_parser(commands)
    engines = commands.add_parser("engines", help="say which engines can run here, and why others cannot")
    engines.set_defaults(run=_engines)
    return parser


def _inspect(options: argparse.Namespace) -> int:
    settings = read_settings(options)
    if settings.scope is Scope.REFERENCES and not options.references:
        raise SettingsError("--scope references needs known-good pictures", remedy="Give them with --references PATH")
    files = list(read_sources(options.paths))
    if not files:
        raise SettingsError("no pictures were found", remedy="Name a picture, or a folder or ZIP file that holds some")
    references = load_references(options.references)
    inspector = Inspector()
    engine, notes = choose_engine(inspector.engines, settings.engine)
    if settings.engine is EngineName.AUTO:
        notes = (*notes, f"auto took the engine {engine.name}, the first that passed its self-test.")
    for note in notes:
        print(f"segdetect: {note}", file=sys.stderr)
    failures = 0
    with (
        run_writer(options.out, settings, engine.name, engine.version) as writer,
        progress_bar(len(files)) as (bar, progress),
    ):
        answers = inspect_files(inspector, files, settings, references=references, progress=progress)
        for result in answers:
            failures += isinstance(result, Failure)
            bar.write(_line(result), file=sys.stderr if isinstance(result, Failure) else sys.stdout)
            bar.update()
            if writer is not None:
                record(writer, result)
    return SOME_FAILED if failures else DONE


def _line(result: Answer | Failure) -> str:
    """What is printed of one picture."""
    if isinstance(result, Failure):
        return f"segdetect: {result.error}" if result.error.file else f"segdetect: {result.image}: {result.error}"
    inspection: Inspection = result.inspection
    tiles = " ".join(str(tile) for tile in sorted(inspection.flagged_tiles))
    verdict = inspection.decision.verdict.value
    return f"{inspection.image}: {verdict}" + (f", flagged tiles {tiles}" if tiles else "")


def _engines(options: argparse.Namespace) -> int:
    engines = default_engines()
    working = []
    for name in AUTO_ORDER:
        try:
            engines[name].check()
        except EngineUnavailableError as error:
            print(f"{name:10}cannot run: {error}")
        else:
            working.append(name)
            print(f"{name:10}ready, {engines[name].version}")
    if working:
        print(f"{'auto':10}means {working[0]} here")
    return DONE if working else SOME_FAILED
