"""The Inspect page with a picture that holds padding."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.dicom_files import computed_tomogram, dicom_file
from tests.support.pages import banner, chart, markdown, numbers, open_page, reasons, upload

pytestmark = pytest.mark.usefixtures("page_engines")


def test_padding_is_left_out_and_said() -> None:
    data = dicom_file(computed_tomogram(defect=True), PixelPaddingValue=-2000)
    app = upload(open_page(), ("ct.dcm", data))
    assert not app.exception
    assert not app.error
    assert banner(app)[0] == "Anomalous"
    assert "33.5 % of its pixels hold the padding value -2000 and are left out." in reasons(app)
    assert "tiles hold hardly anything that was measured and have no score." in reasons(app)
    (heat,) = [trace for trace in chart(app, "heatmap")["data"] if trace["type"] == "heatmap"]
    assert np.isnan(numbers(heat["z"]).ravel()[[0, 6, 42, 48]]).all()


def test_a_tile_of_padding_can_be_chosen() -> None:
    data = dicom_file(computed_tomogram(), PixelPaddingValue=-2000)
    app = upload(open_page(), ("ct.dcm", data))
    owner = app.session_state["selection"][0] if "selection" in app.session_state else None
    app.session_state["listed"] = "All tiles"
    app.run()
    assert not app.exception
    ranks = app.dataframe[0].value["rank"]
    assert ranks.isna().sum() == 10
    if owner is not None:
        app.session_state["selection"] = (owner, 0)
        app.run()
        assert not app.exception
        assert "no score" in markdown(app)
