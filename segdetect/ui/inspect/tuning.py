"""Tune with your eyes: scores and threshold, other grid sizes, what stays flagged however the picture is cut."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Final

import streamlit as st

from segdetect.inspection import Inspection
from segdetect.output.annotation import annotated_thumbnail
from segdetect.output.charts import score_histogram, stability_map
from segdetect.output.sentences import headline
from segdetect.output.thumbnails import data_uri
from segdetect.progress import Progress
from segdetect.runs.stability import neighbouring_grids, stability
from segdetect.settings import EngineName, GridSize, Rule, RuleName
from segdetect.ui.shared.jobs import jobs, visitor
from segdetect.ui.shared.locale import localized_chart
from segdetect.ui.shared.page import callback, part
from segdetect.ui.shared.progress import Progressing, passing
from segdetect.ui.shared.session import background, inspector
from segdetect.ui.shared.sidebar import Request
from segdetect.ui.shared.texts import plain, shown

_DRAWN: Final = "thresholds-drawn"
_MOST_DRAWN: Final = 20
_TABS: Final = ("Scores and threshold", "Other grid sizes", "Stability")
_STRIP_SIDE: Final = 400


@part("Tuning")
def show_tuning(request: Request, inspection: Inspection) -> None:
    """Draw the tabs; only the open one does its work."""
    scores, sizes, stable = st.tabs(list(_TABS), key="look", bind="query-params")
    with scores:
        if scores.open:
            _show_scores(inspection)
    with sizes:
        if sizes.open:
            _show_sizes(request)
    with stable:
        if stable.open:
            _show_stability(request)
    prepare_neighbours(request, inspection)


@part("The histogram")
def _show_scores(inspection: Inspection) -> None:
    st.plotly_chart(
        localized_chart(score_histogram(inspection)),
        key="histogram",
        on_select=_bar_chosen,
        selection_mode="points",
        config={"displayModeBar": False},
        alt="Histogram of the tiles' scores with the threshold as a line",
    )
    threshold = inspection.decision.threshold
    high = inspection.scores.highest * 1.1 or 1.0
    if math.isfinite(threshold):
        high = max(high, threshold * 1.1)
    # With another range it is another widget, which would begin at 0: it is told each time where it stands.
    stands = st.session_state["threshold"] = min(high, max(0.0, threshold))
    st.session_state[_DRAWN] = (*st.session_state.get(_DRAWN, ())[-_MOST_DRAWN:], stands)
    st.slider(
        "Threshold",
        0.0,
        high,
        step=high / 500,
        format="localized",
        key="threshold",
        on_change=_slider_moved,
        help="Tiles that score at least this are flagged. Moving it makes the threshold your own; choose another rule "
        "in the sidebar to give it back. Or click a bar above.",
    )


@callback
def own_threshold() -> None:
    """Callback: from now on the visitor's own number decides."""
    st.session_state["rule"] = RuleName.THRESHOLD


@callback
def _slider_moved() -> None:
    # Where an answer was overtaken by the next, the browser sends what the slider stood at before, which nobody chose.
    if st.session_state["threshold"] not in st.session_state.get(_DRAWN, ()):
        own_threshold()


@callback
def _bar_chosen() -> None:
    points = st.session_state["histogram"]["selection"]["points"]
    if points:
        st.session_state["threshold"] = float(points[0]["x"])
        own_threshold()


@part("The comparison of grids")
def _show_sizes(request: Request) -> None:
    st.caption(
        "The same picture in coarser and finer grids. A defect that shows in all of them is no accident of the cut."
    )
    grids = neighbouring_grids(request.image.size_wh, request.settings.grid)
    settings = [replace(request.settings, grid=grid) for grid in grids]
    with passing() as slot:
        if not all(inspector().is_described(request.image, s) for s in settings):
            inspector().prepare(request.image, request.settings, grids, progress=Progressing(slot))
        inspections = [inspector().inspect(request.image, s, bank=request.bank) for s in settings]
    with st.container(key="sizes"):
        columns = st.columns(len(grids), wrap=False)
    for column, grid, inspection in zip(columns, grids, inspections, strict=True):
        with column:
            _show_size(request, grid, inspection)


def _show_size(request: Request, grid: GridSize, inspection: Inspection) -> None:
    picture = annotated_thumbnail(request.image, inspection, _STRIP_SIDE)
    st.image(data_uri(picture), width="stretch", alt=shown(f"Result in a grid of {grid}: {headline(inspection)}"))
    count = len(inspection.flagged_tiles)
    st.caption(plain(f"{inspection.decision.verdict.value.capitalize()}, {count} of {grid.tiles} flagged"))
    chosen = grid == request.settings.grid
    st.button(
        f"{grid}" if not chosen else f"{grid} (shown)",
        key=f"use-{grid}",
        disabled=chosen,
        on_click=use_grid,
        args=(grid,),
        width="stretch",
    )


@callback
def use_grid(grid: GridSize) -> None:
    """Callback: show the picture in this grid."""
    st.session_state["apart"] = grid.rows != grid.cols
    st.session_state["rows"], st.session_state["cols"] = grid.rows, grid.cols
    if grid.rows == grid.cols:
        st.session_state["grid"] = grid.rows


@part("The stability map")
def _show_stability(request: Request) -> None:
    with passing() as slot:
        answer = stability(inspector(), request.image, request.settings, bank=request.bank, progress=Progressing(slot))
    st.caption(
        f"How often each spot is flagged when the picture is cut in {answer.cuts:d} ways: coarser, finer, and "
        f"moved by half a tile. {answer.flagged_cuts:d} of {answer.cuts:d} cuts flag something. "
        "Bright spots are flagged however one cuts."
    )
    st.plotly_chart(
        localized_chart(
            stability_map(answer.share, request.image.size_wh, background=background(request.image), height=460)
        ),
        key="stability-map",
        config={"scrollZoom": True, "displaylogo": False},
        alt=f"Share of {answer.cuts:d} cuts in which each spot of the picture is flagged",
    )


@part("Preparing other grids")
def prepare_neighbours(request: Request, inspection: Inspection) -> None:
    """Describe what the visitor may ask for next while they look, so that it is there at once.

    That is the next coarser and finer grid, and the blog's cut of the same grid, which the stock rule needs.
    """
    everyone = inspector()
    if everyone.engines[inspection.engine].dense:
        return
    grids = neighbouring_grids(request.image.size_wh, request.settings.grid)
    at = grids.index(request.settings.grid) if request.settings.grid in grids else 0
    near = [grid for i, grid in enumerate(grids) if abs(i - at) == 1]
    even = replace(request.settings, engine=inspection.engine, rule=Rule())
    stock = replace(even, rule=Rule(RuleName.STOCK))

    def describe(progress: Progress) -> None:
        everyone.prepare(request.image, even, near, progress=progress)
        everyone.prepare(request.image, stock, [request.settings.grid], progress=progress)

    jobs().ask(("neighbours", request.image.key, even, inspection.engine_version), visitor(), describe)


def other_engine(engine: EngineName, ready: set[EngineName]) -> EngineName | None:
    """The engine to ask for a second opinion: the most accurate other one that can run."""
    order: tuple[Any, ...] = (EngineName.DINOV2, EngineName.TEXTURE, EngineName.FASTDUP)
    return next((name for name in order if name in ready and name is not engine), None)
