"""The command `plan`: inspection plans made, listed, shown, exported, imported, deleted and restored."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Final

from segdetect.cli.ending import DONE, answering
from segdetect.cli.options import add_settings, given_path, read_references, read_settings, real_number, whole_number
from segdetect.cli.plans import kept_plans
from segdetect.cli.saying import say
from segdetect.engines.registry import default_engines
from segdetect.errors import SettingsError
from segdetect.files import storage_errors, write_atomic
from segdetect.message import counted
from segdetect.pictures.isolation import warm_up
from segdetect.pictures.loading import LoadedImage
from segdetect.pictures.names import on_one_line
from segdetect.regions import Regions
from segdetect.runs.successors import ending, hint
from segdetect.settings import Rule, RuleName, Scope
from segdetect.storage.plans.plan import GoodPicture, Plan, plan_name, plan_record
from segdetect.storage.plans.plans import KEPT_DELETED, Plans
from segdetect.storage.plans.segplan import open_segplan, write_segplan

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_SHOWN_DIGITS: Final = 16


def add_parser(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the others."""
    parser = commands.add_parser("plan", help="make, list, show, export, import, delete or restore inspection plans")
    parser.set_defaults(run=run)
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    making = actions.add_parser("make", help="make one, or with --update a new version of one")
    listing = actions.add_parser("list", help="list them")
    showing = actions.add_parser("show", help="say all of one")
    exporting = actions.add_parser("export", help="write one with its pictures to a file")
    importing = actions.add_parser("import", help="keep the plan that is in a file")
    deleting = actions.add_parser("delete", help=f"delete one; restore takes it back for {KEPT_DELETED.days} days")
    restoring = actions.add_parser("restore", help="take a deletion back")
    for action in (making, showing, exporting, deleting, restoring):
        action.add_argument("name", metavar="NAME", help="the plan's name")
    _add_making(making)
    for action in (exporting, importing):
        action.add_argument("file", type=given_path, metavar="FILE", help="the file, as gasket.segplan")
    importing.add_argument("--name", metavar="NAME", help="keep it under this name (default: its own)")
    deleting.add_argument("--for-good", action="store_true", help="at once and with its pictures: nothing restores it")
    for action in (showing, exporting):
        action.add_argument("--version", type=whole_number, metavar="N", help="this version of it (default: the last)")
    for action in (listing, showing):
        action.add_argument("--json", action="store_true", help="print JSON")
    works = (_make, _list, _show, _export, _import, _delete, _restore)
    every = (making, listing, showing, exporting, importing, deleting, restoring)
    for action, work in zip(every, works, strict=True):
        action.set_defaults(work=work)


def _add_making(parser: argparse.ArgumentParser) -> None:
    add_settings(parser)
    parser.add_argument(
        "--mm-per-pixel", type=real_number, metavar="X", help="how many millimetres a pixel is wide and high"
    )
    parser.add_argument(
        "--label",
        action="append",
        default=[],
        metavar="TEXT",
        help="what a reviewer may call a mark; may be given several times",
    )
    parser.add_argument("--notes", metavar="TEXT", help="for whoever uses it")
    parser.add_argument(
        "--update",
        action="store_true",
        help="make a new version of the plan of this name; what is not given stays as it is",
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="say of each file that was left out why")


def run(options: argparse.Namespace) -> int:
    """Run the command and return its exit code.

    Raises:
        SegDetectError: wrong options, a plan that there is not, or one that cannot be read or written.
    """
    options.work(kept_plans(), options)
    return DONE


def _make(plans: Plans, options: argparse.Namespace) -> None:
    warm_up()
    former = plans.get(options.name) if options.update else None
    plan = Plan(name=options.name) if former is None else former
    pictures: dict[str, bytes] = {}
    plan = replace(plan, settings=read_settings(options, plan))
    if options.references:
        plan = replace(plan, good=_good(options, pictures, plan.settings.ignore), picture="")
    elif former is not None and options.ignore is not None:
        _check_fits(plan.settings.ignore, read_references(options, plan=plans.opened(former))[1])
    given = {"mm_per_pixel": options.mm_per_pixel, "labels": tuple(options.label) or None, "notes": options.notes}
    plan = replace(plan, **{name: value for name, value in given.items() if value is not None})
    if plan.lacks_good:
        raise SettingsError("there are no known-good pictures", remedy="Give them with --references PATH")
    try:
        kept = plans.keep(plan, pictures)
    except SettingsError as error:
        remedy = "Choose another name, or add --update to make a new version of it"
        raise SettingsError(error.problem, remedy=remedy, file=error.file) from error
    say(f"{_called(kept)} has {_count(kept)}.")


def _good(options: argparse.Namespace, pictures: dict[str, bytes], ignored: Regions | None) -> tuple[GoodPicture, ...]:
    files, images = read_references(options)
    _check_fits(ignored, images)
    pictures |= {file.sha256: file.data() for file in files}
    return tuple(GoodPicture(file.name, file.sha256, file.page) for file in files)


