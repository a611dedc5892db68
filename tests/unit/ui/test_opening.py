"""Settings of whatever origin can be opened on the Inspect page."""

from __future__ import annotations

import pytest

from segdetect.settings import Rule, RuleName, Scope, Settings
from segdetect.ui.shared.controls import FALSE_ALARMS, RULE_LABELS
from segdetect.ui.shared.opening import address_of, as_controls


@pytest.mark.parametrize("rule", RuleName)
@pytest.mark.parametrize("scope", Scope)
def test_controls_have_what_they_are_set_to(rule: RuleName, scope: Scope) -> None:
    threshold = 0.25 if rule is RuleName.THRESHOLD else None
    settings = as_controls(Settings(scope=scope, rule=Rule(rule, threshold=threshold, false_alarms=0.07)))
    assert settings.rule.name in RULE_LABELS
    assert settings.rule.false_alarms in FALSE_ALARMS
    assert settings.rule.threshold == threshold
    # There are no other pictures yet.
    assert settings.scope is (Scope.SELF if scope is Scope.BATCH else scope)
    assert address_of(settings)["rule"] == RULE_LABELS[settings.rule.name]
