"""What visitors may have of the server's disk, and who may choose weights for all."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit import config
from streamlit.testing.v1 import AppTest

from segdetect.errors import WeightsError
from segdetect.settings import EngineName
from segdetect.ui.shared.process import begin_anew
from segdetect.ui.shared.session import inspector
from tests.support.pages import MissingEngine, captions, errors, open_page, press
from tests.support.tiny_dataset import cloth, mvtec_category, save
from tests.support.tiny_engine import TinyDenseEngine, TinyTileEngine

EVALUATE = "pages/evaluate.py"
OTHERS = ["0.0.0.0", "192.168.1.5", None, "unix:///run/segdetect.sock"]


class ChosenEngine(TinyDenseEngine):
    """As dinov2 with the weights that a visitor named."""

    name = EngineName.DINOV2

    def __init__(self, weights: Path) -> None:
        super().__init__()
        self.weights = weights

    @property
    def version(self) -> str:
        return f"dinov2 {self.weights.name}"

    def check(self) -> None:
        if not self.weights.is_file():
            raise WeightsError("there is no such weights file", file=str(self.weights))


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home with a data set and weights, and the same beside it; who runs the server has said nothing."""
    for home in ("user", "user2"):
        mvtec_category(tmp_path / home / "cloth")
        (tmp_path / home / "own.onnx").write_bytes(b"weights")
    engines = {EngineName.FASTDUP: TinyTileEngine(), EngineName.DINOV2: MissingEngine()}
    engines[EngineName.TEXTURE] = TinyDenseEngine()
    monkeypatch.setattr("segdetect.pipeline.default_engines", lambda: engines)
    monkeypatch.setattr("segdetect.ui.shared.session.Dinov2Engine", ChosenEngine)
    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path / "kept"))
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.delenv("SEGDETECT_ROOTS", raising=False)
    begin_anew()
    yield tmp_path
    begin_anew()


@pytest.fixture
def listen() -> Iterator[None]:
    """Puts the address back that a test sets."""
    before = config.get_option("server.address")
    yield
    config.set_option("server.address", before)


@pytest.fixture(params=OTHERS)
def shared(request: pytest.FixtureRequest, listen: None) -> None:
    """A server that others can reach."""
    config.set_option("server.address", request.param)


def _type(app: AppTest, folder: Path | str) -> AppTest:
    return app.text_input(key="dataset").set_value(str(folder)).run()


def _fields(app: AppTest) -> list[str]:
    return [field.label for field in app.text_input]


def _shown(app: AppTest) -> str:
    """All that a visitor can read, helps included, without backslashes."""
    helps = "\n".join(field.help for field in app.text_input)
    return re.sub(r"\\(.)", r"\1", "\n".join([captions(app), helps, *errors(app)]))


def test_on_this_machine_a_home_may_be_read(place: Path) -> None:
    app = open_page(EVALUATE)
    assert f"must lie in {place / 'user'}." in _shown(app)
    for folder in ("~/cloth", place / "user/cloth", place / "user2/../user/cloth"):
        app = _type(app, folder)
        assert not errors(app)
        assert "3 pictures in 1 category: cloth" in _shown(app)


@pytest.mark.parametrize(
    "folder", ["{0}/user2/cloth", "{0}/user2/not-there", "~/../user2/cloth", "/", "/etc\0", "~root"]
)
def test_what_lies_elsewhere_is_refused_alike(place: Path, folder: str) -> None:
    app = _type(open_page(EVALUATE), folder.format(place))
    assert not app.exception
    (error,) = errors(app)
    assert "it lies in no folder of this server that may be read from here" in error
    assert f"Those are {place / 'user'} and what they hold; start SegDetect with SEGDETECT_ROOTS" in error


def test_links_that_lead_out_are_refused(place: Path) -> None:
    picture = place / "user/cloth/test/good/000.png"
    save(place / "user2/secret.png", cloth(3))
    picture.unlink()
    picture.symlink_to(place / "user2/secret.png")
    (error,) = errors(_type(open_page(EVALUATE), "~/cloth"))
    assert "test/good/000.png" in error
    assert "may not be read from here" in error


