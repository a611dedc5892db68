"""A reload finds what was on the page: pictures, known-good ones, the plan; a link alone opens nobody's pictures."""

from __future__ import annotations

import hashlib

import pytest
from streamlit.testing.v1 import AppTest

from segdetect.settings import EngineName, GridSize, Scope, Settings
from segdetect.storage.plans.plan import GoodPicture, Plan
from segdetect.storage.plans.plans import Plans
from tests.support.pages import banner, captions, choices, open_page, press, unescaped, upload
from tests.support.pictures import planted, png, weave

pytestmark = pytest.mark.usefixtures("page_engines")

DEFECT, CLEAN = png(planted(2, 3)), png(weave(seed=1))
DIGEST = hashlib.sha256(DEFECT).hexdigest()[:16]


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """Every session is of the same browser, which is another one in each test."""
    name: str = request.node.name
    monkeypatch.setattr("segdetect.ui.shared.desk.browser_of_visitor", lambda: name)
    return name


def _left() -> AppTest:
    """A session in which two pictures were dropped in, the first one is shown, and one is known to be good."""
    app = upload(open_page(), ("defect.png", DEFECT), ("clean.png", CLEAN))
    choices(app, "scope").select(Scope.REFERENCES).run()
    return upload(app, ("good.png", png(weave(seed=2))), key="reference-files")


def _address(app: AppTest) -> dict[str, str]:
    # What controls put there is the browser's work.
    found = {name: str(value[0] if isinstance(value, list) else value) for name, value in app.query_params.items()}
    return found | {"scope": "Known-good"}


@pytest.mark.usefixtures("browser")
def test_a_reload_finds_pictures_and_known_good_ones_until_they_are_forgotten() -> None:
    address = _address(_left())
    assert address["picture"] == DIGEST
    again = open_page(**address)
    assert not again.exception
    assert banner(again)[0] == "Anomalous"
    assert "compared with 1 known-good" in captions(again)
    assert [unescaped(option) for option in again.selectbox(key="shown").options] == ["defect.png", "clean.png"]
    again.button(key="forget-uploads").click().run()
    assert banner(again)[0] == ""
    assert banner(open_page(**address))[0] == ""


@pytest.mark.usefixtures("browser")
def test_what_was_forgotten_can_be_taken_back() -> None:
    again = open_page(**_address(_left()))
    again.button(key="forget-references").click().run()
    assert "none in use yet" in captions(again)
    again.button(key="unforget-references").click().run()
    assert "1 known-good picture in use" in captions(again)


def test_a_link_alone_opens_nobodys_pictures(monkeypatch: pytest.MonkeyPatch, browser: str) -> None:
    address = _address(_left())
    for other in ("someone else", ""):
        monkeypatch.setattr("segdetect.ui.shared.desk.browser_of_visitor", lambda other=other: other)
        app = open_page(**address)
        assert banner(app)[0] == ""
        assert any("stays on its owner's machine" in info.value for info in app.info)
    monkeypatch.setattr("segdetect.ui.shared.desk.browser_of_visitor", lambda: browser)
    assert banner(open_page())[0] == ""


def test_the_plan_is_in_the_address_with_its_good_pictures() -> None:
    good = png(weave(seed=5))
    digest = hashlib.sha256(good).hexdigest()
    settings = Settings(grid=GridSize(5, 5), engine=EngineName.TEXTURE, scope=Scope.REFERENCES)
    Plans().keep(Plan(name="Gasket ~7", settings=settings, good=(GoodPicture("good.png", digest),)), {digest: good})
    address = _address(press(open_page(), "Gasket ~7"))
    assert address["plan"] == "Gasket ~7~1"
    again = open_page(**address | {"grid": "6"})
    assert not again.exception
    assert "Working by **Gasket ~7**, version 1, changed since: grid 6 x 6" in captions(again)
    assert "1 known-good picture in use of Gasket ~7, version 1" in captions(again)
    press(again, "Work without it")
    assert "plan" not in again.query_params


@pytest.mark.parametrize("plan", ["No such plan~3", "~", "x", "x~0", "../../x~1"])
def test_a_plan_that_is_not_kept_here_is_said(plan: str) -> None:
    app = open_page(plan=plan)
    assert not app.exception
    assert any("a plan that cannot be used here" in warning.value for warning in app.warning)


@pytest.mark.parametrize("page", ["streamlit_app.py", "pages/compare.py"])
def test_the_address_names_no_picture_that_was_taken_away(page: str) -> None:
    app = upload(open_page(page, **{"left-engine": "texture", "right-engine": "texture"}), ("defect.png", DEFECT))
    assert DIGEST in str(app.query_params["picture"])
    upload(app, ("clean.png", CLEAN))
    assert hashlib.sha256(CLEAN).hexdigest()[:16] in str(app.query_params["picture"])
    assert not app.warning
    upload(app)
    assert not app.exception
    assert "picture" not in app.query_params
    assert not [info for info in app.info if "link" in info.value]
