"""The threshold, dragged on the histogram of scores."""

from __future__ import annotations

from typing import Final

import streamlit as st

from segdetect.inspection import Inspection
from segdetect.settings import RuleName
from segdetect.ui.inspect.picture import VIEWER
from segdetect.ui.shared.page import part
from segdetect.ui.viewer.parts import threshold_histogram

HISTOGRAM: Final = "histogram"


@part("The histogram")
def show_threshold(inspection: Inspection) -> None:
    """Draw the scores with the threshold; what it would flag is shown while it is dragged, and holds from then on."""
    if inspection.decision.rule is not RuleName.THRESHOLD:
        # Who takes their own number in the sidebar begins where the rule left off.
        learnt = inspection.threshold
        st.session_state["threshold"] = inspection.scores.highest if learnt is None else learnt
    threshold_histogram(key=HISTOGRAM, viewer=VIEWER, on_change=own_threshold)


def own_threshold(threshold: float) -> None:
    """Callback: from now on this number of the visitor's decides."""
    st.session_state["threshold"] = threshold
    st.session_state["rule"] = RuleName.THRESHOLD
