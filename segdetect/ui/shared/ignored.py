"""The regions that the visitor has said are to be ignored, kept while they are elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import streamlit as st

from segdetect.pictures.loading import LoadedImage
from segdetect.pictures.masks import Polarity
from segdetect.pictures.region_masks import read_regions
from segdetect.regions import Regions

_KEY: Final = "ignored"


@dataclass(frozen=True, slots=True)
class Ignored:
    """Regions to ignore, and which state of them this is.

    Args:
        regions: the regions; None for none.
        version: changes with them; see `segdetect.ui.viewer.painting.Painting`.
    """

    regions: Regions | None = None
    version: str = ""


def ignored() -> Ignored:
    """What is ignored of the visitor's pictures, or of the sample that is shown, which has regions of its own."""
    found: Ignored = st.session_state.get(_KEY, {}).get(_owner(), Ignored())
    return found


def keep_ignored(regions: Regions | None, *, version: str | None = None) -> None:
    """From now on ignore these.

    Args:
        regions: None for nothing.
        version: of what was painted; left out for what comes from elsewhere.
    """
    if version is None:
        version = f"set {'' if regions is None else regions.sha256}"
    st.session_state[_KEY] = {**st.session_state.get(_KEY, {}), _owner(): Ignored(regions, version)}


def keep_painted(png: bytes, version: str) -> None:
    """Ignore what was painted; raises `InputError` where the mask cannot be read."""
    regions, _ = read_regions(png, name="what was painted", polarity=Polarity.MARKED)
    keep_ignored(regions, version=version)


def ignored_of(image: LoadedImage) -> Regions | None:
    """What is ignored of a picture: nothing where the regions were painted for other proportions."""
    regions = ignored().regions
    return regions if regions is not None and regions.fits(image.size_wh) else None


def _owner() -> str:
    return str(st.session_state.get("sample") or "")
