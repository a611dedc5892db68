"""The command `history`: finished inspections found again, shown, exported, deleted."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from segdetect.cli.ending import DONE, answering
from segdetect.cli.options import given_path, held_output, whole_number
from segdetect.cli.saying import say
from segdetect.errors import SettingsError
from segdetect.files import storage_errors, write_atomic
from segdetect.inspection import Inspection, Verdict
from segdetect.output.csv_files import CsvTable
from segdetect.output.tables import IMAGE_COLUMNS, TILE_COLUMNS, image_row, tiles_table
from segdetect.pictures.names import on_one_line
from segdetect.storage.history.entries import FAILED, Entry, Search, result_of
from segdetect.storage.history.history import History

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_LISTED: Final = 50
_VERDICTS: Final = (*Verdict, FAILED)
# Read from the database at a time, however many are asked for.
_AT_ONCE: Final = 500


def add_parser(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the others."""
    parser = commands.add_parser("history", help="list, show, export or delete inspections that were kept")
    parser.set_defaults(run=run)
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="list them, the newest first")
    listing.add_argument(
        "--limit", type=whole_number, default=_LISTED, metavar="N", help="so many at most (default %(default)s)"
    )
    showing = actions.add_parser("show", help="say all of one")
    showing.add_argument("id", type=whole_number, metavar="ID", help="its number, as listed")
    exporting = actions.add_parser("export", help="write them as JSON documents and CSV tables")
    exporting.add_argument("--out", type=given_path, required=True, metavar="DIR", help="where to")
    deleting = actions.add_parser("delete", help="delete them, with pictures that were kept")
    deleting.add_argument("--yes", action="store_true", help="delete all that are found, without their numbers")
    for action in (exporting, deleting):
        action.add_argument(
            "ids", nargs="*", type=whole_number, metavar="ID", help="their numbers; else all that are found"
        )
    for action in (listing, exporting, deleting):
        _add_search(action)
    for action in (listing, showing):
        action.add_argument("--json", action="store_true", help="print JSON")
    for action, work in ((listing, _list), (showing, _show), (exporting, _export), (deleting, _delete)):
        action.set_defaults(work=work)


