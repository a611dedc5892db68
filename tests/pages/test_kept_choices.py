"""What a visitor set stays as they set it, and what is said of it is so."""

from __future__ import annotations

import re
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from segdetect.settings import Scope
from tests.support.pages import captions, choices, open_page, reasons, upload
from tests.support.pictures import planted, png, tiff, weave

pytestmark = pytest.mark.usefixtures("page_engines")

DEFECT = png(planted(2, 3))


@pytest.fixture
def app() -> AppTest:
    """The page with the defective picture on it."""
    return upload(open_page(), ("defect.png", DEFECT))


@pytest.mark.parametrize(
    ("page", "prefix"),
    [("streamlit_app.py", ""), ("pages/batch.py", "batch-"), ("pages/evaluate.py", "evaluate-")],
)
def test_columns_stay_whatever_becomes_of_the_rows(page: str, prefix: str) -> None:
    app = open_page(page)
    app.toggle(key=f"{prefix}apart").set_value(True).run()
    app.slider(key=f"{prefix}cols").set_value(12).run()
    for rows in (1, 3):
        app.slider(key=f"{prefix}rows").set_value(rows).run()
        assert not app.exception
        assert app.slider(key=f"{prefix}cols").value == 12


def test_a_single_tile_is_not_taken(app: AppTest) -> None:
    app.toggle(key="apart").set_value(True).run()
    app.slider(key="rows").set_value(1).run()
    app.slider(key="cols").set_value(1).run()
    assert not app.exception
    assert app.slider(key="cols").value == 1
    assert "two columns are taken" in captions(app)
    assert "1 x 2 tiles" in captions(app)


def test_my_own_threshold_is_there_again_after_another_rule(app: AppTest) -> None:
    app.selectbox(key="rule").select("My own threshold").run()
    mine = 1.25 * app.session_state["threshold"]
    app.session_state["threshold"] = mine
    app.run()
    app.selectbox(key="rule").select("Automatic").run()
    assert app.session_state["threshold"] != pytest.approx(mine)
    app.selectbox(key="rule").select("My own threshold").run()
    assert app.session_state["threshold"] == pytest.approx(mine)


def _window(app: AppTest) -> Any:
    (slider,) = [slider for slider in app.slider if slider.label == "Brightness window"]
    return slider


def test_a_window_that_was_moved_and_put_back_is_the_files_own() -> None:
    deep = weave(seed=4)[..., 0].astype("uint16") * 151
    app = upload(open_page(), ("deep.tif", tiff(deep)))
    own = _window(app).value
    assert "percentile" in reasons(app)
    _window(app).set_value((own[0], own[1] * 0.7)).run()
    assert "the window you chose" in reasons(app)
    _window(app).set_value((round(own[0]) + 1.0, round(own[1]) - 1.0)).run()
    assert "the window you chose" not in reasons(app)


def test_a_picture_among_the_known_good_ones_is_said_to_be_left_out(app: AppTest) -> None:
    choices(app, "scope").select(Scope.REFERENCES).run()
    others = [(f"{seed}.png", png(weave(seed=seed))) for seed in (1, 2)]
    upload(app, ("again.png", DEFECT), *others, key="reference-files")
    assert not app.exception
    assert "2 known-good pictures in use; the picture itself is one of the 3 and is left out" in captions(app)
    assert re.search(r"compared with 2 known-good", captions(app))
