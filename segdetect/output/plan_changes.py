"""What differs between two versions of a plan, in the user's words."""

from __future__ import annotations

from segdetect.message import Message
from segdetect.output.changes import Change
from segdetect.regions import Regions
from segdetect.storage.plans.plan import Plan


def plan_changes(before: Plan, after: Plan) -> list[Change]:
    """What is not as it was: settings, pictures, and what is said of them."""
    old, new = _facts(before), _facts(after)
    found = [Change(what, old[what], new[what]) for what in old if old[what] != new[what]]
    return [*found, *_good_changes(before, after), *_allowed_changes(before, after)]


def _facts(plan: Plan) -> dict[str, str | float | None]:
    settings, rule = plan.settings, plan.settings.rule
    return {
        "grid": str(settings.grid),
        "engine": settings.engine.value,
        "compared with": settings.scope.value,
        "rule": rule.name.value,
        "threshold": rule.threshold,
        "false alarms allowed": rule.false_alarms,
        "expected to be defective": rule.expected_defective,
        "mm a pixel": plan.mm_per_pixel,
        "regions to ignore": "none" if settings.ignore is None else _told(settings.ignore),
        "labels": ", ".join(plan.labels) or "none",
        "notes": plan.notes or "none",
    }


def _told(ignored: Regions) -> str:
    # Two masks may ignore as much of the picture, and not the same.
    return Message("{share:.1%} of the picture (mask {mask}...)", share=ignored.share, mask=ignored.sha256[:8])


def _allowed_changes(before: Plan, after: Plan) -> list[Change]:
    def told(plan: Plan, other: Plan) -> list[str]:
        return [one.name for one in plan.allowed if not any(map(one.is_same, other.allowed))]

    gone, come = told(before, after), told(after, before)
    if not gone and not come:
        return []
    named = [*(f"without one in {name}" for name in gone), *(f"with one in {name}" for name in come)]
    return [Change("allowed places", str(len(before.allowed)), f"{len(after.allowed)}: {', '.join(named)}")]


def _good_changes(before: Plan, after: Plan) -> list[Change]:
    old, new = ({one.identity: one.name for one in plan.good} for plan in (before, after))
    gone = [name for identity, name in old.items() if identity not in new]
    come = [name for identity, name in new.items() if identity not in old]
    if not gone and not come:
        return []
    told = [*(f"without {name}" for name in gone), *(f"with {name}" for name in come)]
    return [Change("known-good pictures", str(len(old)), f"{len(new)}: {', '.join(told)}")]
