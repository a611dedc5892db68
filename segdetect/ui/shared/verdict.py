"""The first thing the eye meets: what is said of the picture; and why, one click further."""

from __future__ import annotations

from typing import Final

import streamlit as st

from segdetect.inspection import Inspection, Verdict
from segdetect.message import counted
from segdetect.output.sentences import lead
from segdetect.settings import EngineName, RuleName, Scope
from segdetect.storage.history.entries import FAILED
from segdetect.ui.shared.locale import localized, number
from segdetect.ui.shared.page import part
from segdetect.ui.shared.texts import dotted, escaped, plain

COMPARED_WITH: Final = {
    Scope.SELF: "compared with itself",
    Scope.REFERENCES: "compared with {count} known-good",
    Scope.BATCH: "compared with {count} other pictures",
}
WANTED: Final = {
    Scope.REFERENCES: "Add known-good pictures in the sidebar: one is enough to start, three to ten make the verdict "
    "reliable.",
    Scope.BATCH: "Drop in more pictures of the same kind.",
}
# Never colour alone: each verdict has a sign of its own, and so has what failed.
SIGNS: Final = {
    Verdict.NORMAL.value: "✓",
    Verdict.SUSPICIOUS.value: "△",
    Verdict.ANOMALOUS.value: "⬢",
    Verdict.CANNOT_TELL.value: "?",
    FAILED: "✕",
}
# What a person is to look at first.
WORST_FIRST: Final = (
    *(Verdict.ANOMALOUS.value, Verdict.SUSPICIOUS.value, Verdict.CANNOT_TELL.value),
    *(FAILED, Verdict.NORMAL.value),
)


def signed(verdict: str) -> str:
    """A verdict with its sign."""
    return f"{SIGNS.get(verdict, '')} {verdict}"


def facts_line(inspection: Inspection) -> str:
    """Engine, grid, comparison, rule and time, in one line."""
    asked = "auto: " if inspection.settings.engine is EngineName.AUTO else ""
    count = len(inspection.scores.sources) - 1
    compared = COMPARED_WITH[inspection.scope].format(count=count)
    seconds = inspection.total_seconds
    took = f"{number(seconds, 1)}\u00a0s" if seconds >= 0.1 else "from memory"
    automatic = " (automatic)" if inspection.settings.rule.name is RuleName.AUTO else ""
    rule = f"{inspection.decision.rule.value}{automatic}"
    plan = inspection.settings.plan
    by = () if plan is None else (f"plan {plan}",)
    grid = f"{inspection.settings.grid} tiles"
    return dotted(f"{asked}{inspection.engine}", grid, compared, f"rule {rule}", took, *by)


@part("The verdict")
def show_verdict(inspection: Inspection, *, level: int = 1, beside: str = "") -> None:
    """Draw the banner: the verdict in a sentence for everyone; why it is so, and what was done, one click further.

    Args:
        inspection: the answer.
        level: of the banner's heading, 1 where the verdict is the page's main thing.
        beside: what someone else says of the picture, in a few words; empty for nothing.
    """
    verdict, count = inspection.decision.verdict, len(inspection.notes)
    kind = escaped(verdict.value.replace(" ", "-"))
    other = f'<span class="sd-beside">{escaped(beside)}</span>' if beside else ""
    more = f", and {counted(count, 'note')}" if count else ""
    notes = "".join(f"<li>{escaped(localized(note))}</li>" for note in inspection.notes)
    # The browser opens what is folded away without a rerun, and by key as well.
    st.html(
        f'<div class="sd-banner sd-{kind}" role="status">'
        f'<span class="sd-icon" aria-hidden="true"></span>'
        f'<div class="sd-said"><h{level} class="sd-word">{escaped(verdict.value.capitalize())}</h{level}>'
        f'<span class="sd-lead">{escaped(lead(inspection))}</span>{other}'
        f'<details class="sd-why"><summary>Why{more}</summary><p>{escaped(localized(inspection.decision.reason))}</p>'
        f"<ul>{notes}</ul></details></div></div>"
    )
    st.caption(plain(facts_line(inspection)))
    if inspection.scope is not inspection.settings.scope:
        st.info(WANTED[inspection.settings.scope], icon=":material/add_photo_alternate:")
