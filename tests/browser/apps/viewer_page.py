"""A page with nothing but the picture viewer and what is needed to try it; driven by test_viewer.py."""

import numpy as np
import streamlit as st

from segdetect.grid import tile_layout
from segdetect.output.heat import HeatScale
from segdetect.settings import GridSize
from segdetect.ui.viewer.messages import ViewerEvent
from segdetect.ui.viewer.pane import Heat, Looks, Mark, Pane, Role
from segdetect.ui.viewer.viewer import picture_viewer

SIDE = 700
PLANTED = (17, 32, 5)


def noted(event: ViewerEvent) -> None:
    st.session_state.chosen = event.tiles


def pick(*tiles: int) -> None:
    st.session_state.chosen = tiles


@st.cache_resource
def picture(seed: int) -> np.ndarray:
    pixels = np.random.default_rng(seed).integers(60, 200, (SIDE, SIDE, 3), np.uint8)
    pixels.flags.writeable = False
    return pixels


@st.cache_resource
def ramps() -> np.ndarray:
    """Redder to the right, greener downwards."""
    shades = (np.arange(SIDE) * 255 // (SIDE - 1)).astype(np.uint8)
    pixels = np.dstack([*np.meshgrid(shades, shades), np.full((SIDE, SIDE), 9, np.uint8)])
    pixels.flags.writeable = False
    return pixels


def pane(seed: int, title: str, rows: int, heat: bool) -> Pane:
    layout = tile_layout((SIDE, SIDE), GridSize(rows, 7))
    scores = np.linspace(0.1, 0.3, layout.grid.tiles)
    flags = np.zeros(layout.grid.tiles, bool)
    for place, tile in enumerate(PLANTED):
        scores[tile], flags[tile] = 0.9 - place / 10, True
    ranks = np.empty(layout.grid.tiles, int)
    ranks[np.argsort(-scores)] = np.arange(1, layout.grid.tiles + 1)
    red = np.zeros((256, 3), np.uint8)
    red[:, 0] = np.arange(256)
    scale = HeatScale((0.0, 0.5), (0.0, 1.0), ("none", "most"))
    return Pane(
        id=f"picture {seed}",
        title=title,
        picture=ramps() if "scale" in st.query_params else picture(seed),
        size_wh=(SIDE, SIDE),
        alt="Noise with three planted tiles",
        boxes_ltrb=layout.boxes_ltrb,
        scores=scores,
        ranks=ranks,
        flags=flags,
        marks=(Mark((0, 0, 100, 100), Role.LOOKALIKE, "0.71"),),
        heat=Heat(scale=scale, colours=red, smooth=True, notch=0.5, words="Threshold at the mark") if heat else None,
        mm_per_pixel=0.05 if "scale" in st.query_params else None,
    )


st.set_page_config(layout="wide")
with st.sidebar:
    st.button("Pick 40", on_click=pick, args=(40,))
    rows = 8 if st.checkbox("Eight rows") else 7
    seed = 1 if st.checkbox("Other picture") else 0
    shown = not st.checkbox("Hide")
titles = ["Marked", "Heat"] if "two" in st.query_params else [""]
if shown:
    event = picture_viewer(
        [pane(seed, title, rows, title == "Heat") for title in titles],
        key="viewer",
        selected=st.session_state.get("chosen"),
        height=420,
        multiple="multiple" in st.query_params,
        looks=Looks(labels=False),
        on_select=noted,
    )
    st.write(f"Chosen: {st.session_state.get('chosen')}; event: {event.tiles if event else 'none'}")
