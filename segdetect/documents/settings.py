"""Settings as JSON values, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from segdetect.documents.checked import number, text, whole
from segdetect.regions import read_regions_record
from segdetect.settings import FEW_DEFECTIVE, EngineName, GridSize, PlanVersion, Rule, RuleName, Scope, Settings


def settings_record(settings: Settings) -> dict[str, Any]:
    """Settings as JSON values."""
    rule = settings.rule
    return {
        "rows": settings.grid.rows,
        "cols": settings.grid.cols,
        "engine": settings.engine.value,
        "scope": settings.scope.value,
        "rule": rule.name.value,
        "threshold": rule.threshold,
        "false_alarms": rule.false_alarms,
        "expected_defective": rule.expected_defective,
        "plan": None if settings.plan is None else {"name": settings.plan.name, "version": settings.plan.version},
        "ignore": None if settings.ignore is None else settings.ignore.record(),
    }


def read_settings(record: Mapping[str, Any]) -> Settings:
    """What `settings_record` made.

    Raises:
        SettingsError, ValueError, TypeError, LookupError: it is something else.
    """
    threshold = None if record["threshold"] is None else number(record["threshold"])
    rule = Rule(
        RuleName(record["rule"]),
        threshold=threshold,
        false_alarms=number(record["false_alarms"]),
        # Documents and presets from before it could be chosen are of this share.
        expected_defective=number(record.get("expected_defective", FEW_DEFECTIVE)),
    )
    return Settings(
        grid=GridSize(whole(record["rows"]), whole(record["cols"])),
        engine=EngineName(record["engine"]),
        scope=Scope(record["scope"]),
        rule=rule,
        plan=_read_plan(record.get("plan")),
        # Nothing was ignored in those from before it could be chosen.
        ignore=read_regions_record(record.get("ignore")),
    )


def _read_plan(record: Mapping[str, Any] | None) -> PlanVersion | None:
    return None if record is None else PlanVersion(text(record["name"]), whole(record["version"]))
