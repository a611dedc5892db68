"""What commands share about inspection plans."""

from __future__ import annotations

import argparse
from pathlib import Path

from segdetect.cli.saying import say
from segdetect.errors import NotKeptError, SettingsError
from segdetect.settings import Scope, Settings
from segdetect.storage.plans.conversion import convert
from segdetect.storage.plans.opened import OpenPlan
from segdetect.storage.plans.plans import Plans
from segdetect.storage.plans.segplan import SUFFIX, open_segplan


def add_plan(parser: argparse.ArgumentParser) -> None:
    """Add the option that names a plan."""
    parser.add_argument(
        "--plan",
        metavar="NAME|FILE",
        help="inspect by this plan, kept here or exported to a file; options that are given beat what it says",
    )


def kept_plans() -> Plans:
    """The plans of this machine; what former versions kept is among them."""
    plans = Plans()
    for trouble in convert(plans):
        say(str(trouble))
    return plans


def opened_plan(options: argparse.Namespace) -> OpenPlan | None:
    """The plan that the options name; None where they name none.

    Raises:
        SegDetectError: there is none, or it cannot be read.
    """
    if options.plan is None:
        return None
    file = Path(options.plan)
    is_export = file.suffix.lower() == SUFFIX
    if is_export and file.is_file():
        return open_segplan(file).opened
    plans = kept_plans()
    known = any(plan.name == options.plan for plan in plans.kept().whole)
    if is_export and not known:
        problem = "there is no such file, and no plan of this name is kept"
        raise NotKeptError(problem, remedy="Check the path for typing errors", file=options.plan)
    return open_segplan(file).opened if not known and file.is_file() else plans.open(options.plan)


def take_scale(options: argparse.Namespace, plan: OpenPlan | None) -> None:
    """Let the options have the plan's millimetres a pixel, where they write files and name none."""
    if plan is not None and options.out is not None and options.mm_per_pixel is None:
        options.mm_per_pixel = plan.plan.mm_per_pixel


def check_good(settings: Settings, options: argparse.Namespace, plan: OpenPlan | None) -> None:
    """Refuse to compare with known-good pictures where there are none.

    Raises:
        SettingsError: there are none.
    """
    if settings.scope is not Scope.REFERENCES or options.references:
        return
    if plan is None:
        raise SettingsError("--scope references needs known-good pictures", remedy="Give them with --references PATH")
    if not plan.plan.good:
        raise SettingsError(
            "this plan compares with known-good pictures, and has none yet",
            remedy="Give them with --references PATH",
            file=plan.plan.name,
        )
