"""Numbers and dates as the reader writes them."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from importlib.machinery import ModuleSpec
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import plotly.graph_objects as go
import pytest
import tifffile
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from segdetect.deciding.calibrations import CALIBRATIONS
from segdetect.deciding.decision import decide
from segdetect.engines.fastdup.errors import expired_error
from segdetect.engines.registry import choose_engine
from segdetect.engines.texture import TextureEngine
from segdetect.errors import SegDetectError
from segdetect.grid import tile_layout
from segdetect.inspection import TileScores
from segdetect.message import Message
from segdetect.output.tables import csv_bytes, flagged_table, tiles_table
from segdetect.pictures.loading import LoadedImage, load_image
from segdetect.pictures.raster import Encoded
from segdetect.pipeline import Inspector
from segdetect.settings import EngineName, GridSize, Rule, RuleName, Scope, Settings
from segdetect.ui.shared import locale as locale_format
from segdetect.ui.shared.locale import data_size, localized, localized_chart, moment, number, percent
from tests.support.pages import chart, open_page, unescaped, upload
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
    # Which apostrophe parts the digits of Swiss numbers is for CLDR to say, and changed with Babel 2.19.
    assert number(1234.5678, 3).replace("'", "\u2019") == plain
    assert percent(0.12345, 1) == share


@pytest.mark.parametrize(
    ("message", "german"),
    [
        (Message("scores {times:.2f} times as high.", times=2.876), "scores 2,88 times as high."),
        (
            Message("at least {low:.3g} (the highest is {high:.3g})", low=0.7124, high=1.03),
            "at least 0,712 (the highest is 1,03)",
        ),
        (Message("about {share:.0%} of clean pictures", share=0.05), f"about 5{SPACE}% of clean pictures"),
        (Message("at most {share:.1%}", share=0.11413), f"at most 11,4{SPACE}%"),
        (Message("the {low:g}th and {high:g}th percentile", low=0.5, high=99.5), "the 0,5th and 99,5th percentile"),
        (Message("from {low:g} to {high:g}", low=-0.5, high=1234.5), "from -0,5 to 1.234,5"),
        (Message("from {low:g} to {high:g}", low=0, high=65535), "from 0 to 65.535"),
        (Message("at least {low:.3g} (the", low=0.000012), "at least 1,2e-05 (the"),
        (Message("from {low:g} to {high:g}", low=-math.inf, high=math.nan), "from -inf to nan"),
        (Message("budget of {share}", share=0.7), "budget of 0,7"),
        (
            Message("{engine} expired on {day}", engine="fastdup 2.54", day=date(2026, 12, 21)),
            "fastdup 2.54 expired on 21.12.2026",
        ),
        (Message("no build for Python {version} on", version="3.13"), "no build for Python 3.13 on"),
        (Message("version 1.67, or 1.67.0"), "version 1.67, or 1.67.0"),
        (
            Message("{name}: {share:.0%}", name="a 1.5.png of 2026-12-21, 5%", share=0.5),
            f"a 1.5.png of 2026-12-21, 5%: 50{SPACE}%",
        ),
        (Message("{width} x {height} pixels", width=10000, height=10000), "10000 x 10000 pixels"),
        (Message("{inner}; {inner}", inner=Message("at {low:.1f}", low=0.5)), "at 0,5; at 0,5"),
    ],
)
def test_messages(read_in: Callable[[str | None], None], message: Message, german: str) -> None:
    read_in("de-DE")
    assert localized(message) == german


@pytest.mark.parametrize(
    ("tag", "zone", "said"),
    [
        ("en-US", None, f"11/27/2026, 9:49{NARROW}PM"),
        ("en-US", "nowhere", f"11/27/2026, 9:49{NARROW}PM"),
        ("de-DE", "Europe/Berlin", "27.11.2026, 22:49"),
        ("de-DE", "Asia/Tokyo", "28.11.2026, 06:49"),
    ],
)
def test_a_moment_is_on_the_readers_clock(
    monkeypatch: pytest.MonkeyPatch, tag: str, zone: str | None, said: str
) -> None:
    context = SimpleNamespace(locale=tag, timezone=zone)
    monkeypatch.setattr(locale_format, "st", SimpleNamespace(context=context))
    assert moment(datetime(2026, 11, 27, 21, 49, tzinfo=UTC)) == said


def test_what_is_there_is_never_said_to_be_nothing(read_in: Callable[[str | None], None]) -> None:
    read_in("de")
    assert [data_size(count) for count in (0, 1, 8_300, 99_999)] == ["0 kB", "1 kB", "9 kB", "100 kB"]
    assert [data_size(count) for count in (100_000, 12_345_678)] == ["0,1 MB", "12,3 MB"]


@pytest.mark.parametrize(
    "text",
    [
        "0.5 and 5%, on 2026-12-21",
        "a1.5.png, scan-2.5.tif and part 2.5.png",
        "/data/1.5/x and C:\\3.5\\y",
        "SHA-256 12e4567890ab, 7x7, 10000 x 10000 pixels",
        "on 2026-13-45, shot-2026-12-21.png",
    ],
)
def test_nobody_looks_for_numbers_in_other_texts(read_in: Callable[[str | None], None], text: str) -> None:
    read_in("de-DE")
    assert localized(text) == text


@given(
    st.floats(allow_nan=False, allow_infinity=False, width=32), st.sampled_from(["", ".2f", ".3g", "g", ".0%", ".1%"])
)
def test_in_english_nothing_but_groups_of_digits_is_added(value: float, form: str) -> None:
    message = Message("of {value:{form}}.", value=value, form=form)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(locale_format, "reader", lambda: Locale("en"))
        assert localized(message).replace(",", "") == message


def _expired(built: str, today: date, tmp_path: Path) -> SegDetectError:
    (tmp_path / "libfastdup_shared.so").write_bytes(f"\0{built}\0".encode())
    spec = ModuleSpec("fastdup", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    return expired_error("fastdup 2.54", spec, today)


def _raised(call: Callable[[], object]) -> SegDetectError:
    with pytest.raises(SegDetectError) as caught:
        call()
    return caught.value


def _deep_picture(window: tuple[float, float] | None = None) -> LoadedImage:
    values = (1000.25 + np.arange(64.0).reshape(8, 8)).astype(np.float32)
    file = BytesIO()
    tifffile.imwrite(file, values)
    return load_image(file.getvalue(), name="deep 0.5.tif", window=window)


def _reasons() -> Iterator[str]:
    layout, none = tile_layout((70, 70), GridSize(7, 7)), np.full(49, -1)
    for high, scope, count in itertools.product((1.0, 1.5, 9.0), Scope, (0, 1, 5, 19, 60)):
        scores = np.append(np.linspace(0.8, 1, 48), high)
        good = [np.append(np.linspace(0.5, 1, 48), 1.05 + 0.01 * (i % 7)) for i in range(count)]
        for engine, name in itertools.product(CALIBRATIONS, RuleName):
            rule = Rule(name, threshold=1.2345, false_alarms=0.05)
            found = TileScores(layout, scores, (), none, none, np.full(49, np.nan))
            yield decide(found, rule, scope=scope, engine=engine, bank_scores=good).reason


def _sentences(tmp_path: Path) -> Iterator[str]:
    """What the program says, with the numbers of each kind."""
    yield from _reasons()
    yield from _deep_picture().notes
    yield from _deep_picture((1000.5, 1063.5)).notes
    bad_window = _raised(lambda: _deep_picture((0.5, 0.25)))
    too_large = _raised(lambda: Encoded(b"", "a", 0, 1_500_000).check_size(1250, 1250))
    budget = _raised(lambda: Rule(false_alarms=0.7))
    expired = _expired("Aug 23 2026", date(2026, 12, 25), tmp_path)
    for error in (bad_window, too_large, budget, expired, _expired("Aug 23 2026", date(2026, 1, 1), tmp_path)):
        yield from (error.problem, error.remedy, error.message)
    broken = SimpleNamespace(check=lambda: _raise(expired))
    yield from choose_engine({EngineName.FASTDUP: broken, EngineName.TEXTURE: TextureEngine()}, EngineName.AUTO)[1]


def _raise(error: Exception) -> None:
    raise error


def test_every_number_that_the_program_says_is_the_readers(
    read_in: Callable[[str | None], None], tmp_path: Path
) -> None:
    said = list(_sentences(tmp_path))
    read_in("de-DE")
    english = re.compile(r"\d\.\d(?!\d\d\b)|\d%|\d{4}-\d\d-\d\d")
    products = re.compile(r"fastdup 2\.54|deep 0\.5\.tif|\d\d?\.\d\d?\.2026")
    shown = [products.sub("", localized(sentence)) for sentence in said]
    assert [sentence for sentence in shown if english.search(sentence)] == []
    plain = [products.sub("", sentence) for sentence in said]
    assert sum(bool(english.search(sentence)) for sentence in plain) > 200
    assert sum(bool(re.search(r"\d,\d", sentence)) for sentence in shown) > 200


def test_a_chart_is_written_as_the_reader_does(read_in: Callable[[str], None]) -> None:
    read_in("fr-FR")
    figure = go.Figure().add_vline(x=0.5, annotation={"text": Message("threshold {at:.3f}", at=0.5)})
    figure.add_annotation(text="2 x 0.5")
    shown = localized_chart(figure)
    assert shown.layout.separators == f",{NARROW}"
    assert [annotation.text for annotation in shown.layout.annotations] == ["threshold 0,500", "2 x 0.5"]


@pytest.mark.usefixtures("page_engines")
def test_a_page_is_in_the_readers_numbers_and_its_files_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    offered: dict[str, Callable[[], bytes]] = {}
    monkeypatch.setattr(
        "streamlit.download_button", lambda label, data, *_, **__: offered.update({unescaped(label): data})
    )
    monkeypatch.setattr(locale_format, "reader", lambda: Locale("de"))
    data = png(planted(2, 3))
    app = upload(open_page(), ("defect 2.5.png", data))
    assert not app.exception
    image = load_image(data, name="defect 2.5.png")
    own = Inspector({EngineName.TEXTURE: TextureEngine()}).inspect(image, Settings(engine=EngineName.TEXTURE))
    figures = f"{own.scores.scores.max():.3f} / {own.needed:.3f}".replace(".", ",")
    (reason,) = [e.proto.body for e in app.get("html") if 'class="sd-why"' in e.proto.body]
    assert re.search(r"scores \d+,\d\d times", reason)
    assert _figures(app) == figures
    assert chart(app, "heatmap")["layout"]["separators"] == ",."
    columns = json.loads(app.dataframe[0].proto.columns)
    assert {columns[name]["type_config"]["format"] for name in ("score", "similarity")} == {"localized"}
    assert offered["Flagged tiles (CSV)"]() == csv_bytes(flagged_table(own))
    assert offered["All tiles (CSV)"]() == csv_bytes(tiles_table(own))


@pytest.mark.usefixtures("page_engines")
def test_one_readers_numbers_do_not_reach_another(monkeypatch: pytest.MonkeyPatch) -> None:
    said = []
    for tag in ("de", "en", "de"):
        monkeypatch.setattr(locale_format, "reader", lambda tag=tag: Locale(tag))
        app = upload(open_page(), ("defect.png", png(planted(2, 3))))
        said.append((_figures(app), chart(app, "heatmap")["layout"]["separators"]))
    assert said[0] == said[2]
    assert said[0][1] == ",."
    assert said[1][1] == ".,"
    assert re.fullmatch(r"\d+\.\d{3} / \d+\.\d{3}", said[1][0])


def _figures(app: AppTest) -> str:
    """The highest score and what it takes, as the bar tells them."""
    (bar,) = [element.proto.body for element in app.get("html") if 'class="sd-figures"' in element.proto.body]
    return bar.partition('class="sd-figures">')[2].partition("<")[0]
