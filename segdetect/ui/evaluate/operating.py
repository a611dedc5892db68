"""Where to cut: misses against false alarms, in 100 pictures each."""

from __future__ import annotations

import math

import streamlit as st

from segdetect.evaluation.operating import operating_points, own_point
from segdetect.evaluation.plots import operating_chart
from segdetect.evaluation.run import Evaluation
from segdetect.ui.shared.locale import localized_chart, number
from segdetect.ui.shared.page import part
from segdetect.ui.shared.texts import plain


@part("The choice of where to cut")
def show_operating_point(evaluation: Evaluation) -> None:
    """Draw the slider of false alarms with what it costs in misses, over the curve; nothing where none can be drawn."""
    points = operating_points(evaluation)
    if points is None:
        st.caption("Where to cut cannot be shown without good and defective pictures.")
        return
    st.header("Misses against false alarms")
    accepted = st.slider(
        "False alarms accepted, of 100 good pictures",
        0,
        100,
        10,
        key="operating-point",
        persist_state="session",
        help="What the rule would find if it demanded more or less of the strongest tile, in all pictures alike.",
    )
    point = points.at(accepted / 100)
    # Above the highest score there is no number to name: nothing is flagged.
    times = "a threshold above every score" if math.isinf(point.cut) else f"{number(point.cut, 2)} times what it takes"
    st.markdown(
        plain(
            f"At {times}, {100 * point.false_alarms:.0f} of 100 good pictures are flagged, and "
            f"{100 * point.misses:.0f} of 100 defective ones are missed."
        )
    )
    st.caption(f"Counted on {points.good:d} good and {points.defective:d} defective pictures.")
    st.plotly_chart(
        localized_chart(operating_chart(points, own=own_point(evaluation), chosen=point)),
        key="operating",
        config={"displayModeBar": False},
        alt="Misses over false alarms of 100 pictures each, with your choice and the rule as it is",
    )
