"""Why this tile: what drives its score, and what else it resembles, below what the browser says and shows of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st
from PIL import Image

from segdetect.inspection import Inspection
from segdetect.output.annotation import crop
from segdetect.output.charts import HeatmapStyle
from segdetect.output.heat import heat_over, heat_scale
from segdetect.output.sentences import place
from segdetect.output.thumbnails import data_uri, fitted
from segdetect.pictures.loading import LoadedImage
from segdetect.scoring.look_alikes import LookAlike, tile_map
from segdetect.ui.inspect.picture import VIEWER
from segdetect.ui.shared.locale import number
from segdetect.ui.shared.page import part
from segdetect.ui.shared.session import inspector
from segdetect.ui.shared.sidebar import Request
from segdetect.ui.shared.texts import plain, shown
from segdetect.ui.viewer.parts import Elsewhere, tile_explanation

# Four of these fit beside each other in the panel, and a place in one line below each.
_SMALL: Final = 74
_LARGE: Final = 640


@part("The explanation")
def explain_choice() -> None:
    """Have the browser explain the tile that is chosen on the picture, as far as it knows."""
    tile_explanation(key="explanation", viewer=VIEWER)


@part("The explanation")
def show_resembling(
    request: Request, inspection: Inspection, tile: int, found: Sequence[LookAlike], style: HeatmapStyle
) -> None:
    """Draw what drives a tile's score, in the colours of the heatmap, and its look-alikes after the nearest."""
    fine = tile_map(inspection, tile)
    with st.container(horizontal=True, gap="xsmall"):
        if fine is not None:
            alt = "The tile with its fine score map laid over it: the brightest parts drive its score"
            places = heat_scale(inspection, stretch=style.stretch, smooth=True).places_of(fine)
            picture = crop(request.image, inspection.scores.layout.boxes_ltrb[tile])
            over = heat_over(picture, places, style.colour_scale)
            st.image(over, caption="What drives its score", width=_SMALL, alt=alt)
        for look_alike in found[1:]:
            similar = number(look_alike.similarity, 3)
            where = _where(look_alike)
            st.image(
                # Twice as many pixels as are seen, for screens that have them.
                fitted(_cut(look_alike, request), 2 * _SMALL),
                # In lines of their own, as captions are narrow: "row 7, col" and "3, 0.987" would be hard to read.
                caption="  \n".join(plain(line) for line in (*_parts(look_alike), similar)),
                width=_SMALL,
                output_format="PNG",  # in small pictures, which are seen enlarged, JPEG's halved colours would show
                alt=shown(f"Look-alike in {where}, {similar} similar"),
            )


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


def nearest_elsewhere(request: Request, found: Sequence[LookAlike]) -> Elsewhere | None:
    """The first of a tile's look-alikes where it lies in another picture, which the browser does not have."""
    if not found or found[0].own:
        return None
    return Elsewhere(place=shown(_where(found[0])), picture=data_uri(fitted(_cut(found[0], request), _LARGE)))


def _where(look_alike: LookAlike) -> str:
    return ", ".join(_parts(look_alike))


def _parts(look_alike: LookAlike) -> tuple[str, ...]:
    where = place(look_alike.tile, look_alike.source.layout.grid.cols)
    return (where,) if look_alike.own else (look_alike.source.name, where)


def _cut(look_alike: LookAlike, request: Request) -> Image.Image:
    return crop(_picture_of(look_alike, request), look_alike.box_ltrb)


def _picture_of(look_alike: LookAlike, request: Request) -> LoadedImage:
    if look_alike.own:
        return request.image
    return next(image for image in request.bank if image.identity == look_alike.source.identity)
