"""One plan: what it asks for, what can be done with it, and what is said of it."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from segdetect.errors import SegDetectError
from segdetect.message import Message
from segdetect.output.names import picture_file
from segdetect.settings import RuleName
from segdetect.storage.plans.plan import MAX_NOTES, Plan
from segdetect.storage.plans.segplan import SUFFIX, write_segplan
from segdetect.ui.shared.applying import as_shown
from segdetect.ui.shared.controls import RULE_LABELS, SCOPE_LABELS, alarms_label
from segdetect.ui.shared.kept import attempt
from segdetect.ui.shared.locale import localized, number, percent
from segdetect.ui.shared.opening import address_of
from segdetect.ui.shared.page import part, show_error
from segdetect.ui.shared.plan_in_use import use_plan
from segdetect.ui.shared.plans import count_allowed, count_good, plans
from segdetect.ui.shared.reviewing import go_to_review
from segdetect.ui.shared.texts import plain, shown


@part("The plan")
def show_plan(last: Plan) -> Plan:
    """Draw a plan in the version that is chosen, which is returned."""
    st.header(plain(last.name))
    plan = _choose_version(last)
    _show_actions(plan, last)
    _show_facts(plan)
    if plan.notes:
        st.markdown(f"> {plain(plan.notes)}")
    _offer_edit(plan, last)
    return plan


def _choose_version(last: Plan) -> Plan:
    versions = {plan.version: plan for plan in plans().versions(last.name)}
    if len(versions) < 2:
        return last
    number = st.selectbox(
        f"Version (of {len(versions):d})",
        sorted(versions, reverse=True),
        format_func=lambda version: _dated(versions[version]) if version in versions else "",
        key=f"plan-version-{last.name}-{last.version}",
        width=320,
    )
    return versions.get(number or last.version, last)


def _dated(plan: Plan) -> str:
    day = localized(Message("{day}", day=plan.created.astimezone().date()))
    return f"{plan.version}, of {day}"


def _show_actions(plan: Plan, last: Plan) -> None:
    with st.container(horizontal=True):
        if st.button("Use on Inspect", icon=":material/frame_inspect:", type="primary", key="plan-use"):
            _use(plan)
        st.download_button(
            "Export",
            data=lambda: write_segplan(plans().opened(plan)),
            file_name=shown(f"{picture_file(plan.name).stem}{SUFFIX}"),
            mime="application/zip",
            on_click="ignore",
            icon=":material/download:",
            key="plan-export",
            help="One file with the plan and its pictures, for another machine or the command line.",
        )
        if st.button("Review", icon=":material/rate_review:", key="plan-review", help="What it flagged"):
            go_to_review("plan", plan.name)
        if plan.version != last.version:
            st.button(
                "Make this the newest version",
                icon=":material/history:",
                key="plan-again",
                on_click=attempt,
                args=(_keep_again, plan, last),
                kwargs={"kind": "plans"},
            )
        st.button(
            "Delete",
            icon=":material/delete:",
            key="plan-delete",
            on_click=attempt,
            args=(_delete, last.name),
            kwargs={"kind": "plans"},
            help="All of its versions. It can be taken back for 30 days.",
        )


def _use(plan: Plan) -> None:
    try:
        use_plan(plan)
    except SegDetectError as error:
        show_error(error)
        return
    # What is set for controls that have not been drawn yet does not reach the address by itself.
    st.switch_page("streamlit_app.py", query_params=address_of(as_shown(plan.settings)))


def _keep_again(plan: Plan, last: Plan) -> None:
    plans().keep(replace(plan, version=last.version))


def _delete(name: str) -> None:
    plans().delete(name)
    st.toast(f"{plain(name)} was deleted. *Deleted* takes it back.", icon=":material/delete:")


def _show_facts(plan: Plan) -> None:
    settings, rule = plan.settings, plan.settings.rule
    strict = RULE_LABELS.get(rule.name, RULE_LABELS[RuleName.AUTO])
    if rule.name is RuleName.THRESHOLD:
        strict += f" {number(rule.threshold or 0.0, 3)}"
    elif rule.name not in (RuleName.FENCE, RuleName.STOCK):
        strict += f", false alarms allowed: {alarms_label(rule.false_alarms)}"
    facts = {
        "Grid": f"{settings.grid} tiles",
        "Engine": settings.engine.value,
        "Compared with": SCOPE_LABELS[settings.scope],
        "Flags by": strict,
        "Known-good": count_good(plan),
        "Never flagged": count_allowed(plan),
        "Ignored": "nothing" if settings.ignore is None else f"{percent(settings.ignore.share, 1)} of the picture",
        "Scale": "not known" if plan.mm_per_pixel is None else f"{number(plan.mm_per_pixel, 4)} mm a pixel",
        "Labels": ", ".join(plan.labels) or "none",
    }
    half = -(-len(facts) // 2)
    halves = [column.container(gap="xsmall") for column in st.columns(2)]
    for at, (name, told) in enumerate(facts.items()):
        halves[at // half].markdown(f"**{plain(name)}**: {plain(told)}")


def _offer_edit(plan: Plan, last: Plan) -> None:
    with (
        st.expander("Notes, labels and scale", icon=":material/edit:"),
        st.form(f"edit-plan-{plan.name}-{plan.version}"),
    ):
        notes = st.text_area("Notes", plan.notes, max_chars=MAX_NOTES)
        labels = st.text_input(
            "Labels", ", ".join(plan.labels), help="What a reviewer may call a mark, with commas between them."
        )
        scale = st.number_input(
            "Millimetres a pixel", min_value=0.0, value=plan.mm_per_pixel, format="%.4f", placeholder="not known"
        )
        if st.form_submit_button(f"Save as version {last.version + 1:d}"):
            _save(replace(plan, version=last.version), notes, labels, scale)


def _save(plan: Plan, notes: str, labels: str, scale: float | None) -> None:
    try:
        listed = tuple(label.strip() for label in labels.split(",") if label.strip())
        plans().keep(replace(plan, notes=notes.strip(), labels=listed, mm_per_pixel=scale or None))
    except SegDetectError as error:
        show_error(error)
    else:
        st.rerun()
