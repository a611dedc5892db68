"""What is known to be defective, as marks of the picture viewer."""

from __future__ import annotations

from segdetect.inspection import Inspection
from segdetect.ui.shared.misses import known_defects
from segdetect.ui.viewer.viewer import Mark, Role


def truth_marks(inspection: Inspection) -> tuple[Mark, ...]:
    """The tiles known to be defective, where the page shows a picture that Evaluate opened; none for others."""
    known = known_defects(inspection)
    if known is None:
        return ()
    return tuple(Mark(tuple(box), Role.TRUTH) for box in inspection.scores.layout.boxes_ltrb[known].tolist())