def _add_search(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", default="", metavar="TEXT", help="whose name holds this, in whichever case")
    parser.add_argument(
        "--verdict",
        default="",
        type=verdict_name,
        metavar="WHICH",
        help=f"of this verdict: {', '.join(_VERDICTS)}",
    )
    parser.add_argument(
        "--since", type=moment, metavar="DATE", help="inspected then or later: 2026-11-30, or with a time"
    )
    parser.add_argument("--until", type=end_of, metavar="DATE", help="inspected then or earlier")
    parser.add_argument("--sha256", default="", metavar="DIGEST", help="whose digest begins so")
    parser.add_argument("--plan", default="", metavar="NAME", help="inspected by this plan")


def verdict_name(text: str) -> str:
    """What `--verdict` says.

    Raises:
        ArgumentTypeError: there is no such verdict; names those there are.
    """
    name = text.strip().lower()
    if name and name not in _VERDICTS:  # argparse reads the default, which is any, in the same way
        raise argparse.ArgumentTypeError(f"there is no verdict {text!r}. Choose one of {', '.join(_VERDICTS)}.")
    return name


def moment(text: str) -> datetime:
    """A date or time as a person writes it, in the time zone of this machine unless it names one.

    Raises:
        ArgumentTypeError: it is none.
    """
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError, OSError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no date, such as 2026-11-30 or 2026-11-30T15:04") from error


def end_of(text: str) -> datetime:
    """The same; of a date the end of that day."""
    begin = moment(text)
    return begin + timedelta(days=1) if len(text) <= len("2026-11-30") else begin


def run(options: argparse.Namespace) -> int:
    """Run the command and return its exit code.

    Raises:
        SegDetectError: wrong options, an entry that there is not, or a history that cannot be read or written.
    """
    options.work(History(), options)
    return DONE


def _search(options: argparse.Namespace) -> Search:
    names = ("name", "verdict", "since", "until", "sha256", "plan")
    search = Search(**{name: getattr(options, name) for name in names})
    if search != Search() and getattr(options, "ids", None):
        raise SettingsError("both numbers and a search were given", remedy="Give one or the other")
    return search


def _list(history: History, options: argparse.Namespace) -> None:
    search = _search(options)
    if options.limit < 1:
        raise SettingsError("--limit is below 1", remedy="Give a number from 1 on")
    count = 0
    for entry in _found(history, search, options.limit):
        count += 1
        with answering():
            print(json.dumps(_record(entry)) if options.json else _line(entry))
    more = history.count(search) - count
    if more > 0:
        say(f"{more} more in the history (--limit N lists more of them).")
    elif not count:
        say("nothing is in the history yet." if search == Search() else "nothing in the history is like that.")


def _found(history: History, search: Search, most: int | None = None) -> Iterator[Entry]:
    """Entries that are asked for, read a page at a time."""
    after = None
    while most is None or most > 0:
        page = history.find(search, after=after, count=min(_AT_ONCE, most or _AT_ONCE))
        yield from page
        if not page:
            return
        after = page[-1].place
        most = None if most is None else most - len(page)


def _record(entry: Entry) -> dict[str, Any]:
    names = (
        *("id", "run", "run_name", "image", "sha256", "page", "engine", "verdict", "reason", "flagged", "highest"),
        *("threshold", "seconds", "plan", "plan_version", "has_picture"),
    )
    width, height = entry.size_wh
    sized = {"width": width, "height": height, "created": entry.created.isoformat()}
    return {**{name: getattr(entry, name) for name in names}, **sized}


def _line(entry: Entry) -> str:
    flagged = f", {entry.flagged} flagged" if entry.flagged else ""
    what = f"{entry.verdict}{flagged}"
    return f"{entry.id:>8}  {entry.created.astimezone():%Y-%m-%d %H:%M}  {what:<24}  {on_one_line(entry.image)}"


def _check_there(history: History, numbers: Sequence[int]) -> None:
    if absent := history.absent(dict.fromkeys(numbers)):
        told = ", ".join(map(str, absent))
        raise SettingsError(f"not in the history: {told}", remedy="`segdetect history list` has those that are")


def _show(history: History, options: argparse.Namespace) -> None:
    _check_there(history, [options.id])
    entry, document = history.entry(options.id), history.document(options.id)
    if options.json:
        with answering():
            print(json.dumps(document))
        return
    result = result_of(document)
    lines = {
        "picture": entry.image,
        "SHA-256": entry.sha256,
        "inspected": f"{entry.created.astimezone():%Y-%m-%d %H:%M:%S}, in the run {entry.run_name}",
        "verdict": entry.verdict,
        "why": entry.reason,
    }
    if isinstance(result, Inspection):
        settings = result.settings
        tiles = " ".join(str(tile) for tile in sorted(result.flagged_tiles))
        lines |= {
            "flagged": f"{entry.flagged} of {len(result.scores.scores)} tiles" + (f": {tiles}" if tiles else ""),
            "scores": f"up to {entry.highest:.4g}, threshold "
            + ("none" if entry.threshold is None else f"{entry.threshold:.4g}"),
            "settings": f"{settings.grid} tiles, scope {settings.scope}, rule {settings.rule.name.value}",
            "engine": result.engine_version,
            "plan": "none" if settings.plan is None else str(settings.plan),
            "notes": " ".join(result.notes) or "none",
        }
    lines["kept"] = "the picture, too" if entry.has_picture else "without the picture"
    with answering():
        for name, text in lines.items():
            print(f"{name:<10} {on_one_line(text)}")


def _export(history: History, options: argparse.Namespace) -> None:
    folder: Path = options.out
    # Before anything is written: half of what was asked for would look like all of it.
    _check_there(history, options.ids)
    count = 0
    with held_output(options), storage_errors(folder), ExitStack() as tables:
        images = tables.enter_context(CsvTable(folder / "images.csv", IMAGE_COLUMNS))
        tiles = tables.enter_context(CsvTable(folder / "tiles.csv", TILE_COLUMNS))
        for number in _chosen(history, options):
            document = history.document(number)
            result = result_of(document)
            write_atomic(folder / f"{number}.json", json.dumps(document).encode() + b"\n")
            images.append(pd.DataFrame([image_row(result)], columns=list(IMAGE_COLUMNS)))
            if isinstance(result, Inspection):
                tiles.append(tiles_table(result))
            count += 1
    say(f"{count} exported to {folder}.")


def _chosen(history: History, options: argparse.Namespace) -> Iterator[int]:
    """The numbers that were given, or those of all that are found."""
    search = _search(options)
    return iter(options.ids) if options.ids else (entry.id for entry in _found(history, search))


def _delete(history: History, options: argparse.Namespace) -> None:
    search = _search(options)
    if options.ids:
        absent = history.absent(dict.fromkeys(options.ids))
        gone = history.delete(options.ids)
        if not gone:
            raise SettingsError("none of these numbers is in the history", remedy="`segdetect history list` has those")
        if absent:
            say(f"not in the history: {', '.join(map(str, absent))}. `segdetect history list` has those that are.")
    elif not options.yes:
        raise SettingsError(f"{history.count(search)} would be deleted", remedy="Add --yes to delete them")
    else:
        gone = history.delete_found(search)
    say(f"{gone} deleted.")
