"""Why this tile: what it looks like, what it was compared with, and where it stands among the others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Final, Literal

import streamlit as st
from PIL import Image

from segdetect.inspection import Inspection
from segdetect.output.annotation import crop
from segdetect.output.charts import HeatmapStyle
from segdetect.output.heat import heat_over, heat_scale
from segdetect.output.sentences import place
from segdetect.output.thumbnails import fitted
from segdetect.pictures.loading import LoadedImage
from segdetect.scoring.look_alikes import LookAlike, TileFacts, tile_facts, tile_map
from segdetect.ui.shared.locale import number, percent
from segdetect.ui.shared.page import part
from segdetect.ui.shared.session import inspector
from segdetect.ui.shared.sidebar import Request
from segdetect.ui.shared.texts import plain, shown

# Four of these fit beside each other in the panel, and a place in one line below each.
_SMALL: Final = 74
_LEAST_JPEG: Final = 100


@part("The explanation")
def show_why(
    request: Request, inspection: Inspection, tile: int, found: Sequence[LookAlike], style: HeatmapStyle
) -> None:
    """Draw the panel for one tile and its look-alikes; its fine map has the colours of the heatmap."""
    with st.container(key="why", gap="small"):
        _show_why(request, inspection, tile, found, style)


def _show_why(
    request: Request, inspection: Inspection, tile: int, found: Sequence[LookAlike], style: HeatmapStyle
) -> None:
    facts = tile_facts(inspection, tile, found)
    state = "flagged" if facts.flagged else "not flagged"
    st.markdown(f"## Why {plain(place_of(facts))}?")
    st.markdown(f"{plain(sentence(facts))} It is **{state}**.")
    box = inspection.scores.layout.boxes_ltrb[tile]
    picture = crop(request.image, box)
    fine = tile_map(inspection, tile)
    left, right = st.columns(2, wrap=False)
    with left:
        small, kind = _reduced(picture, 640)
        st.image(small, caption="This tile", width="stretch", output_format=kind, alt=shown(f"Tile {place_of(facts)}"))
    with right:
        if found:
            _show_look_alike(found[0], request, "Nearest", "stretch")
    with st.container(horizontal=True, gap="xsmall"):
        if fine is not None:
            alt = "The tile with its fine score map laid over it: the brightest parts drive its score"
            places = heat_scale(inspection, stretch=style.stretch, smooth=True).places_of(fine)
            over = heat_over(picture, places, style.colour_scale)
            st.image(over, caption="What drives its score", width=_SMALL, alt=alt)
        for look_alike in found[1:]:
            _show_look_alike(look_alike, request, "", _SMALL)


def look_alikes_of(request: Request, inspection: Inspection, tile: int) -> Sequence[LookAlike]:
    """The tiles most like this one; none, with the reason shown, where they cannot be found.

    An answer that was kept may have been compared with pictures that are not here.
    """
    here = {request.image.identity, *(image.identity for image in request.bank)}
    if any(source.identity not in here for source in inspection.scores.sources):
        return ()
    with part("The search for look-alikes"):
        return inspector().look_alikes(request.image, inspection, tile, bank=request.bank)
    return ()


def place_of(facts: TileFacts) -> str:
    """The tile's place, counted from 1."""
    return f"row {facts.row}, col {facts.col}"


def sentence(facts: TileFacts) -> str:
    """What a person should know of the tile, in plain words."""
    if math.isnan(facts.score):
        return "It has no score, since hardly any of it was measured."
    odd = f"It is more unlike the rest than {percent(facts.more_odd_than)} of the tiles"
    odd += f" (rank {facts.rank} of {facts.tiles})."
    if facts.rank == 1:
        odd = f"None of the {facts.tiles} tiles is more unlike the rest."
    if math.isnan(facts.similarity):
        return odd + " There is nothing to compare it with."
    alike = f" Closest match {number(facts.similarity, 3)}; typical {number(facts.typical_similarity, 3)}."
    score = number(facts.score, 3)
    if not math.isfinite(facts.threshold):
        return f"{odd}{alike} Its score is {score}."
    # Of the figures as they are shown, so that whoever subtracts one from the other finds it.
    gap = Decimal(f"{facts.score:.3f}") - Decimal(f"{facts.threshold:.3f}")
    side = "above" if facts.score >= facts.threshold else "below"
    # No comma between two numbers: in many languages it is their decimal mark.
    distance = f"{number(abs(gap), 3)} {side} the threshold of {number(facts.threshold, 3)}"
    return f"{odd}{alike} Its score of {score} is {distance}."


def _show_look_alike(look_alike: LookAlike, request: Request, title: str, width: Literal["stretch"] | int) -> None:
    where = place(look_alike.tile, look_alike.source.layout.grid.cols)
    if not look_alike.own:
        where = f"{look_alike.source.name}, {where}"
    picture = _picture_of(look_alike, request)
    similar = number(look_alike.similarity, 3)
    told = f"{where}, {similar}"
    # Twice as many pixels as are seen, for screens that have them.
    small, kind = _reduced(crop(picture, look_alike.box_ltrb), 640 if width == "stretch" else 2 * width)
    st.image(
        small,
        # In a line of its own, as captions are narrow: "row 7, col" and "3, 0.987" would be hard to read.
        caption=f"{plain(f'{title}: {where}' if title else where)}  \n{plain(similar)}",
        width=width,
        output_format=kind,
        alt=shown(f"Look-alike in {told} similar"),
    )


def _reduced(picture: Image.Image, side: int) -> tuple[Image.Image, Literal["JPEG", "PNG"]]:
    """A part of a picture, of at most this many pixels a side, and what it is sent as.

    Large parts go as JPEG, which takes a thirtieth of the time of PNG; in small ones, which are seen enlarged, its
    halved colours would show.
    """
    small = fitted(picture, side)
    return small, "JPEG" if min(small.size) >= _LEAST_JPEG else "PNG"


def _picture_of(look_alike: LookAlike, request: Request) -> LoadedImage:
    if look_alike.own:
        return request.image
    return next(image for image in request.bank if image.identity == look_alike.source.identity)
