"""How good a plan is by what people said of what it flagged."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd
import streamlit as st

from segdetect.message import Message
from segdetect.runs.reviewing import Worth, worth_of, worth_over_time
from segdetect.storage.history.history import is_on
from segdetect.storage.history.reviews import standings
from segdetect.storage.plans.plan import Plan
from segdetect.ui.shared.history import history
from segdetect.ui.shared.jobs import account
from segdetect.ui.shared.locale import localized, percent
from segdetect.ui.shared.page import part
from segdetect.ui.shared.texts import plain


@part("What reviews say of it")
def show_worth(plan: Plan) -> None:
    """Draw precision and recall of all versions so far, with what is known of them, and over time."""
    if not is_on():
        return
    reviews = history().reviews(plan=plan.name, account=account())
    worth = worth_of(standings(reviews))
    st.subheader("What reviews say of it")
    if worth.precision is None and worth.recall is None:
        st.caption("Once flagged places are reviewed, it says here how many of them are defects.")
        return
    _tell(worth)
    days = worth_over_time(reviews)
    if len(days) > 1:
        _show_days(days)


def _tell(worth: Worth) -> None:
    flagged = worth.found + worth.alarms
    precision = _told(worth.precision, worth.precision_interval)
    recall = _told(worth.recall, worth.recall_interval)
    st.markdown(
        f"**{worth.found:d} of {flagged:d}** flagged places that were judged are defects{plain(precision)}. "
        f"Of **{worth.found + worth.missed:d}** known defects it flagged {worth.found:d}{plain(recall)}."
    )
    left = f" {worth.open:d} places are open: people are unsure of them or disagree." if worth.open else ""
    st.caption(
        "All of its versions together; the exact intervals of Clopper and Pearson at 95 %. A missed defect counts once "
        f"somebody has drawn it, so that the second share is too good where nobody looked for any.{left}"
    )


def _told(share: float | None, interval: tuple[float, float] | None) -> str:
    if share is None or interval is None:
        return ""
    low, high = interval
    return f", {percent(share)} (from {percent(low)} to {percent(high)})"


def _show_days(days: Mapping[date, Worth]) -> None:
    rows = [
        {
            "day": localized(Message("{day}", day=day)),
            "judged": worth.found + worth.alarms,
            "precision": _cell(worth.precision, worth.precision_interval),
            "recall": _cell(worth.recall, worth.recall_interval),
        }
        for day, worth in sorted(days.items(), reverse=True)
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={
            "day": "Inspected until",
            "judged": "Judged",
            "precision": st.column_config.TextColumn("Precision", help="Share of what it flagged that is defective"),
            "recall": st.column_config.TextColumn("Recall", help="Share of the known defects that it flagged"),
        },
        alt="Precision and recall of the plan by day",
    )


def _cell(share: float | None, interval: tuple[float, float] | None) -> str:
    if share is None or interval is None:
        return ""
    return f"{percent(share)} ({percent(interval[0])} to {percent(interval[1])})"
