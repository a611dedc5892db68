"""Numbers and dates as the reader writes them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from types import SimpleNamespace

import plotly.graph_objects as go
import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as hst

from segdetect.engines.texture import TextureEngine
from segdetect.output.tables import csv_bytes, flagged_table, tiles_table
from segdetect.pictures.loading import load_image
from segdetect.pipeline import Inspector
from segdetect.settings import EngineName, Settings
from segdetect.ui.shared import locale as locale_format
from segdetect.ui.shared.locale import localized, localized_chart, number, percent
from tests.support.pages import chart, markdown, open_page, upload
from tests.support.pictures import planted, png

NARROW = "\u202f"
SPACE = "\xa0"


@pytest.fixture
def read_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[str | None], None]:
    """Sets what the browser says of its locale."""

    def browser_says(tag: str | None) -> None:
        monkeypatch.setattr(locale_format, "st", SimpleNamespace(context=SimpleNamespace(locale=tag)))

    return browser_says


@pytest.mark.parametrize(
    ("tag", "plain", "share"),
    [
        ("en-US", "1,234.568", "12.3%"),
        ("de-DE", "1.234,568", f"12,3{SPACE}%"),
        ("de_DE", "1.234,568", f"12,3{SPACE}%"),
        ("fr-FR", f"1{NARROW}234,568", f"12,3{SPACE}%"),
        ("de-CH", "1\u2019234.568", "12.3%"),
        ("tr-TR", "1.234,568", "%12,3"),
        ("de-XX", "1.234,568", f"12,3{SPACE}%"),
        (None, "1,234.568", "12.3%"),
        ("", "1,234.568", "12.3%"),
        ("xx-YY", "1,234.568", "12.3%"),
        ("en-US@posix", "1,234.568", "12.3%"),
        ("../../etc/passwd", "1,234.568", "12.3%"),
    ],
)
def test_numbers_and_shares(read_in: Callable[[str | None], None], tag: str | None, plain: str, share: str) -> None:
    read_in(tag)
    assert number(1234.5678, 3) == plain
    assert percent(0.12345, 1) == share


@pytest.mark.parametrize(
    ("sentence", "german"),
    [
        ("scores 2.88 times as high.", "scores 2,88 times as high."),
        ("at least 0.712 (the highest score is 1.03), learnt", "at least 0,712 (the highest score is 1,03), learnt"),
        ("about 5% of clean pictures", f"about 5{SPACE}% of clean pictures"),
        ("the 0.5th and 99.5th percentile", "the 0,5th and 99,5th percentile"),
        ("from -0.5 to 1234.5", "from -0,5 to 1.234,5"),
        ("at least 1.2e-05 (the", "at least 1,2e-05 (the"),
        ("fastdup 2.54 expired on 2026-12-21", "fastdup 2.54 expired on 21.12.2026"),
        ("no build for Python 3.13 on", "no build for Python 3.13 on"),
        ("version 1.67, or 1.67.0", "version 1.67, or 1.67.0"),
        ("a1.5.png, scan-2.5.tif and part 2.5.png", "a1.5.png, scan-2.5.tif and part 2.5.png"),
        ("/data/1.5/x and C:\\3.5\\y", "/data/1.5/x and C:\\3.5\\y"),
        ("SHA-256 12e4567890ab, 7x7, 10000 x 10000 pixels", "SHA-256 12e4567890ab, 7x7, 10000 x 10000 pixels"),
        ("on 2026-13-45, shot-2026-12-21.png", "on 2026-13-45, shot-2026-12-21.png"),
    ],
)
def test_sentences(read_in: Callable[[str | None], None], sentence: str, german: str) -> None:
    read_in("de-DE")
    assert localized(sentence) == german


@given(hst.text(hst.sampled_from("0123456789., %ab/(e+")))
def test_in_english_nothing_but_groups_of_digits_is_added(sentence: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(locale_format, "reader", lambda: Locale("en"))
        assert localized(sentence).replace(",", "") == sentence.replace(",", "")


def test_a_chart_is_written_as_the_reader_does(read_in: Callable[[str], None]) -> None:
    read_in("fr-FR")
    figure = go.Figure().add_vline(x=0.5, annotation={"text": "threshold 0.500"})
    shown = localized_chart(figure)
    assert shown.layout.separators == f",{NARROW}"
    assert shown.layout.annotations[0].text == "threshold 0,500"


@pytest.mark.usefixtures("page_engines")
def test_a_page_is_in_the_readers_numbers_and_its_files_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    offered: dict[str, Callable[[], bytes]] = {}
    monkeypatch.setattr("streamlit.download_button", lambda label, data, *_, **__: offered.update({label: data}))
    monkeypatch.setattr(locale_format, "reader", lambda: Locale("de"))
    data = png(planted(2, 3))
    app = upload(open_page(), ("defect 2.5.png", data))
    assert not app.exception
    image = load_image(data, name="defect 2.5.png")
    own = Inspector({EngineName.TEXTURE: TextureEngine()}).inspect(image, Settings(engine=EngineName.TEXTURE))
    score, threshold = f"{own.scores.scores.max():.3f}".replace(".", ","), f"{own.decision.threshold:.3f}"
    (reason,) = [e.proto.body for e in app.get("html") if 'class="sd-why"' in e.proto.body]
    assert re.search(r"scores \d+,\d\d times", reason)
    assert f"Its score is {score}," in markdown(app)
    assert f"the threshold of {threshold.replace('.', ',')}." in markdown(app)
    assert chart(app, "heatmap")["layout"]["separators"] == ",."
    assert chart(app, "histogram")["layout"]["annotations"][0]["text"] == f"threshold {threshold.replace('.', ',')}"
    columns = json.loads(app.dataframe[0].proto.columns)
    assert {columns[name]["type_config"]["format"] for name in ("score", "similarity")} == {"localized"}
    assert offered["Flagged segments (CSV)"]() == csv_bytes(flagged_table(own))
    assert offered["All tiles (CSV)"]() == csv_bytes(tiles_table(own))


@pytest.mark.usefixtures("page_engines")
def test_one_readers_numbers_do_not_reach_another(monkeypatch: pytest.MonkeyPatch) -> None:
    said = []
    for tag in ("de", "en", "de"):
        monkeypatch.setattr(locale_format, "reader", lambda tag=tag: Locale(tag))
        app = upload(open_page(), ("defect.png", png(planted(2, 3))))
        said.append((markdown(app), chart(app, "heatmap")["layout"]["separators"]))
    assert said[0] == said[2]
    assert said[0][1] == ",."
    assert said[1][1] == ".,"
    assert re.search(r"Its score is \d+\.\d{3},", said[1][0])