def _check_fits(ignored: Regions | None, good: Sequence[LoadedImage]) -> None:
    """Refuse what a plan ignores where it fits not all known-good pictures: each inspection by it would fail."""
    for image in good:
        if ignored is not None:
            ignored.check(image.size_wh, name=image.name)


def _list(plans: Plans, options: argparse.Namespace) -> None:
    found = plans.kept()
    with answering():
        for plan in found.whole:
            print(json.dumps(plan_record(plan)) if options.json else _line(plan))
    for damaged in found.damaged:
        say(str(damaged.error))
    if not found.whole:
        say("there is no plan yet. `segdetect plan make NAME --references PATH` makes one.")


def _line(plan: Plan) -> str:
    settings = plan.settings
    what = f"{settings.grid} tiles, {settings.engine}, scope {settings.scope}, {_count(plan)}"
    return f"{on_one_line(plan.name):<32}  version {plan.version:<4}  {what}"


def _show(plans: Plans, options: argparse.Namespace) -> None:
    plan = plans.get(options.name, options.version)
    if options.json:
        with answering():
            print(json.dumps(plan_record(plan)))
        return
    with answering():
        for name, text in _lines(plan, [one.version for one in plans.versions(options.name)]).items():
            print(f"{name:<11} {text if name == 'notes' else on_one_line(text)}")


def _lines(plan: Plan, versions: list[int]) -> Mapping[str, str]:
    settings, rule = plan.settings, plan.settings.rule
    lines = {
        "plan": plan.name,
        "version": f"{plan.version} of {', '.join(map(str, versions))}, "
        f"made {plan.created.astimezone():%Y-%m-%d %H:%M}",
        "grid": f"{settings.grid} tiles",
        "engine": settings.engine.value,
        "scope": settings.scope.value,
        "rule": ", ".join(_rule(rule, settings.scope)),
        "known-good": ", ".join(f"{one.name} ({one.sha256[:_SHOWN_DIGITS]}...)" for one in plan.good) or "none",
        "allowed": ", ".join(dict.fromkeys(one.name for one in plan.allowed)) or "no places",
        "ignored": f"{settings.ignore.share:.1%} of the picture" if settings.ignore is not None else "nothing",
        "scale": "not known" if plan.mm_per_pixel is None else f"{plan.mm_per_pixel:.4g} mm a pixel",
        "labels": ", ".join(plan.labels) or "none",
    }
    return lines | ({"notes": plan.notes} if plan.notes else {}) | _ending(plan)


def _rule(rule: Rule, scope: Scope) -> Iterator[str]:
    yield rule.name
    if rule.threshold is not None:
        yield f"threshold {rule.threshold:.4g}"
    if rule.name in (RuleName.AUTO, RuleName.GATE, RuleName.CALIBRATED):
        yield f"{100 * rule.false_alarms:.3g} false alarms in 100 clean pictures allowed"
    if scope is Scope.BATCH:
        yield f"{100 * rule.expected_defective:.3g} of 100 pictures expected to be defective"


def _ending(plan: Plan, today: date | None = None) -> dict[str, str]:
    """What to know where the plan's engine stops soon, or has."""
    day = today or date.today()
    expiry = ending(default_engines(), plan, day)
    if expiry is None:
        return {}
    return {"ending": f"{hint(plan, expiry, day)} The Plans page shows another engine beside it, and switches."}


def _export(plans: Plans, options: argparse.Namespace) -> None:
    if options.file.is_dir():
        raise SettingsError(
            "it is a folder, not a file to write",
            remedy="Add the file's name, as gasket.segplan",
            file=str(options.file),
        )
    opened = plans.open(options.name, options.version)
    with storage_errors(options.file.parent):
        write_atomic(options.file, write_segplan(opened))
    say(f"{_called(opened.plan)} is in {options.file}.")


def _import(plans: Plans, options: argparse.Namespace) -> None:
    found = open_segplan(options.file)
    plan = found.plan
    if options.name is not None and plan_name(options.name) != plan.name:
        plan = replace(plan, name=options.name, version=0)
    try:
        kept = plans.put(plan, found.pictures)
    except SettingsError as error:
        raise SettingsError(error.problem, remedy="Add --name with another name", file=error.file) from error
    say(f"{_called(kept)} has {_count(kept)}.")


def _delete(plans: Plans, options: argparse.Namespace) -> None:
    plans.delete(options.name, for_good=options.for_good)
    back = "" if options.for_good else f"; `segdetect plan restore` takes that back for {KEPT_DELETED.days} days"
    say(f"the plan {options.name} was deleted{back}.")


def _restore(plans: Plans, options: argparse.Namespace) -> None:
    was_deleted = plan_name(options.name) in [plan.name for plan in plans.deleted()]
    kept = _called(plans.restore(options.name))
    say(f"{kept} is there again." if was_deleted else f"{kept} is there: nobody has deleted it.")


def _called(plan: Plan) -> str:
    return f"the plan {plan.name}, version {plan.version},"


def _count(plan: Plan) -> str:
    return counted(len(plan.good), "known-good picture")
