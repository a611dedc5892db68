"""What the expected share of defective pictures does to the batch at hand."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from segdetect.deciding.batch import called_in_batch
from segdetect.inspection import Inspection
from segdetect.settings import RuleName, Scope
from segdetect.ui.shared.controls import DEFECTIVE_LABELS
from segdetect.ui.shared.page import part
from segdetect.ui.shared.session import inspector
from segdetect.ui.shared.sidebar import Request
from segdetect.ui.shared.texts import plain


@part("The expected share of defective pictures")
def show_expected(request: Request, inspection: Inspection) -> None:
    """Draw how many pictures of the batch each choice calls; nothing where no choice has a say."""
    decided = inspection.decision.rule is RuleName.CALIBRATED and inspection.threshold is not None
    if inspection.scope is not Scope.BATCH or not decided:
        return
    settings = request.settings
    others = inspector().bank_scores(request.image, settings, request.bank)
    calls = {
        label: called_in_batch(
            inspection.scores, others, replace(settings.rule, expected_defective=share), inspection.engine
        )
        for share, label in DEFECTIVE_LABELS.items()
    }
    told = ", ".join(f"{count} if {label}" for label, count in calls.items())
    count = len(others) + 1
    st.caption(
        f"Of {count:d} pictures of this batch, something stands out in {plain(told)} are expected to be defective."
    )
