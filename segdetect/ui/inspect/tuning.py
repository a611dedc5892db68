"""Below the bench: the tiles in a table, other grid sizes, what stays flagged however the picture is cut."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from segdetect.inspection import Inspection
from segdetect.output.annotation import annotated_thumbnail
from segdetect.output.charts import stability_map
from segdetect.output.sentences import headline
from segdetect.output.thumbnails import data_uri
from segdetect.progress import Progress
from segdetect.runs.stability import neighbouring_grids, stability
from segdetect.settings import EngineName, GridSize, Rule, RuleName
from segdetect.ui.shared.jobs import spare_jobs, visitor
from segdetect.ui.shared.locale import localized_chart
from segdetect.ui.shared.page import callback, part
from segdetect.ui.shared.progress import Progressing, passing
from segdetect.ui.shared.session import background, inspector
from segdetect.ui.shared.sidebar import Request
from segdetect.ui.shared.texts import plain, shown

_TABS: Final = ("Table", "Other grid sizes", "Stability")
_STRIP_SIDE: Final = 400


@dataclass(frozen=True, slots=True, eq=False)
class Tabs:
    """Where the table goes, None where it is not shown, and the tabs beside it, of which only the open one works."""

    table: DeltaGenerator | None
    sizes: DeltaGenerator | None = None
    stable: DeltaGenerator | None = None


def tuning_tabs(request: Request) -> Tabs:
    """Draw the empty tabs; without the picture there is no more than the table."""
    if request.is_frame:
        return Tabs(st.container())
    tiles, sizes, stable = st.tabs(list(_TABS), key="look", bind="query-params")
    return Tabs(*(tab if tab.open else None for tab in (tiles, sizes, stable)))


@part("Tuning")
def show_tuning(request: Request, inspection: Inspection, tabs: Tabs) -> None:
    """Fill the open tab, but for the table; prepare what may be asked for next."""
    if request.is_frame:
        return
    if tabs.sizes is not None:
        with tabs.sizes:
            _show_sizes(request)
    if tabs.stable is not None:
        with tabs.stable:
            _show_stability(request)
    prepare_neighbours(request, inspection)


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

    spare_jobs().ask(("neighbours", request.image.key, even, inspection.engine_version), visitor(), describe)


def other_engine(engine: EngineName, ready: set[EngineName]) -> EngineName | None:
    """The engine to ask for a second opinion: the most accurate other one that can run."""
    order: tuple[Any, ...] = (EngineName.DINOV2, EngineName.TEXTURE, EngineName.FASTDUP)
    return next((name for name in order if name in ready and name is not engine), None)
