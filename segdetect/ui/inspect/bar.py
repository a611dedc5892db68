"""The bar of the verdict: what is said of the picture, by whom, and everything that explains it behind "Why?"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import streamlit as st

from segdetect.inspection import Inspection
from segdetect.output.sentences import lead
from segdetect.settings import Scope
from segdetect.ui.inspect.downloads import show_exports
from segdetect.ui.inspect.expected import show_expected
from segdetect.ui.inspect.second_opinion import Asked, show_second_opinion
from segdetect.ui.shared.locale import localized, number
from segdetect.ui.shared.page import part
from segdetect.ui.shared.sidebar import Request
from segdetect.ui.shared.texts import escaped, plain
from segdetect.ui.shared.verdict import WANTED, facts_line

DISAGREE: Final = "Engines disagree"
_MISSING: Final = {Scope.REFERENCES: "no known-good pictures yet", Scope.BATCH: "no other pictures yet"}


@part("The verdict")
def show_bar(request: Request, inspection: Inspection, asked: Asked | None) -> None:
    """Draw the bar, with the second opinion as a chip, the reasons and the export."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False, key="verdict-bar"):
        _show_words(inspection, _words(inspection, asked))
        if not request.is_frame:
            show_second_opinion(asked, inspection)
        with st.popover("Why?", icon=":material/help:"):
            _show_reasons(request, inspection, asked)
        show_exports(request.image, inspection)


def _show_reasons(request: Request, inspection: Inspection, asked: Asked | None) -> None:
    notes = "".join(f"<li>{escaped(localized(note))}</li>" for note in inspection.notes)
    reasons = "".join(f"<p>{escaped(reason)}</p>" for reason in _reasons(inspection, asked))
    st.html(f'<div class="sd-why">{reasons}<ul>{notes}</ul></div>')
    if inspection.scope is not inspection.settings.scope:
        st.info(WANTED[inspection.settings.scope], icon=":material/add_photo_alternate:")
    if not request.is_frame:
        show_expected(request, inspection)
    st.caption(plain(facts_line(inspection)))


def _reasons(inspection: Inspection, asked: Asked | None) -> list[str]:
    """Why the verdict is what it is; where two engines disagree, what each of them goes by."""
    if asked is None or asked.answer is None or asked.dispute is None:
        return [localized(inspection.decision.reason)]
    return [f"{one.engine}: {localized(one.decision.reason)}" for one in (inspection, asked.answer)]


@dataclass(frozen=True, slots=True)
class _Words:
    """What the bar says: `kind` picks colour and sign, `word` is the verdict's, `beside` comes after the sentence."""

    kind: str
    word: str
    told: str
    beside: str = ""


def _words(inspection: Inspection, asked: Asked | None) -> _Words:
    verdict = inspection.decision.verdict.value
    beside = "" if inspection.scope is inspection.settings.scope else _MISSING[inspection.settings.scope]
    dispute = None if asked is None else asked.dispute
    if dispute is not None:
        return _Words("disagree", DISAGREE, dispute.told)
    if asked is not None:
        beside = asked.more_telling or beside
    return _Words(verdict.replace(" ", "-"), verdict.capitalize(), lead(inspection), beside)


def _show_words(inspection: Inspection, words: _Words) -> None:
    """Draw them; the browser keeps them up to date while another threshold is tried."""
    chip = (
        f'<span title="{escaped(words.beside)}" class="sd-beside">{escaped(words.beside)}</span>'
        if words.beside
        else ""
    )
    about = escaped(f"{inspection.image} \u00b7 {inspection.engine} \u00b7 {inspection.settings.grid} tiles")
    share, figures = _strength(inspection)
    gauge = (
        f'<span class="sd-strength" title="Highest score, and what it takes (the mark): {escaped(figures)}">'
        f'<span class="sd-gauge"><i style="width: {100 * share:.1f}%"></i></span>'
        f'<span class="sd-figures">{escaped(figures)}</span></span>'
    )
    strength = gauge if figures else ""
    st.html(
        f'<div class="sd-banner sd-bar sd-{escaped(words.kind)}" role="status">'
        f'<span class="sd-told"><span class="sd-icon" aria-hidden="true"></span>'
        f'<h1 class="sd-word">{escaped(words.word)}</h1>'
        f'<span title="{escaped(words.told)}" class="sd-lead">{escaped(words.told)}</span>{chip}</span>'
        f'{strength}<span title="{about}" class="sd-about">{about}</span></div>'
    )


def _strength(inspection: Inspection) -> tuple[float, str]:
    """The highest score as a share of twice what it takes, at most 1, and both in figures; none where none is known."""
    highest, needed = inspection.scores.highest, inspection.needed
    if needed is None:
        return 0.0, ""
    share = min(1.0, highest / (2 * needed)) if needed > 0 else 1.0
    digits = 1 if highest >= 100 else 3
    return share, f"{number(highest, digits)} / {number(needed, digits)}"
