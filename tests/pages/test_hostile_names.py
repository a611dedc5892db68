"""Names that try to be Markdown, on every page: they are shown, and nothing of them is read."""

from __future__ import annotations

import hashlib
import io
import re
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from google.protobuf.message import Message
from streamlit.testing.v1 import AppTest

from segdetect.engines.expiry import Expiry
from segdetect.settings import EngineName, Scope, Settings
from segdetect.storage.plans.plan import GoodPicture, Plan
from segdetect.storage.plans.plans import Plans
from segdetect.ui.shared.process import begin_anew
from tests.support.hostile import HOSTILE, HOSTILE_FILE, HOSTILE_SHORT, markup_in
from tests.support.pages import MissingEngine, choices, open_page, press, unescaped, upload
from tests.support.pictures import planted, png, weave
from tests.support.tiny_dataset import cloth, mvtec_category, save
from tests.support.tiny_engine import TinyDenseEngine, TinyTileEngine

DEFECT, CLEAN = png(planted(2, 3)), png(weave(seed=1))
PNG = f"{HOSTILE}.png"

# Where Streamlit shows text as it is, or none; what holds it, and under which name.
AS_IT_IS = {
    "Selectbox.options",
    "Selectbox.raw_value",
    "Selectbox.default",
    "TextArea.default",
    "TextInput.default",
    "TextInput.value",
    "BidiComponent.json",
    "ImageList.alt",
    "Image.alt",
    "PlotlyChart.alt",
}
NO_TEXT = {"id", "key", "user_key", "form_id", "url", "file_name"}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Tiny engines, and a folder in which a plan is kept under a hostile name."""
    engines = {
        EngineName.FASTDUP: TinyTileEngine(),
        EngineName.DINOV2: MissingEngine(),
        EngineName.TEXTURE: TinyDenseEngine(),
    }
    monkeypatch.setattr("segdetect.pipeline.default_engines", lambda: engines)
    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path))
    monkeypatch.setenv("SEGDETECT_ROOTS", str(tmp_path))
    good, other = (GoodPicture(name, hashlib.sha256(CLEAN).hexdigest()) for name in (PNG, f"2{PNG}"))
    settings = Settings(engine=EngineName.TEXTURE, scope=Scope.REFERENCES)
    plan = Plan(name=HOSTILE_SHORT, settings=settings, good=(good,), labels=(HOSTILE_SHORT,), notes=HOSTILE)
    kept = Plans().keep(plan, {good.sha256: CLEAN})
    data = png(weave(seed=2))
    other = replace(other, sha256=hashlib.sha256(data).hexdigest())
    Plans().keep(replace(kept, good=(good, other)), {other.sha256: data})
    begin_anew()
    yield tmp_path
    begin_anew()


def _texts(message: Message, within: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a message and of those in it, each with what holds it."""
    for field, value in message.ListFields():
        place = f"{message.DESCRIPTOR.name}.{field.name}"
        for one in value if field.is_repeated else [value]:
            if isinstance(one, Message):
                yield from _texts(one, place)
            elif isinstance(one, str):
                yield place, one


def _texts_of(app: AppTest) -> list[tuple[str, str]]:
    protos = [getattr(node, "proto", None) for node in app._tree]
    return [found for proto in protos if isinstance(proto, Message) for found in _texts(proto)]


def _hostile_texts(app: AppTest) -> list[tuple[str, str]]:
    """What the browser gets of hostile names, and where."""
    return [(place, text) for place, text in _texts_of(app) if "evil" in unescaped(text)]


def _check(app: AppTest, *places: str) -> None:
    """Nothing of a hostile name is markup, and it is shown at these places at least."""
    assert not app.exception
    texts = _hostile_texts(app)
    for place, text in texts:
        holder, name = place.split(".")
        if place in ("Html.body", "PlotlyChart.spec"):
            assert not re.search(r"<img|<a\b", text)
        elif place not in AS_IT_IS and name not in NO_TEXT and not holder.startswith("Arrow"):
            assert (place, markup_in(text)) == (place, [])
    assert set(places) - {place for place, _ in texts} == set()


def _uploaded(page: str = "streamlit_app.py", **query: str) -> AppTest:
    return upload(open_page(page, **query), (PNG, DEFECT), (f"2{PNG}", CLEAN), ("3.png", png(weave(seed=2))))


def test_inspect_with_kept_names() -> None:
    app = upload(open_page(), (PNG, DEFECT))
    choices(app, "scope").select(Scope.REFERENCES).run()
    app.button(key=f"use-plan-{HOSTILE_SHORT}-2").click().run()
    _check(app, "Button.label", "Markdown.body", "Image.caption", "Popover.label")


def test_plans() -> None:
    app = open_page("pages/plans.py")
    app.selectbox(key=f"plan-other-{HOSTILE_SHORT}-2").set_value(1).run()
    _check(
        upload(app, (PNG, DEFECT), (f"broken {PNG}", b"no picture"), key="plan-trial-files"), "Alert.body", "Image.alt"
    )
    _check(app, "Heading.body", "Markdown.body", "TextArea.default", "TextInput.default")


