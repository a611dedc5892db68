"""Two answers side by side, and what differs in their flags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd
import streamlit as st

from segdetect.inspection import Flags, Floats, Inspection
from segdetect.output.sentences import place
from segdetect.pictures.loading import LoadedImage
from segdetect.settings import Scope, Settings
from segdetect.ui.shared.controls import read_engine, read_grid, read_rule
from segdetect.ui.shared.locale import number_column, percent
from segdetect.ui.shared.page import part
from segdetect.ui.shared.plans import reference_pages
from segdetect.ui.shared.progress import Progressing, passing
from segdetect.ui.shared.session import inspector, kept_uploads, loaded
from segdetect.ui.shared.texts import plain, shown
from segdetect.ui.shared.verdict import show_verdict
from segdetect.ui.viewer.panes import inspection_pane
from segdetect.ui.viewer.viewer import Looks, Mark, Role, picture_viewer

_RASTER: Final = 256
# The higher of the two banners sets the height of both, so that what stands below them is level.
_LEVEL: Final = """
<style>
.st-key-sides [data-testid="stElementContainer"]:has(.sd-banner) { flex: 1; }
.st-key-sides [data-testid="stHtml"]:has(.sd-banner) { height: 100%; }
.st-key-sides h2 { padding: 0 0 .4rem; font-size: 1.35rem; }
.st-key-sides .sd-banner { box-sizing: border-box; height: 100%; }
</style>
"""


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One half of the comparison."""

    name: Literal["Left", "Right"]
    image: LoadedImage
    inspection: Inspection


@part("This side")
def read_side(name: Literal["Left", "Right"], image: LoadedImage) -> Side | None:
    """Draw one side's controls and inspect; None, with the reason shown, where that fails."""
    with passing() as slot:
        with st.sidebar, st.container(border=True):
            st.markdown(f"**{plain(name)}**")
            image, settings, references = _read_request(f"{name.lower()}-", image)
        inspection = inspector().inspect(image, settings, bank=references, progress=Progressing(slot))
    return Side(name, image, inspection)


def _read_request(prefix: str, image: LoadedImage) -> tuple[LoadedImage, Settings, tuple[LoadedImage, ...]]:
    uploads = kept_uploads("uploads")
    number = None
    if len(uploads) > 1:
        number = st.selectbox(
            "Picture",
            range(len(uploads)),
            format_func=lambda i: shown(uploads[i].name) if i < len(uploads) else "",
            key=f"{prefix}shown",
            persist_state="session",
        )
    grid, engine = read_grid(prefix), read_engine(prefix)
    kept = kept_uploads("references")
    with_references = bool(kept) and st.toggle("Compare with known-good", key=f"{prefix}good", persist_state="session")
    scope = Scope.REFERENCES if with_references else Scope.SELF
    rule = read_rule(prefix, engine=engine, scope=scope)
    settings = Settings(grid=grid, engine=engine, scope=scope, rule=rule)
    # Files are opened last, so that the controls stay when one cannot be.
    references = tuple(page.load() for page in reference_pages()) if with_references else ()
    return image if number is None else loaded(uploads[number]), settings, references


@part("The comparison")
def show_sides(left: Side, right: Side) -> None:
    """Draw both verdicts and pictures; zoom and place are linked."""
    two_pictures = left.image.identity != right.image.identity
    with st.container(key="sides"):
        st.html(_LEVEL)
        for column, side in zip(st.columns(2), (left, right), strict=True):
            with column:
                st.header(plain(f"{side.name}: {side.image.name}" if two_pictures else side.name))
                show_verdict(side.inspection, level=3)
    panes = [
        inspection_pane(side.image, side.inspection, title=side.name, marks=_only_here(side, other, role))
        for side, other, role in ((left, right, Role.ONLY_LEFT), (right, left, Role.ONLY_RIGHT))
    ]
    picture_viewer(panes, key="comparison", height=480, looks=Looks(heat=0.0))


def _only_here(side: Side, other: Side, role: Role) -> tuple[Mark, ...]:
    """Marks for the flagged tiles of which the other side flags nothing; none between two pictures."""
    if side.image.identity != other.image.identity:
        return ()
    covered, tiles = (
        flag_raster(other.inspection),
        side.inspection.scores.layout.tiles_at(*_raster_points(side.inspection)),
    )
    boxes = side.inspection.scores.layout.boxes_ltrb
    alone = [tile for tile in side.inspection.flagged_tiles if not covered[tiles == tile].any()]
    return tuple(Mark(tuple(boxes[tile].tolist()), role) for tile in alone)


@part("What differs")
def show_difference(left: Side, right: Side) -> None:
    """Draw how far the flags agree: in words, and tile by tile where both have the same tiles."""
    if left.image.identity != right.image.identity:
        st.info("These are two pictures: their flags are not compared place by place.", icon=":material/info:")
        return
    mine, theirs = flag_raster(left.inspection), flag_raster(right.inspection)
    shares = {
        "flagged on both sides": (mine & theirs).mean(),
        "only on the left": (mine & ~theirs).mean(),
        "only on the right": (~mine & theirs).mean(),
    }
    for column, (label, share) in zip(st.columns(3), shares.items(), strict=True):
        column.metric(f"Area {plain(label)}", percent(share, 1))
    table = difference_table(left.inspection, right.inspection)
    if table.empty:
        st.info("Neither side flags anything.", icon=":material/check:")
    else:
        st.dataframe(
            table,
            hide_index=True,
            column_config={
                "side": "Side",
                "place": "Place",
                "score": st.column_config.NumberColumn("Score", **number_column(3)),
                "rank": "Rank",
                "flagged on the other side": st.column_config.TextColumn(
                    "Flagged on the other side", help="How much of this tile's area lies in tiles flagged over there"
                ),
            },
            alt="Flagged tiles of either side, and whether the other side agrees",
        )


def flag_raster(inspection: Inspection) -> Flags:
    """`(rows, cols)` bool: whether each spot of the picture lies in a flagged tile."""
    flags: Flags = inspection.decision.flags[inspection.scores.layout.tiles_at(*_raster_points(inspection))]
    return flags


def difference_table(left: Inspection, right: Inspection) -> pd.DataFrame:
    """A row per tile flagged on either side: its place, scores, and how much of it the other side flags too."""
    rows = []
    for name, this, other in (("left", left, right), ("right", right, left)):
        covered = flag_raster(other)
        tiles = this.scores.layout.tiles_at(*_raster_points(this))
        for tile in this.flagged_tiles:
            shared = float(covered[tiles == tile].mean()) if (tiles == tile).any() else 0.0
            rows.append(
                {
                    "side": name,
                    "place": place(tile, this.scores.layout.grid.cols),
                    "score": round(float(this.scores.scores[tile]), 3),
                    "rank": int(this.scores.ranks[tile]),
                    "flagged on the other side": f"{percent(shared)} of it",
                }
            )
    return pd.DataFrame(rows)


def _raster_points(inspection: Inspection) -> tuple[Floats, Floats]:
    width, height = inspection.size_wh
    x, y = np.meshgrid((np.arange(_RASTER) + 0.5) / _RASTER * width, (np.arange(_RASTER) + 0.5) / _RASTER * height)
    return x, y
