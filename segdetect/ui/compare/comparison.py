"""Two answers side by side or on top of each other, and what differs in them."""

from __future__ import annotations

import io
from typing import Final

import pandas as pd
import streamlit as st
from PIL import Image, ImageOps

from segdetect.output.annotation import annotate
from segdetect.output.tables import csv_bytes
from segdetect.output.thumbnails import data_uri, fitted
from segdetect.ui.compare.differences import difference_map, difference_table, flag_raster, tile_raster
from segdetect.ui.compare.overlay import show_overlay
from segdetect.ui.compare.sides import Side
from segdetect.ui.shared.locale import number_column, percent
from segdetect.ui.shared.page import part
from segdetect.ui.shared.remembered import remembered
from segdetect.ui.shared.texts import plain, shown
from segdetect.ui.shared.verdict import show_verdict
from segdetect.ui.viewer.pane import Looks, Mark, Role
from segdetect.ui.viewer.panes import inspection_pane
from segdetect.ui.viewer.viewer import picture_viewer

_SIDE_BY_SIDE: Final = "Side by side"
_OVERLAY: Final = "Wipe and blink"
_MAP: Final = "Difference map"
_PICTURE_SIDE: Final = 1000
_LISTED: Final = 300
# The higher of the two banners sets the height of both, so that what stands below them is level.
_LEVEL: Final = """
<style>
.st-key-sides [data-testid="stElementContainer"]:has(.sd-banner) { flex: 1; }
.st-key-sides [data-testid="stHtml"]:has(.sd-banner) { height: 100%; }
.st-key-sides h2 { padding: 0 0 .4rem; font-size: 1.15rem; overflow-wrap: anywhere; }
.st-key-sides .sd-banner { box-sizing: border-box; height: 100%; }
</style>
"""


@part("The comparison")
def show_sides(left: Side, right: Side) -> None:
    """Draw both verdicts, and the pictures in the view that the visitor chose."""
    with st.container(key="sides"):
        st.html(_LEVEL)
        for column, side in zip(st.columns(2), (left, right), strict=True):
            with column:
                st.header(plain(f"{side.name}: {side.caption}"))
                show_verdict(side.inspection, level=3)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        view = _read_view(left, right)
        _show_exports(left, right)
    match view:
        case "Wipe and blink":
            _show_overlay(left, right)
        case "Difference map":
            _show_map(left, right)
        case _:
            _show_panes(left, right)


def _are_one_picture(left: Side, right: Side) -> bool:
    return left.image.identity == right.image.identity


def _read_view(left: Side, right: Side) -> str:
    views = [_SIDE_BY_SIDE, _OVERLAY, *([_MAP] if _are_one_picture(left, right) else [])]
    if st.session_state.get("compare-view") not in (None, *views):
        st.session_state["compare-view"] = _SIDE_BY_SIDE
    view = st.segmented_control(
        "View",
        views,
        default=_SIDE_BY_SIDE,
        required=True,
        key="compare-view",
        persist_state="session",
        label_visibility="collapsed",
    )
    return view or _SIDE_BY_SIDE


def _show_panes(left: Side, right: Side) -> None:
    panes = [
        inspection_pane(side.image, side.inspection, title=side.caption, marks=_only_here(side, other, role))
        for side, other, role in ((left, right, Role.ONLY_LEFT), (right, left, Role.ONLY_RIGHT))
    ]
    picture_viewer(panes, key="comparison", height=480, looks=Looks(heat=0.0))


def _show_overlay(left: Side, right: Side) -> None:
    pictures = [(f"{side.name}: {side.caption}", _picture_uri(side)) for side in (left, right)]
    alt = shown(f"The left picture over the right one: {left.caption}, and {right.caption}. B blinks, arrows wipe.")
    show_overlay((pictures[0], pictures[1]), alt=alt, key="overlay")


def _picture_uri(side: Side) -> str:
    inspection = side.inspection
    key = (side.image.key, inspection.scores.layout.key, tuple(inspection.flagged_tiles), inspection.settings.ignore)
    return remembered("compared", key, lambda: data_uri(_annotated(side)))


def _annotated(side: Side) -> Image.Image:
    return fitted(annotate(side.image, side.inspection), _PICTURE_SIDE)


