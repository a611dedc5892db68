"""What takes the place of an engine that stops of itself, and what becomes of a plan then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from segdetect.engines.base import Engine
from segdetect.engines.expiry import Expiring, Expiry
from segdetect.engines.registry import AUTO_ORDER
from segdetect.errors import EngineUnavailableError
from segdetect.message import Message
from segdetect.settings import EngineName, RuleName
from segdetect.storage.plans.plan import Plan

# What these flag by is a score, or a share of pairs, of the engine that the plan was made with.
_OF_ITS_SCALE: Final = frozenset({RuleName.THRESHOLD, RuleName.STOCK})


def ending(engines: Mapping[EngineName, Engine], plan: Plan, today: date) -> Expiry | None:
    """When the engine that a plan is inspected by stops, where that is near or past; else None.

    Args:
        engines: the engines by name.
        plan: names one of them, or leaves the choice open, which takes the first that runs.
        today: the day that is counted from.
    """
    wanted = plan.settings.engine
    engine = engines[next(iter(AUTO_ORDER)) if wanted is EngineName.AUTO else wanted]
    expiry = engine.expiry if isinstance(engine, Expiring) else None
    is_told = expiry is not None and (expiry.is_near(today) or expiry.days_left(today) <= 0)
    return expiry if is_told else None


def successor(engines: Mapping[EngineName, Engine]) -> EngineName | None:
    """What takes the place of the engine that stops: the next of those that `auto` tries; None where none runs."""
    for name in AUTO_ORDER[1:]:
        try:
            engines[name].check()
        except EngineUnavailableError:
            continue
        return name
    return None


def switched(plan: Plan, to: EngineName) -> Plan:
    """A plan with another engine in place of its own; a rule on the former one's scale becomes the automatic one."""
    rule = plan.settings.rule
    if rule.name in _OF_ITS_SCALE:
        rule = replace(rule, name=RuleName.AUTO, threshold=None)
    return replace(plan, settings=replace(plan.settings, engine=to, rule=rule))


def hint(plan: Plan, expiry: Expiry, today: date) -> Message:
    """What whoever uses a plan should know of the end of its engine, in sentences."""
    is_over = expiry.days_left(today) <= 0
    asks = "The plan leaves the choice open" if plan.settings.engine is EngineName.AUTO else "The plan asks for it"
    then = (
        "answers are by another engine" if plan.settings.engine is EngineName.AUTO else "nothing can be inspected by it"
    )
    return Message(
        "{sentence}. {asks}: {since} {then}. Scores of another engine are on another scale, so neither thresholds nor "
        "scores carry over.",
        sentence=expiry.sentence(today),
        asks=asks,
        since="since then" if is_over else "from then on",
        then=then,
    )
