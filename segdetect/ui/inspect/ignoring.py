"""Regions to ignore as files, and what is said of them; they are painted in the picture viewer."""

from __future__ import annotations

from typing import Final

import streamlit as st

from segdetect.message import Message
from segdetect.pictures.loading import LoadedImage
from segdetect.pictures.masks import Polarity
from segdetect.pictures.region_masks import read_regions, regions_png
from segdetect.ui.shared.ignored import ignored, ignored_of, keep_ignored
from segdetect.ui.shared.locale import localized
from segdetect.ui.shared.page import callback, part
from segdetect.ui.shared.session import kept_uploads
from segdetect.ui.shared.texts import plain

_FILE: Final = "ignore-file"
_PIXELS: Final = "ignore-pixels"
_LABELS: Final = {Polarity.ASK: "Ask", Polarity.MARKED: "What it marks", Polarity.BACKGROUND: "Its background"}
_HELP: Final = """White is ignored; any size with the picture's proportions. *Ask* takes what the mask marks, unless
that is nearly everything: then say whether it is what the mask marks or its background."""


@part("The regions to ignore")
def show_ignored_files(image: LoadedImage) -> None:
    """Draw the way to load a mask of regions to ignore, to save the one in use and to ignore nothing again."""
    regions = ignored_of(image)
    with st.popover("Mask", icon=":material/texture:", type="tertiary", help="Regions to ignore, as a file"):
        st.caption(
            "Paint over what is to be ignored with the hatched square above the picture (key I), or load a mask."
        )
        st.segmented_control(
            "Ignored are, of a mask", list(_LABELS), default=Polarity.ASK, required=True, key=_PIXELS, help=_HELP,
            format_func=_LABELS.__getitem__,
        )  # fmt: skip
        st.file_uploader("Load a mask", key=_FILE, on_change=callback(_loaded), type=["png", "tif", "tiff", "bmp"])
        if regions is not None:
            st.download_button(
                "Save the mask",
                lambda: regions_png(regions),
                "ignored.png",
                "image/png",
                on_click="ignore",
                icon=":material/download:",
                width="stretch",
            )
            st.button(
                "Ignore nothing",
                on_click=callback(keep_ignored),
                args=(None,),
                icon=":material/layers_clear:",
                width="stretch",
            )


def _loaded() -> None:
    file = st.session_state[_FILE]
    if file is not None:
        regions, _ = read_regions(file.getvalue(), name=file.name, polarity=st.session_state[_PIXELS])
        keep_ignored(regions)


@part("What is ignored")
def show_ignored(image: LoadedImage) -> None:
    """Say how much of the picture is ignored, and where else; nothing where nothing is."""
    regions, wanted = ignored_of(image), ignored().regions
    if wanted is None:
        return
    if regions is None:
        width, height = wanted.given_wh
        st.caption(
            f"The regions to ignore are for pictures with the proportions {width:d} x {height:d}, unlike this one."
        )
        return
    share = localized(Message("{share:.3g}", share=100 * regions.share))
    several = not st.session_state.get("sample") and len(kept_uploads("uploads")) > 1
    others = " The same regions hold for all pictures that were dropped in together." if several else ""
    st.caption(f"{plain(share)} % of the picture is ignored (hatched).{others}")
