"""Regions to ignore on the Inspect page: kept, loaded, asked about, and of one size with their pictures."""

from __future__ import annotations

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from segdetect.pictures.region_masks import regions_png
from segdetect.regions import Regions, regions_of
from tests.support.pages import banner, open_page, upload
from tests.support.pictures import planted, png, weave

SIDE = 112


def label(size_wh: tuple[int, int] = (SIDE, SIDE)) -> Regions:
    marked = np.zeros(size_wh[::-1], np.bool_)
    marked[30:50, 46:66] = True
    regions = regions_of(marked)
    assert regions is not None
    return regions


def captions(app: AppTest) -> str:
    return " ".join(caption.value for caption in app.caption).replace("\\", "")


@pytest.fixture(scope="module")
def app() -> AppTest:
    return open_page()


def test_a_mask_that_is_loaded_takes_the_flag_away_in_all_pictures(app: AppTest) -> None:
    files = [(f"{name}.png", png(planted(2, 3, seed=seed))) for seed, name in enumerate("ab")]
    upload(app, *files)
    assert "row 3, column 4" in banner(app)[1]
    upload(app, ("mask.png", regions_png(label())), key="ignore-file")
    assert "3.19 % of the picture is ignored (hatched). The same regions hold for all" in captions(app)
    assert "row 3, column 4" not in banner(app)[1]
    app.selectbox(key="shown").select_index(1).run()
    assert "is ignored" in captions(app)
    upload(app, ("wide.png", png(weave((2 * SIDE, SIDE)))))
    assert "for pictures with the proportions 112 x 112, unlike this one" in captions(app)
    upload(app, files[0])
    assert "row 3, column 4" not in banner(app)[1]
    next(button for button in app.button if button.label == "Ignore nothing").click().run()
    assert "row 3, column 4" in banner(app)[1]
    assert "is ignored" not in captions(app)


def test_an_inverted_mask_is_asked_about(app: AppTest) -> None:
    inverted = png(np.repeat(np.where(label().pixels, 0, 255)[..., None], 3, axis=2).astype(np.uint8))
    upload(app, ("part.png", png(planted(2, 3))))
    upload(app, ("inverted.png", inverted), key="ignore-file")
    assert any("it marks 97 % of the picture as ignored" in error.value.replace("\\", "") for error in app.error)
    assert "is ignored" not in captions(app)