def _show_map(left: Side, right: Side) -> None:
    picture = difference_map(left.image, left.inspection, right.inspection)
    st.image(picture, alt=shown(f"Where {left.caption} and {right.caption} differ; the table below has the figures"))
    st.caption(
        "Blue: stands out more on the left. Orange: more on the right. Each side is measured by its own threshold, or "
        "by its highest score where it has none; the strongest difference has the strongest colour."
    )


def _only_here(side: Side, other: Side, role: Role) -> tuple[Mark, ...]:
    """Marks for the flagged tiles of which the other side flags nothing; none between two pictures."""
    if not _are_one_picture(side, other):
        return ()
    covered, tiles = flag_raster(other.inspection), tile_raster(side.inspection)
    boxes = side.inspection.scores.layout.boxes_ltrb
    alone = [tile for tile in side.inspection.flagged_tiles if not covered[tiles == tile].any()]
    return tuple(Mark(tuple(boxes[tile].tolist()), role) for tile in alone)


def _show_exports(left: Side, right: Side) -> None:
    with st.popover("Export", icon=":material/download:"):
        if _are_one_picture(left, right):
            st.download_button(
                "Differences (CSV)",
                lambda: csv_bytes(difference_table(left.inspection, right.inspection)),
                "differences.csv",
                "text/csv",
                on_click="ignore",
                width="stretch",
            )
        st.download_button(
            "Both pictures (PNG)",
            lambda: both_png(left, right),
            "comparison.png",
            "image/png",
            on_click="ignore",
            width="stretch",
        )


def both_png(left: Side, right: Side) -> bytes:
    """Both pictures with their flagged tiles, beside each other at one height, as a PNG."""
    pictures = [_annotated(side) for side in (left, right)]
    height = max(picture.height for picture in pictures)
    mine, theirs = (ImageOps.contain(picture, (10 * height, height)) for picture in pictures)
    both = Image.new("RGB", (mine.width + theirs.width + height // 50, height), "white")
    both.paste(mine, (0, 0))
    both.paste(theirs, (both.width - theirs.width, 0))
    buffer = io.BytesIO()
    both.save(buffer, "PNG")
    return buffer.getvalue()


@part("What differs")
def show_difference(left: Side, right: Side) -> None:
    """Draw how far the flags agree: in words, and tile by tile."""
    if not _are_one_picture(left, right):
        st.info("These are two pictures: their flags are not compared place by place.", icon=":material/info:")
        return
    mine, theirs = flag_raster(left.inspection), flag_raster(right.inspection)
    shares = {
        "flagged on both sides": (mine & theirs).mean(),
        "only on the left": (mine & ~theirs).mean(),
        "only on the right": (~mine & theirs).mean(),
    }
    with st.container(key="figures-compare"):
        columns = st.columns(3)
    for column, (label, share) in zip(columns, shares.items(), strict=True):
        column.metric(f"Area {plain(label)}", percent(share, 1))
    table = difference_table(left.inspection, right.inspection)
    only = st.toggle("Differences only", key="differences-only", persist_state="session")
    wanted = table[table["differs"] if only else table["flagged"]]
    if wanted.empty:
        words = "Both sides flag the same." if table["flagged"].any() else "Neither side flags anything."
        st.info(words, icon=":material/check:")
        return
    _show_table(wanted.head(_LISTED), left, right)


def _show_table(table: pd.DataFrame, left: Side, right: Side) -> None:
    says = {
        f"{name} says": table[f"{name} flagged"].map({True: "flagged", False: "not flagged"})
        for name in ("left", "right")
    }
    columns = ["place", "left score", "right score", "left says", "right says", "left ratio", "right ratio"]
    heads = {}
    for name, side in (("left", left), ("right", right)):
        engine = side.inspection.engine.value
        heads[f"{name} score"] = st.column_config.NumberColumn(f"{side.name}: {engine}", **number_column(3))
        heads[f"{name} ratio"] = st.column_config.ProgressColumn(
            f"{side.name}: of its threshold",
            **number_column(2),
            min_value=0.0,
            max_value=max(1.0, *table["left ratio"].dropna(), *table["right ratio"].dropna()),
            help="The score over this side's threshold, or over its highest score where it has none. From 1 on it is "
            "flagged.",
        )
        heads[f"{name} says"] = st.column_config.TextColumn(f"{side.name} says")
    st.dataframe(
        table.assign(**says)[columns],
        hide_index=True,
        column_config={"place": "Place", **heads},
        alt="Each tile that a side flags, with both sides' scores",
    )
