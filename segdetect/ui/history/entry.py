"""One inspection as it was kept."""

from __future__ import annotations

import json
from functools import partial
from typing import Final

import pandas as pd
import streamlit as st
from PIL import Image

from segdetect.inspection import Failure, Inspection
from segdetect.output.annotation import annotated_thumbnail
from segdetect.output.charts import score_heatmap
from segdetect.output.names import picture_file
from segdetect.output.sentences import place
from segdetect.output.tables import rank_column
from segdetect.output.thumbnails import data_uri, encoded_uri
from segdetect.pictures.loading import LoadedImage
from segdetect.storage.history.entries import Entry
from segdetect.ui.review.offered import offer_review
from segdetect.ui.review.queue import questions_about
from segdetect.ui.shared.history import history
from segdetect.ui.shared.jobs import account
from segdetect.ui.shared.locale import localized_chart, number_column
from segdetect.ui.shared.opening import Kept, open_on_inspect
from segdetect.ui.shared.page import part, show_error
from segdetect.ui.shared.reviewing import go_to_review
from segdetect.ui.shared.session import Upload, background, loaded
from segdetect.ui.shared.texts import plain, shown
from segdetect.ui.shared.verdict import show_verdict

_PICTURE_SIDE: Final = 900
_HEIGHT: Final = 420
# What a chart has besides the picture, and the width it mostly has: a long strip gets no empty bands.
_AROUND: Final = 140
_WIDTH: Final = 480


@part("The inspection")
def show_entry(entry: Entry) -> None:
    """Draw the answer exactly as it was, with the picture where that was kept."""
    result = history().result(entry.id, account=account())
    st.header(plain(entry.image))
    if isinstance(result, Failure):
        show_error(result.error)
        return
    show_verdict(result, level=3)
    upload = picture_of(entry)
    _show_actions(entry, result, upload)
    image = None if upload is None else loaded(upload, page=entry.page)
    left, right = st.columns(2, gap="medium")
    with left:
        _show_picture(entry, result, image)
    with right:
        show_scores(entry, result, image, key="history-heatmap")
    _show_tiles(result)
    if entry.flagged:
        offer_review(partial(questions_about, [entry]))


def picture_of(entry: Entry) -> Upload | None:
    """The picture's file where it was kept; why not is drawn where it cannot be read."""
    with part("Reading the picture"):
        data = history().picture(entry)
        return None if data is None else Upload(entry.image, data)
    return None


def _show_actions(entry: Entry, inspection: Inspection, upload: Upload | None) -> None:
    with st.container(horizontal=True):
        if st.button("Open on Inspect", icon=":material/frame_inspect:", key="history-open", type="primary"):
            uploads = () if upload is None else (upload,)
            open_on_inspect(inspection.settings, uploads, kept=Kept(inspection, entry.created))
        if st.button("Review its run", icon=":material/rate_review:", key="history-review"):
            go_to_review("run", entry.run)
        st.download_button(
            "Everything (JSON)",
            data=lambda: json.dumps(history().document(entry.id, account=account())).encode(),
            file_name=shown(f"{picture_file(entry.image).stem}.json"),
            mime="application/json",
            on_click="ignore",
            icon=":material/download:",
            key="history-download",
        )


@part("The picture")
def _show_picture(entry: Entry, inspection: Inspection, image: LoadedImage | None) -> None:
    alt = shown(f"{entry.image} with its flagged tiles boxed")
    with st.container(key="history-picture"):
        if image is not None:
            st.image(data_uri(annotated_thumbnail(image, inspection, _PICTURE_SIDE)), width="stretch", alt=alt)
        elif entry.thumbnail is not None:
            st.image(encoded_uri(entry.thumbnail), width="stretch", alt=alt)
            st.caption("Only a small copy was kept. Open it on Inspect and drop the picture in to see it sharp.")


@part("The scores")
def show_scores(entry: Entry, inspection: Inspection, image: LoadedImage | None, *, key: str) -> None:
    """Draw the tiles' scores over the picture, or over its small copy."""
    if image is not None:
        below = background(image)
    elif entry.thumbnail is not None:
        below = encoded_uri(entry.thumbnail)
    else:
        below = data_uri(Image.new("RGB", (8, 8), (128, 128, 128)))
    width, height = inspection.size_wh
    figure = score_heatmap(inspection, background=below, height=min(_HEIGHT, _AROUND + round(_WIDTH * height / width)))
    st.plotly_chart(
        localized_chart(figure),
        key=key,
        config={"displayModeBar": False},
        alt=shown(f"Score of each tile of {entry.image}"),
    )


@part("The table")
def _show_tiles(inspection: Inspection) -> None:
    scores, cols = inspection.scores, inspection.settings.grid.cols
    tiles = inspection.flagged_tiles
    if not tiles:
        st.caption("No tile is flagged.")
        return
    table = pd.DataFrame(
        {
            "place": [place(tile, cols) for tile in tiles],
            "score": scores.scores[tiles].round(3),
            "rank": rank_column(scores, tiles),
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            "place": "Place",
            "score": st.column_config.NumberColumn("Score", **number_column(3)),
            "rank": "Rank",
        },
        alt="Flagged tiles, the most anomalous first",
    )
