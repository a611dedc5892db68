"""Whether the pictures by a plan drift away from what they were, as two pages show it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import streamlit as st

from segdetect.deciding.drift import LEARNT, control_chart
from segdetect.output.drift_charts import drift_chart, drift_sentence
from segdetect.settings import PlanVersion
from segdetect.storage.history.history import is_on
from segdetect.ui.shared.history import history
from segdetect.ui.shared.jobs import account
from segdetect.ui.shared.locale import localized_chart
from segdetect.ui.shared.texts import plain, shown

# A moving average has long forgotten what came before these.
_LAST: Final = 3000
_HELP: Final = (
    "The strongest tile of each picture judged normal by this version, and their moving average (EWMA, Roberts "
    f"1959). Mean and spread are those of the first {LEARNT} of them. While nothing changes, the average leaves its "
    "limits about once in 500 pictures."
)


def show_drift(plan: PlanVersion, *, key: str) -> None:
    """Draw the chart of a plan's normal pictures, under a sentence where they have changed.

    Args:
        plan: whose; each version has scores of its own.
        key: of the chart.
    """
    if not is_on():
        st.caption("The history is turned off, and with it what would show whether pictures change over time.")
        return
    found = history().normal_scores(plan.name, plan.version, account=account(), first=LEARNT, last=_LAST)
    if not found.later:
        st.caption(
            f"Once {LEARNT:d} pictures were normal by this version, a chart tells whether later ones become less like "
            f"the good ones. So far there are {len(found.first):d}."
        )
        return
    chart = control_chart(found.first, found.later)
    told = drift_sentence(chart, found.times, datetime.now(UTC))
    if told:
        st.warning(plain(told), icon=":material/trending_up:" if chart.signal > 0 else ":material/trending_down:")
    st.plotly_chart(
        localized_chart(drift_chart(chart, found.later)),
        key=key,
        config={"displayModeBar": False},
        alt=shown(told or "The strongest tiles of normal pictures over time stay within their limits"),
    )
    st.caption(plain(_HELP))