def test_system_and_a_plan_whose_engine_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    expiry = Expiry(HOSTILE_SHORT, date.today() + timedelta(days=9))
    monkeypatch.setattr(TinyTileEngine, "expiry", expiry, raising=False)
    plan = Plans().get(HOSTILE_SHORT)
    Plans().keep(replace(plan, settings=replace(plan.settings, engine=EngineName.DINOV2)))
    # Its engine is missing here, and by its name it is told.
    _check(open_page("pages/system.py"), "Markdown.body")
    Plans().keep(replace(plan, version=3, settings=replace(plan.settings, engine=EngineName.FASTDUP)))
    app = open_page("pages/plans.py")
    app.toggle(key="plan-switch").set_value(True).run()
    _check(app, "Markdown.body", "Image.alt")


def test_inspect_with_several_pictures() -> None:
    app = _uploaded()
    choices(app, "scope").select(Scope.BATCH).run()
    app.session_state["all"] = True
    app.run()
    _check(app, "Selectbox.options", "Image.caption")
    assert app.dataframe[0].value["name"].tolist()[0] == PNG


@pytest.mark.parametrize("data", [b"", b"not a picture", DEFECT[:200]], ids=["empty", "text", "truncated"])
def test_a_picture_that_cannot_be_opened(data: bytes) -> None:
    for page in ("streamlit_app.py", "pages/compare.py"):
        _check(upload(open_page(page), (PNG, data)), "Alert.body")


def test_an_engine_that_fails_on_it() -> None:
    app = upload(open_page(), (f"broken {PNG}", DEFECT))
    _check(app, "Alert.body")


def test_a_link_for_another_picture() -> None:
    _check(open_page(picture="![x](http://evil.example)"))
    _check(upload(open_page(picture=HOSTILE), (PNG, DEFECT)), "Alert.body")


def test_compare_two_of_them() -> None:
    app = _uploaded("pages/compare.py", **{"left-engine": "texture", "right-engine": "texture"})
    app.selectbox(key="right-shown").select_index(1).run()
    _check(app, "Heading.body", "Selectbox.options")


def test_evaluate_a_data_set_of_them(tmp_path: Path) -> None:
    folder = mvtec_category(tmp_path / HOSTILE_FILE[:60] / HOSTILE_FILE[60:], defective=2, clean=2)
    (folder / "test" / "blot").rename(folder / "test" / HOSTILE_FILE)
    (folder / "ground_truth" / "blot").rename(folder / "ground_truth" / HOSTILE_FILE)
    good = folder / "test" / "good"
    save(good / f"{HOSTILE_FILE}.png", cloth(7))
    (good / f"broken {HOSTILE_FILE}.png").write_bytes(b"no picture")
    app = open_page("pages/evaluate.py", **{"evaluate-engine": "fastdup"})
    app.text_input(key="dataset").set_value(str(folder)).run()
    _check(app, "Markdown.body")
    press(app, "Evaluate")
    while any(button.label == "Stop" for button in app.button):
        time.sleep(0.1)
        app.run()
    _check(app, "Markdown.body", "Alert.body")


def test_a_folder_that_is_no_data_set(tmp_path: Path) -> None:
    app = open_page("pages/evaluate.py")
    app.text_input(key="dataset").set_value(str(tmp_path / HOSTILE_FILE)).run()
    _check(app, "Alert.body")


def test_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    def script() -> None:
        import streamlit as st

        from segdetect.ui.shared.progress import Progressing
        from tests.support.hostile import HOSTILE

        Progressing(st.empty(), ("identity",))(0.5, f"describing {HOSTILE}")

    monkeypatch.setattr("segdetect.ui.shared.progress._QUIET_SECONDS", 0.0)
    _check(AppTest.from_function(script).run(), "Progress.text")


ODD = (
    "   .png",
    "a\nb\r\nc.png",
    "abc\u202egnp.png",
    "a" * 5000 + ".png",
    "\\.png",
    "`.png",
    "\u200b.png",
    "a\x1b[31m.png",
)


@pytest.mark.parametrize("name", ODD, ids=[ascii(name)[:20] for name in ODD])
def test_odd_names(name: str) -> None:
    for page in ("streamlit_app.py", "pages/compare.py"):
        app = upload(open_page(page), (name, DEFECT), (f"x{name}", CLEAN), (f"{name}.zip", _zip(name, "2" + name)))
        assert not app.exception
        assert app.get("bidi_component")
        for place, text in _texts_of(app):
            if place.partition(".")[2] not in NO_TEXT and not place.startswith("Html"):
                assert not re.search(r"[\x00-\x09\x0b-\x1f\u202a-\u202e]", text), place


def _zip(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, DEFECT)
    return buffer.getvalue()
