"""The command `watch`: each new picture in a folder, inspected by a plan as it comes."""

from __future__ import annotations

import argparse
import json
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from segdetect.cli.ending import answering
from segdetect.cli.options import given_path, real_number
from segdetect.cli.plans import opened_plan
from segdetect.cli.saying import say, say_notes
from segdetect.errors import SettingsError
from segdetect.inspection import Failure
from segdetect.pictures.names import on_one_line
from segdetect.pipeline import Inspector
from segdetect.progress import Progress
from segdetect.runs.watching.arrivals import POLL_SECONDS
from segdetect.runs.watching.calls import Call
from segdetect.runs.watching.inspecting import Picture
from segdetect.runs.watching.watch import Watch
from segdetect.runs.watching.webhook import HOSTS_VARIABLE
from segdetect.runs.watching.wishes import Wish
from segdetect.storage.history.history import History, is_on

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_parser(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the others."""
    parser = commands.add_parser("watch", help="inspect each new picture of a folder by a plan, as it comes")
    parser.add_argument("folder", type=given_path, metavar="FOLDER", help="what is watched, with the folders in it")
    parser.add_argument(
        "--plan",
        required=True,
        metavar="NAME|FILE",
        help="a plan, kept here or exported to a file; it says the engine, the grid and all else",
    )
    parser.add_argument("--out", type=given_path, metavar="DIR", help="write what `inspect --out` writes, as it comes")
    parser.add_argument(
        "--move-to",
        type=given_path,
        metavar="DIR",
        help="move each file there when it is done with, also one that failed",
    )
    parser.add_argument(
        "--webhook",
        default="",
        metavar="URL",
        help="post a small JSON value for each picture, to this machine or to one that "
        f"{HOSTS_VARIABLE} names (host or host:port, with commas between several)",
    )
    parser.add_argument(
        "--poll",
        type=real_number,
        metavar="SECONDS",
        help="search the folder so often; on network drives that is every "
        f"{POLL_SECONDS:g} seconds, else the system says what comes",
    )
    parser.add_argument("--json", action="store_true", help="print a line of JSON for each picture, for programs")
    parser.add_argument("--no-history", action="store_true", help="keep nothing in the history")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> NoReturn:
    """Run the command until it is stopped.

    Raises:
        SegDetectError: wrong options, an engine that cannot run, or an output that cannot be written.
    """
    plan = opened_plan(options)
    assert plan is not None
    wish = Wish(
        folder=options.folder,
        plan=plan,
        out=options.out,
        move_to=options.move_to,
        webhook=options.webhook,
        poll=options.poll,
    )
    watch = Watch(wish, Inspector(), history=_history(options), tell=partial(_tell, as_json=options.json), say=say)
    say_notes(watch.engine_notes)
    began = f"{options.folder} is watched by the plan {plan.plan.name}, version {plan.plan.version}. Ctrl-C ends it."
    watch.run(_said_once(began))
    raise AssertionError("it watches until it is stopped")


def _said_once(text: str) -> Progress:
    """Says it as soon as there is progress: when it is true."""
    left = [text]

    def said(share: float, doing: str) -> None:
        while left:
            say(left.pop())

    return said


def _tell(picture: Picture, *, as_json: bool) -> None:
    with answering():
        print(_json(picture) if as_json else _line(picture))


def _json(picture: Picture) -> str:
    """All that is known of a picture, and what is called out."""
    return json.dumps({"call": picture.call.value, **picture.document})


def _line(picture: Picture) -> str:
    """What is called out, of which picture, and why."""
    why = "" if picture.call is Call.OK else f": {_reason(picture)}"
    return on_one_line(f"{picture.call.value} {picture.result.image}{why}")


def _reason(picture: Picture) -> str:
    """Why, on one line, without the name that stands before it already."""
    said, result = picture.reason, picture.result
    if isinstance(result, Failure):
        said = said.removeprefix(f"{result.image}: ")
    return " ".join(said.split())


def _history(options: argparse.Namespace) -> History | None:
    if options.no_history or not is_on():
        return None
    try:
        return History()
    except SettingsError as error:
        say(f"not kept in the history: {error}")
        return None