def test_others_are_offered_no_folder_but_the_samples(place: Path, shared: None) -> None:
    app = open_page(EVALUATE, **{"evaluate-engine": "dinov2"})
    assert not app.exception
    assert _fields(app) == []
    assert "SEGDETECT_ROOTS=/data" in _shown(app)
    assert str(place) not in _shown(app)
    app.selectbox(key="evaluate-engine").select("texture").run()
    app = press(app, "Try it on the bundled samples")
    assert not errors(app)
    assert "8 pictures in 6 categories" in captions(app)
    assert "Evaluate" in [button.label for button in app.button]
    app = press(app, "Leave the samples")
    assert "pictures in" not in captions(app)
    assert "Try it on the bundled samples" in [button.label for button in app.button]


def test_a_folder_left_in_the_session_is_not_read_for_others(place: Path, shared: None) -> None:
    app = open_page(EVALUATE)
    app.session_state["dataset"] = str(place / "user/cloth")
    app.run()
    assert "pictures in" not in captions(app)


def test_others_may_read_what_is_named_for_them(place: Path, shared: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGDETECT_ROOTS", f"{place / 'user2'}{os.pathsep}{place / 'not-there'}")
    app = open_page(EVALUATE, **{"evaluate-engine": "dinov2"})
    assert _fields(app) == ["Folder with pictures and masks"]
    assert str(place) not in _shown(app)
    assert "3 pictures in 1 category: cloth" in _shown(_type(app, place / "user2/cloth"))
    for folder in ("~/cloth", f"{place}/user/cloth", f"{place}/user/nothing", "/etc"):
        (error,) = errors(_type(app, folder))
        assert "Ask whoever runs SegDetect to name its folder in SEGDETECT_ROOTS" in error
        assert "user2" not in error


def test_an_empty_list_closes_this_machine_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGDETECT_ROOTS", "")
    app = open_page(EVALUATE, **{"evaluate-engine": "dinov2"})
    assert _fields(app) == []
    assert "Weights" not in [expander.label for expander in app.expander]


def test_another_folder_takes_the_samples_place() -> None:
    app = press(open_page(EVALUATE), "Try it on the bundled samples")
    assert "8 pictures in 6 categories" in captions(app)
    assert "3 pictures in 1 category" in captions(_type(app, "~/cloth"))
    app = _type(app, "")
    assert "Try it on the bundled samples" in [button.label for button in app.button]


def _use(app: AppTest, weights: Path | str) -> AppTest:
    return press(app.text_input(key="weights").set_value(str(weights)).run(), "Use these weights")


@pytest.mark.parametrize("weights", ["~/own.onnx", "{0}/user/own.onnx"])
def test_weights_within_the_roots_are_for_all_and_the_page_says_so(place: Path, weights: str) -> None:
    app = press(open_page(engine="dinov2"), "Broken wire mesh")
    assert f"must lie in {place / 'user'}." in _shown(app)
    assert "For all who use this server" in captions(app)
    app = _use(app, weights.format(place))
    assert [box.value for box in app.success] == ["In use."]
    assert inspector().engines[EngineName.DINOV2].version == "dinov2 own.onnx"
    app.run()
    assert "Made by dinov2 own.onnx" in _shown(app)


@pytest.mark.parametrize("weights", ["{0}/user2/own.onnx", "{0}/user2/nothing.onnx", "~/out.onnx"])
def test_weights_elsewhere_are_refused(place: Path, weights: str) -> None:
    (place / "user/out.onnx").symlink_to(place / "user2/own.onnx")
    before = inspector().engines[EngineName.DINOV2]
    app = _use(open_page(engine="dinov2"), weights.format(place))
    assert any("may be read from here" in error for error in errors(app))
    assert not app.success
    assert inspector().engines[EngineName.DINOV2] is before


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("streamlit_app.py", {"engine": "dinov2"}),
        ("pages/compare.py", {"left-engine": "dinov2", "right-engine": "texture"}),
        (EVALUATE, {"evaluate-engine": "dinov2"}),
    ],
)
@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_others_choose_no_weights(
    place: Path, listen: None, monkeypatch: pytest.MonkeyPatch, page: str, query: dict[str, str], address: str
) -> None:
    config.set_option("server.address", address)
    monkeypatch.setenv("SEGDETECT_ROOTS", str(place))
    app = open_page(page, **query)
    if "left-engine" in query:
        press(app, "Broken wire mesh")
    assert "dinov2" in {box.value for box in app.selectbox}
    alone = address == "127.0.0.1"
    assert ("Weights" in [expander.label for expander in app.expander]) is alone
    assert ("ONNX file on this machine" in _fields(app)) is alone
